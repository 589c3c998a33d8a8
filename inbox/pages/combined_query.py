"""Reads several short lists in one query, each as an array of JSON objects."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import DEFAULT_DB_ALIAS
from django.db.models import Field, Model, QuerySet
from django.db.models.functions import JSONObject

from inbox.leads.folders import read_values


class Rows(NamedTuple):
    """A short list of rows: `queryset` with the columns `names`. "__" in a name follows a foreign key, as in Django."""

    queryset: QuerySet[Any]
    names: tuple[str, ...]


def rows(queryset: QuerySet[Any], *names: str) -> Rows:
    """Returns the list of the rows of `queryset`, with the columns `names` and the primary key, for `read_together`."""
    return Rows(queryset, ("pk", *names))


def expression(part: Rows) -> ArraySubquery:
    """Returns an SQL expression for the list `part` in a larger query. `instances` turns its result into rows."""
    return ArraySubquery(part.queryset.values(as_json=JSONObject(**{name: name for name in part.names})))


def read_together(workspace_id: UUID, parts: Mapping[str, Rows]) -> dict[str, list[Any]]:
    """Returns the rows of each list in `parts` as model instances, by the keys of `parts`. Makes one query.

    Columns that a list does not name are read when they are accessed.
    """
    columns = read_values(workspace_id, {key: expression(part) for key, part in parts.items()})
    return {key: instances(part, columns[key]) for key, part in parts.items()}


def instances(part: Rows, rows: list[dict[str, Any]] | None) -> list[Any]:
    """Returns the model instances for `rows`, the result of `expression`. `rows` is None for an empty queryset."""
    return [_instance(part.queryset.model, row) for row in rows or ()]


def _instance(model: type[Model], row: Mapping[str, Any]) -> Model:
    plain = {name: cell for name, cell in row.items() if "__" not in name}
    fields = {field.attname: field for field in model._meta.concrete_fields}
    values = {_attname(model, name): cell for name, cell in plain.items()}
    names = [name for name in fields if name in values]  # in the model's order, as `from_db` expects
    instance = model.from_db(
        DEFAULT_DB_ALIAS, names, [fields[name].to_python(values[name]) for name in names]
    )
    related = [(*name.split("__", 1), cell) for name, cell in row.items() if "__" in name]
    for name, columns in groupby(sorted(related, key=lambda entry: entry[0]), key=lambda entry: entry[0]):
        columns_of = {column: cell for _, column, cell in columns}
        to = model._meta.get_field(name).related_model
        assert isinstance(to, type)  # Django has resolved "self" to a class by now
        setattr(instance, name, _instance(to, columns_of) if columns_of["pk"] is not None else None)
    return instance


def _attname(model: type[Model], name: str) -> str:
    field = model._meta.pk if name == "pk" else model._meta.get_field(name)
    assert isinstance(field, Field)  # a column of the model's own table
    return field.attname
