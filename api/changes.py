"""Lists rows in the order of their last change, so that a program that walks them misses no change.

The order is that of transactions, not of clocks: a transaction may commit after a later one. A page ends before the
oldest transaction that still runs, so whatever commits later comes later (inbox/sql/mark_changes.sql,
docs/adr/0088-programs-repeat-without-fear.md).
"""

import base64
import binascii
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import BooleanField, F, Func, Min, Model, Q, QuerySet, Value
from django.db.models.lookups import GreaterThanOrEqual
from rest_framework import serializers

HORIZON = """
SELECT oldest::text::bigint + (oldest IS NOT DISTINCT FROM pg_current_xact_id_if_assigned())::int,
       left(md5(inbox_place()), 8)
FROM pg_snapshot_xmin(pg_current_snapshot()) AS oldest
"""
"""What the reader's own transaction has written counts as committed."""
UNUSABLE = "Not a cursor of this list, or of the time before a restore. Begin again with updatedSince."


def horizon() -> tuple[int, str]:
    """The oldest transaction that still runs, and a short name of the place of this database: a restored one counts
    its transactions anew, so cursors from before mean nothing there.
    """
    with connection.cursor() as cursor:
        cursor.execute(HORIZON)
        oldest, place = cursor.fetchone()
    return oldest, place


def page(rows: QuerySet[Any], query: dict[str, Any], workspace: Model) -> tuple[list[Any], str | None]:
    """A page of `rows`, which belong to `workspace`, and the cursor of the next one; None after the last. `query`:
    that of ListQuery. Raises ValidationError for an unusable cursor.
    """
    oldest, place = horizon()
    rows = rows.filter(workspace=workspace, changed_xid__lt=oldest)
    if "cursor" in query:
        xid, pk = _position(query["cursor"], oldest, place)
        rows = rows.filter(after("changed_xid", xid, pk))
    elif "updatedSince" in query:
        changed = rows.model._default_manager.filter(
            workspace=workspace, changed_at__gte=query["updatedSince"]
        )
        begin = changed.aggregate(begin=Min("changed_xid"))["begin"]
        rows = rows.none() if begin is None else rows.filter(changed_xid__gte=begin)
    some, last = first(rows.order_by("changed_xid", "pk"), query["limit"])
    cursor = f"{place}.{last.changed_xid}.{last.pk}".encode() if last else b""
    return some, base64.urlsafe_b64encode(cursor).decode().rstrip("=") or None


def after(column: str, xid: int, pk: UUID) -> Q:
    """The condition that a row comes after the transaction `xid`, in `column`, and the id `pk`. It compares both at
    once, as only then an index scan begins there: one transaction may have changed any number of rows.
    """
    # PostgreSQL estimates ">" by the transaction alone: none after the newest, so it would sort all that are left.
    at_least = GreaterThanOrEqual(_both(F(column), F("pk")), _both(Value(xid), Value(pk)))
    return Q(at_least) & ~Q(**{column: xid}, pk=pk)


def _both(*columns: Any) -> Func:
    return Func(*columns, function="ROW", output_field=BooleanField())


def first(rows: QuerySet[Any], limit: int) -> tuple[list[Any], Any]:
    """The first `limit` of `rows`, and the last of these if more follow, or else None."""
    some = list(rows[: limit + 1])
    return some[:limit], some[limit - 1] if len(some) > limit else None


def _position(cursor: str, oldest: int, place: str) -> tuple[int, UUID]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        here, number, key = text.split(".")
        xid, pk = int(number), UUID(key)
    except (ValueError, binascii.Error):
        raise serializers.ValidationError({"cursor": [UNUSABLE]}) from None
    if here != place or not 0 <= xid < oldest:
        raise serializers.ValidationError({"cursor": [UNUSABLE]})
    return xid, pk
