"""Posts notices in Slack if the workspace wants them: of a tag once per reply and tag, of a label once per lead. A post
that Slack refused is repeated. A post whose outcome stays unknown is not repeated. The health page lists each notice.
"""

from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from inbox.models import Label, Lead, Membership, Message
from inbox.models.lead import Tag
from inbox.pipeline.situation import Situation
from inbox.replying import hours
from inbox.replying.buttons import escape
from inbox.workspaces.accounts import slack_for_replies
from integrations import notices
from integrations.client import secrets_of
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.models import Integration, Notice
from integrations.slack.client import SlackClient
from integrations.slack.posting import Unconfirmed, can_look, deliver
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name
from jobs.models import JobStep

TELL = kind_name("lead.notice", __name__)
KIND = "tag"
QUOTE_CHARS = 300
State = Notice.State


def tell(situation: Situation, _deadline: Deadline) -> dict[str, str]:
    """Enqueues a notice of the reply's tag to the workspace's Slack channel, once per reply and tag."""
    return {"job": _enqueue(situation.lead, situation.tag, about=str(situation.message.pk))}


def on_booked(sender: Any, lead: Lead, fresh: bool, **kwargs: Any) -> None:
    """Enqueues a notice of a meeting if it is new (`fresh`). A calendar may report a meeting without any reply."""
    if fresh and Tag.MEETING_BOOKED in lead.workspace.notice_tags and slack_for_replies(lead.workspace_id):
        _enqueue(lead, Tag.MEETING_BOOKED, about=f"{lead.pk}:{lead.booked_at:%Y%m%dT%H%M%S}")


def on_labelled(sender: Any, lead: Lead, label: Label, **kwargs: Any) -> None:
    """Enqueues a notice of a lead's label, once per lead and label, if the label is set to cause notices."""
    if label.notice and slack_for_replies(lead.workspace_id):
        _enqueue(lead, label.name, about=f"{lead.pk}:{label.pk}")


def _enqueue(lead: Lead, tag: str, *, about: str) -> str:
    return str(enqueue_about(TELL, lead, "lead_id", key=f"{about}:{tag}", tag=tag)[0].pk)


def warn(lead: Lead, member: Membership) -> None:
    """Enqueues a notice that tells `member` that the answer to `lead` is due, once per reply and member."""
    if slack_for_replies(lead.workspace_id):
        key = f"{lead.pk}:{lead.last_inbound_at:%Y%m%dT%H%M%S.%f}:{member.pk}"
        enqueue_about(TELL, lead, "lead_id", key=key, membership_id=member.pk)


def run(ctx: JobContext) -> dict[str, str]:
    """Runs the job `lead.notice`: posts the notice in Slack, once. Raises an error only if no notice was posted."""
    lead = ctx.row(Lead.objects.select_related("workspace", "campaign"), "lead_id")
    place = slack_for_replies(ctx.workspace_id)
    if place is None:
        return {"outcome": "Slack is no longer connected"}
    slack, channel = place
    about = ctx.payload.get("tag") or _due(lead, ctx.payload["membership_id"])
    return {"outcome": post_once(ctx, slack, channel, KIND, text_of(lead, about)) if about else "answered"}


def _due(lead: Lead, membership_id: int) -> str:
    rows = Membership.objects.filter(workspace_id=lead.workspace_id, pk=membership_id).select_related("user")
    member = rows.first()
    if member is None or lead.answer_by is None:
        return ""
    return f"{member.user.name}: answer due by {lead.answer_by.astimezone(hours.zone(lead.workspace)):%H:%M}"


def post_once(ctx: JobContext, slack: Integration, channel: str, kind: str, text: str) -> str:
    """Posts a notice of `kind` once, as a step of the job. Returns "posted", or "unclear" if the outcome stays unknown.
    Raises an error only if no notice was posted.
    """

    def post(deadline: Deadline) -> str:
        return _post(ctx, slack, channel, kind, text, deadline)

    def post_again(deadline: Deadline) -> str:
        looked = can_look(SlackClient.for_integration(slack), deadline, channel=channel)
        return post(deadline) if looked else "unclear"

    return ctx.step("post", post, effect=JobStep.Effect.SEND, on_interrupted=post_again)


def _post(ctx: JobContext, slack: Integration, channel: str, kind: str, text: str, deadline: Deadline) -> str:
    # This call comes before the row: a job that waits for secrets would create a row at every attempt.
    secrets_of(slack)
    notice = Notice.objects.create(
        workspace_id=slack.workspace_id,
        kind=kind,
        path=Notice.Path.SLACK,
        text=text,
        destination=channel,
    )
    drop_connection()
    tried_since = ctx.job.created_at if ctx.attempt > 1 else None
    try:
        client = SlackClient.for_integration(slack)
        key = f"job-{ctx.job.pk}"
        posted = deliver(client, text, deadline, key=key, channel=channel, tried_since=tried_since)
    except (ProviderError, ProviderMisconfigured) as error:
        not_sent = getattr(error, "sent", False) is False
        state = State.FAILED if not_sent and not isinstance(error, Unconfirmed) else State.UNKNOWN
        reason = str(getattr(error, "code", "") or getattr(error, "outcome", "not configured"))
        notices.close(notice, state, reason)
        if not_sent:
            raise
        return "unclear"
    place = {"provider_message_id": posted.ts, "destination": posted.channel or channel}
    with transaction.atomic():
        Notice.objects.filter(pk=notice.pk).update(**place)
        notices.close(notice, State.SENT)
    return "posted"


def text_of(lead: Lead, tag: str) -> str:
    """Returns the text of the notice: the lead's name, the tag (or other words), the newest reply's first 300
    characters, and the address of the conversation.
    """
    who = f"{lead.display_name} ({lead.company})" if lead.company else lead.display_name
    campaign = f", {lead.campaign}" if lead.campaign_id else ""
    lines = [f"*{escape(tag)}*: {escape(who + campaign)}"]
    if tag == Tag.CALL_REQUESTED:
        lines.append(f"Phone: {lead.phone or 'no number, so there’s no draft.'}")
    newest = Message.objects.inbound(lead=lead).order_by("-sent_at", "-pk")
    words = " ".join((newest.values_list("text", flat=True).first() or "").split())
    if words and tag != Tag.MEETING_BOOKED:
        lines.append(f">{escape(words[:QUOTE_CHARS])}")
    lines.append(settings.PUBLIC_URL + reverse("inbox:conversation", args=[lead.workspace_id, lead.pk]))
    return "\n".join(lines)
