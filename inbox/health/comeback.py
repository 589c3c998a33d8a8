"""Enqueues and runs the recovery job, which fetches an account's missed messages and resumes the waiting work."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from inbox.health import backfill, banner, notice_channels
from inbox.leads import stops
from inbox.replying import account_pauses
from inbox.workspaces.accounts import slack_of
from integrations import registry
from integrations.errors import OUT_OF_REACH, UNUSABLE, ProviderError, ProviderMisconfigured
from integrations.models import HealthState, ReplyPoll, WorkspaceIntegrationHealth
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name

RECOVER = kind_name("health.recover", __name__)
RECENT = timedelta(hours=1)


def on_change(sender: Any, health: WorkspaceIntegrationHealth, before: str, **kwargs: Any) -> None:
    """Enqueues a notice when an account breaks. When an account works again, enqueues the recovery if the account was
    broken or if people were notified of its trouble. A receiver of the signal that an account's health has changed.
    """
    if health.state in (HealthState.DISCONNECTED, HealthState.NOT_UNDERSTOOD):
        notice_channels.enqueue_notice(health)
    elif health.state == HealthState.CONNECTED and (before in banner.BROKEN or _was_told(health)):
        enqueue_recovery(health)


def _was_told(health: WorkspaceIntegrationHealth) -> bool:
    notified_at, since = health.last_notice_at, health.down_since
    return bool(notified_at and since and notified_at >= since)


def enqueue_recovery(health: WorkspaceIntegrationHealth) -> bool:
    """Enqueues the recovery once for each time that the account works again. Returns whether the job is new."""
    return enqueue_about(RECOVER, health, "health_id", key=f"{health.pk}:{health.version}")[1]


def make_up() -> int:
    """Enqueues the recovery of accounts that came back within the last hour, in case the signal was lost."""
    back = WorkspaceIntegrationHealth.objects.filter(
        state=HealthState.CONNECTED,
        recovered_from__in=banner.BROKEN,
        recovered_at__gt=timezone.now() - RECENT,
        integration__enabled=True,
    )
    return sum(enqueue_recovery(health) for health in back)


def run(ctx: JobContext) -> dict[str, int]:
    """Runs the job `health.recover` for an account. Returns the numbers of imported messages and resumed sends."""
    health = ctx.row(
        WorkspaceIntegrationHealth.objects.select_related("integration__workspace", "workspace"), "health_id"
    )
    version = health.version
    try:
        imported = ctx.step("backfill", lambda deadline: fetch_missed(health, deadline), effect="idempotent")
    except (ProviderError, ProviderMisconfigured):
        health.refresh_from_db()
        if health.version == version:
            raise
        # The account is down again. Its next recovery fetches everything since the last poll.
        return {"imported": 0, "resumed": 0}
    resumed = ctx.step(
        "resume", lambda deadline: account_pauses.resume_sends(health.workspace_id), effect="idempotent"
    )
    ctx.step(
        "stop_again",
        lambda deadline: stops.ask_again(health.workspace_id, health.provider, UNUSABLE + OUT_OF_REACH),
        effect="idempotent",
    )
    ctx.step("turn_green", lambda deadline: _turn_green(health, deadline), effect="idempotent")
    return {"imported": imported, "resumed": resumed}


def fetch_missed(health: WorkspaceIntegrationHealth, deadline: Deadline) -> int:
    """Fetches the messages of the outage, ten days at most. Returns the number of new ones. Raises provider errors."""
    since = health.down_since or health.since
    poll = ReplyPoll.objects.filter(integration=health.integration_id).first()
    complete = poll.complete_through if poll else None
    last_good = min(filter(None, (since, health.last_received_at, complete)))
    if not registry.spec_of(health.provider).poll_every:
        return 0
    imported = backfill.run(
        health.integration, max(last_good, health.since - backfill.LONGEST_GAP), deadline
    ).new
    WorkspaceIntegrationHealth.objects.filter(pk=health.pk).update(imported_messages=imported)
    return imported


def _turn_green(health: WorkspaceIntegrationHealth, deadline: Deadline) -> bool:
    slack = slack_of(health.workspace_id)
    if slack is None or slack.is_unreadable:
        return False
    try:
        return notice_channels.edit(slack, health, deadline) > 0
    except ProviderMisconfigured:
        return False
