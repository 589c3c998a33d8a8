"""An account is back: fetch what was missed, let what waited go on, and turn the notice green. In a job, so that
each part is done once and done again where it failed."""

from datetime import timedelta

from django.utils import timezone

from inbox.accounts import slack_of
from inbox.health import backfill, banner, pausing, telling
from integrations import registry
from integrations.errors import ProviderMisconfigured
from integrations.models import HealthState, WorkspaceIntegrationHealth
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.registry import kind_name

RECOVER = kind_name("health.recover", __name__)
RECENT = timedelta(hours=1)
LONGEST_GAP = timedelta(days=10)
"""EmailBison keeps events that long, and nobody else says that they keep them longer."""


def on_change(sender, health: WorkspaceIntegrationHealth, before: str, **kwargs) -> None:
    """Have people told of what broke, and work done on what came back."""
    if health.state == HealthState.DISCONNECTED:
        telling.enqueue_notice(health)
    elif health.state == HealthState.CONNECTED and (before in banner.BROKEN or _was_told(health)):
        enqueue_recovery(health)


def _was_told(health: WorkspaceIntegrationHealth) -> bool:
    """Whether a notice about the trouble that is over stands somewhere."""
    told, since = health.last_notice_at, health.down_since
    return bool(told and since and told >= since)


def enqueue_recovery(health: WorkspaceIntegrationHealth) -> bool:
    """Have the work of this recovery done, once. Returns whether it was not under way already."""
    _, created = enqueue(
        RECOVER,
        workspace_id=health.workspace_id,
        dedupe_key=f"{RECOVER}:{health.pk}:{health.version}",
        payload={"health_id": health.pk},
    )
    return created


def make_up() -> int:
    """Enqueue what a signal that was lost with its process did not. Returns how many recoveries that were."""
    back = WorkspaceIntegrationHealth.objects.filter(
        state=HealthState.CONNECTED,
        recovered_from__in=banner.BROKEN,
        recovered_at__gt=timezone.now() - RECENT,
        integration__enabled=True,
    )
    return sum(enqueue_recovery(health) for health in back)


def run(ctx: JobContext) -> dict[str, int]:
    """The job `health.recover`."""
    health = WorkspaceIntegrationHealth.objects.select_related("integration__workspace", "workspace").get(
        pk=ctx.payload["health_id"], workspace_id=ctx.workspace_id
    )
    imported = ctx.step("backfill", lambda deadline: fetch_missed(health, deadline), effect="idempotent")
    resumed = ctx.step(
        "resume", lambda deadline: pausing.resume_sends(health.workspace_id), effect="idempotent"
    )
    ctx.step("turn_green", lambda deadline: _turn_green(health, deadline), effect="idempotent")
    return {"imported": imported, "resumed": resumed}


def fetch_missed(health: WorkspaceIntegrationHealth, deadline: Deadline) -> int:
    """Take in what came while the account was down. Returns how many messages were new.

    Raises the provider's errors.
    """
    since = health.down_since or health.since
    last_good = min(filter(None, (since, health.last_received_at)))
    if not registry.spec_of(health.provider).backfill:
        return 0
    imported = backfill.run(health.integration, max(last_good, health.since - LONGEST_GAP), deadline).new
    WorkspaceIntegrationHealth.objects.filter(pk=health.pk).update(imported_messages=imported)
    return imported


def _turn_green(health: WorkspaceIntegrationHealth, deadline: Deadline) -> bool:
    slack = slack_of(health.workspace_id)
    if slack is None or slack.is_unreadable:
        return False
    try:
        return telling.edit(slack, health, deadline) > 0
    except ProviderMisconfigured:
        return False
