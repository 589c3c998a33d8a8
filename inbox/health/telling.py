"""Telling people that an account is broken: their own Slack channel first, e-mail where Slack cannot be trusted.

Whatever becomes of Slack, somebody is told. A post that Slack answered with a failure is made again; one without an
answer is looked for in the channel, and where that cannot be done it is followed by an e-mail and by no second post. A
Slack that does not take the notice after SLACK_TRIES leaves it to e-mail, and an e-mail that fails for good gives the
slot back: the next hour tries both again. Where the workspace asks
for it, a notice that Slack took goes out by e-mail as well. While the slot of 24 hours is used up, further drops are
folded into the message that stands in the channel; where none can be changed, the next notice tells of them.
"""

import logging
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from inbox.accounts import slack_of
from inbox.health import banner, mailing
from integrations import health as integration_health
from integrations import notices
from integrations.errors import ProviderError, ProviderMisconfigured, ProviderRejected
from integrations.models import HealthState, Integration, Notice, WorkspaceIntegrationHealth
from integrations.slack.delivery import Unconfirmed
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.errors import PermanentError, TransientError
from jobs.models import BackgroundJob
from jobs.registry import kind_name

logger = logging.getLogger(__name__)

NOTIFY = kind_name("health.notify", __name__)
EMAIL = kind_name("health.email", __name__)
SLACK_TRIES = 4
"""So often Slack is asked, over a minute or two; then the notice goes out by e-mail."""
Status = BackgroundJob.Status
CUT_SHORT = "the worker stopped while sending"


def enqueue_notice(health: WorkspaceIntegrationHealth) -> bool:
    """Have the account's people told; once per state, slot and hour. Returns whether that is not under way already."""
    last = health.last_notice_at.isoformat() if health.last_notice_at else "never"
    _, created = enqueue(
        NOTIFY,
        workspace_id=health.workspace_id,
        dedupe_key=f"{NOTIFY}:{health.pk}:{health.version}:{last}:{timezone.now():%m%d%H}",
        payload={"health_id": health.pk},
    )
    return created


def tick(deadline: Deadline) -> dict[str, int]:
    """The `notifications` tick: enqueue what is due, and bring abandoned notices to an end.

    Where its time is over it stops; the next tick goes on.
    """
    counts = {"enqueued": 0, "abandoned": 0, "freed": _free_undelivered()}
    for notice in notices.abandoned():
        if notice.path == Notice.Path.SLACK:
            _give_to_email(notice, notice.health.notice_token, CUT_SHORT)
        else:
            notices.settle(notice, notice.health.notice_token, Notice.State.UNKNOWN, CUT_SHORT)
        counts["abandoned"] += 1
    for health in notices.due():
        if deadline.expired:
            break
        counts["enqueued"] += enqueue_notice(health)
    return counts


def _free_undelivered() -> int:
    """Give back the slots of notices that went to e-mail, where the e-mail's job ended without having sent it."""
    freed = 0
    for notice in notices.in_doubt():
        job = BackgroundJob.objects.filter(tenant=notice.workspace_id, dedupe_key=_email_key(notice)).first()
        over = job is None or job.status in (Status.FAILED, Status.CANCELLED)
        if over or (job.status == Status.SUCCEEDED and Notice.State.FAILED in (job.result or {})):
            freed += notices.free(notice)
    return freed


def run(ctx: JobContext) -> dict[str, object]:
    """The job `health.notify`: have the account's people told, or what they have been told brought up to date."""
    health = WorkspaceIntegrationHealth.objects.select_related("integration", "workspace").get(
        pk=ctx.payload["health_id"], workspace_id=ctx.workspace_id
    )
    slack = slack_of(health.workspace_id)
    by = slack if ctx.attempt <= SLACK_TRIES else None
    told = tell(health, by, news_of(health, by))
    return _fold(slack, health, ctx.deadline) if "skipped" in told else told


def tell(health: WorkspaceIntegrationHealth, slack: Integration | None, text: str) -> dict[str, object]:
    """Claim the account's slot, post `text` once to `slack` (else by e-mail), and return what came of it.

    Raises TransientError where another try may deliver it.
    """
    token = notices.claim(health)
    if token is None:
        return {"skipped": "told already, or well again"}
    if slack is None or health.integration_id == slack.pk or _broken(slack):
        return _by_email(health, token, text)
    notice = notices.open_notice(health, Notice.Path.SLACK, text, str(slack.config.get("channel", "")))
    drop_connection()
    return _settle(slack, notice, token, notices.post(slack, notice))


def _fold(
    slack: Integration | None, health: WorkspaceIntegrationHealth, deadline: Deadline
) -> dict[str, object]:
    """People were told within the last 24 hours: what they read is brought up to date, where that can be done."""
    if slack is None or health.state not in notices.PATIENCE or _broken(slack):
        return {"skipped": "told already, or well again"}
    try:
        edited = edit(slack, health, deadline)
    except (PermanentError, ProviderMisconfigured) as error:
        return {"skipped": f"told already; the message cannot be changed ({type(error).__name__})"}
    return {"edited": edited} if edited else {"skipped": "told already, or well again"}


def edit(slack: Integration, health: WorkspaceIntegrationHealth, deadline: Deadline) -> int:
    """Let the notices in Slack say how the account is now, even where that changes meanwhile.

    Returns how many were edited. Raises the provider's errors.
    """
    edited, version = 0, None
    while True:
        health.refresh_from_db()
        if health.version == version:
            return edited
        version = health.version
        text, green = text_of(health), health.state == HealthState.CONNECTED
        drop_connection()
        edited = notices.edit(slack, health, text, deadline, green=green)


def _settle(slack: Integration, notice: Notice, token: UUID, error: Exception | None) -> dict[str, object]:
    if error is None:
        with transaction.atomic():
            notices.settle(notice, token, Notice.State.SENT)
            if notice.workspace.health_emails:
                _enqueue_email(notice)
        return {"sent": "slack"}
    reason = error.code or str(error.outcome) if isinstance(error, ProviderError) else "not configured"
    if getattr(error, "sent", False) is None:
        _give_to_email(notice, token, reason)
        return {"unknown": reason, "sent": "email"}
    in_doubt = isinstance(error, Unconfirmed)
    state = Notice.State.UNKNOWN if in_doubt else Notice.State.FAILED
    notices.settle(notice, token, state, reason, try_again=True)
    if not isinstance(error, PermanentError):
        retry_after_ms = getattr(error, "retry_after_ms", None)
        raise TransientError("Slack did not take the notice", retry_after_ms=retry_after_ms)
    # Slack itself is broken: its own health says so, and e-mail goes on.
    if isinstance(error, ProviderRejected):
        integration_health.record(slack, integration_health.Signal(integration_health.Kind.REFUSED, reason))
    token = notices.claim(notice.health)
    return _by_email(notice.health, token, notice.text) if token else {"failed": reason}


def _give_to_email(notice: Notice, token: UUID | None, reason: str) -> None:
    """Nobody knows whether `notice` arrived: its slot is used up, and a job sends it by e-mail."""
    with transaction.atomic():
        notices.settle(notice, token, Notice.State.UNKNOWN, reason)
        _enqueue_email(notice)


def _enqueue_email(notice: Notice) -> None:
    enqueue(
        EMAIL,
        workspace_id=notice.workspace_id,
        dedupe_key=_email_key(notice),
        payload={"notice_id": str(notice.pk)},
    )


def _email_key(notice: Notice) -> str:
    return f"{EMAIL}:{notice.pk}"


def run_email(ctx: JobContext) -> dict[str, str]:
    """The job `health.email`: a notice of Slack's by e-mail, once: a mail that may have left is not sent again."""
    notice = Notice.objects.select_related("health__integration", "workspace").get(
        pk=ctx.payload["notice_id"], workspace_id=ctx.workspace_id
    )
    return ctx.step(
        "mail",
        lambda _deadline: _mail(notice),
        effect="send",
        on_interrupted=lambda _deadline: {"unknown": CUT_SHORT},
    )


def _mail(told: Notice) -> dict[str, str]:
    notice = notices.open_notice(told.health, Notice.Path.EMAIL, told.text, mailing.ADMINS)
    end = mailing.post(notice)
    notices.close(notice, *end)
    return _report(end)


def _by_email(health: WorkspaceIntegrationHealth, token: UUID, text: str) -> dict[str, str]:
    notice = notices.open_notice(health, Notice.Path.EMAIL, text, mailing.ADMINS)
    end = mailing.post(notice)
    notices.settle(notice, token, *end)
    return _report(end)


def _report(end: mailing.End) -> dict[str, str]:
    """What the job says of it. Raises TransientError, with `sent` False, where another try may send it."""
    if end.may_be_tried_again:
        error = TransientError(end.reason)
        error.sent = False
        raise error
    return {"sent": "email"} if end.state == Notice.State.SENT else {end.state: end.reason}


def text_of(health: WorkspaceIntegrationHealth) -> str:
    """Workspace, account, since when, what it holds up, and where to go; never a token or a lead's words."""
    with timezone.override(health.workspace.timezone):
        line = banner.line(health, health.workspace)
    if health.state == HealthState.CONNECTED:
        return f"{line.headline}. {line.effect}"
    where = settings.PUBLIC_URL + reverse("inbox:health", args=[health.workspace_id])
    return f"{line.headline} since {_time(health, health.since)}. {line.effect}\n{where}"


def _time(health: WorkspaceIntegrationHealth, at: datetime) -> str:
    """As on the workspace's pages, with its zone: "24 Nov 19:28 EST"."""
    local = at.astimezone(ZoneInfo(health.workspace.timezone))
    return f"{local.day} {local:%b %H:%M %Z}"


def news_of(health: WorkspaceIntegrationHealth, slack: Integration | None) -> str:
    """The words of a new notice. Where it cannot be changed later it says so, and what the last one could not tell."""
    text = text_of(health)
    if _can_be_changed(slack):
        return text
    back, last = health.recovered_at, health.last_notice_at
    if back and last and back > last:
        text += f"\nSince the last notice it was back, from {_time(health, back)}. {banner.recovery(health)}"
    return f"{text}\nThis message will not change when the account is back; that page will."


def _can_be_changed(slack: Integration | None) -> bool:
    """Whether a notice can be changed later: a bot's message can, an incoming webhook's and a mail cannot."""
    if slack is None or slack.is_unreadable or not slack.config.get("channel"):
        return False
    return bool(slack.credentials.get("bot_token") or not slack.credentials.get("webhook_url"))


def _broken(slack: Integration) -> bool:
    down = WorkspaceIntegrationHealth.objects.filter(integration=slack, state=HealthState.DISCONNECTED)
    return slack.is_unreadable or down.exists()
