"""Telling people of a tag in their Slack: once per reply and tag, where the workspace asks for it.

Nobody is told by default. A post that Slack answered with a failure is made again; one whose outcome is unclear, and
that cannot be looked for, is not. Every one is a row on the health page.
"""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from inbox.accounts import slack_of
from inbox.models import Lead, Message
from inbox.models.lead import Tag
from inbox.pipeline.situation import Situation
from integrations.client import secrets_of
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.models import Integration, Notice
from integrations.slack.client import Posted, SlackClient
from integrations.slack.delivery import Unconfirmed, can_look, deliver
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.models import JobStep
from jobs.registry import kind_name

TELL = kind_name("lead.notice", __name__)
KIND = "tag"
QUOTE_CHARS = 300
State = Notice.State


def tell(situation: Situation, _deadline: Deadline) -> dict[str, str]:
    """Have the workspace's Slack told what the reply says."""
    return {"job": _enqueue(situation.lead, situation.tag, about=str(situation.message.pk))}


def on_booked(sender, lead: Lead, fresh: bool, **kwargs) -> None:
    """A calendar, and no reply, may say that a meeting stands."""
    if fresh and Tag.MEETING_BOOKED in lead.workspace.notice_tags and slack_of(lead.workspace_id):
        _enqueue(lead, Tag.MEETING_BOOKED, about=f"{lead.pk}:{lead.booked_at:%Y%m%dT%H%M%S}")


def _enqueue(lead: Lead, tag: str, *, about: str) -> str:
    job, _ = enqueue(
        TELL,
        workspace_id=lead.workspace_id,
        dedupe_key=f"{TELL}:{about}:{tag}",
        payload={"lead_id": str(lead.pk), "tag": tag},
    )
    return str(job.pk)


def run(ctx: JobContext) -> dict[str, str]:
    """The job `lead.notice`: post once. Raises what the job is to be retried for: only where nothing was posted."""
    lead = Lead.objects.select_related("workspace", "campaign").get(
        pk=ctx.payload["lead_id"], workspace_id=ctx.workspace_id
    )
    slack = slack_of(ctx.workspace_id)
    if slack is None:
        return {"outcome": "Slack is not connected any more"}
    text = text_of(lead, ctx.payload["tag"])

    def post(deadline: Deadline) -> str:
        return _post(ctx, slack, lead, text, deadline)

    def post_again(deadline: Deadline) -> str:
        return post(deadline) if can_look(SlackClient.for_integration(slack), deadline) else "unclear"

    outcome = ctx.step("post", post, effect=JobStep.Effect.SEND, on_interrupted=post_again)
    return {"outcome": outcome}


def _post(ctx: JobContext, slack: Integration, lead: Lead, text: str, deadline: Deadline) -> str:
    secrets_of(slack)  # raises before the row is made: a job that waits for them would make one at every try
    notice = Notice.objects.create(
        workspace_id=lead.workspace_id,
        kind=KIND,
        path=Notice.Path.SLACK,
        text=text,
        destination=str(slack.config.get("channel") or ""),
    )
    drop_connection()
    try:
        posted = deliver(
            SlackClient.for_integration(slack),
            text,
            deadline,
            key=f"job-{ctx.job.pk}",
            tried_since=ctx.job.created_at if ctx.attempt > 1 else None,
        )
    except (ProviderError, ProviderMisconfigured) as error:
        reason = str(getattr(error, "code", "") or getattr(error, "outcome", "not configured"))
        if getattr(error, "sent", False) is False:
            unsure = isinstance(error, Unconfirmed)
            _settle(notice, State.UNKNOWN if unsure else State.FAILED, reason=reason)
            raise
        _settle(notice, State.UNKNOWN, reason=reason)
        return "unclear"
    _settle(notice, State.SENT, posted=posted)
    return "posted"


def _settle(notice: Notice, state: str, *, posted: Posted | None = None, reason: str = "") -> None:
    notice.state, notice.reason, notice.finished_at = state, reason[:64], timezone.now()
    if posted:
        notice.provider_message_id = posted.ts
        notice.destination = posted.channel or notice.destination
    notice.save()


def text_of(lead: Lead, tag: str) -> str:
    """Who it is, what they want, their words, and where to go."""
    who = f"{lead.display_name} ({lead.company})" if lead.company else lead.display_name
    campaign = f", {lead.campaign}" if lead.campaign_id else ""
    lines = [f"*{_escape(tag)}*: {_escape(who + campaign)}"]
    if tag == Tag.CALL_REQUESTED:
        lines.append(f"Phone: {lead.phone or 'no number is known, so no answer is drafted.'}")
    newest = Message.objects.filter(lead=lead, direction=Message.Direction.INBOUND).order_by(
        "-sent_at", "-pk"
    )
    words = " ".join((newest.values_list("text", flat=True).first() or "").split())
    if words and tag != Tag.MEETING_BOOKED:
        lines.append(f">{_escape(words[:QUOTE_CHARS])}")
    lines.append(settings.PUBLIC_URL + reverse("inbox:conversation", args=[lead.workspace_id, lead.pk]))
    return "\n".join(lines)


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
