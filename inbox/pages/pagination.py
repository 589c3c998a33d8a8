"""Splits long lists into pages, newest first, by a time and the id (keyset pagination).

Page 2,000 costs what page 1 costs, and new rows do not shift the pages.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import Http404

PAGE_SIZE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class KeysetPage:
    """One page of a long list, newest row first. `after` and `before` are the URL values that lead to the
    neighbouring pages; None if there is none.
    """

    rows: list[Any]
    after: str | None
    before: str | None


def cursor_of(row: Model, time_field: str) -> str:
    """The place of `row` in a list ordered by `time_field`, as text for a URL."""
    return f"{(getattr(row, time_field) - EPOCH) // timedelta(microseconds=1)}-{row.pk}"


def keyset_page(
    queryset: QuerySet[Any], time_field: str, *, after: str = "", before: str = "", size: int = PAGE_SIZE
) -> KeysetPage:
    """One page of a list, newest row first: the `size` rows after the cursor `after` (older) or before the cursor
    `before` (newer), else the newest rows.

    The order is by `time_field`, which must never be null in `queryset`. Raises Http404 for an invalid cursor.
    """
    if before and not after:
        rows = list(_beyond(queryset, time_field, before, "gt").order_by(time_field, "pk")[: size + 1])
        more_before, rows = len(rows) > size, rows[:size][::-1]
        more_after = bool(rows)
    else:
        older = _beyond(queryset, time_field, after, "lt") if after else queryset
        rows = list(older.order_by(f"-{time_field}", "-pk")[: size + 1])
        more_after, rows = len(rows) > size, rows[:size]
        more_before = bool(after and rows)
    return KeysetPage(
        rows,
        cursor_of(rows[-1], time_field) if more_after else None,
        cursor_of(rows[0], time_field) if more_before else None,
    )


def _beyond(queryset: QuerySet[Any], time_field: str, cursor: str, lookup: str) -> QuerySet[Any]:
    microseconds, _, pk = cursor.partition("-")
    try:
        moment = EPOCH + timedelta(microseconds=int(microseconds))
        # The second condition implies the first, but the planner needs the first to start its index scan
        # there.
        return queryset.filter(
            Q(**{f"{time_field}__{lookup}e": moment}),
            Q(**{f"{time_field}__{lookup}": moment}) | Q(**{time_field: moment, f"pk__{lookup}": pk}),
        )
    except (ValueError, OverflowError, ValidationError):
        raise Http404("No such page.") from None
