"""Statements that every delivery makes: Django writes their SQL once in a process, and the process keeps it.

Compiling a SELECT of 50 columns takes Django longer than PostgreSQL takes to answer it (docs/adr/0009). Only the
compiled statement is kept; rows and values are new each time.
"""

import copy
from collections.abc import Callable
from functools import cache
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql import InsertQuery


class Kept:
    """A look-up by exact values: `find(**values)` gives the rows of `build(**values)`, by the SQL that is kept of it.

    Which values are given, by name, may shape the queryset; what they are may not. Each is a str or a UUID and stands
    in the queryset as a parameter, by itself or in a list of one.
    """

    def __init__(self, build: Callable[..., QuerySet]) -> None:
        self._build = build
        self._statements: dict[tuple[str, ...], _Statement] = {}

    def find(self, **values: str | UUID) -> list[Any]:
        """The rows as model instances. Raises django.db.Error where the database does."""
        names = tuple(values)
        if names not in self._statements:
            marks = {
                name: uuid4() if isinstance(value, UUID) else str(uuid4()) for name, value in values.items()
            }
            self._statements[names] = _Statement(self._build(**marks), marks)
        return self._statements[names].run(values)


class _Statement:
    """A compiled SELECT and where its values go, found by compiling it with marks that occur nowhere else."""

    def __init__(self, queryset: QuerySet, marks: dict[str, str | UUID]) -> None:
        self._compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        self._sql, self._params = self._compiler.as_sql()
        names = {mark: name for name, mark in marks.items()}
        self._places = [_place(param, names) for param in self._params]
        if missing := set(marks) - {name for name, _ in self._places}:
            raise ValueError(f"{', '.join(sorted(missing))}: must be a parameter of the queryset.")

    def run(self, values: dict[str, str | UUID]) -> list[Any]:
        params = [
            param if name is None else [values[name]] if listed else values[name]
            for param, (name, listed) in zip(self._params, self._places, strict=True)
        ]
        connection = connections[DEFAULT_DB_ALIAS]
        with connection.cursor() as cursor:
            cursor.execute(self._sql, params)
            rows = cursor.fetchall()
        if not rows:
            return []
        compiler = copy.copy(self._compiler)
        compiler.connection, compiler.execute_sql = connection, lambda **_: [rows]
        query = SimpleNamespace(get_compiler=lambda **_: compiler)
        return list(
            ModelIterable(SimpleNamespace(db=connection.alias, query=query, _known_related_objects={}))
        )


def _place(param: object, names: dict[str | UUID, str]) -> tuple[str | None, bool]:
    """Which value a parameter holds, None for one that is always the same, and whether it does so in a list."""
    if isinstance(param, list):
        return (names.get(param[0]), True) if len(param) == 1 else (None, False)
    return names.get(param), False


def insert(row: Model) -> None:
    """`row.save(force_insert=True)` by the SQL that is kept of its model, without Django's signals of saving.

    Raises django.db.IntegrityError as that does. Every field must have a plain value and the key its own.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    fields = row._meta.local_concrete_fields
    with connection.cursor() as cursor:
        values = [field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields]
        cursor.execute(_insert_sql(type(row)), values)
    row._state.adding, row._state.db = False, connection.alias


@cache
def _insert_sql(model: type[Model]) -> str:
    """Django's INSERT of one row, written for a row of defaults: where it puts no value as it is, it is not kept."""
    query = InsertQuery(model)
    fields = model._meta.local_concrete_fields
    query.insert_values(fields, [model()])
    ((sql, params),) = query.get_compiler(DEFAULT_DB_ALIAS).as_sql()
    if len(params) != len(fields) or sql.count("%s") != len(fields):
        raise TypeError(f"{model.__name__}: a field is more than its value.")
    return sql
