"""Selects the conversations that a pack reads: the most instructive ones, up to a quota for each reason."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from inbox.models import Campaign, Lead, Message
from inbox.models.lead import Tag
from insights.models import ContextPack, PackThread

Reason = PackThread.Reason
MAX_CAMPAIGNS = 50
HIGH_SCORE = 3

RULES = {
    Reason.POSITIVE: Q(booked_at__isnull=False)
    | Q(tag__in=[Tag.MEETING_BOOKED, Tag.MEETING_REQUESTED, Tag.CALL_REQUESTED]),
    Reason.SCORE: Q(score__gte=HIGH_SCORE),
    Reason.OBJECTION: Q(tag=Tag.OBJECTION),
    Reason.STALLED: Q(answered_at__gt=F("last_inbound_at")),
    Reason.NEGATIVE: Q(tag__in=[Tag.NOT_INTERESTED, Tag.WRONG_PERSON, Tag.BLACKLIST]),
}
"""The reasons in order. A lead that matches several counts for the first."""

QUOTAS = {
    Reason.POSITIVE: (30, 12),
    Reason.SCORE: (20, 8),
    Reason.OBJECTION: (10, 4),
    Reason.STALLED: (10, 4),
    Reason.NEGATIVE: (5, 2),
}
"""The most leads for each reason: in one campaign or the whole workspace, and in each campaign if there are several."""


def select(pack: ContextPack, campaigns: Iterable[Campaign]) -> list[PackThread]:
    """Selects the conversations that a pack reads, by RULES and QUOTAS, from leads who wrote in its window.

    Returns unsaved rows, each lead once. Automatic replies, samples and leads who are being erased are left out.
    """
    leads = _in_window(pack)
    scopes = [leads.filter(campaign=campaign) for campaign in campaigns] or [leads]
    several = len(scopes) > 1
    chosen: dict[UUID, str] = {}
    for scope in scopes:
        for lead_id, reason in _of_scope(scope, several, set(chosen)):
            chosen[lead_id] = reason
    return [
        PackThread(pack=pack, lead_id=lead_id, reason=reason, position=position)
        for position, (lead_id, reason) in enumerate(chosen.items())
    ]


def _in_window(pack: ContextPack) -> QuerySet[Lead]:
    replies = Message.objects.filter(
        lead=OuterRef("pk"),
        direction=Message.Direction.INBOUND,
        sent_at__gte=pack.window_from,
        sent_at__lt=pack.window_to,
    ).exclude(text="")
    return (
        Lead.objects.filter(
            workspace_id=pack.workspace_id,
            last_message_at__gte=pack.window_from,
            sample=False,
            erasing_at=None,
        )
        .exclude(tag__in=[Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE])
        .filter(Exists(replies))
    )


def _of_scope(scope: QuerySet[Lead], several: bool, skipped: set[UUID]) -> Iterator[tuple[UUID, str]]:
    lead_ids = set(skipped)
    for reason, rule in RULES.items():
        quota = QUOTAS[reason][several]
        rows = scope.filter(rule).exclude(pk__in=lead_ids).order_by("-last_message_at", "-pk")
        for lead_id in rows.values_list("pk", flat=True)[:quota]:
            lead_ids.add(lead_id)
            yield lead_id, reason
