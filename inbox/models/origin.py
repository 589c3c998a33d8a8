"""The model that distinguishes a database from a copy of it."""

from typing import Any, Self

from django.db import models
from django.db.models.expressions import RawSQL

from jobs.columns import moment


class DatabaseOrigin(models.Model):
    """The single row that states where this database belongs (`place`), so that a restored or copied database is
    recognised.

    `seen_at` is approximately the time of the newest data. `manage.py restored` writes the period whose data is lost.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    place = models.CharField(max_length=100)
    seen_at = models.DateTimeField(null=True, blank=True)
    lost_from = models.DateTimeField(null=True, blank=True)
    lost_until = models.DateTimeField(null=True, blank=True)
    restored_at = moment("When an operator reported the restore.")

    watched_through = models.UUIDField(
        null=True, blank=True, help_text="The last delivery compared with the provider's contract."
    )

    here: str
    """The place where the database actually is. `read` sets it."""

    def __str__(self) -> str:
        return self.place

    @classmethod
    def read(cls) -> Self | None:
        """Returns the single row with `here`, the place where this database actually is; None without a row."""
        return cls.objects.annotate(here=here()).first()


def here() -> Any:
    """Returns the SQL expression for the place of this database: its server, timeline, database and table.

    A restored dump has another server or table. A promoted replica, or a point-in-time recovery, has another timeline.
    """
    return RawSQL("inbox_place()", [], models.CharField())
