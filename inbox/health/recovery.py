"""An account is back: fetch what was missed, let what waited go on, and turn the notice green. In a job, so that
each part is done once and done again where it failed."""

from datetime import timedelta

from django.dispatch import receiver

from inbox.health import backfill, banner, pausing, telling
from integrations import health as integration_health
from integrations import notices
from integrations.errors import ProviderMisconfigured
from integrations.models import HealthState, WorkspaceIntegrationHealth
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue

RECOVER = "health.recover"
LONGEST_GAP = timedelta(days=10)
"""EmailBison keeps events that long, and nobody else says that they keep them longer."""


@receiver(integration_health.changed, dispatch_uid="inbox.health.recovery")
def on_change(sender, health: WorkspaceIntegrationHealth, before: str, **kwargs) -> None:
    """Have people told of what broke, and work done on what came back."""
    if health.state == HealthState.DISCONNECTED:
        telling.enqueue_notice(health)
    elif health.state == HealthState.CONNECTED and before in banner.BROKEN:
        enqueue(
            RECOVER,
            workspace_id=health.workspace_id,
            dedupe_key=f"{RECOVER}:{health.pk}:{health.version}",
            payload={"health_id": health.pk},
        )


def run(ctx: JobContext) -> dict[str, int]:
    """The job `health.recover`."""
    health = WorkspaceIntegrationHealth.objects.select_related("integration__workspace", "workspace").get(
        pk=ctx.payload["health_id"], workspace_id=ctx.workspace_id
    )
    imported = ctx.step("backfill", lambda deadline: _backfill(health, deadline), effect="idempotent")
    resumed = ctx.step(
        "resume", lambda deadline: pausing.resume_sends(health.workspace_id), effect="idempotent"
    )
    ctx.step("turn_green", lambda deadline: _turn_green(health, deadline), effect="idempotent")
    return {"imported": imported, "resumed": resumed}


def _backfill(health: WorkspaceIntegrationHealth, deadline: Deadline) -> int:
    since = health.down_since or health.since
    last_good = min(filter(None, (since, health.last_received_at)))
    if health.provider not in backfill.READERS:
        return 0
    imported = backfill.run(health.integration, max(last_good, health.since - LONGEST_GAP), deadline).new
    WorkspaceIntegrationHealth.objects.filter(pk=health.pk).update(imported_messages=imported)
    return imported


def _turn_green(health: WorkspaceIntegrationHealth, deadline: Deadline) -> bool:
    slack = telling.slack_of(health.workspace)
    if slack is None:
        return False
    health.refresh_from_db()
    line = banner.line(health, health.workspace)
    try:
        return notices.turn_green(slack, health, f"{line.headline}. {line.effect}", deadline)
    except ProviderMisconfigured:
        return False
