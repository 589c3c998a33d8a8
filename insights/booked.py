"""Makes a model read the conversation of every lead who booked a meeting, even if no context pack needs it.

The job's dedupe key contains the lead and the date of the booking, so an unreadable conversation is not tried again
every ten minutes.
"""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db.models import CharField, Exists, F, Func, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat

from inbox.models import Lead, Message
from inbox.models.lead import HAS_BOOKED
from insights import readings
from insights.models import ConversationInsight
from insights.outage import Outage
from insights.pack_model_calls import Bill
from insights.readings import Claim
from integrations.errors import ProviderError
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import JobSpec, enqueue_many
from jobs.errors import TransientError
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

SUMMARISE = kind_name("insights.summarise_booked", __name__)
SOURCE = ConversationInsight.Source.BOOKED_CRON


class BeingRead(TransientError):
    """Another caller is reading this conversation. The job that raises this is retried."""


def limits() -> dict[str, int]:
    """Returns the maximum number of conversations that one run of the tick enqueues, for the response to the cron."""
    return {"leadLimit": settings.INSIGHTS_BOOKED_SUMMARIES_CRON_LIMIT}


def tick(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `insights/booked-summaries`: enqueues jobs in which a model reads the conversations of leads who
    booked a meeting.

    Returns counts: of the newest leads who booked and have no reading (`candidates`), of the jobs that this run
    created, and of the candidates' jobs that are under way or have failed. `more` is 1 if further leads have no job.
    The counts contain the tick's limits as well.
    """
    limit = settings.INSIGHTS_BOOKED_SUMMARIES_CRON_LIMIT
    rows = _missing()
    candidates = list(rows.values_list("pk", "workspace_id", "at")[: max(3 * limit, 20)])
    keys = {lead_id: _key(lead_id, at) for lead_id, _, at in candidates}
    tried = BackgroundJob.objects.filter(
        dedupe_key__in=keys.values(), tenant__in={workspace_id for _, workspace_id, _ in candidates}
    )
    jobs = dict(tried.values_list("dedupe_key", "status"))
    # These may be other leads than `candidates`: the newest leads may all have a job whose reading failed.
    fresh = list(_untried(rows).values_list("pk", "workspace_id", "at")[: limit + 1])
    specs = [
        JobSpec(_key(lead_id, at), workspace_id, {"lead_id": str(lead_id)})
        for lead_id, workspace_id, at in fresh[:limit]
    ]
    created = enqueue_many(SUMMARISE, specs) if specs else set()
    states = list(jobs.values())
    return {
        "candidates": len(candidates),
        "enqueued": len(created),
        "underWay": states.count("queued") + states.count("running"),
        "failed": states.count("failed"),
        "more": int(len(fresh) > limit),
        **limits(),
    }


def _missing() -> QuerySet[Any]:
    """Returns the leads who booked a meeting and whose conversation no model has read, latest `at` first. `at` is the
    time of the booking, or else of the lead's last message.
    """
    words = Message.objects.filter(lead=OuterRef("pk")).exclude(text="")
    leads = Lead.objects.filter(
        HAS_BOOKED,
        Q(insight__isnull=True) | Q(insight__read_at__isnull=True),
        Exists(words),
        sample=False,
        erasing_at=None,
    )
    at = Coalesce("booked_at", "last_message_at")
    rows: QuerySet[Any] = leads.annotate(at=at).order_by(F("at").desc(nulls_last=True))
    return rows


def _key(lead_id: UUID, at: datetime | None) -> str:
    return f"{SUMMARISE}:{lead_id}:{at and at.astimezone(UTC).date()}"


def _untried(rows: QuerySet[Any]) -> QuerySet[Any]:
    day = Func(F("at"), template="to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD')")
    key = Concat(
        Value(f"{SUMMARISE}:"),
        Cast("pk", CharField()),
        Value(":"),
        Coalesce(day, Value("None"), output_field=CharField()),
        output_field=CharField(),
    )
    jobs = BackgroundJob.objects.filter(tenant=OuterRef("workspace_id"), dedupe_key=OuterRef("key"))
    untried: QuerySet[Any] = rows.annotate(key=key).exclude(Exists(jobs))
    return untried


def run(ctx: JobContext) -> dict[str, Any]:
    """Runs the job that makes a model read the conversation of a lead who booked a meeting. Skips a conversation
    without text, and one that was read and is unchanged. Raises BeingRead and the errors of `readings.read`.
    """
    lead_id, workspace_id, outage = UUID(ctx.payload["lead_id"]), ctx.workspace_id, Outage()
    label = readings.prompt().label
    drop_connection()
    thread = outage.visit(lambda: readings.load_conversations([lead_id], prompt_label=label))[lead_id]
    if not thread.ids:
        return {"skipped": "There’s no text to read."}
    claimed, _ = outage.visit(lambda: readings.claim(thread, workspace_id, SOURCE, ctx.job.pk))
    if claimed is Claim.BUSY:
        raise BeingRead()
    if claimed is Claim.KNOWN:
        return {"known": True}
    bill = Bill()
    try:
        answer = readings.read(thread, workspace_id, ctx.deadline, bill)
    except ProviderError:
        outage.visit(lambda: readings.release(thread, ctx.job.pk))
        raise
    stored = outage.visit(lambda: readings.store(thread, ctx.job.pk, answer, SOURCE, bill.microusd))
    return {"stored": stored is not None, "outcome": answer.outcome}
