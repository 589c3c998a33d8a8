"""The base of models whose rows have an id that tells nothing and sorts by time."""

from django.db import models

from jobs.ids import uuid7


class Row(models.Model):
    """A row with a UUID of version 7 as its key."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True
