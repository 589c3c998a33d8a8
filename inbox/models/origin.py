"""The model that distinguishes a database from a copy of it."""

from typing import Any, Self

from django.db import models
from django.db.models.expressions import RawSQL

from inbox.models.row import moment


class DatabaseOrigin(models.Model):
    """The single row that states where this database belongs (`place`), so that a restored or copied database is
    recognised.

    `seen_at`: approximately the newest moment in the database. `manage.py restored` writes the other columns, the lost
    time.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    place = models.CharField(max_length=100)
    seen_at = models.DateTimeField(null=True, blank=True)
    lost_from = models.DateTimeField(null=True, blank=True)
    lost_until = models.DateTimeField(null=True, blank=True)
    restored_at = moment("When an operator reported the restore.")

    watched_through = models.UUIDField(
        null=True, blank=True, help_text="The last delivery that was compared with its contract."
    )

    here: str
    """The actual place of the database. `read` sets it."""

    def __str__(self) -> str:
        return self.place

    @classmethod
    def read(cls) -> Self | None:
        """The row, annotated with `here`; None without a row."""
        return cls.objects.annotate(here=here()).first()


def here() -> Any:
    """The expression for the place of the rows: server, timeline, database, and table.

    A restored dump has another server or table. A promoted replica, or a point-in-time recovery, has another timeline.
    """
    return RawSQL("inbox_place()", [], models.CharField())
