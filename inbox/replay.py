"""Stored deliveries, run through today's code once more: after a repair, or to see what would happen.

Safe because every key is idempotent: replaying everything changes nothing. A dry run is the real run, rolled back.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import perf_counter
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from inbox import audit, handlers
from inbox.health import backfill
from inbox.intake import Outcome, Received, Verdict, receive
from inbox.models import Lead, User, WebhookDelivery, Workspace
from inbox.webhooks import stored
from inbox.webhooks.base import process
from inbox.webhooks.tenants import named_in
from integrations import registry
from integrations.events import MessageEvent, PayloadInvalid
from jobs.context import JobContext
from jobs.enqueue import enqueue
from jobs.models import BackgroundJob
from jobs.registry import kind_name

JOB = kind_name("deliveries.replay", __name__)
REPAIRED = (Verdict.ACCEPTED, Verdict.DUPLICATE, Verdict.IGNORED)


SPANS = {"1": "1 hour", "24": "24 hours", "168": "7 days", "720": "30 days"}
"""How far back "everything that failed" may go, in hours."""


class NothingToReplay(ValueError):
    """No job is started. The message is a sentence for people."""


class NotReplayable(ValueError):
    """Nothing is left to run. The message is a sentence for people."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run came to. `made` counts the rows it makes (or would make), by what they are called."""

    outcome: Outcome
    made: dict[str, int]

    @property
    def sentence(self) -> str:
        made = ", ".join(f"{count} {name}" for name, count in self.made.items()) or "nothing new"
        reason = f" ({self.outcome.reason})" if self.outcome.reason else ""
        return f"{Verdict(self.outcome.verdict).label}{reason}: {made}."


def dry_run(delivery: WebhookDelivery) -> Result:
    """What today's code would make of the delivery; nothing is kept. Raises NotReplayable."""
    with transaction.atomic():
        result = _run(delivery)
        transaction.set_rollback(True)
    return result


def replay(delivery: WebhookDelivery, actor: User | None = None) -> Result:
    """Run the delivery through today's code, as a ledger row of its own. Raises NotReplayable.

    Raises django.db.Error where the database is out of reach; then nothing has changed.
    """
    result = _run(delivery)
    if actor is not None:
        audit.record(
            delivery.workspace_id, actor, "delivery.replayed", delivery, verdict=str(result.outcome.verdict)
        )
    return result


def unrepaired(
    workspace: Workspace | None = None,
    *,
    verdict: str = Verdict.FAILED,
    since: datetime | None = None,
    until: datetime | None = None,
    source: str = "",
) -> QuerySet[WebhookDelivery]:
    """Deliveries with that verdict that no later run has settled, oldest first; of one workspace or of all."""
    settled = WebhookDelivery.objects.filter(replay_of=OuterRef("pk"), verdict__in=REPAIRED)
    found = WebhookDelivery.objects.filter(verdict=verdict, replay_of=None, body__isnull=False)
    if workspace is not None:
        found = found.filter(workspace=workspace)
    if since is not None:
        found = found.filter(received_at__gte=since)
    if until is not None:
        found = found.filter(received_at__lte=until)
    if source:
        found = found.filter(source=source)
    return found.exclude(Exists(settled)).order_by("received_at", "pk")


def with_repair(deliveries: QuerySet[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
    """`deliveries` with what tells why a failed one waits for no replay: `repaired` by a later run, `emptied`."""
    settled = WebhookDelivery.objects.filter(replay_of=OuterRef("pk"), verdict__in=REPAIRED)
    return deliveries.annotate(repaired=Exists(settled), emptied=Q(body__isnull=True))


class Started(NamedTuple):
    """A job that replays `waiting` deliveries."""

    job: BackgroundJob
    waiting: int


def start(hours: str, actor: User, workspace: Workspace | None) -> Started:
    """Start the job that replays everything failed of the last `hours` (one of SPANS), of all workspaces if None.

    Raises NothingToReplay.
    """
    if hours not in SPANS:
        raise NothingToReplay("Choose how far back to go.")
    until = timezone.now().replace(microsecond=0)
    since = until - timedelta(hours=int(hours))
    waiting = unrepaired(workspace, since=since, until=until).count()
    if not waiting:
        raise NothingToReplay(f"Nothing has failed in the last {SPANS[hours]} that is not repaired.")
    job, _ = enqueue(
        JOB,
        workspace_id=workspace.pk if workspace else None,
        dedupe_key=f"{JOB}:{workspace.pk if workspace else 'all'}:{since.isoformat()}:{until.isoformat()}",
        payload={"verdict": Verdict.FAILED, "since": since.isoformat(), "until": until.isoformat()},
    )
    audit.record(job.workspace_id, actor, "deliveries.replayed", job, hours=int(hours))
    return Started(job, waiting)


def run_job(ctx: JobContext) -> dict[str, int]:
    """The job `deliveries.replay`: everything unrepaired between two moments, of its workspace or (where it belongs to
    none) of all; counts per verdict."""
    workspace = Workspace.objects.get(pk=ctx.workspace_id) if ctx.workspace_id else None
    ids = list(
        unrepaired(
            workspace,
            verdict=ctx.payload["verdict"],
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


def _run(delivery: WebhookDelivery) -> Result:
    if delivery.body is None:
        raise NotReplayable("Its body is no longer kept.")
    source = registry.webhook_sources().get(delivery.source)
    if source is None:
        raise NotReplayable("Its source is no longer supported.")
    began = timezone.now()
    received = _received(delivery)
    if delivery.event_type == backfill.EVENT:  # read from the provider's list: the body is the event itself
        outcome = receive(received, _listed(received), handlers.handle)
    else:
        outcome = process(source, received)
    return Result(outcome, _made(outcome, began))


def _listed(received: Received) -> MessageEvent:
    try:
        return backfill.event_of(received.body)
    except PayloadInvalid:
        raise NotReplayable("Its body does not hold the message.") from None


def _received(delivery: WebhookDelivery) -> Received:
    body, headers, scrubbed = bytes(delivery.body), delivery.headers, delivery.scrubbed
    if not scrubbed:
        with suppress(stored.SecretUnreadable):
            (body, headers), scrubbed = stored.cleaned(delivery), True
    integration, workspace = delivery.integration, delivery.workspace
    if workspace is None:  # the account may have been connected since
        workspace, integration = named_in(delivery.source, body)
    return Received(
        source=delivery.source,
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        headers=headers,
        scrubbed=scrubbed,
        received_at=delivery.received_at,
        started=perf_counter(),
        integration=integration,
        workspace=workspace,
        replay_of=delivery.replay_of or delivery,
    )


def _made(outcome: Outcome, began: datetime) -> dict[str, int]:
    if outcome.verdict != Verdict.ACCEPTED:
        return {}
    lead = outcome.lead
    new_lead = lead is not None and Lead.objects.filter(pk=lead.pk, created_at__gte=began).exists()
    made = {"message": outcome.message is not None, "lead": new_lead, "job": outcome.job_id is not None}
    return {name: 1 for name, is_new in made.items() if is_new}
