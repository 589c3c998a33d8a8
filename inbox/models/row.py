"""The base class of models whose ids reveal nothing and sort by time, and the columns and indexes that many share."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from jobs.ids import uuid7


def program_key() -> "models.ForeignKey[Any, Any]":
    """The column for the program that decided, beside the column for a person. If both are empty, the product did.

    Tokens go only with their workspace, as do the rows that name them, so the database needs no constraint.
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
    """A row with the transaction and the time of its last change, by a trigger (inbox/sql/mark_changes.sql).
    `change_began_at`: when that transaction began.
    """

    changed_xid = models.BigIntegerField(default=0, db_default=0, editable=False)
    changed_at = models.DateTimeField(db_default=Now(), editable=False)
    change_began_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True

    @staticmethod
    def indexes(table: str) -> list[models.Index]:
        """The indexes by which programs walk the changes of a workspace."""
        return [
            models.Index(fields=["workspace", "changed_xid", "id"], name=f"{table}_of_change"),
            models.Index(fields=["workspace", "changed_at", "changed_xid"], name=f"{table}_since"),
        ]


class Row(models.Model):
    """A row whose key is a UUID of version 7."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    class Meta:
        abstract = True

    def write(self, **columns: Any) -> None:
        """Sets `columns` and saves only them. Raises ValueError if the model has no column of a name."""
        for name, content in columns.items():
            setattr(self, name, content)
        self.save(update_fields=columns)


def moment(help_text: str) -> "models.DateTimeField[datetime | None, datetime | None]":
    return models.DateTimeField(null=True, blank=True, help_text=help_text)


def flag(help_text: str) -> "models.BooleanField[bool, bool]":
    """A column that is False until something sets it, for the release before too."""
    return models.BooleanField(default=False, db_default=False, help_text=help_text)


def short_text(max_length: int, help_text: str = "", **options: Any) -> "models.CharField[str, str]":
    """A column that is "" until something sets it, for the release before too."""
    return models.CharField(
        max_length=max_length, blank=True, default="", db_default="", help_text=help_text, **options
    )


def several(max_length: int, help_text: str) -> "ArrayField[Any, list[str]]":
    """A column of texts that is empty until something sets it, for the release before too."""
    texts = models.CharField(max_length=max_length)
    return ArrayField(texts, default=list, db_default=[], blank=True, help_text=help_text)


def json(empty: type[dict[str, Any]] | type[list[Any]], help_text: str) -> "models.JSONField[Any, Any]":
    """A column that is `empty` until something sets it, for the release before too."""
    return models.JSONField(default=empty, db_default=empty(), blank=True, help_text=help_text)


def index(name: str, *columns: str, where: models.Q | None = None) -> models.Index:
    return models.Index(fields=columns, condition=where, name=name)


def unique(name: str, *columns: str, where: models.Q | None = None) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=columns, condition=where, name=name)
