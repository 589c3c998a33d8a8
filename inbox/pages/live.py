"""Finds what changed for a person's workspaces since their pages were read, by one query.

A page keeps a snapshot of the database, taken before anything else was read for it. What is new is what that snapshot
did not see: so no change is missed, in whatever order transactions are committed, and no clock is asked.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Case,
    CharField,
    F,
    Func,
    OuterRef,
    QuerySet,
    Value,
    When,
)

from inbox.models import LeadChange, Membership, User

LIMIT = 50
"""How many changed leads are named. With more, pages look at everything anyway."""
EVERYTHING = "*"
WORKSPACES = 10
"""For how many workspaces one request may ask: those that the tabs of a browser show."""
SNAPSHOT = re.compile(r"(\d{1,18}):(\d{1,18}):((?:\d{1,18}(?:,\d{1,18}){0,999})?)")


@dataclass(frozen=True)
class News:
    """What is new in a workspace for one of its members: the ids of the leads that changed, or EVERYTHING, and the
    snapshot to ask with next time.
    """

    workspace_id: UUID
    user: User
    snapshot: str
    leads: list[str]


def parse_snapshot(text: str) -> str | None:
    """`text` if it is a snapshot as PostgreSQL writes them ("xmin:xmax:xip,xip"), else None."""
    match = SNAPSHOT.fullmatch(text)
    if match is None:
        return None
    first, end = int(match[1]), int(match[2])
    running = [int(xid) for xid in match[3].split(",") if xid]
    in_order = all(one < other for one, other in zip(running, running[1:], strict=False))
    inside = not running or first <= running[0] <= running[-1] < end
    return text if 0 < first <= end and in_order and inside else None


def with_snapshot() -> QuerySet[Membership]:
    """A queryset of all memberships. Each row has `snapshot`: PostgreSQL's snapshot, as text, of the statement that
    reads it.
    """
    snapshot = Func(template="pg_current_snapshot()::text", output_field=CharField())
    return Membership.objects.annotate(snapshot=snapshot)


def news(user_id: str, asked: Mapping[UUID, str]) -> list[News]:
    """What is new for an active user in those workspaces of `asked` that they are a member of, by one query. `asked`
    has the snapshot that each workspace's pages were read with, as `parse_snapshot` accepts it. Other workspaces
    are left out.
    """
    since = Case(
        *(When(workspace_id=key, then=Value(mark)) for key, mark in asked.items()), output_field=CharField()
    )
    unseen = _unseen(OuterRef("since")).filter(workspace_id=OuterRef("workspace_id"))
    leads = unseen.order_by("lead_id").values("lead_id").distinct()[: LIMIT + 1]
    own = with_snapshot().filter(user_id=user_id, user__is_active=True, workspace_id__in=list(asked))
    found = own.select_related("user").annotate(since=since).annotate(leads=ArraySubquery(leads))
    return [
        News(
            membership.workspace_id,
            membership.user,
            vars(membership)["snapshot"],
            _named(vars(membership)["leads"]),
        )
        for membership in found
    ]


def changed(workspace_id: UUID, mark: str) -> QuerySet[LeadChange, UUID]:
    """The ids of the leads of a workspace that changed since a page was read with the snapshot `mark`, as
    `parse_snapshot` accepts it. Changes are kept for an hour.
    """
    return _unseen(Value(mark)).filter(workspace_id=workspace_id).values_list("lead_id", flat=True)


def _unseen(mark: OuterRef | Value) -> QuerySet[LeadChange]:
    """The changes that the snapshot `mark` did not see, of all workspaces."""
    text = CharField()
    of_page = Func(mark, template="(%(expressions)s)::pg_snapshot", output_field=text)
    first = Func(
        of_page, template="pg_snapshot_xmin(%(expressions)s)::text::bigint", output_field=BigIntegerField()
    )
    xid = Func(F("xid"), template="(%(expressions)s)::text::xid8", output_field=text)
    seen = Func(xid, of_page, function="pg_visible_in_snapshot", output_field=BooleanField())
    # PostgreSQL finds the first row that may be unseen by the index, and only then asks of each whether it was seen.
    return LeadChange.objects.filter(~seen, xid__gte=first)


def _named(leads: list[UUID]) -> list[str]:
    return [str(lead) for lead in leads] if len(leads) <= LIMIT else [EVERYTHING]
