"""Puts sends off while their account is down. They go on when a call of the account has worked again."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from inbox.workspaces.accounts import account_name
from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth
from jobs.errors import Snooze
from jobs.models import BackgroundJob

PAUSE = timedelta(minutes=5)
SEND_KINDS = ("reply.send",)


def require_up(integration: Integration, mailbox: str) -> None:
    """Raises Snooze while a person has to reconnect the account, or its address `mailbox`: a call could only fail."""
    health = WorkspaceIntegrationHealth.objects.filter(integration=integration).first()
    if health is not None and is_down(health, mailbox):
        raise Snooze(timezone.now() + PAUSE, f"{account_name(health)} is disconnected")


def is_down(health: WorkspaceIntegrationHealth, mailbox: str) -> bool:
    """Whether a message from the account's address `mailbox` waits for a person to reconnect the account."""
    if health.lacks_mailboxes:
        return mailbox.lower() in health.lost_mailboxes
    return health.state == HealthState.DISCONNECTED


def resume_sends(workspace_id: UUID) -> int:
    """Makes the workspace's sends that were put off due now. Returns how many."""
    return BackgroundJob.objects.filter(
        workspace_id=workspace_id, kind__in=SEND_KINDS, status="queued", run_at__gt=timezone.now()
    ).update(run_at=timezone.now())
