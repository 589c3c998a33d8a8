"""The base class of models whose ids sort by time, and functions for columns and indexes that many models have."""

from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from jobs.ids import uuid7


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
    """Returns a column that is False by default, even in rows that the previous release adds."""
    return models.BooleanField(default=False, db_default=False, help_text=help_text)


def short_text(max_length: int, help_text: str = "", **options: Any) -> "models.CharField[str, str]":
    """Returns a column of text that is "" by default, even in rows that the previous release adds."""
    return models.CharField(
        max_length=max_length, blank=True, default="", db_default="", help_text=help_text, **options
    )


def several(max_length: int, help_text: str) -> "ArrayField[Any, list[str]]":
    """Returns a column for a list of texts that is empty by default, even in rows that the previous release adds."""
    texts = models.CharField(max_length=max_length)
    return ArrayField(texts, default=list, db_default=[], blank=True, help_text=help_text)


def json(empty: type[dict[str, Any]] | type[list[Any]], help_text: str) -> "models.JSONField[Any, Any]":
    """Returns a column that is `empty()` by default, even in rows that the previous release adds."""
    return models.JSONField(default=empty, db_default=empty(), blank=True, help_text=help_text)


def index(name: str, *columns: str, where: models.Q | None = None) -> models.Index:
    return models.Index(fields=columns, condition=where, name=name)


def unique(name: str, *columns: str, where: models.Q | None = None) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=columns, condition=where, name=name)
