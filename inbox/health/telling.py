"""Telling people that an account is broken: their own Slack channel first, e-mail where Slack cannot be trusted."""

import logging
from uuid import UUID

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse

from inbox.health import banner
from inbox.models import Membership, Workspace
from integrations import notices
from integrations.errors import ProviderError
from integrations.models import Integration, Notice, Provider, WorkspaceIntegrationHealth
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.errors import PermanentError, TransientError

logger = logging.getLogger(__name__)

NOTIFY = "health.notify"


def enqueue_notice(health: WorkspaceIntegrationHealth) -> None:
    """Have the account's people told, unless that is under way. One job per state and slot."""
    last = health.last_notice_at.isoformat() if health.last_notice_at else "never"
    enqueue(
        NOTIFY,
        workspace_id=health.workspace_id,
        dedupe_key=f"{NOTIFY}:{health.pk}:{health.version}:{last}",
        payload={"health_id": health.pk},
    )


def tick(deadline: Deadline) -> dict[str, int]:
    """The `notifications` tick: enqueue what is due, and bring abandoned notices to an end by e-mail."""
    counts = {"enqueued": 0, "abandoned": 0}
    for notice in notices.abandoned():
        email(notice.workspace, notice.health, notice.text)
        counts["abandoned"] += 1
    for health in notices.due():
        deadline.check()
        enqueue_notice(health)
        counts["enqueued"] += 1
    return counts


def run(ctx: JobContext) -> dict[str, str]:
    """The job `health.notify`: claim the slot, post once, and say what came of it."""
    health = WorkspaceIntegrationHealth.objects.select_related("integration", "workspace").get(
        pk=ctx.payload["health_id"], workspace_id=ctx.workspace_id
    )
    token = notices.claim(health)
    if token is None:
        return {"skipped": "told already, or well again"}
    slack = slack_of(health.workspace)
    text = text_of(health)
    if slack is None or health.integration_id == slack.pk:
        return _by_email(health, token, text)
    notice = notices.open_notice(health, Notice.Path.SLACK, text, str(slack.config.get("channel", "")))
    drop_connection()
    return _settle(health, notice, token, notices.post(slack, notice))


def _settle(health: WorkspaceIntegrationHealth, notice: Notice, token: UUID, error: Exception | None) -> dict:
    if error is None:
        notices.settle(notice, token, Notice.State.SENT)
        return {"sent": "slack"}
    reason = error.code or str(error.outcome) if isinstance(error, ProviderError) else "not configured"
    if getattr(error, "sent", False) is None:
        notices.settle(notice, token, Notice.State.UNKNOWN, reason)
        email(health.workspace, health, notice.text)
        return {"unknown": reason, "sent": "email"}
    notices.settle(notice, token, Notice.State.FAILED, reason)
    if not isinstance(error, PermanentError):
        retry_after_ms = getattr(error, "retry_after_ms", None)
        raise TransientError("Slack did not take the notice", retry_after_ms=retry_after_ms)
    # Slack itself is broken (archived channel, revoked token): its own health says so, and e-mail goes on.
    token = notices.claim(health)
    return _by_email(health, token, notice.text) if token else {"failed": reason}


def _by_email(health: WorkspaceIntegrationHealth, token: UUID, text: str) -> dict[str, str]:
    notice = notices.open_notice(health, Notice.Path.EMAIL, text, "workspace admins")
    try:
        count = email(health.workspace, health, text)
    except OSError as error:
        notices.settle(notice, token, Notice.State.FAILED, type(error).__name__)
        raise TransientError("the mail server did not take the notice") from error
    state = Notice.State.SENT if count else Notice.State.FAILED
    notices.settle(notice, token, state, "" if count else "no admin has an address")
    return {"sent": "email"} if count else {"failed": "no admin has an address"}


def email(workspace: Workspace, health: WorkspaceIntegrationHealth, text: str) -> int:
    """The notice to the workspace's admins, as one message. Returns how many it went to. Raises OSError (SMTP)."""
    admins = Membership.objects.filter(
        workspace=workspace, role__in=[Membership.Role.OWNER, Membership.Role.ADMIN], user__is_active=True
    ).values_list("user__email", flat=True)
    recipients = list(admins)
    if recipients:
        drop_connection()
        send_mail(f"Holdfast: {health.integration} of {workspace.name}", text, None, recipients)
    return len(recipients)


def text_of(health: WorkspaceIntegrationHealth) -> str:
    """Workspace, account, since when, what it holds up, and where to go; never a token or a lead's words."""
    line = banner.line(health, health.workspace)
    where = settings.PUBLIC_URL + reverse("inbox:health", args=[health.workspace_id])
    return f"{line.headline} since {health.since:%d %b %H:%M} UTC. {line.effect}\n{where}"


def slack_of(workspace: Workspace) -> Integration | None:
    """The workspace's own Slack connection, if it has one that can be posted to."""
    slack = Integration.objects.filter(workspace=workspace, provider=Provider.SLACK, enabled=True).first()
    if slack is None:
        return None
    secrets = slack.credentials or {}
    reachable = secrets.get("webhook_url") or (secrets.get("bot_token") and slack.config.get("channel"))
    return slack if reachable else None
