"""Postpones sends while their account is disconnected, and resumes them after a successful call to the account."""

from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from inbox.workspaces.accounts import name_of
from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth
from jobs.errors import Snooze
from jobs.models import BackgroundJob

PAUSE = timedelta(minutes=5)
SEND_KINDS = ("reply.send",)


def require_up(integration: Integration, mailbox: str) -> None:
    """Raises Snooze if a person must first reconnect the account, or its address `mailbox`."""
    health = WorkspaceIntegrationHealth.objects.filter(integration=integration).first()
    if health is not None and is_down(health, mailbox):
        raise Snooze(timezone.now() + PAUSE, f"{name_of(health.integration)} is disconnected")


def is_down(health: WorkspaceIntegrationHealth, mailbox: str) -> bool:
    """Whether messages from the account's address `mailbox` wait until a person reconnects the account."""
    if health.lacks_mailboxes:
        return mailbox.lower() in health.lost_mailboxes
    return health.state == HealthState.DISCONNECTED


def resume_sends(workspace_id: UUID) -> int:
    """Makes the workspace's postponed sends due now, and returns the number of these sends."""
    return BackgroundJob.objects.filter(
        workspace_id=workspace_id, kind__in=SEND_KINDS, status="queued", run_at__gt=timezone.now()
    ).update(run_at=timezone.now())
