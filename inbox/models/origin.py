"""The model that tells a database from a copy of it."""

from typing import Any, Self

from django.db import models
from django.db.models.expressions import RawSQL


class DatabaseOrigin(models.Model):
    """The one row that says where this database belongs (`place`), so that a restored or copied one is recognised.

    `seen_at` is about the newest moment in it. `manage.py restored` writes the others: the lost time.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    place = models.CharField(max_length=100)
    seen_at = models.DateTimeField(null=True, blank=True)
    lost_from = models.DateTimeField(null=True, blank=True)
    lost_until = models.DateTimeField(null=True, blank=True)
    restored_at = models.DateTimeField(
        null=True, blank=True, help_text="When somebody said that it was restored."
    )

    watched_through = models.UUIDField(
        null=True, blank=True, help_text="The last delivery that was compared with its contract."
    )

    here: str
    """Where it is in truth. Set by `read`."""

    def __str__(self) -> str:
        return self.place

    @classmethod
    def read(cls) -> Self | None:
        """The row with `here`; None if there is none."""
        return cls.objects.annotate(here=here()).first()


def here() -> Any:
    """The expression for where the rows are: server, timeline, database, and table.

    A restored dump has another server or table, a promoted replica or a point in time another timeline.
    """
    return RawSQL("inbox_place()", [], models.CharField())
