"""The base class of models whose ids sort by time, and functions for columns, indexes and constraints that many models
of all rooms have.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from jobs.ids import uuid7


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


def blank_text(max_length: int, help_text: str = "", **options: Any) -> "models.CharField[str, str]":
    """Returns a column of text that is "" by default."""
    return models.CharField(max_length=max_length, blank=True, default="", help_text=help_text, **options)


def short_text(max_length: int, help_text: str = "", **options: Any) -> "models.CharField[str, str]":
    """Returns a column of text that is "" by default, even in rows that the previous release adds."""
    return blank_text(max_length, help_text, db_default="", **options)


def several(max_length: int, help_text: str) -> "ArrayField[Any, list[str]]":
    """Returns a column for a list of texts that is empty by default, even in rows that the previous release adds."""
    texts = models.CharField(max_length=max_length)
    return ArrayField(texts, default=list, db_default=[], blank=True, help_text=help_text)


def json(empty: type[dict[str, Any]] | type[list[Any]], help_text: str) -> "models.JSONField[Any, Any]":
    """Returns a column that is `empty()` by default, even in rows that the previous release adds."""
    return models.JSONField(default=empty, db_default=empty(), blank=True, help_text=help_text)


def index(
    name: str, *columns: str, where: models.Q | None = None, include: Sequence[str] | None = None
) -> models.Index:
    return models.Index(fields=columns, condition=where, include=include, name=name)


def unique(name: str, *columns: str, where: models.Q | None = None) -> models.UniqueConstraint:
    return models.UniqueConstraint(fields=columns, condition=where, name=name)


def check(name: str, condition: models.Q | models.Expression) -> models.CheckConstraint:
    return models.CheckConstraint(condition=condition, name=name)
