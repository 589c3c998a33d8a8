"""Keyset pages: newest first by a time and the id. Page 2,000 costs what page 1 costs, and new rows shift nothing."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.http import Http404

PAGE_SIZE = 50
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class KeysetPage:
    """Rows of one page, newest first, and the values of `after` and `before` that lead to its neighbours."""

    rows: list
    after: str | None
    before: str | None


def cursor_of(row: Model, time_field: str) -> str:
    """Where `row` stands in the order, as text for a URL."""
    return f"{(getattr(row, time_field) - EPOCH) // timedelta(microseconds=1)}-{row.pk}"


def keyset_page(
    queryset: QuerySet, time_field: str, *, after: str = "", before: str = "", size: int = PAGE_SIZE
) -> KeysetPage:
    """The `size` rows that follow the cursor `after` (older) or precede `before` (newer), else the newest.

    `time_field` must never be null in `queryset`. Raises Http404 for a cursor that is none.
    """
    if before and not after:
        rows = list(_beyond(queryset, time_field, before, "gt").order_by(time_field, "pk")[: size + 1])
        more_before, rows = len(rows) > size, rows[:size][::-1]
        more_after = bool(rows)
    else:
        rows = _beyond(queryset, time_field, after, "lt") if after else queryset
        rows = list(rows.order_by(f"-{time_field}", "-pk")[: size + 1])
        more_after, rows = len(rows) > size, rows[:size]
        more_before = bool(after and rows)
    return KeysetPage(
        rows,
        cursor_of(rows[-1], time_field) if more_after else None,
        cursor_of(rows[0], time_field) if more_before else None,
    )


def _beyond(queryset: QuerySet, time_field: str, cursor: str, lookup: str) -> QuerySet:
    microseconds, _, pk = cursor.partition("-")
    try:
        moment = EPOCH + timedelta(microseconds=int(microseconds))
        # The first condition is implied by the second; the planner needs it to start the index scan there.
        return queryset.filter(
            Q(**{f"{time_field}__{lookup}e": moment}),
            Q(**{f"{time_field}__{lookup}": moment}) | Q(**{time_field: moment, f"pk__{lookup}": pk}),
        )
    except (ValueError, OverflowError, ValidationError):
        raise Http404("No such page.") from None
