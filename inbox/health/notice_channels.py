"""Notifies people of a broken account, in the workspace's Slack channel or by email. Each account causes at most one
notice in 24 hours, and somebody always receives it:

- If Slack answers with a failure, the notice is posted again, up to SLACK_TRIES times; then an email is sent.
- If Slack does not answer, we look for the message in the channel. If that is impossible, an email is sent, and the
notice is not posted again.
- If the email finally fails, the account may cause another notice in the next hour, in Slack or by email.

A notice in Slack is also sent by email if the workspace wants that. For 24 hours after a notice, changes of the account
are written into the message in the channel. If that is impossible, the next notice contains them.
"""

import json
import logging
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from inbox.health import banner, notice_mail
from inbox.models import Membership, Workspace, audit
from inbox.pipeline.tag_notices import post_once
from inbox.replying import buttons, slack_cards
from inbox.replying.buttons import button, mrkdwn
from inbox.workspaces.accounts import connected, slack_of
from integrations import notices
from integrations.errors import ProviderError, ProviderMisconfigured, ProviderRejected
from integrations.health import probes, writer
from integrations.http.breaker import breakers
from integrations.models import HealthState, Integration, Notice, WorkspaceIntegrationHealth
from integrations.slack import NAME as SLACK
from integrations.slack.client import Posted, SlackClient
from integrations.slack.posting import Unconfirmed
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.errors import PermanentError, TransientError
from jobs.kinds import kind_name
from jobs.models import BackgroundJob, JobStep

logger = logging.getLogger(__name__)

NOTIFY = kind_name("health.notify", __name__)
EMAIL = kind_name("health.email", __name__)
SLACK_TRIES, SLACK_PAUSE_MS = 9, 15_000
"""The number of attempts in Slack (over two minutes) before an email is sent, and the longest pause between them."""
ADMIN_TRIES = 4
"""The number of attempts in Slack for a notice of `tell_admins`. Then an email is sent."""
Status = BackgroundJob.Status
MUTE = buttons.offered("mute_account", __name__)
MUTED = "Muted until the account recovers. An admin can unmute it on the page above."
REFUSED = "Only owners and admins of this workspace can mute it."


def enqueue_notice(health: WorkspaceIntegrationHealth) -> bool:
    """Enqueues a notice about a broken account, at most once an hour per outage. Returns whether the job is new."""
    last = health.last_notice_at.isoformat() if health.last_notice_at else "never"
    key = f"{health.pk}:{health.version}:{last}:{timezone.now():%m%d%H}"
    return enqueue_about(NOTIFY, health, "health_id", key=key)[1]


def enqueue_update(health: WorkspaceIntegrationHealth) -> None:
    """Enqueues a job that writes the account's state into its notices in Slack, or sends a new notice if one is due."""
    enqueue_about(NOTIFY, health, "health_id", key=f"{health.pk}:{timezone.now():%Y%m%d%H%M%S%f}")


def tick(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `notifications`: enqueues due notices, and ends notices whose worker died while sending."""
    counts = {"enqueued": 0, "abandoned": 0, "freed": _free_undelivered(), "left": 0}
    for notice in notices.abandoned():
        if notice.path == Notice.Path.SLACK:
            _give_to_email(notice, notice.about.notice_token, notice_mail.CUT_SHORT)
        else:
            notices.settle(notice, notice.about.notice_token, Notice.State.UNKNOWN, notice_mail.CUT_SHORT)
        counts["abandoned"] += 1
    for health in notices.due():
        if deadline.expired:
            counts["left"] += 1
            continue
        counts["enqueued"] += enqueue_notice(health)
    return counts


def _free_undelivered() -> int:
    """Lets accounts cause new notices if the email job of their last notice sent nothing. Returns how many they are."""
    freed = 0
    for notice in notices.in_doubt():
        job = BackgroundJob.objects.filter(
            tenant=notice.workspace_id, dedupe_key=f"{EMAIL}:{notice.pk}"
        ).first()
        unsent = (
            job is not None and job.status == Status.SUCCEEDED and Notice.State.FAILED in (job.result or {})
        )
        if job is None or unsent or job.status in (Status.FAILED, Status.CANCELLED):
            freed += notices.free(notice)
    return freed


def run(ctx: JobContext) -> dict[str, object]:
    """Runs the job `health.notify`: notifies people of a broken account, or updates the existing notices."""
    health = _health(ctx)
    slack = slack_of(health.workspace_id)
    by = slack if ctx.attempt <= SLACK_TRIES else None
    outcome = tell(health, by, news_of(health, by))
    return _fold(slack, health, ctx.deadline) if "skipped" in outcome else outcome


def _health(ctx: JobContext) -> WorkspaceIntegrationHealth:
    healths = WorkspaceIntegrationHealth.objects.select_related("integration", "workspace")
    return ctx.row(healths, "health_id")


def tell(health: WorkspaceIntegrationHealth, slack: Integration | None, text: str) -> dict[str, object]:
    """Posts `text` about the account once in Slack, or sends it by email if `slack` is None or broken. Does nothing if
    people were notified within 24 hours, or if the account works. Raises TransientError if another attempt may deliver
    the notice.
    """
    token = notices.claim(health)
    if token is None:
        return {"skipped": "already sent, or the account is back"}
    if slack is None or health.integration_id == slack.pk or _broken(slack):
        return _by_email(health, token, text)
    notice = notices.open_notice(health, Notice.Path.SLACK, text, str(slack.config.get("channel", "")))
    drop_connection()
    breakers.look_again(SLACK, slack.workspace_id)  # only a call can show whether Slack works again
    return _settle(slack, notice, token, notices.post(slack, notice, blocks_of(health, text)))


def _fold(
    slack: Integration | None, health: WorkspaceIntegrationHealth, deadline: Deadline
) -> dict[str, object]:
    if slack is None or health.state not in notices.PATIENCE or _broken(slack):
        return {"skipped": "already sent, or the account is back"}
    try:
        edited = edit(slack, health, deadline)
    except (PermanentError, ProviderMisconfigured) as error:
        return {"skipped": f"already sent; the message can’t be updated ({type(error).__name__})"}
    return {"edited": edited} if edited else {"skipped": "already sent, or the account is back"}


def edit(slack: Integration, health: WorkspaceIntegrationHealth, deadline: Deadline) -> int:
    """Writes an account's state into its notices in Slack; again if that changes. Returns the number of notices."""
    edited, version = 0, None
    while True:
        health.refresh_from_db()
        if health.version == version:
            return edited
        version = health.version
        text, green = text_of(health), health.state == HealthState.CONNECTED
        blocks = () if green else blocks_of(health, text)
        drop_connection()
        edited = notices.edit(slack, health, text, deadline, green=green, blocks=blocks)


def blocks_of(health: WorkspaceIntegrationHealth, text: str, note: str = "") -> list[dict[str, Any]]:
    """Returns the Slack blocks of a notice, with the mute button if it can be muted. `note` is an additional text."""
    shown: list[dict[str, Any]] = [{"type": "section", "text": mrkdwn(text)}]
    if note:
        shown.append({"type": "context", "elements": [mrkdwn(note)]})
    if health.state != HealthState.CONNECTED and not health.muted_at:
        ids = {"healthId": health.pk, "clientId": str(health.workspace_id)}
        mute = button(MUTE, "Mute until it recovers", value=json.dumps(ids))
        shown.append({"type": "actions", "block_id": f"mute_{health.pk}", "elements": [mute]})
    return shown


def mute_pressed(ctx: JobContext) -> dict[str, str]:
    """Mutes an account's notices if an owner or admin pressed the button; else, the message shows the text REFUSED."""
    health = _health(ctx)
    slack = connected(ctx.workspace_id, SLACK)
    if slack is None:
        return {"outcome": "Slack is no longer connected"}
    member = slack_cards.member_of(slack, health.workspace_id, ctx.payload["user_id"], ctx.deadline)
    if member is None or not member.at_least(Membership.Role.ADMIN):
        posted, text = Posted(ctx.payload["channel_id"], ctx.payload["message_ts"]), text_of(health)
        blocks = blocks_of(health, text, REFUSED)
        drop_connection()
        SlackClient.for_integration(slack).update(posted, text, ctx.deadline, blocks=blocks)
        return {"outcome": "refused"}
    with transaction.atomic():
        muted = notices.mute(health)
        if muted:
            audit.record(health.workspace_id, member.user, "health.mute", health.integration)
    edit(slack, health, ctx.deadline)
    return {"outcome": "muted" if muted else "no longer needed"}


def _settle(slack: Integration, notice: Notice, token: UUID, error: Exception | None) -> dict[str, object]:
    if error is None:
        with transaction.atomic():
            notices.settle(notice, token, Notice.State.SENT)
            if notice.workspace.health_emails:
                enqueue_about(EMAIL, notice, "notice_id")
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
        raise TransientError("Slack didn’t accept the notification", retry_after_ms=retry_after_ms)
    # The broken account is Slack itself. The account's health shows that Slack is broken, and email still works.
    if isinstance(error, ProviderRejected):
        writer.record(slack, writer.Signal(writer.SignalKind.REFUSED, reason))
    anew = notices.claim(notice.about)
    return _by_email(notice.about, anew, notice.text) if anew else {"failed": reason}


def _give_to_email(notice: Notice, token: UUID | None, reason: str) -> None:
    """Sends a notice by email because its delivery in Slack is unknown. Nobody gets another one within 24 hours."""
    with transaction.atomic():
        notices.settle(notice, token, Notice.State.UNKNOWN, reason)
        enqueue_about(EMAIL, notice, "notice_id")


def run_email(ctx: JobContext) -> dict[str, object]:
    """Runs the job `health.email`: sends a notice by email, once. A mail that may have left is not sent again."""
    notice = ctx.row(Notice.objects.select_related("health__integration", "workspace"), "notice_id")
    outcome: dict[str, object] = ctx.step(
        "mail",
        lambda _deadline: _by_email(notice.about, None, notice.text),
        effect="send",
        on_interrupted=lambda _deadline: {"unknown": notice_mail.CUT_SHORT},
    )
    return outcome


def _by_email(health: WorkspaceIntegrationHealth, token: UUID | None, text: str) -> dict[str, object]:
    """Sends a notice by email. Raises TransientError, with `sent` False, if another attempt may send it."""
    notice = notices.open_notice(health, Notice.Path.EMAIL, text, notice_mail.ADMINS)
    end = notice_mail.post(notice)
    notices.settle(notice, token, *end)
    if end.may_be_tried_again:
        error = TransientError(end.reason)
        error.sent = False
        raise error
    return {"sent": "email"} if end.state == Notice.State.SENT else {end.state: end.reason}


def tell_admins(ctx: JobContext, workspace: Workspace, kind: str, text: str, *, about: str) -> dict[str, str]:
    """Posts `text` in Slack as a step of the job. Also sends it by email if Slack does not accept it or if the
    workspace wants both. `about` is part of the mail's subject. Returns the outcome by path ("slack", "email").
    """
    slack, outcome = slack_of(workspace.pk), {}
    if slack is not None and ctx.attempt <= ADMIN_TRIES:
        with suppress(PermanentError):  # nothing was posted, and a retry would not help, so an email is sent
            outcome["slack"] = post_once(ctx, slack, str(slack.config.get("channel") or ""), kind, text)
    if outcome.get("slack") != "posted" or workspace.health_emails:
        outcome["email"] = ctx.step(
            "mail",
            lambda _deadline: _mail_about(workspace, kind, text, about),
            effect=JobStep.Effect.SEND,
            on_interrupted=lambda _deadline: str(Notice.State.UNKNOWN),
        )
    return outcome


def _mail_about(workspace: Workspace, kind: str, text: str, about: str) -> str:
    notice = Notice.objects.create(
        workspace=workspace, kind=kind, path=Notice.Path.EMAIL, text=text, destination=notice_mail.ADMINS
    )
    end = notice_mail.post(notice, about=about)
    notices.close(notice, *end)
    return end.state


def text_of(health: WorkspaceIntegrationHealth) -> str:
    """Returns the text of a notice about the account's current state. It contains no secret and no words of a lead."""
    with timezone.override(health.workspace.timezone):
        line = banner.line(health, health.workspace)
    if health.state == HealthState.CONNECTED:
        return f"{line.headline}. {line.effect}"
    where = settings.PUBLIC_URL + reverse("inbox:health", args=[health.workspace_id])
    text = f"{line.headline} since {_time(health, health.since)}. {line.effect}\n{where}"
    return f"{text}\n{MUTED}" if health.muted_at else text


def _time(health: WorkspaceIntegrationHealth, at: datetime) -> str:
    local = at.astimezone(ZoneInfo(health.workspace.timezone))
    return f"{local.day} {local:%b %H:%M %Z}"


def news_of(health: WorkspaceIntegrationHealth, slack: Integration | None) -> str:
    """Returns the text of a new notice. A notice that cannot be changed later also reports the last recovery."""
    text = text_of(health)
    changeable = slack and not slack.is_unreadable and slack.config.get("channel") and probes.can_prove(slack)
    if changeable:
        return text
    back, last = health.recovered_at, health.last_notice_at
    if back and last and back > last:
        text += f"\nThe account was back after the last message, at {_time(health, back)}. {banner.recovery(health)}"
    return f"{text}\nThis message won’t update when the account is back, but the page will."


def _broken(slack: Integration) -> bool:
    down = WorkspaceIntegrationHealth.objects.filter(integration=slack, state=HealthState.DISCONNECTED)
    return slack.is_unreadable or down.exists()
