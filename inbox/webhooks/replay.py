"""Processes stored deliveries again with today's code, after a repair or to preview the effect.

Events have idempotency keys, so a replay of a processed event changes nothing. A dry run is a real run that is rolled
back.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from inbox.health import backfill
from inbox.intake import handlers
from inbox.intake.receipt import DeliveryVerdict, IntakeResult, WebhookRequest, receive
from inbox.models import Lead, User, WebhookDelivery, Workspace, audit
from inbox.webhooks.tenants import named_in
from inbox.webhooks.views import process
from integrations import registry
from integrations.events import BACKFILL, BookingEvent, MessageEvent, PayloadInvalid
from integrations.health import writer
from jobs.context import JobContext
from jobs.enqueue import enqueue
from jobs.kinds import kind_name
from jobs.models import BackgroundJob

JOB = kind_name("deliveries.replay", __name__)
REPAIRED = (DeliveryVerdict.ACCEPTED, DeliveryVerdict.DUPLICATE, DeliveryVerdict.IGNORED)
SETTLED = WebhookDelivery.objects.filter(
    replay_of=OuterRef("pk"), replay_of__isnull=False, verdict__in=REPAIRED
)
"""The successful later runs of a delivery. The condition `replay_of__isnull` looks redundant, but with it PostgreSQL
reads only the few runs, instead of every delivery of all workspaces.
"""

HEARD = SETTLED.filter(verdict__in=REPAIRED[:2])
"""The later runs that understood an ignored delivery. A run that ignores the delivery again is no success."""
MISSED: dict[str, str] = {
    DeliveryVerdict.FAILED: "failed",
    DeliveryVerdict.REJECTED: "been refused",
    DeliveryVerdict.IGNORED: "been ignored",
}
"""The verdicts whose deliveries can all be replayed at once, with the words for users."""

SPANS = {"1": "1 hour", "24": "24 hours", "168": "7 days", "720": "30 days"}
"""The periods, in hours, of which all failed deliveries can be replayed, with the words for users."""


class NothingToReplay(ValueError):
    """No stored webhook request is left to replay, so no job is started. The message is a sentence for users."""


class NotReplayable(ValueError):
    """The stored webhook request cannot be replayed. The message is a sentence for users."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """The result of a replay. `made` says how many messages, leads and jobs are new."""

    outcome: IntakeResult
    made: dict[str, int]

    @property
    def sentence(self) -> str:
        counts = ", ".join(f"{count} {name}" for name, count in self.made.items()) or "nothing new"
        reason = f" ({self.outcome.reason})" if self.outcome.reason else ""
        return f"{DeliveryVerdict(self.outcome.verdict).label}{reason}: {counts}."


def dry_run(delivery: WebhookDelivery) -> ReplayResult:
    """Processes the stored webhook request with today's code, without storing anything. Raises NotReplayable."""
    with transaction.atomic():
        outcome = _run(delivery)
        transaction.set_rollback(True)
    return outcome


def replay(delivery: WebhookDelivery, actor: User | None = None) -> ReplayResult:
    """Processes the stored request with today's code, and records the run. Raises NotReplayable.

    Raises django.db.Error if the database cannot be reached; then nothing has changed.
    """
    outcome = _run(delivery)
    if outcome.outcome.verdict in REPAIRED[:2] and delivery.integration is not None:
        writer.record(delivery.integration, writer.Signal(writer.SignalKind.UNDERSTOOD))
    if actor is not None:
        audit.record(
            delivery.workspace_id, actor, "delivery.replayed", delivery, verdict=str(outcome.outcome.verdict)
        )
    return outcome


def unrepaired(
    workspace: Workspace | None = None,
    *,
    verdict: str = DeliveryVerdict.FAILED,
    since: datetime | None = None,
    until: datetime | None = None,
    source: str = "",
    event_type: str = "",
) -> QuerySet[WebhookDelivery]:
    """Returns the stored requests with this verdict that have a body and were not yet replayed successfully, oldest
    first. If `workspace` is None, the deliveries of all workspaces count. `since` and `until` (aware) limit the time of
    receipt. `source` and `event_type`: "" for all.
    """
    narrower: dict[str, Any] = {"workspace": workspace, "received_at__gte": since, "received_at__lte": until}
    narrower |= {"source": source, "event_type": event_type}
    deliveries = WebhookDelivery.objects.filter(
        verdict=verdict,
        replay_of=None,
        body__isnull=False,
        **{name: wish for name, wish in narrower.items() if wish},
    )
    settled = HEARD if verdict == DeliveryVerdict.IGNORED else SETTLED
    return deliveries.exclude(Exists(settled)).order_by("received_at", "pk")


def with_repair(deliveries: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    """Annotates `deliveries` with `repaired` (a later run succeeded) and `emptied` (the body is deleted)."""
    return deliveries.annotate(repaired=Exists(SETTLED), emptied=Q(body__isnull=True))


class Started(NamedTuple):
    """The job that replays stored webhook requests, and the number of these requests (`waiting`)."""

    job: BackgroundJob
    waiting: int


def start(
    hours: str,
    actor: User,
    workspace: Workspace | None,
    *,
    verdict: str = DeliveryVerdict.FAILED,
    source: str = "",
    event_type: str = "",
) -> Started:
    """Starts the job that replays the requests of the last `hours` (a key of SPANS) with `verdict` (a key of MISSED).
    If `workspace` is None, the deliveries of all workspaces are replayed. `source` and `event_type`: "" for all.

    Raises NothingToReplay if a key is unknown, or if no such request is left.
    """
    if hours not in SPANS or verdict not in MISSED:
        raise NothingToReplay("Choose how far back to go.")
    until = timezone.now()
    since = until - timedelta(hours=int(hours))
    kind = {"verdict": verdict, "source": source, "event_type": event_type}
    waiting = unrepaired(workspace, since=since, until=until, **kind).count()
    if not waiting:
        raise NothingToReplay(
            f"There’s nothing to replay. No delivery has {MISSED[verdict]} in the last {SPANS[hours]}."
        )
    span = {"since": since.isoformat(), "until": until.isoformat()}
    about = workspace.pk if workspace else "all"
    job, _ = enqueue(
        JOB,
        workspace_id=workspace.pk if workspace else None,
        dedupe_key=f"{JOB}:{about}:{hours}:{until:%Y%m%d%H%M%S}:{':'.join(kind.values())}",
        payload=kind | span,
    )
    audit.record(job.workspace_id, actor, "deliveries.replayed", job, hours=int(hours), **kind)
    return Started(job, waiting)


def run_job(ctx: JobContext) -> dict[str, int]:
    """Runs the job `deliveries.replay`: replays the requests that `start` selected, from a period of time. Returns
    counts by verdict; "skipped" counts the requests that cannot be replayed.
    """
    workspace = Workspace.objects.get(pk=ctx.job.workspace_id) if ctx.job.workspace_id else None
    ids = list(
        unrepaired(
            workspace,
            verdict=ctx.payload["verdict"],
            source=ctx.payload.get("source", ""),  # jobs of release 0.2.0 have neither source nor event type
            event_type=ctx.payload.get("event_type", ""),
            since=datetime.fromisoformat(ctx.payload["since"]),
            until=datetime.fromisoformat(ctx.payload["until"]),
        ).values_list("pk", flat=True)
    )
    counts: dict[str, int] = {}
    for done, pk in enumerate(ids, 1):
        verdict = _replayed(pk)
        counts[verdict] = counts.get(verdict, 0) + 1
        ctx.progress(done, len(ids))
    return counts


def _replayed(pk: UUID) -> str:
    try:
        return str(replay(WebhookDelivery.objects.get(pk=pk)).outcome.verdict)
    except (NotReplayable, WebhookDelivery.DoesNotExist):
        return "skipped"


def _run(delivery: WebhookDelivery) -> ReplayResult:
    if delivery.body is None:
        raise NotReplayable("The request’s body has been deleted.")
    source = registry.webhook_sources().get(delivery.source)
    if source is None:
        raise NotReplayable("The request’s source is no longer supported.")
    began = timezone.now()
    received = _received(delivery)
    # for a message from the provider's list, the stored body is our own event
    if delivery.event_type == BACKFILL and received.workspace is not None:
        outcome = receive(received.of(received.workspace), _listed(received), handlers.handle)
    else:
        outcome = process(source, received)
    return ReplayResult(outcome, _made(outcome, began))


def _listed(received: WebhookRequest) -> MessageEvent | BookingEvent:
    try:
        return backfill.event_of(received.body)
    except PayloadInvalid:
        raise NotReplayable("The request’s body doesn’t contain the event.") from None


def _received(delivery: WebhookDelivery) -> WebhookRequest:
    body = bytes(delivery.body or b"")
    integration, workspace = delivery.integration, delivery.workspace
    if workspace is None:  # the account may have been connected in the meantime
        workspace, integration = named_in(delivery.source, body)
    return WebhookRequest(
        source=delivery.source,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        headers=delivery.headers,
        sample=delivery.sample,
        received_at=delivery.received_at,
        integration=integration,
        workspace=workspace,
        replay_of=delivery.replay_of or delivery,
    )


def _made(outcome: IntakeResult, began: datetime) -> dict[str, int]:
    if outcome.verdict != DeliveryVerdict.ACCEPTED:
        return {}
    lead = outcome.lead
    new_lead = lead is not None and Lead.objects.filter(pk=lead.pk, created_at__gte=began).exists()
    fresh = {"message": outcome.message is not None, "lead": new_lead, "job": outcome.job_id is not None}
    return {name: 1 for name, is_new in fresh.items() if is_new}
