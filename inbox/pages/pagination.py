"""Splits long lists into pages by a time and the id, newest first (keyset pagination).

Page 2,000 is read as fast as page 1, and new rows do not move rows to other pages.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest

PAGE_SIZE = 50
SCAN = 20_000
"""The maximum number of rows of a list that are scanned for one page of its filtered rows."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class KeysetPage:
    """One page of a long list. `after` and `before` are the cursors of the next and previous page, or None."""

    rows: list[Any]
    after: str | None
    before: str | None


def cursor_of(row: Model, time_field: str) -> str:
    """Returns the cursor of `row` in a list ordered by `time_field`: its position, as text for a URL."""
    return f"{(getattr(row, time_field) - EPOCH) // timedelta(microseconds=1)}-{row.pk}"


def keyset_page(
    queryset: QuerySet[Any],
    time_field: str,
    *,
    after: str = "",
    before: str = "",
    size: int = PAGE_SIZE,
    among: QuerySet[Any] | None = None,
    rises: bool = False,
) -> KeysetPage:
    """Returns `size` rows after the cursor `after` or before the cursor `before`, else the first rows.

    The order is by `time_field` (never null), newest first or with `rises` oldest first. Raises Http404 for an invalid
    cursor.

    `among` limits the work: only its next SCAN rows are scanned. `among` must contain all of `queryset`, in the order
    of an index. A page may then have few rows or none, and still have a next page.
    """
    back = bool(before and not after)
    cursor = before if back else after
    order, lookup, opposite = ("", "gt", "lt") if back != rises else ("-", "lt", "gt")
    ordering = (f"{order}{time_field}", f"{order}pk")
    bounded = _beyond(queryset, time_field, cursor, lookup)
    edge = None
    if among is not None:
        looked_at = _beyond(among, time_field, cursor, lookup).only(time_field)
        edge = looked_at.order_by(*ordering)[SCAN : SCAN + 1].first()
        if edge:
            bounded = _up_to(bounded, time_field, edge, opposite)
    rows = list(bounded.order_by(*ordering)[: size + 1])
    more, rows = len(rows) > size, rows[:size]
    beyond = cursor_of(rows[-1], time_field) if more else cursor_of(edge, time_field) if edge else None
    if back:
        rows.reverse()
        return KeysetPage(rows, cursor_of(rows[-1], time_field) if rows else None, beyond)
    return KeysetPage(rows, beyond, cursor_of(rows[0], time_field) if after and rows else None)


def page_of(request: HttpRequest, queryset: QuerySet[Any], time_field: str, **bounds: Any) -> KeysetPage:
    """Returns the `keyset_page` of `queryset` for the request's parameters `after` and `before`."""
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    return keyset_page(queryset, time_field, after=after, before=before, **bounds)


def older(queryset: QuerySet[Any], time_field: str, cursor: str) -> QuerySet[Any]:
    """Returns the rows of `queryset` after `cursor`, or all rows for "". Raises Http404 for an invalid cursor."""
    return _beyond(queryset, time_field, cursor, "lt")


def _up_to(queryset: QuerySet[Any], time_field: str, edge: Any, lookup: str) -> QuerySet[Any]:
    moment = getattr(edge, time_field)
    return queryset.filter(
        Q(**{f"{time_field}__{lookup}e": moment}),
        Q(**{f"{time_field}__{lookup}": moment}) | Q(**{time_field: moment, f"pk__{lookup}e": edge.pk}),
    )


def _beyond(queryset: QuerySet[Any], time_field: str, cursor: str, lookup: str) -> QuerySet[Any]:
    if not cursor:
        return queryset
    microseconds, _, pk = cursor.partition("-")
    try:
        moment = EPOCH + timedelta(microseconds=int(microseconds))
        # The second condition implies the first, but the planner needs the first to start its index scan there.
        return queryset.filter(
            Q(**{f"{time_field}__{lookup}e": moment}),
            Q(**{f"{time_field}__{lookup}": moment}) | Q(**{time_field: moment, f"pk__{lookup}": pk}),
        )
    except (ValueError, OverflowError, ValidationError):
        raise Http404("This page doesn’t exist.") from None
