"""Posts a card for each waiting draft in Slack, runs the actions of its buttons, and updates it. Only a member may
decide. A person who presses a button is identified by comparing Slack's email address with those of the members. A card
is rendered from the draft's row, so it shows every decision, regardless of where it was made.
"""

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from inbox.models import Draft, Membership, OutboundSend, User
from inbox.replying import buttons, review, send_claims
from inbox.replying.buttons import button, escape, mrkdwn, plain
from inbox.workspaces.accounts import connected
from integrations.models import Integration
from integrations.slack import NAME as SLACK
from integrations.slack.client import Posted, SlackClient
from integrations.slack.posting import can_look, deliver
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_about
from jobs.kinds import kind_name
from jobs.models import JobStep

POST, FOLLOW = kind_name("slack.card", __name__), kind_name("slack.card-follow", __name__)
APPROVE = buttons.offered("approve_send", __name__)
REGENERATE = buttons.offered("regenerate_draft_fast", __name__)
PREVIEW_CHARS = 1_400
Role = Membership.Role


def channel_of(workspace_id: Any) -> tuple[Integration, str] | None:
    """Returns the Slack account and the channel for reviews; None without account, bot token or channel."""
    slack = connected(workspace_id, SLACK)
    channel = str(slack.config.get("review_channel") or "") if slack else ""
    if slack and channel and (slack.is_unreadable or slack.credentials.get("bot_token")):
        return slack, channel
    return None


def ask(draft: Draft) -> None:
    """Enqueues the job that posts the draft to its reviewers in Slack, once for each draft."""
    enqueue_about(POST, draft, "draft_id")


def follow(sender: type, draft: Draft, event: str, **kwargs: object) -> None:
    """Enqueues an update of the draft's card when the draft has changed. A draft without a card gets one if its
    automatic send was held, so that it waits for a person. A receiver of the signal `draft_changed`.
    """
    if not draft.slack_ts:
        if (
            event.startswith("held")
            and draft.status == Draft.Status.PENDING
            and channel_of(draft.workspace_id)
        ):
            ask(draft)
        return
    enqueue_about(FOLLOW, draft, "draft_id", key=f"{draft.pk}:{draft.revision}:{event}")


def post(ctx: JobContext) -> dict[str, str]:
    """Runs the job `slack.card`: posts the draft to its reviewers. If it is unclear whether Slack accepted the card,
    and the channel cannot be searched, the card is not posted again.
    """
    draft = _draft(ctx)
    place = channel_of(draft.workspace_id)
    if place is None or draft.status != Draft.Status.PENDING:
        return {"outcome": "no longer needed"}
    slack, channel = place

    client = SlackClient.for_integration(slack)

    def send(deadline: Deadline) -> dict[str, str]:
        text, blocks = card(draft)
        drop_connection()
        posted = deliver(
            client,
            text,
            deadline,
            key=f"draft-{draft.pk}",
            blocks=blocks,
            channel=channel,
            tried_since=ctx.job.created_at if ctx.attempt > 1 else None,
        )
        return {"channel": posted.channel, "ts": posted.ts}

    def send_again(deadline: Deadline) -> dict[str, str]:
        return send(deadline) if can_look(client, deadline, channel=channel) else {"channel": "", "ts": ""}

    stands = ctx.step("post", send, effect=JobStep.Effect.SEND, on_interrupted=send_again)
    Draft.objects.filter(pk=draft.pk).update(slack_channel=stands["channel"], slack_ts=stands["ts"])
    if Draft.objects.exclude(status=Draft.Status.PENDING).filter(pk=draft.pk).exists():
        # The draft may have been decided while the card was posted.
        _update(slack, _draft(ctx), ctx.deadline)
    return {"outcome": "posted" if stands["ts"] else "unclear"}


def run_follow(ctx: JobContext) -> dict[str, str]:
    draft, slack = _draft(ctx), connected(ctx.workspace_id, SLACK)
    if slack is None or not draft.slack_ts:
        return {"outcome": "no card"}
    _update(slack, draft, ctx.deadline)
    return {"outcome": "updated"}


def approve_pressed(ctx: JobContext) -> dict[str, str]:
    """Approves and sends the draft (button "Approve and send"). If that is refused, the card states the reason."""
    shown = ctx.payload["value"].get("revision", 1)

    def approve(draft: Draft, user: User) -> None:
        if draft.revision != shown:
            raise send_claims.Refused("The draft has been rewritten. This is the new text.")
        seen_at = draft.trigger_message.sent_at
        review.approve(draft, user=user, text=draft.text, seen_at=seen_at)

    return _pressed(ctx, approve)


def regenerate_pressed(ctx: JobContext) -> dict[str, str]:
    """Enqueues a rewrite of the draft (button "Regenerate"). If that is refused, the card states the reason."""
    return _pressed(ctx, lambda draft, user: review.request_rewrite(draft, user=user))


def _pressed(ctx: JobContext, decide: Any) -> dict[str, str]:
    draft, slack = _draft(ctx), connected(ctx.workspace_id, SLACK)
    if slack is None:
        return {"outcome": "Slack is no longer connected"}
    member = member_of(slack, draft.workspace_id, ctx.payload["user_id"], ctx.deadline)
    note = ""
    if member is None and not draft.slack_ts:
        # The button may be on a message that this product did not post, in any channel, so it must not show the draft.
        return {"outcome": "refused"}
    if member is None:
        note = "Only members of this workspace can decide. Ask an admin to add your Slack address."
    else:
        try:
            decide(draft, member.user)
        except send_claims.Refused as refusal:
            note = str(refusal)
    posted = Posted(ctx.payload["channel_id"], ctx.payload["message_ts"])
    _update(slack, _draft(ctx), ctx.deadline, posted=posted, note=note)
    return {"outcome": "refused" if note else "done"}


def member_of(
    slack: Integration, workspace_id: UUID, slack_user_id: str, deadline: Deadline
) -> Membership | None:
    """Returns the membership of a Slack user if it permits decisions; else None. Slack is asked once per member."""
    rows = Membership.objects.filter(workspace_id=workspace_id, user__is_active=True)
    members = [row for row in rows.select_related("user") if row.at_least(Role.MEMBER)]
    linked = next((row for row in members if row.slack_user_id == slack_user_id), None)
    if linked is not None:
        return linked
    client = SlackClient.for_integration(slack)
    for member in members:
        if member.slack_user_id:
            continue
        drop_connection()
        user_id = client.find_user(member.user.email, deadline)
        if user_id:
            Membership.objects.filter(pk=member.pk).update(slack_user_id=user_id)
        if user_id == slack_user_id:
            return member
    return None


def _draft(ctx: JobContext) -> Draft:
    related = ("lead__campaign", "trigger_message__campaign", "workspace", "decided_by", "program")
    drafts = Draft.objects.select_related(*related)
    return drafts.get(pk=ctx.payload["draft_id"], workspace_id=ctx.workspace_id)


def _update(
    slack: Integration, draft: Draft, deadline: Deadline, *, posted: Posted | None = None, note: str = ""
) -> None:
    client, (text, blocks) = SlackClient.for_integration(slack), card(draft, note)
    drop_connection()
    client.update(posted or Posted(draft.slack_channel, draft.slack_ts), text, deadline, blocks=blocks)


def card(draft: Draft, note: str = "") -> tuple[str, list[dict[str, Any]]]:
    """Returns the text and the blocks of a draft's card. `note` is a sentence for the person who pressed a button."""
    waits = draft.status == Draft.Status.PENDING
    headline = "Review needed" if waits else _became(draft)
    evaluation = draft.evaluation
    facts = [
        ("Lead", draft.lead.display_name),
        ("Campaign", str(draft.trigger_message.campaign or draft.lead.campaign or "none")),
        ("Tag", draft.lead.tag),
        ("Confidence", f"{evaluation['confidence']:.0%}" if "confidence" in evaluation else "not evaluated"),
        ("Why", draft.status_reason or evaluation.get("reason") or _policy(draft)),
    ]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain(headline[:150])},
        {"type": "section", "fields": [mrkdwn(f"*{name}*\n{escape(words)[:300]}") for name, words in facts]},
        {"type": "section", "text": mrkdwn(f"*They wrote*\n{_quote(draft.trigger_message.text)}")},
        {"type": "section", "text": mrkdwn(f"*Draft*\n{_quote(draft.text)}")},
    ]
    if note:
        blocks.append({"type": "context", "elements": [mrkdwn(escape(note))]})
    blocks.append(_actions(draft, waits))
    return f"{headline}: {draft.lead.display_name}", blocks


def _actions(draft: Draft, waits: bool) -> dict[str, Any]:
    ids = {"draftId": str(draft.pk), "leadId": str(draft.lead_id), "clientId": str(draft.workspace_id)}
    action_value = json.dumps(ids | {"revision": draft.revision})
    url = settings.PUBLIC_URL + reverse("inbox:conversation", args=[draft.workspace_id, draft.lead_id])
    shown = [button("view_dashboard", "Open", url=url)]
    if waits:
        shown = [
            button(APPROVE, "Approve and send", style="primary", value=action_value),
            button(REGENERATE, "Regenerate", value=action_value),
            *shown,
        ]
    return {"type": "actions", "block_id": f"review_actions_{draft.pk}", "elements": shown}


def _became(draft: Draft) -> str:
    send = OutboundSend.objects.filter(draft=draft).order_by("-part").first()
    if send is not None and send.state != OutboundSend.State.INTENT:
        at = f" at {timezone.localtime(send.finished_at):%H:%M}" if send.finished_at else ""
        who = f", approved by {draft.author}" if draft.author else ""
        return f"{send.get_state_display()}{at}{who}"
    return review.how_decided(draft)


def _policy(draft: Draft) -> str:
    return f"Every answer is reviewed here (automatic answers: {draft.policy.mode})."


def _quote(text: str) -> str:
    cut = text.strip()[:PREVIEW_CHARS]
    return "\n".join(f">{line}" for line in escape(cut or "(nothing)").splitlines())
