"""What waits while an account is down: sends are put off, not failed, and go on when a call has worked again."""

from datetime import timedelta

from django.utils import timezone

from inbox.health.wording import account_name
from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth
from jobs.errors import Snooze
from jobs.models import BackgroundJob

PAUSE = timedelta(minutes=5)
SEND_KINDS = ("reply.send",)


def require_up(integration: Integration, mailbox: str) -> None:
    """Raises Snooze while the account needs a person: a call now could only fail the send for good.

    `mailbox`: what the send goes out over. Where the account has lost others alone, it does not wait for them.
    """
    down = WorkspaceIntegrationHealth.objects.filter(
        integration=integration, state=HealthState.DISCONNECTED
    ).first()
    if down is not None and not (down.lacks_mailboxes and mailbox.lower() not in down.lost_mailboxes):
        raise Snooze(timezone.now() + PAUSE, f"{account_name(down)} is disconnected")


def resume_sends(workspace_id) -> int:
    """Let the workspace's postponed sends run now. Returns how many."""
    return BackgroundJob.objects.filter(
        workspace_id=workspace_id, kind__in=SEND_KINDS, status="queued", run_at__gt=timezone.now()
    ).update(run_at=timezone.now())
