"""Counts of rows, grouped by their words, as querysets of the same columns: any number of them is one query."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.contrib.postgres.aggregates import ArrayAgg
from django.db.models import Count, Max, Min, Model, Q, QuerySet, Subquery, TextField, Value
from django.db.models.functions import Cast, Coalesce

CAP = 10_000
"""The most rows that one tally looks at, which it finds by an index. More are shown as "10,000+"."""

NEVER = Value(datetime(1970, 1, 1, tzinfo=UTC))
ALWAYS = Value(datetime(9999, 1, 1, tzinfo=UTC))
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Tally:
    """Rows that belong together: how many, the first and the last of them, and the workspaces' names.

    `part` says which of the querysets it is of. `title` and `about` are words of the rows, `key` is for links.
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
    """An SQL expression for `words` in each row. Columns of a union must all be of one type."""
    return Cast(Value(words), TextField())


def latest(rows: QuerySet[Row], column: str, cap: int = CAP) -> QuerySet[Row]:
    """The `cap` last rows by `column`, a time with an index, with any of the same time as the earliest."""
    last = rows.order_by(f"-{column}").values(column)[cap - 1 : cap]
    return rows.filter(Q(**{f"{column}__gte": Coalesce(Subquery(last), NEVER)}))


def oldest(rows: QuerySet[Row], column: str, cap: int = CAP) -> QuerySet[Row]:
    """The `cap` first rows by `column`, a time with an index, with any of the same time as the latest."""
    last = rows.order_by(column).values(column)[cap - 1 : cap]
    return rows.filter(Q(**{f"{column}__lte": Coalesce(Subquery(last), ALWAYS)}))


def grouped(
    rows: QuerySet[Any], part: str, *, at: str, one_of: str = "", by: dict[str, Any] | None = None
) -> QuerySet[Any, Any]:
    """A queryset with the columns of a Tally for each group of `rows`, for `read`. `at` is the column of their time;
    `by` has the expressions of title, about and key. `one_of` names a column of which one value is the title.
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
            tally_workspaces=ArrayAgg("workspace__name", distinct=True),
        )
    )
    if one_of:
        groups = groups.annotate(tally_title=Cast(Max(one_of), TextField()))
    return groups.values_list(*COLUMNS)


def read(querysets: Iterable[QuerySet[Any, Any]]) -> list[Tally]:
    """The tallies of all `querysets` in one query, the latest first."""
    querysets = list(querysets)
    if not querysets:
        return []
    rows = querysets[0].union(*querysets[1:], all=True) if len(querysets) > 1 else querysets[0]
    tallies = [Tally(*row) for row in rows]
    return sorted(tallies, key=lambda tally: tally.last.timestamp() if tally.last else 0, reverse=True)
