"""Counts rows in groups. Each group's queryset has the same columns, so one query can read any number of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max, Min, Model, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce

CAP = 10_000
"""The most rows in one tally, read from an index. A longer one is shown as "10,000+"."""

NEVER = Value(datetime(1970, 1, 1, tzinfo=UTC))
ALWAYS = Value(datetime(9999, 1, 1, tzinfo=UTC))
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Tally:
    """A group of rows with its size, its first and last time, and the names of its workspaces. `part` names the
    queryset that counted it. `title` and `about` describe the rows, and `key` is for links.
    """

    part: str
    title: str
    about: str
    key: str
    count: int
    first: datetime | None
    last: datetime | None
    workspaces: list[str | None]


COLUMNS = [f"tally_{name}" for name in Tally.__dataclass_fields__]


def text(words: str) -> Cast:
    """Returns `words` as an SQL text, because the same column must have the same type in all queries of a union."""
    return Cast(Value(words), TextField())


def latest(rows: QuerySet[Row], column: str, cap: int = CAP) -> QuerySet[Row]:
    """Returns the last `cap` rows by `column`, an indexed time, and all rows that share the earliest of these times."""
    last = rows.order_by(f"-{column}").values(column)[cap - 1 : cap]
    return rows.filter(Q(**{f"{column}__gte": Coalesce(Subquery(last), NEVER)}))


def oldest(rows: QuerySet[Row], column: str, cap: int = CAP) -> QuerySet[Row]:
    """Returns the first `cap` rows by `column`, an indexed time, and all rows that share the latest of these times."""
    last = rows.order_by(column).values(column)[cap - 1 : cap]
    return rows.filter(Q(**{f"{column}__lte": Coalesce(Subquery(last), ALWAYS)}))


def grouped(
    rows: QuerySet[Any],
    part: str,
    *,
    at: str,
    one_of: str = "",
    by: dict[str, Any] | None = None,
    workspace: str = "workspace",
) -> QuerySet[Any, Any]:
    """Returns a queryset for `read`: a row for each group of `rows`, with the columns of a Tally. `at` is the time
    column. `by` holds expressions for title, about and key. `one_of` names a column from which one row's value becomes
    the title. `workspace` is the look-up of the workspace.
    """
    words = {name: text("") for name in ("title", "about", "key")} | (by or {})
    if one_of:
        words["title_of_one"] = words.pop("title")
    groups: QuerySet[Any, Any] = (
        rows.order_by()
        .values(tally_part=text(part), **{f"tally_{name}": expression for name, expression in words.items()})
        .annotate(
            tally_count=Count("pk"),
            tally_first=Min(at),
            tally_last=Max(at),
            tally_workspaces=ArrayAgg(f"{workspace}__name", distinct=True),
        )
    )
    if one_of:
        groups = groups.annotate(tally_title=Cast(Max(one_of), TextField()))
    return groups.values_list(*COLUMNS)


def read(querysets: Iterable[QuerySet[Any, Any]]) -> list[Tally]:
    """Reads the tallies of all `querysets` in one query, latest first."""
    querysets = list(querysets)
    if not querysets:
        return []
    rows = querysets[0].union(*querysets[1:], all=True) if len(querysets) > 1 else querysets[0]
    tallies = [Tally(*row) for row in rows]
    return sorted(tallies, key=lambda tally: tally.last.timestamp() if tally.last else 0, reverse=True)
