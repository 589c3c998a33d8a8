"""The `integration-health` tick: secrets that cannot be read, probes that are due, and accounts that became silent.

An account is silent when nothing arrived for much longer than it usually takes: its own rhythm over the last two
weeks, never under six hours, so that a night or a weekend is not news.
"""

from datetime import timedelta

from django.db import connection
from django.db.models import Exists, Max, OuterRef
from django.utils import timezone

from inbox.models import WebhookDelivery
from integrations import health, probes
from integrations.errors import SECRETS_UNREADABLE
from integrations.health import Kind, Signal
from integrations.models import HealthState, Integration, WebhookKey
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.registry import kind_name

PROBE = kind_name("health.probe", __name__)
RHYTHM_WINDOW = timedelta(days=14)
SHORTEST_SILENCE = timedelta(hours=6)
SLACK_IN_RHYTHM = 2
FEWEST_EVENTS = 20


def tick(deadline: Deadline) -> dict[str, int]:
    """Mark accounts whose secrets cannot be read, enqueue due probes, and mark accounts that went silent and those that
    were heard again.

    Where its time is over it stops; the next tick goes on.
    """
    counts = {"unreadable": 0, "probes": 0, "silent": 0, "heard": 0}
    for integration in Integration.objects.filter(enabled=True).select_related("health"):
        if deadline.expired:
            return counts
        known = getattr(integration, "health", None)
        if integration.is_unreadable or (known and known.reason == SECRETS_UNREADABLE):
            counts["unreadable"] += probes.look_at_secrets(integration)
    for integration in probes.due():
        if deadline.expired:
            return counts
        counts["probes"] += enqueue_probe(integration)
    # In another order each time: a tick that runs out of time leaves nobody out for ever.
    addressed = Exists(WebhookKey.objects.filter(integration=OuterRef("pk")))
    for integration in Integration.objects.filter(addressed, enabled=True).order_by("?"):
        if deadline.expired:
            return counts
        kind = listen(integration)
        if kind is not None:
            counts[str(kind)] += 1
    return counts


def enqueue_probe(integration: Integration) -> bool:
    """Have the account checked soon. Only a probe that has not begun makes this one superfluous: one that has may have
    asked the provider before the event that is the cause of this one. Returns whether it is new.
    """
    _, created = enqueue(
        PROBE,
        workspace_id=integration.workspace_id,
        dedupe_key=f"{PROBE}:{integration.pk}",
        payload={"integration_id": str(integration.pk)},
        anew=True,
    )
    return created


def run(ctx: JobContext) -> dict[str, str]:
    """The job `health.probe`: one read; what it finds reaches health as any call's outcome does."""
    integration = Integration.objects.get(pk=ctx.payload["integration_id"], workspace_id=ctx.workspace_id)
    health.forget_successes()
    result = probes.probe(integration, ctx.deadline)
    return {"found": "ok" if result.ok else "trouble"}


def listen(integration: Integration) -> Kind | None:
    """What the account's own traffic says now; None where there is nothing new to say."""
    arrived = WebhookDelivery.objects.filter(integration=integration).exclude(event_type="BACKFILL")
    last = arrived.aggregate(last=Max("received_at"))["last"]
    if last is None:
        return None
    row = health.row(integration)
    known = row.last_received_at
    if known is None or last > known:
        health.record(integration, Signal(Kind.HEARD), at=last)
        return Kind.HEARD
    # While it was down nothing could arrive: its rhythm counts from its return.
    silent_for = timezone.now() - max(filter(None, (last, row.recovered_at)))
    if silent_for <= SHORTEST_SILENCE or row.state == HealthState.QUIET:
        return None
    rhythm = usual_silence(integration)
    if rhythm is not None and silent_for > rhythm:
        return Kind.SILENT if health.record(integration, Signal(Kind.SILENT, "silence")) else None
    return None


GAPS = """
SELECT count(*), max(gap) FROM (
    SELECT received_at - lag(received_at) OVER (ORDER BY received_at) AS gap FROM inbox_webhookdelivery
    WHERE integration_id = %s AND received_at > %s AND event_type <> 'BACKFILL'
) AS arrived
"""


def usual_silence(integration: Integration) -> timedelta | None:
    """Twice the longest gap between its events of the last two weeks; None for too few events to tell."""
    with connection.cursor() as cursor:
        cursor.execute(GAPS, [integration.pk, timezone.now() - RHYTHM_WINDOW])
        count, longest = cursor.fetchone()
    return longest * SLACK_IN_RHYTHM if count >= FEWEST_EVENTS else None
