"""Turns EmailBison's webhooks (docs/reference/emailbison.md) into our events.

Each event has an idempotency key that is the same at every redelivery:

- For a reply, it is `reply.id`, which LEAD_REPLIED, LEAD_INTERESTED and UNTRACKED_REPLY_RECEIVED of one reply share.
- For a sent email, it is `scheduled_email.id`. For a mail that a person wrote, it is the `reply.id` under which
  the folder Sent lists the mail, if the event contains this id (`client.sent_id`).
- For a bounce, it is the `reply.id` of its notice, else the `scheduled_email.id` of the mail, else `campaign_event.id`.
  The mail's id also identifies a bounce that is reported again under another id.
- For an unsubscribe, it is `campaign_event.id`, if the event has one.

All keys are unique only within one EmailBison instance, so they are used per workspace.
"""

from datetime import UTC, datetime
from typing import Any

from pydantic import AliasChoices, AliasPath, Field

from integrations import events
from integrations.addresses import Mailbox, MailField, decoded, listed
from integrations.attachments import as_stored, attachment
from integrations.emailbison.client import Mail, sent_id
from integrations.mailheaders import headers_of
from integrations.payload import (
    EventType,
    ExternalId,
    Payload,
    Text,
    field_at,
    first_time,
    names_of,
    short_key,
    split_name,
    validate,
)
from integrations.spec import SampleReply

REPLIES = ("LEAD_REPLIED", "LEAD_INTERESTED", "UNTRACKED_REPLY_RECEIVED")
BY_HAND = "MANUAL_EMAIL_SENT"
REMOVED = "EMAIL_ACCOUNT_REMOVED"
STATUS = {"EMAIL_ACCOUNT_DISCONNECTED": "DISCONNECTED", "EMAIL_ACCOUNT_RECONNECTED": "RECONNECTED"}
"""EmailBison's reports about a mailbox. The reports have no id or time, so each is compared with the last report."""
TAGGED = "TAG_ATTACHED"
CONTACT, LEAD = "CONTACT_", "LEAD_"
"""EmailBison's pages call leads contacts, so its events are accepted under either name."""
EVENTS = (
    *REPLIES,
    "EMAIL_SENT",
    BY_HAND,
    "EMAIL_OPENED",
    "EMAIL_BOUNCED",
    "LEAD_UNSUBSCRIBED",
    TAGGED,
    *STATUS,
    REMOVED,
)


class Campaign(Payload):
    id: ExternalId
    name: Text = ""


class CampaignEvent(Payload):
    id: ExternalId
    created_at: Text = ""


class Lead(Payload):
    id: ExternalId
    email: MailField = Mailbox()
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    title: Text = ""


class ScheduledEmail(Payload):
    id: ExternalId
    email_subject: Text = ""
    email_body: Text = ""
    sent_at: Text = ""


class SenderEmail(Payload):
    id: ExternalId
    email: MailField = Mailbox()
    name: Text = ""


class Data(Payload):
    campaign: Campaign | None = None
    campaign_event: CampaignEvent | None = None
    lead: Lead | None = None
    reply: Mail | None = None
    scheduled_email: ScheduledEmail | None = None
    sender_email: SenderEmail | None = None


class Tag(Payload):
    tag_name: Text = Field(default="", validation_alias=AliasChoices("tag_name", AliasPath("tag", "name")))
    taggable_id: ExternalId
    taggable_type: Text = ""


class Tagged(Payload):
    data: Tag


class EventInfo(Payload):
    type: EventType
    workspace_id: ExternalId | None = None


class Header(Payload):
    event: EventInfo


class Envelope(Header):
    data: Data


def account_of(body: Any) -> str:
    """Returns the id of the EmailBison workspace, or "". Callers compare it with the account of the webhook's key."""
    raw_id = field_at(body, "event", "workspace_id")
    return str(raw_id) if isinstance(raw_id, int | str) and not isinstance(raw_id, bool) else ""


def parse(body: Any, now: datetime) -> events.Event:
    kind = validate(Header, body).event.type
    if kind.startswith(CONTACT):
        kind = LEAD + kind.removeprefix(CONTACT)
    if kind not in EVENTS:
        return events.IgnoredEvent(event_type=kind, reason="unknown event type")
    if kind == TAGGED:
        return _tagged(kind, validate(Tagged, body).data)
    payload = validate(Envelope, body).data
    if kind in STATUS or kind == REMOVED:
        return _status(kind, payload)
    if kind == "EMAIL_OPENED":
        return events.IgnoredEvent(event_type=kind, reason="opens are not used")
    return _PARSERS.get(kind, _reply)(kind, payload, now)


def _reply(kind: str, payload: Data, now: datetime) -> events.Event:
    reply = payload.reply
    if reply is None:
        raise events.PayloadInvalid({"data.reply": f"{kind} needs the reply with its id"})
    if payload.lead is None and not reply.from_email_address.address:
        raise events.PayloadInvalid(
            {"data.reply.from_email_address": "a reply without a lead needs its sender"}
        )
    return events.MessageEvent(
        event_type=kind,
        external_id=reply.id,
        source="emailbison_reply",
        direction="inbound",
        person=_person(payload),
        interested=kind == "LEAD_INTERESTED" or bool(reply.interested),
        tracked=payload.lead is not None,
        sent_html=payload.scheduled_email.email_body if payload.scheduled_email else "",
        **_notice(payload, now),
    )


def _status(kind: str, payload: Data) -> events.Event:
    sender = payload.sender_email
    if sender is None:
        raise events.PayloadInvalid({"data.sender_email": f"{kind} needs the mailbox it is about"})
    return events.AccountStatusEvent(
        event_type=kind,
        account_id=sender.id,
        event_key=f"removed:{sender.id}" if kind == REMOVED else "",
        status=STATUS.get(kind, "REMOVED"),
        mailbox=sender.email.address.lower() or sender.id,
        told_by=tuple(STATUS),
    )


def _tagged(kind: str, tag: Tag) -> events.Event:
    """Returns the event of a new tag. EmailBison states only the lead's id. Tags of other objects are ignored."""
    if tag.taggable_type.rpartition("\\")[2].lower() not in ("lead", "contact"):
        return events.IgnoredEvent(event_type=kind, reason="the tag is not on a lead")
    return events.LabelEvent(
        event_type=kind, person=events.Person(emailbison_lead_id=tag.taggable_id), label=tag.tag_name
    )


def _bounced(kind: str, payload: Data, now: datetime) -> events.Event:
    if payload.lead is None:
        raise events.PayloadInvalid({"data.lead": "a bounce needs the lead it is about"})
    mail_id = payload.scheduled_email.id if payload.scheduled_email else ""
    return events.BounceEvent(
        event_type=kind,
        external_id=_bounce_key(payload, mail_id),
        mail_id=mail_id,
        thread_id=mail_id,
        notice=payload.reply is not None,
        source="emailbison_bounce",
        direction="inbound",
        person=_person(payload),
        **_notice(payload, now),
    )


def _bounce_key(payload: Data, mail_id: str) -> str:
    if payload.reply is not None:
        return payload.reply.id
    if mail_id:
        return short_key(f"mail:{mail_id}")
    if payload.campaign_event is not None:
        return short_key(f"event:{payload.campaign_event.id}")
    raise events.PayloadInvalid(
        {"data.scheduled_email.id": "a bounce without its notice needs the mail's id or the event's"}
    )


def _sent(kind: str, payload: Data, now: datetime) -> events.Event:
    email, sender = payload.scheduled_email, payload.sender_email
    if email is None:
        raise events.PayloadInvalid({"data.scheduled_email.id": f"{kind} needs the email with its id"})
    if payload.lead is None:
        raise events.PayloadInvalid({"data.lead": f"{kind} needs the lead it went to"})
    return events.MessageEvent(
        event_type=kind,
        external_id=email.id,
        source="emailbison_sent",
        direction="outbound",
        channel="email",
        person=_person(payload),
        campaign=_campaign(payload),
        subject=email.email_subject,
        html=email.email_body,
        from_address=sender.email.address if sender else "",
        from_name=(sender.name or sender.email.name) if sender else "",
        recipients={"to": [{"address": payload.lead.email.address, "name": ""}]},
        occurred_at=first_time(email.sent_at) or now,
        by_hand=kind == BY_HAND,
        **_account(payload),
    )


def _by_hand(kind: str, payload: Data, now: datetime) -> events.Event:
    """Returns the event of a mail that a person or an API call sent, found as `reply`, or else as `scheduled_email`."""
    reply, person = payload.reply, _addressee(payload)
    if reply is not None and reply.outgoing and person is not None:
        return events.MessageEvent(
            event_type=kind,
            external_id=sent_id(reply.id),
            source="emailbison_sent",
            direction="outbound",
            person=person,
            tracked=payload.lead is not None,
            by_hand=True,
            **_notice(payload, now) | {"automated_reply": None},
        )
    if payload.scheduled_email is None or payload.lead is None:
        return events.IgnoredEvent(event_type=kind, reason="it does not say which email went to whom")
    return _sent(kind, payload, now)


def _addressee(payload: Data) -> events.Person | None:
    if payload.lead is not None:
        return _person(payload)
    to = next(iter(payload.reply.to or ()), None) if payload.reply else None
    return events.Person(email=to.address) if to and to.address else None


def _unsubscribed(kind: str, payload: Data, now: datetime) -> events.Event:
    if payload.lead is None:
        raise events.PayloadInvalid({"data.lead": "LEAD_UNSUBSCRIBED needs the lead"})
    return events.UnsubscribeEvent(
        event_type=kind,
        event_key=f"unsubscribed:{payload.campaign_event.id}" if payload.campaign_event else "",
        person=_person(payload),
        campaign=_campaign(payload),
        occurred_at=first_time(payload.campaign_event.created_at) if payload.campaign_event else None,
    )


_PARSERS = {
    "EMAIL_SENT": _sent,
    BY_HAND: _by_hand,
    "EMAIL_BOUNCED": _bounced,
    "LEAD_UNSUBSCRIBED": _unsubscribed,
}


def _notice(payload: Data, now: datetime) -> dict[str, Any]:
    reply = payload.reply
    shared = {"channel": "email", "campaign": _campaign(payload), **_account(payload)}
    if reply is None:
        created_at = payload.campaign_event and first_time(payload.campaign_event.created_at)
        return {"occurred_at": created_at or now, **shared}
    return {"occurred_at": reply.at or now.astimezone(UTC), **content_of(reply), **shared}


def content_of(reply: Mail) -> dict[str, Any]:
    """Returns the fields of a MessageEvent that a reply fills in the same way in a webhook and in a list."""
    lists = {"to": reply.to, "cc": reply.cc, "bcc": reply.bcc}
    sender = reply.from_email_address
    return {
        "subject": reply.subject,
        "text": reply.text_body,
        "html": reply.html_body,
        "attachments": _files_of(reply.attachments),
        "from_address": sender.address,
        "from_name": decoded(reply.from_name) or sender.name,
        "recipients": listed(
            **{kind: [(row.address, row.name) for row in items or []] for kind, items in lists.items()}
        ),
        "automated_reply": reply.automated_reply,
        "headers": headers_of(reply.headers, reply.raw_headers, reply.raw_body),
    }


def _person(payload: Data) -> events.Person:
    if payload.lead is None:
        sender = payload.reply.from_email_address if payload.reply else Mailbox()
        first, last = split_name(decoded(payload.reply.from_name if payload.reply else "") or sender.name)
        return events.Person(email=sender.address, first_name=first, last_name=last)
    lead = payload.lead
    first, last = names_of(lead.first_name, lead.last_name, lead.email.name)
    return events.Person(
        emailbison_lead_id=lead.id,
        email=lead.email.address,
        first_name=first,
        last_name=last,
        company=lead.company,
        title=lead.title,
    )


def _campaign(payload: Data) -> events.CampaignRef | None:
    return events.CampaignRef(payload.campaign.id, payload.campaign.name) if payload.campaign else None


def _account(payload: Data) -> dict[str, Any]:
    sender = payload.sender_email
    return {"account_id": sender.id, "account_address": sender.email.address} if sender else {}


def sample(reply: SampleReply) -> dict[str, Any]:
    """Builds a reply as EmailBison posts it for a sender who is not one of its leads."""
    person = reply.person
    return {
        "event": {"type": "UNTRACKED_REPLY_RECEIVED", "workspace_id": reply.account_id or None},
        "data": {
            "campaign": None,
            "lead": None,
            "scheduled_email": None,
            "sender_email": None,
            "reply": {
                "id": reply.id,
                "email_subject": reply.subject,
                "from_email_address": person.email,
                "from_name": f"{person.first_name} {person.last_name}",
                "text_body": reply.text,
                "html_body": None,
                "date_received": reply.at.isoformat(),
                "automated_reply": False,
                "interested": False,
            },
        },
    }


def _files_of(raw: Any) -> list[dict[str, Any]]:
    """Returns the files in a reply's `attachments` as a MessageEvent stores them; [] for anything but a list."""
    items = [file for file in raw if isinstance(file, dict)] if isinstance(raw, list) else []
    return as_stored(
        attachment(id=file.get("id"), name=file.get("file_name"), url=file.get("download_url"))
        for file in items
    )
