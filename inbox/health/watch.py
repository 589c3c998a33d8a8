"""Watches all accounts: whether their secrets can be read, whether a probe is due, and whether webhooks still arrive.
The watch also creates the accounts that use only the installation's key, such as the model's. An account is silent if
no webhook has arrived for six hours and for twice the longest gap of the last two weeks. An account with fewer than
FEWEST_EVENTS webhooks is never silent.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from inbox.leads import stops
from inbox.models import WebhookDelivery, Workspace
from integrations import registry
from integrations.errors import SECRETS_UNREADABLE, UNUSABLE
from integrations.events import BACKFILL
from integrations.health import probes, writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import HealthState, Integration, WebhookKey, WorkspaceIntegrationHealth
from jobs.context import JobContext
from jobs.deadline import Deadline

RHYTHM_WINDOW = timedelta(days=14)
SHORTEST_SILENCE = timedelta(hours=6)
SLACK_IN_RHYTHM = 2
FEWEST_EVENTS = 20
FEWEST_REFUSED, SHARE_REFUSED = 3, 10
"""An account is not understood if we refused FEWEST_REFUSED, and one in SHARE_REFUSED, of its requests in an hour."""
HOUR = timedelta(hours=1)
Verdict = WebhookDelivery.Verdict


def tick(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `integration-health`: watches all accounts. At `deadline`, the rest is left to the next run."""
    _keep_installation_accounts()
    counts = {"unreadable": 0, "probes": 0, "silent": 0, "heard": 0, "left": 0, "understood": 0, "unclear": 0}
    if not deadline.expired:
        counts |= {"understood": note_understood(), "unclear": note_unclear()}
    accounts = Integration.objects.filter(enabled=True).select_related("health")
    for integration in accounts:
        health = getattr(integration, "health", None)
        if integration.is_unreadable or (health and health.reason == SECRETS_UNREADABLE):
            if deadline.expired:
                counts["left"] += 1
                continue
            counts["unreadable"] += probes.look_at_secrets(integration)
    due = probes.due()
    if deadline.expired:
        counts["left"] += len(due)
    else:
        counts["probes"] = probes.enqueue_probes(due)
    # The order is random, so that a tick that runs out of time does not always skip the same accounts.
    for integration in _listened_to(accounts).order_by("?"):
        if deadline.expired:
            counts["left"] += 1
            continue
        kind = listen(integration, integration.heard_at)
        if kind is not None:
            counts[str(kind)] += 1
    return counts


def _listened_to(accounts: QuerySet[Integration]) -> QuerySet[Any]:
    """Returns those of `accounts` that have a webhook key, annotated with the time of the last webhook (`heard_at`)."""
    arrived = WebhookDelivery.objects.filter(integration=OuterRef("pk")).exclude(event_type=BACKFILL)
    addressed = Exists(WebhookKey.objects.filter(integration=OuterRef("pk")))
    last = Subquery(arrived.order_by("-received_at").values("received_at")[:1])
    return accounts.filter(addressed).annotate(heard_at=last)


def _keep_installation_accounts() -> None:
    """Creates each workspace's accounts that use only the installation's key; switches them off if the key is unset."""
    for spec in registry.specs().values():
        if spec.is_connected_here or not spec.installation_key:
            continue
        has_key = bool(spec.installation_key())
        Integration.objects.filter(provider=spec.name, enabled=not has_key).update(enabled=has_key)
        lacking = Workspace.objects.filter(drill_of=None).exclude(integrations__provider=spec.name)
        ids = lacking.values_list("pk", flat=True)[:500] if has_key else ()
        rows = [Integration(workspace_id=pk, provider=spec.name) for pk in ids]
        Integration.objects.bulk_create(rows, ignore_conflicts=True)


def run(ctx: JobContext) -> dict[str, str]:
    """Runs the job `health.probe`: one cheap read call. If it succeeds, waiting stops of campaigns are tried again."""
    integration = ctx.row(Integration.objects.all(), "integration_id")
    writer.forget_successes()
    probe = probes.probe(integration, ctx.deadline)
    if probe.ok and registry.spec_of(integration.provider).stop_campaign:
        stops.ask_again(integration.workspace_id, integration.provider, UNUSABLE)
    return {"found": "ok" if probe.ok else "trouble"}


def listen(integration: Integration, last: datetime | None) -> SignalKind | None:
    """Records that new webhooks arrived (HEARD) or that they stopped (SILENT), and returns this signal; None if neither
    is new. `last` is the time of the account's latest webhook.
    """
    if last is None:
        return None
    row = getattr(integration, "health", None) or writer.row(integration)
    previous = row.last_received_at
    if previous is None or last > previous:
        writer.record(integration, Signal(SignalKind.HEARD), at=last)
        return SignalKind.HEARD
    # Nothing could arrive while the account was down, so the silence counts from its recovery.
    silent_for = timezone.now() - max(filter(None, (last, row.recovered_at)))
    if silent_for <= SHORTEST_SILENCE or row.state == HealthState.QUIET:
        return None
    rhythm = usual_silence(integration)
    if rhythm is not None and silent_for > rhythm and last_heard(integration) == last:
        return SignalKind.SILENT if writer.record(integration, Signal(SignalKind.SILENT, "silence")) else None
    return None


def note_unclear() -> int:
    """Records accounts whose webhooks are not understood: in the last hour, we refused at least three of the account's
    requests and at least a tenth of them. Requests from before the account was last understood again do not count.
    Returns the number of accounts whose state changed.
    """
    since = timezone.now() - HOUR
    arrived = WebhookDelivery.objects.filter(received_at__gt=since, replay_of=None, integration__enabled=True)
    refused = arrived.filter(verdict=Verdict.REJECTED).order_by().values("integration")
    suspects = refused.annotate(n=Count("pk")).filter(n__gte=FEWEST_REFUSED).values("integration")
    changed = 0
    for integration in Integration.objects.filter(pk__in=suspects).select_related("health"):
        health = writer.row(integration)
        back = health.recovered_at if health.recovered_from == HealthState.NOT_UNDERSTOOD else None
        rows = arrived.filter(integration=integration, received_at__gt=max(filter(None, (since, back))))
        counted = rows.exclude(event_type=BACKFILL).aggregate(
            n=Count("pk"), refused=Count("pk", filter=Q(verdict=Verdict.REJECTED))
        )
        if counted["refused"] >= max(FEWEST_REFUSED, counted["n"] / SHARE_REFUSED):
            changed += writer.record(integration, Signal(SignalKind.UNCLEAR, "form")) is not None
    return changed


def note_understood() -> int:
    """Records accounts whose requests are understood again, and returns the number of these accounts."""
    since = WebhookDelivery.objects.filter(
        integration=OuterRef("integration"),
        received_at__gt=OuterRef("since"),
        verdict__in=[Verdict.ACCEPTED, Verdict.DUPLICATE],
    ).exclude(event_type=BACKFILL)
    healed = WorkspaceIntegrationHealth.objects.filter(Exists(since), state=HealthState.NOT_UNDERSTOOD)
    return sum(
        writer.record(health.integration, Signal(SignalKind.UNDERSTOOD)) is not None
        for health in healed.select_related("integration")
    )


def last_heard(integration: Integration) -> datetime | None:
    """Returns the time of the account's last webhook; None if it has received none, or has no webhook key."""
    heard = _listened_to(Integration.objects.filter(pk=integration.pk)).values_list("heard_at", flat=True)
    return heard.first()


GAPS = """
SELECT count(*), max(gap) FROM (
    SELECT received_at - lag(received_at) OVER (ORDER BY received_at) AS gap FROM inbox_webhookdelivery
    WHERE integration_id = %s AND received_at > %s AND event_type <> 'BACKFILL'
) AS arrived
"""


def usual_silence(integration: Integration) -> timedelta | None:
    """Returns the time without webhooks after which an account is silent: twice the longest gap of the last two weeks.
    Returns None if fewer than 20 webhooks arrived in that time.
    """
    with connection.cursor() as cursor:
        cursor.execute(GAPS, [integration.pk, timezone.now() - RHYTHM_WINDOW])
        count, longest = cursor.fetchone()
    return longest * SLACK_IN_RHYTHM if count >= FEWEST_EVENTS else None
