"""The base class of models whose ids reveal nothing and sort by time."""

from django.db import models

from jobs.ids import uuid7


class Row(models.Model):
    """A row whose key is a UUID of version 7."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True
