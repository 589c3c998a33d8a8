"""Lists rows in the order of their last change, so that a program that reads page after page misses no change.

Rows are ordered by transaction id, not by time, because a transaction may commit after a later one. A page ends before
the oldest transaction that is still open, so a change that commits later is on a later page
(inbox/sql/mark_changes.sql, docs/adr/0088-programs-repeat-without-fear.md).
"""

import base64
import binascii
from typing import Any
from uuid import UUID

from django.db.models import BooleanField, F, Func, Min, Model, Q, QuerySet, Value
from django.db.models.lookups import GreaterThanOrEqual
from rest_framework import serializers

from jobs.db import fetch

HORIZON = """
SELECT oldest::text::bigint + (oldest IS NOT DISTINCT FROM pg_current_xact_id_if_assigned())::int,
       left(md5(inbox_place()), 8)
FROM pg_snapshot_xmin(pg_current_snapshot()) AS oldest
"""
"""Selects the values that `horizon` returns. Changes by the reader's own transaction count as committed."""
UNUSABLE = "This cursor belongs to another list or predates a restore. Start again with updatedSince."


def horizon() -> tuple[int, str]:
    """The id of the oldest open transaction, and a hash that identifies this database. A restored database counts
    transactions from a lower id, so a cursor from before the restore is invalid.
    """
    [(oldest, place)] = fetch(HORIZON)
    return oldest, place


def page(rows: QuerySet[Any], query: dict[str, Any], workspace: Model) -> tuple[list[Any], str | None]:
    """A page of the `rows` of `workspace`, and the cursor of the next page; None after the last page. `query` is the
    validated data of a ListQuery. Raises ValidationError for an unusable cursor.
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
    """A condition that matches rows after the one with transaction id `xid` (in `column`) and id `pk`. The condition
    compares both columns as one SQL row, so that PostgreSQL starts its index scan there: one transaction may have
    changed any number of rows.
    """
    # PostgreSQL estimates a ">" between rows by the first column alone. It would expect no row after the newest
    # transaction, and sort all rows instead of using the index.
    at_least = GreaterThanOrEqual(_both(F(column), F("pk")), _both(Value(xid), Value(pk)))
    return Q(at_least) & ~Q(**{column: xid}, pk=pk)


def _both(*columns: Any) -> Func:
    return Func(*columns, function="ROW", output_field=BooleanField())


def first(rows: QuerySet[Any], limit: int) -> tuple[list[Any], Any]:
    """A pair: the first `limit` of `rows`, and the last of these if more rows follow, or else None."""
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
