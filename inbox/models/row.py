"""The base class of rows whose changes programs read, and the column for the program that made a decision."""

from typing import Any

from django.db import models
from django.db.models.functions import Now


def program_key() -> "models.ForeignKey[Any, Any]":
    """Returns a column for the program that made a decision. Another column names a person; if both are empty, the
    product decided. Tokens are deleted only with their workspace, as are the rows that name them, so the database needs
    no constraint.
    """
    return models.ForeignKey(
        "integrations.ApiToken",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )


class MarkedRow(models.Model):
    """A row whose last change a trigger records (inbox/sql/mark_changes.sql): `changed_xid` is the number of the
    transaction, `change_began_at` the time at which it began, and `changed_at` the time of the change.
    """

    changed_xid = models.BigIntegerField(default=0, db_default=0, editable=False)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)
    change_began_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True

    @staticmethod
    def indexes(table: str) -> list[models.Index]:
        """Returns the indexes for programs that read the changed rows of a workspace in order."""
        return [
            models.Index(fields=["workspace", "changed_xid", "id"], name=f"{table}_of_change"),
            models.Index(fields=["workspace", "changed_at", "changed_xid"], name=f"{table}_since"),
        ]
