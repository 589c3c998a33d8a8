"""Booked summaries: whoever booked a meeting gets a reading, without anybody asking for a pack.

The tick looks for leads without a current one and enqueues a job for each; the job's key holds the lead and what it
booked, so a lead is tried by one job per booking and a conversation that cannot be read does not come back every ten
minutes.
"""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Coalesce

from inbox.models import Lead, Message
from inbox.models.lead import Tag
from insights import conversation, reading
from insights.asking import Bill
from insights.models import ConversationInsight
from insights.outage import Outage
from insights.reading import Claim
from integrations.errors import ProviderError
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import JobSpec, enqueue_many
from jobs.errors import TransientError
from jobs.models import BackgroundJob
from jobs.registry import kind_name

SUMMARISE = kind_name("insights.summarise_booked", __name__)
SOURCE = ConversationInsight.Source.BOOKED_CRON


class BeingRead(TransientError):
    """Somebody else is reading this conversation."""


def limits() -> dict[str, int]:
    """The knobs in force, for the cron's answer."""
    return {"leadLimit": settings.INSIGHTS_BOOKED_SUMMARIES_CRON_LIMIT}


def tick(deadline: Deadline) -> dict[str, int]:
    """Enqueue what is missing: counts of the leads found, the jobs made, and the leads that were given up."""
    limit = settings.INSIGHTS_BOOKED_SUMMARIES_CRON_LIMIT
    booked = Q(booked_at__isnull=False) | Q(tag=Tag.MEETING_BOOKED)
    words = Message.objects.filter(lead=OuterRef("pk")).exclude(text="")
    missing = Lead.objects.filter(
        booked, Q(insight__isnull=True) | Q(insight__read_at__isnull=True), Exists(words)
    )
    rows = missing.annotate(at=Coalesce("booked_at", "last_message_at")).order_by(
        F("at").desc(nulls_last=True)
    )
    found = list(rows.values_list("pk", "workspace_id", "at")[: max(3 * limit, 20)])
    keys = {lead_id: f"{SUMMARISE}:{lead_id}:{at and at.date()}" for lead_id, _, at in found}
    tried = BackgroundJob.objects.filter(
        dedupe_key__in=keys.values(), tenant__in={workspace_id for _, workspace_id, _ in found}
    )
    jobs = dict(tried.values_list("dedupe_key", "status"))
    fresh = [row for row in found if keys[row[0]] not in jobs][:limit]
    specs = [
        JobSpec(keys[lead_id], workspace_id, {"lead_id": str(lead_id)}) for lead_id, workspace_id, _ in fresh
    ]
    created = enqueue_many(SUMMARISE, specs) if specs else set()
    states = list(jobs.values())
    return {
        "candidates": len(found),
        "enqueued": len(created),
        "underWay": states.count("queued") + states.count("running"),
        "failed": states.count("failed"),
        **limits(),
    }


def run(ctx: JobContext) -> dict[str, Any]:
    """The handler of SUMMARISE: one reading. Raises what `reading.read` raises, and BeingRead."""
    lead_id, workspace_id, outage = UUID(ctx.payload["lead_id"]), ctx.workspace_id, Outage()
    label = reading.prompt().label
    drop_connection()
    thread = outage.visit(lambda: conversation.load([lead_id], prompt_label=label))[lead_id]
    if not thread.ids:
        return {"skipped": "There is no text to read."}
    claimed, _ = outage.visit(lambda: reading.claim(thread, workspace_id, SOURCE, ctx.job.pk))
    if claimed is Claim.BUSY:
        raise BeingRead()
    if claimed is Claim.KNOWN:
        return {"known": True}
    bill = Bill()
    try:
        answer = reading.read(thread, workspace_id, ctx.deadline, bill)
    except ProviderError:
        outage.visit(lambda: reading.release(thread, ctx.job.pk))
        raise
    stored = outage.visit(lambda: reading.store(thread, ctx.job.pk, answer, SOURCE, bill.microusd))
    return {"stored": stored is not None, "outcome": answer.outcome}
