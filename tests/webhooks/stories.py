"""Stories of one lead: what the providers tell of them, as recorded, each event with a time of its own."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from inbox.models import Lead, Message
from inbox.models.lead import Campaign
from jobs.models import BackgroundJob
from tests.recorded import payload

NOON = datetime(2026, 10, 14, 12, tzinfo=UTC)
DANA = {"id": 55120, "email": "dana.reyes@example.com", "first_name": "Dana", "last_name": "Reyes"}
PHONE = "+15555550123"
MAILBOX = {"id": 311, "email": "alex@outreach.example.com", "name": "Alex"}
ASSISTANT = "rosa.lind@example.com"


class Event(NamedTuple):
    """One request: its source and its body."""

    source: str
    body: Any


def iso(minute: int) -> str:
    return (NOON + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")


def email(
    kind: str, minute: int, *, lead: dict | None = DANA, campaign: int | None = 901, **data: Any
) -> Event:
    """An EmailBison event of `minute` minutes after noon."""
    body = {
        "event": {"type": kind, "workspace_id": 42},
        "data": {
            "lead": lead,
            "campaign": {"id": campaign, "name": f"Campaign {campaign}"} if campaign else None,
            "campaign_event": {"id": 77_000 + minute, "created_at": iso(minute)},
            "sender_email": MAILBOX,
            **data,
        },
    }
    return Event("email", body)


def sent(minute: int, **fields: Any) -> Event:
    mail = {
        "id": 7_700 + minute,
        "email_subject": "hi",
        "email_body": f"<p>Step {minute}</p>",
        "sent_at": iso(minute),
    }
    return email("EMAIL_SENT", minute, scheduled_email=mail, **fields)


def opened(minute: int) -> Event:
    return email("EMAIL_OPENED", minute)


def reply(
    minute: int, text: str, *, kind: str = "LEAD_REPLIED", sender: str = DANA["email"], **fields: Any
) -> Event:
    """A reply; `kind` LEAD_INTERESTED or UNTRACKED_REPLY_RECEIVED tells of the same one again."""
    body = {"id": 880_000 + minute, "from_email_address": sender, "from_name": sender.split("@")[0]}
    body |= {"text_body": text, "date_received": iso(minute), "email_subject": "Re: hi"}
    if kind == "UNTRACKED_REPLY_RECEIVED":
        fields |= {"lead": None, "campaign": None}
    return email(kind, minute, reply=body, **fields)


def interested(minute: int, text: str, **fields: Any) -> Event:
    return reply(minute, text, kind="LEAD_INTERESTED", **fields)


def untracked(minute: int, text: str, **fields: Any) -> Event:
    return reply(minute, text, kind="UNTRACKED_REPLY_RECEIVED", **fields)


NOTICE = "Your message could not be delivered.\n\n550 5.1.1 user unknown"


def bounced(minute: int, **fields: Any) -> Event:
    """The provider's own word for it, with the notice."""
    return reply(minute, NOTICE, kind="EMAIL_BOUNCED", sender="mailer-daemon@example.com", **fields)


def bounce_notice(minute: int) -> Event:
    """The same notice as a reply that the provider could not place: it does not say whose address failed."""
    return untracked(minute, NOTICE, sender="mailer-daemon@example.com")


def unsubscribed(minute: int) -> Event:
    return email("LEAD_UNSUBSCRIBED", minute)


def text(minute: int, words: str) -> Event:
    """A text of the lead by GHL's workflow, which states its own time."""
    at = NOON + timedelta(minutes=minute)
    body = payload("ghl", "workflow_sms") | {"email": DANA["email"], "phone": PHONE, "campaign": None}
    body |= {"message": {"type": 2, "body": words}}
    body |= {"customData": {"Date": at.strftime("%b %d, %Y"), "Time": at.strftime("%I:%M %p")}}
    return Event("ghl/sms", body)


def chat(minute: int, words: str, *, own: bool = False) -> Event:
    """A LinkedIn message; one of ours names only the chat."""
    body = payload("unipile", "message_received_nested")
    body["event"] = "message.sent" if own else "message.received"
    body["message"] |= {"id": f"msg-{minute}", "chat_id": "chat-1", "text": words, "timestamp": iso(minute)}
    return Event("linkedin", body)


STORIES: dict[str, list[Event]] = {
    "a reply, twice told": [
        sent(0), opened(1), sent(2), reply(5, "Sure, send times."), interested(5, "Sure, send times."),
    ],
    "an older reply after a newer one": [
        sent(0), reply(5, "Who is this?"), reply(9, "Not interested, thanks."), interested(5, "Who is this?"),
    ],
    "a campaign that is known late": [
        sent(0, campaign=None), sent(0), sent(3, campaign=902), reply(5, "Tell me more.", campaign=None),
        reply(5, "Tell me more."),
    ],
    "two campaigns": [sent(0), sent(1, campaign=902), reply(2, "ok", campaign=902), reply(7, "and?")],
    "untracked first": [
        sent(0), untracked(4, "Please call Rosa."), reply(4, "Please call Rosa."), interested(4, "Please call Rosa."),
    ],
    "somebody else answers": [
        sent(0), reply(3, "Rosa here, I take care of it.", sender=ASSISTANT), reply(5, "Thursday?", sender=ASSISTANT),
        reply(7, "Dana again."), reply(9, "Rosa: Friday?", sender=ASSISTANT), reply(11, "Well?", sender=ASSISTANT),
    ],
    "somebody else answers, untracked first": [
        sent(0), untracked(3, "Rosa here.", sender=ASSISTANT), reply(3, "Rosa here.", sender=ASSISTANT),
        reply(5, "Thursday?", sender=ASSISTANT),
    ],
    "an opt-out by mail": [
        sent(0), reply(3, "Sounds good."), interested(3, "Sounds good."), reply(6, "Unsubscribe me"), sent(8),
        reply(9, "I said stop."),
    ],
    "an opt-out by mail, untracked first": [
        sent(0), untracked(3, "Unsubscribe"), reply(3, "Unsubscribe"), sent(5, campaign=902),
    ],
    "unsubscribed": [sent(0), reply(2, "Who are you?"), unsubscribed(4), sent(6, campaign=902), reply(8, "Hello?")],
    "a bounce": [sent(0), bounced(1), bounce_notice(1), sent(3, campaign=902)],
    "STOP and START": [
        sent(0), text(2, "yes call me"), text(4, "STOP"), text(7, "START"), text(9, "Is Friday fine?"),
    ],
    "STOP after START": [sent(0), text(2, "START"), text(5, "STOP"), reply(8, "I mean it."), sent(9, campaign=902)],
    "unsubscribed, then START": [sent(0), unsubscribed(2), text(5, "START"), reply(7, "Still there?")],
    "two ways to opt out": [sent(0), text(2, "STOP"), unsubscribed(4), reply(6, "Remove me from your list")],
    "perhaps an opt-out": [sent(0), reply(2, "we had enough of mails"), reply(5, "Is Friday fine?")],
    "perhaps an opt-out, then START": [
        sent(0), text(2, "we had enough of mails"), text(5, "START"), reply(7, "Is Friday fine?"),
    ],
    "perhaps an absence, then a person": [sent(0), reply(2, "Out until Monday"), reply(6, "Is Friday fine?")],
    "a person, then perhaps an absence": [sent(0), reply(2, "Is Friday fine?"), reply(6, "Out until Monday")],
    "all channels": [
        sent(0), chat(1, "Hi Dana", own=True), chat(3, "Hello"), reply(5, "By mail, please."), text(7, "or call"),
        chat(9, "Any news?"), sent(10),
    ],
}  # fmt: skip


def end_state(workspace) -> dict[str, Any]:
    """What a story has left, in terms that do not depend on when or in which order a row was made."""
    leads = {lead.pk: lead for lead in Lead.objects.filter(workspace=workspace)}
    names = {pk: lead.email or lead.linkedin_member_id or str(lead.phone) for pk, lead in leads.items()}
    campaigns = {row.pk: row.external_id for row in Campaign.objects.filter(workspace=workspace)}
    messages = Message.objects.filter(workspace=workspace)
    keys = {message.pk: _key(message) for message in messages}
    return {
        "leads": {names[pk]: _lead(lead, campaigns) for pk, lead in leads.items()},
        "messages": {keys[one.pk]: _message(one, names, campaigns) for one in messages},
        "threads": {
            name: [keys[one.pk] for one in messages.filter(lead=pk).order_by("sent_at", "source")]
            for pk, name in names.items()
        },
        "campaigns": {row.external_id: row.name for row in Campaign.objects.filter(workspace=workspace)},
        "jobs": _jobs(workspace, leads, names, keys, campaigns),
    }


def _key(message: Message) -> str:
    known = "" if message.external_id.startswith("text:") else message.external_id
    return f"{message.source}:{known or message.content_hash + message.stamp}"


LEAD_COLUMNS = (
    "email", "phone", "linkedin_member_id", "linkedin_url", "emailbison_lead_id", "ghl_contact_id",
    "tag", "tag_decided_by", "awaiting_model", "suspected", "suspected_words",
    "provider_interested", "opted_in_at", "bounced_at", "identity_conflict",
    "last_inbound_at", "last_outbound_at", "answered_at", "last_message_at", "last_channel", "last_snippet",
    "last_account", "needs_reply", "unread", "current_replier_email", "current_replier_name", "current_replier_since",
)  # fmt: skip
MESSAGE_COLUMNS = (
    "direction", "channel", "text", "sent_at", "provider_interested", "tag", "tag_decided_by", "suspected", "thread_id",
    "id_reused",
)  # fmt: skip


def _lead(lead: Lead, campaigns: dict) -> dict[str, Any]:
    return {name: getattr(lead, name) for name in LEAD_COLUMNS} | {
        "opted_out": lead.opted_out_at is not None,
        "campaign": campaigns.get(lead.campaign_id),
        "alternates": sorted(lead.alternate_emails),
    }


def _message(message: Message, names: dict, campaigns: dict) -> dict[str, Any]:
    return {name: getattr(message, name) for name in MESSAGE_COLUMNS} | {
        "lead": names[message.lead_id],
        "campaign": campaigns.get(message.campaign_id),
    }


def _jobs(workspace, leads: dict, names: dict, keys: dict, campaigns: dict) -> list[str]:
    """Every job by its dedupe key, in names. A lead that is not stopped has nothing to stop any more."""
    known = {str(pk): name for table in (names, keys, campaigns) for pk, name in table.items()}
    stopped = {str(pk) for pk, lead in leads.items() if lead.is_stopped}
    found = []
    for job in BackgroundJob.objects.filter(workspace=workspace):
        ids = job.dedupe_key.removeprefix(f"{job.kind}:").split(":")
        if job.kind != "campaign.stop-emails" or ids[0] in stopped:
            found.append(":".join((job.kind, *(known.get(part, "gone") for part in ids))))
    return sorted(found)


def differences(expected: Any, got: Any, place: str = "") -> list[str]:
    """Where two end states differ, one line each."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return [
            line
            for name in sorted(expected | got)
            for line in differences(expected.get(name), got.get(name), f"{place}/{name}")
        ]
    return [] if expected == got else [f"{place}: {expected!r} became {got!r}"]


def play(post: Callable[[str, Any], Any], events: list[Event]) -> list[str]:
    """Post `events` in turn; the verdict-bearing answers that were not what a valid event gets."""
    answers = [json.loads(post(event.source, event.body).content) for event in events]
    return [str(answer) for answer in answers if answer.get("stored") or not answer["success"]]
