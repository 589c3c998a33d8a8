"""Finds unseen news for a member: an answer that is due soon, a note that mentions them, a conversation that was given
to them, or a hot reply. The lead of a hot reply is their own or, if they want to be notified of unassigned leads, has
no owner.
"""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from inbox.leads import assigning, notes
from inbox.models import Lead, Membership
from inbox.models.lead import HOT_SCORE, PROMISED

DUE, CALLED, GIVEN, HOT = "due", "called", "given", "hot"
MOST = 20


class ForYou(NamedTuple):
    """A piece of news for a member. `why` is DUE, CALLED, GIVEN or HOT. `at` is the time of the event or, if an answer
    is DUE, the time by which it is due.
    """

    lead: Lead
    why: str
    at: datetime

    @property
    def key(self) -> str:
        return f"{self.why}-{self.lead.pk}-{self.at.timestamp():.0f}"


def news_for(member: Membership, since: datetime, leads: Collection[UUID] | None = None) -> list[ForYou]:
    """Returns the news for `member` after `since` (aware) with one query: at most MOST, one per lead, newest first."""
    called = notes.unread([member.workspace_id], member.user_id).filter(note__created_at__gte=since)
    handed = assigning.handed_to([member.workspace_id], member.user_id).filter(handed_over_at__gte=since)
    ways = called.values("note__lead").union(
        handed.values("pk"), _due(member, since).values("pk"), _hot(member, since).values("pk")
    )
    concerned = Lead.objects.filter(workspace_id=member.workspace_id, pk__in=ways)
    if leads is not None:
        concerned = concerned.filter(pk__in=leads)
    newest = called.filter(note__lead=OuterRef("pk")).order_by("-note__created_at")
    rows = concerned.annotate(called_at=Subquery(newest.values("note__created_at")[:1]))
    news = [_reason(member, since, lead) for lead in rows.order_by("-last_message_at")[:MOST]]
    return sorted((entry for entry in news if entry), key=lambda entry: entry.at, reverse=True)


def _due(member: Membership, since: datetime) -> QuerySet[Lead]:
    warned = Lead.objects.filter(PROMISED, ~Q(warned_ids=[]), workspace_id=member.workspace_id)
    return warned.filter(warned_ids__contains=[member.user_id], answer_by__gte=since)


def _hot(member: Membership, since: datetime) -> QuerySet[Lead]:
    waits = Lead.objects.filter(
        workspace_id=member.workspace_id,
        needs_reply=True,
        unread=True,
        sample=False,
        score__gte=HOT_SCORE,
        last_message_at__gte=since,
    )
    theirs = waits.filter(assigned_to=member.user_id)
    if member.tell_about == Membership.TellAbout.ALL:
        return theirs | waits.filter(assigned_to=None)
    return theirs


def _reason(member: Membership, since: datetime, lead: Lead) -> ForYou | None:
    if lead.is_promised and member.user_id in lead.warned_ids and lead.answer_by and lead.answer_by >= since:
        return ForYou(lead, DUE, lead.answer_by)
    if at := vars(lead)["called_at"]:
        return ForYou(lead, CALLED, at)
    at = lead.handed_over_at
    if at and at >= since and lead.assigned_to_id == member.user_id:
        return ForYou(lead, GIVEN, at)
    return ForYou(lead, HOT, lead.last_inbound_at) if lead.is_hot and lead.last_inbound_at else None
