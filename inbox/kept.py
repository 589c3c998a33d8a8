"""Statements that every delivery makes: Django writes their SQL once in a process, and the process keeps it.

Compiling a SELECT of 50 columns takes Django longer than PostgreSQL takes to answer it (docs/adr/0009). Only the
compiled statement is kept, by PostgreSQL too (`jobs.prepared`); rows and values are new each time.
"""

from collections.abc import Callable
from functools import cache
from types import NoneType
from typing import Any, TypeVar
from uuid import UUID, uuid4

from django.db import DEFAULT_DB_ALIAS, Error, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BooleanField,
    CharField,
    Field,
    ForeignKey,
    Model,
    QuerySet,
    TextField,
    UUIDField,
)
from django.db.models.query import get_related_populators
from django.db.models.sql import InsertQuery
from django.db.models.sql.compiler import SQLCompiler
from psycopg.sql import Literal

from jobs import prepared
from jobs.db import Fault, db_fault, drop_connection

PLAIN = {CharField: str, TextField: str, BooleanField: bool, UUIDField: UUID, ForeignKey: UUID}
"""Which type of value a field of just this class hands on to the database as it is. Any field does so with None; every
other value goes through the field."""


Made = TypeVar("Made", bound=Model)


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
        try:
            return self._statements[names].run(values)
        except Error as error:
            # Outside a transaction nobody runs it again: a migration has changed a column under what the server keeps.
            if db_fault(error) is not Fault.RETRY or connections[DEFAULT_DB_ALIAS].in_atomic_block:
                raise
            drop_connection()
            return self._statements[names].run(values)


class _Statement:
    """A compiled SELECT and where its values go, found by compiling it with marks that occur nowhere else.

    What is always the same is written into it: a plan may rest on that, such as on an index of rows that have a value.
    """

    def __init__(self, queryset: QuerySet, marks: dict[str, str | UUID]) -> None:
        compiler = queryset.query.get_compiler(DEFAULT_DB_ALIAS)
        written, params = compiler.as_sql()
        names = {mark: name for name, mark in marks.items()}
        places = [_place(param, names) for param in params]
        if missing := set(marks) - {name for name, _ in places}:
            raise ValueError(f"{', '.join(sorted(missing))}: must be a parameter of the queryset.")
        slots = ["%s" if name else _literal(param) for param, (name, _) in zip(params, places, strict=True)]
        self._sql = written.replace("%%", "%%%%") % tuple(slots)
        self._places = [place for place in places if place[0]]
        self._rows = _Rows(compiler)

    def run(self, values: dict[str, str | UUID]) -> list[Any]:
        params = [[values[name]] if listed else values[name] for name, listed in self._places]
        return [self._rows.instance(row) for row in prepared.execute(self._sql, params)]


class _Rows:
    """What Django's ModelIterable works out of a compiled SELECT each time: how a row becomes an instance."""

    def __init__(self, compiler: SQLCompiler) -> None:
        info, columns = compiler.klass_info, [column for column, *_ in compiler.select]
        if compiler.annotation_col_map:
            raise TypeError("The queryset must not be annotated.")
        self._model = info["model"]
        self._own = slice(info["select_fields"][0], info["select_fields"][-1] + 1)
        self._names = [column.target.attname for column in columns[self._own]]
        self._related = get_related_populators(info, compiler.select, DEFAULT_DB_ALIAS)
        self._converters = list(compiler.get_converters(columns).items())

    def instance(self, row: tuple) -> Any:
        values, connection = list(row), connections[DEFAULT_DB_ALIAS]
        for place, (converters, expression) in self._converters:
            for convert in converters:
                values[place] = convert(values[place], expression, connection)
        made = self._model.from_db(DEFAULT_DB_ALIAS, self._names, values[self._own])
        for related in self._related:
            related.populate(values, made)
        return made


def _place(param: object, names: dict[str | UUID, str]) -> tuple[str | None, bool]:
    """Which value a parameter holds, None for one that is always the same, and whether it does so in a list."""
    if isinstance(param, list):
        return (names.get(param[0]), True) if len(param) == 1 else (None, False)
    return names.get(param), False


def _literal(value: object) -> str:
    return Literal(value).as_string().replace("%", "%%")


def new(model: type[Made], **values: Any) -> Made:
    """`model(**values)`, by what is kept of its fields. A foreign key is named by its column: `lead_id`.

    Raises TypeError for a name that is no column of the model.
    """
    made = model(*[values.pop(name) if name in values else default() for name, default in _defaults(model)])
    if values:
        raise TypeError(f"{model.__name__} has no column {', '.join(values)}.")
    return made


@cache
def _defaults(model: type[Model]) -> list[tuple[str, Callable[[], Any]]]:
    return [(field.attname, field.get_default) for field in model._meta.concrete_fields]


def insert(row: Model) -> None:
    """`row.save(force_insert=True)` by the SQL that is kept of its model, without Django's signals of saving.

    Raises django.db.IntegrityError as that does. Every field must have a plain value and the key its own.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    values = [
        value if type(value := row.__dict__[name]) in plain else _saved(field, row, connection)
        for field, name, plain in _columns(type(row))
    ]
    prepared.execute(_insert_sql(type(row)), values)
    row._state.adding, row._state.db = False, connection.alias


def _saved(field: Field, row: Model, connection: BaseDatabaseWrapper) -> Any:
    return field.get_db_prep_save(field.pre_save(row, add=True), connection)


@cache
def _columns(model: type[Model]) -> list[tuple[Field, str, tuple[type, ...]]]:
    """Each column's field, attribute, and the types of a value that Django would hand on as it is."""
    return [(field, field.attname, _plain(field)) for field in model._meta.local_concrete_fields]


def _plain(field: Field) -> tuple[type, ...]:
    if type(field).pre_save is not Field.pre_save:
        return ()  # it may set the value itself, as the time of writing
    return tuple(filter(None, (NoneType, PLAIN.get(type(field)))))


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
