"""Finds the leads that changed after a person's pages were read, in one query.

A page stores a database snapshot that was taken before the page read anything else. A change of a lead is new to the
page if that snapshot cannot see it. So no change is missed, whatever the order of commits, and no clock is needed.
"""

import re
from collections.abc import Mapping
from uuid import UUID

from django.db.models import BigIntegerField, BooleanField, CharField, F, Func, QuerySet, Value

from inbox.models import LeadChange, Membership, User

LIMIT = 50
"""The maximum number of changed leads that a response names. If there are more, pages reload everything."""
EVERYTHING = "*"
WORKSPACES = 20
"""The maximum number of workspaces that one request may ask about, because more would not fit in its URL."""
NEWS = """
    SELECT member.*, membership.workspace_id, workspace.requires_second_factor,
        pg_current_snapshot()::text AS snapshot, ARRAY(
        SELECT DISTINCT lead_id FROM inbox_leadchange
        WHERE workspace_id = membership.workspace_id AND xid >= pg_snapshot_xmin(since)::text::bigint
            AND NOT pg_visible_in_snapshot(xid::text::xid8, since)
        ORDER BY lead_id LIMIT %s
    ) AS leads
    FROM inbox_membership AS membership
    JOIN inbox_user AS member ON member.id = membership.user_id
    JOIN inbox_workspace AS workspace ON workspace.id = membership.workspace_id
    JOIN unnest(%s::uuid[], %s::pg_snapshot[]) AS asked (id, since) ON asked.id = membership.workspace_id
    WHERE member.id = %s AND member.is_active
"""
"""Raw SQL, because each open browser runs it every second, and Django's compilation of it took half of the time."""
SNAPSHOT = re.compile(r"(\d{1,18}):(\d{1,18}):((?:\d{1,18}(?:,\d{1,18}){0,999})?)")


class News:
    """A workspace's changed leads: ids or EVERYTHING. `user` is a row of NEWS; the next request sends `snapshot`."""

    def __init__(self, user: User) -> None:
        row = vars(user)
        self.user, self.workspace_id, self.snapshot = user, row["workspace_id"], row["snapshot"]
        self.leads = list(map(str, row["leads"])) if len(row["leads"]) <= LIMIT else [EVERYTHING]
        self.requires_second_factor = row["requires_second_factor"]


def parse_snapshot(text: str) -> str | None:
    """Returns `text` if it is a snapshot in PostgreSQL's notation ("xmin:xmax:xip,xip"), else None."""
    match = SNAPSHOT.fullmatch(text)
    if match is None:
        return None
    first, end = int(match[1]), int(match[2])
    running = [int(xid) for xid in match[3].split(",") if xid]
    in_order = all(before < after for before, after in zip(running, running[1:], strict=False))
    inside = not running or first <= running[0] <= running[-1] < end
    return text if 0 < first <= end and in_order and inside else None


def with_snapshot() -> QuerySet[Membership]:
    """Returns all memberships, annotated with `snapshot`: the snapshot of the statement that reads them, as text."""
    snapshot = Func(template="pg_current_snapshot()::text", output_field=CharField())
    return Membership.objects.annotate(snapshot=snapshot)


def news(user_id: str, snapshots: Mapping[UUID, str]) -> list[News]:
    """Returns the changed leads of each workspace in `snapshots`, if the user is an active member. Makes one query.

    `snapshots` maps a workspace's id to the snapshot of its page, in the form that `parse_snapshot` accepts.
    """
    return list(
        map(News, User.objects.raw(NEWS, [LIMIT + 1, list(snapshots), list(snapshots.values()), user_id]))
    )


def changed(workspace_id: UUID, mark: str) -> QuerySet[LeadChange, UUID]:
    """Returns the ids of a workspace's leads that changed after a page was read with the snapshot `mark`.

    `mark` has the form that `parse_snapshot` accepts. Changes are stored for an hour.
    """
    text = CharField()
    of_page = Func(Value(mark), template="(%(expressions)s)::pg_snapshot", output_field=text)
    first = Func(
        of_page, template="pg_snapshot_xmin(%(expressions)s)::text::bigint", output_field=BigIntegerField()
    )
    xid = Func(F("xid"), template="(%(expressions)s)::text::xid8", output_field=text)
    visible = Func(xid, of_page, function="pg_visible_in_snapshot", output_field=BooleanField())
    # PostgreSQL finds the first possibly unseen row by the index, and only then tests the visibility of each row.
    unseen = LeadChange.objects.filter(~visible, xid__gte=first, workspace_id=workspace_id)
    return unseen.values_list("lead_id", flat=True)
