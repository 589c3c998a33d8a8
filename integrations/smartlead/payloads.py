"""Turns SmartLead's webhooks (docs/reference/smartlead.md) into our events.

SmartLead publishes several forms of one event, so fields are read under all their names: flat (`event_type`), with
objects `lead` and `reply` (`event` or `event_type`), and reports about mailboxes (`type` or `eventType`). In the oldest
form, `from_email` of a reply is the lead; in the published ones, it is our own mailbox.

Idempotency keys:

- For a reply, its RFC 5322 message id. Without an id, sender and text identify a reply for `RETRY_SPAN_S` seconds.
- For a sent email, its message id, else its step. (`stats_id` belongs to a lead in a campaign, so several sends share
  it.)
- For a bounce, the message id of the mail that bounced, else campaign and address.
- For an unsubscribe or a category of a lead, campaign, address and time. An opt-out without a time has no key.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import AliasChoices, AliasPath, Field

from integrations import events
from integrations.addresses import Mailbox, MailField, MailList, NeededMail, decoded, listed
from integrations.mailheaders import headers_of
from integrations.payload import (
    EventType,
    ExternalId,
    LooseText,
    Payload,
    Text,
    first_time,
    names_of,
    short_key,
    split_name,
    validate,
)
from integrations.spec import SampleReply

REPLIES = ("EMAIL_REPLY", "EMAIL_REPLIED")
SENT = ("EMAIL_SENT", "FIRST_EMAIL_SENT")
UNSUBSCRIBED = ("LEAD_UNSUBSCRIBED", "EMAIL_UNSUBSCRIBED")
BOUNCED = ("EMAIL_BOUNCE", "EMAIL_BOUNCED")
UNTRACKED = ("UNTRACKED_REPLIES", "UNTRACKED_REPLY")
CATEGORY = "LEAD_CATEGORY_UPDATED"
DISCONNECTED = ("EMAIL_ACCOUNT_DISCONNECTED", "email.account.disconnected")
EVENTS = (*REPLIES, *SENT, *UNSUBSCRIBED, *BOUNCED, *UNTRACKED, CATEGORY, *DISCONNECTED)
RETRY_SPAN_S = 3600
"""Seconds within which a reply without a message id may be repeated. A poll brings the reply within half an hour."""
MARKUP = re.compile(r"<[a-zA-Z][^<>]*>")

TAGS = {
    "interested": "Interested",
    "information request": "Information Requested",
    "information requested": "Information Requested",
    "meeting request": "Meeting Requested",
    "meeting requested": "Meeting Requested",
    "meeting booked": "Meeting Booked",
    "booked": "Meeting Booked",
    "not interested": "Not Interested",
    "out of office": "Out of Office",
    "wrong person": "Wrong Person",
}
"""SmartLead's categories, and common names of custom categories, with our tags."""
OPT_OUTS = {"do not contact", "dnc", "do not email", "unsubscribe", "unsubscribed", "opt out", "opted out"}
"""Categories that mean that the lead wants no more messages."""


class Header(Payload):
    event_type: EventType = Field(validation_alias=AliasChoices("event_type", "event", "eventType", "type"))


class Part(Payload):
    """An email in the field `reply_message` or `sent_message` of a SmartLead webhook."""

    message_id: Text = ""
    html: Text = ""
    text: Text = ""
    time: LooseText = ""
    headers: Any = None


class Correspondence(Payload):
    target: MailField = Field(default=Mailbox(), alias="targetLeadEmail")
    replier: MailField = Field(default=Mailbox(), alias="replyReceivedFrom")


class Body(Payload):
    campaign_id: ExternalId | None = None
    campaign_name: Text = ""
    stats_id: ExternalId | None = None
    message_id: Text = ""
    sequence_number: LooseText = ""
    sl_lead_email: MailField = Mailbox()
    lead_email: MailField = Field(
        default=Mailbox(), validation_alias=AliasChoices("lead_email", AliasPath("lead", "email"))
    )
    name: Text = Field(default="", validation_alias=AliasChoices("sl_lead_name", "to_name", "lead_name"))
    first_name: LooseText = Field(default="", validation_alias=AliasPath("lead", "first_name"))
    last_name: LooseText = Field(default="", validation_alias=AliasPath("lead", "last_name"))
    company: LooseText = Field(default="", validation_alias=AliasPath("lead", "company_name"))
    from_email: MailField = Mailbox()
    to_email: MailField = Mailbox()
    cc_emails: MailList = []
    subject: Text = Field(
        default="",
        validation_alias=AliasChoices(
            AliasPath("reply", "subject"), "subject", "custom_subject", AliasPath("email", "subject")
        ),
    )
    preview_text: Text = ""
    reply_body: Text = Field(
        default="", validation_alias=AliasChoices("reply_body", AliasPath("reply", "body"))
    )
    sent_body: Text = Field(
        default="", validation_alias=AliasChoices("sent_message_body", "custom_email_message")
    )
    sent_id: Text = Field(default="", validation_alias=AliasPath("email", "message_id"))
    event_timestamp: LooseText = Field(
        default="",
        validation_alias=AliasChoices(
            AliasPath("reply", "received_at"), "event_timestamp", "time_replied", "time_sent", "timestamp"
        ),
    )
    reply_message: Part | None = None
    sent_message: Part | None = None
    correspondence: Correspondence = Field(
        default=Correspondence(), validation_alias=AliasChoices("lead_correspondence", "leadCorrespondence")
    )


class Category(Payload):
    new_name: LooseText = ""


class LeadData(Payload):
    email: MailField = Mailbox()
    first_name: LooseText = ""
    last_name: LooseText = ""
    company: LooseText = Field(default="", alias="company_name")


class Categorised(Body):
    """A lead's new category: `category` in the old form; the new form also has the previous category."""

    category: LooseText = ""
    lead_category: Category | None = None
    lead_data: LeadData | None = None
    created_at: LooseText = ""


class MailboxReport(Payload):
    id: LooseText = ""
    email: NeededMail = Field(validation_alias=AliasChoices("email", AliasPath("data", "email")))
    created_at: LooseText = ""


class Untracked(Payload):
    reply_message: Part
    sender_detail: MailField = Mailbox()
    recipient_detail: MailField = Mailbox()
    subject: Text = ""
    visible_text: Text = ""
    event_timestamp: LooseText = ""


def account_of(_body: Any) -> str:
    return ""


def parse(body: Any, now: datetime) -> events.Event:
    kind = validate(Header, body).event_type
    if kind in UNTRACKED:
        return _untracked(kind, validate(Untracked, body), now)
    if kind == CATEGORY:
        return _categorised(validate(Categorised, body))
    if kind not in EVENTS:
        return events.IgnoredEvent(event_type=kind, reason="event not used")
    if kind in DISCONNECTED:
        return _disconnected(kind, validate(MailboxReport, body))
    event = validate(Body, body)
    if not _lead(event).address:
        raise events.PayloadInvalid({"sl_lead_email": f"{kind} needs the lead's address"})
    if kind in REPLIES:
        return _reply(kind, event, now)
    if kind in BOUNCED:
        return _bounced(kind, event, now)
    return _sent(kind, event, now) if kind in SENT else _unsubscribed(kind, event)


def _reply(kind: str, event: Body, now: datetime) -> events.Event:
    part, ours = event.reply_message or Part(), event.sent_message or Part()
    message_id = (part.message_id or event.message_id).strip()
    text, html = _words(event)
    _check_reply(kind, event, message_id or text or html)
    lead = _lead(event)
    replier = event.correspondence.replier if event.correspondence.replier.address else lead
    mailbox = _mailbox(event, replier.address)
    name = decoded(event.name) or f"{event.first_name} {event.last_name}".strip()
    if replier.address.lower() != lead.address.lower():
        name = ""
    return events.MessageEvent(
        source="smartlead_reply",
        direction="inbound",
        external_id=short_key(message_id),
        window_s=RETRY_SPAN_S,
        text=text,
        html=html,
        from_address=replier.address,
        from_name=name or replier.name,
        recipients=_recipients(mailbox, event.cc_emails),
        headers=headers_of(part.headers),
        sent_html=ours.html or event.sent_body,
        sent_text=ours.text,
        **_shared(kind, event, mailbox, first_time(part.time, event.event_timestamp) or now),
    )


def _shared(kind: str, event: Body, mailbox: str, at: datetime) -> dict[str, Any]:
    return {
        "event_type": kind,
        "channel": "email",
        "person": _person(event),
        "campaign": _campaign(event),
        "subject": event.subject,
        "occurred_at": at,
        "account_address": mailbox,
        "thread_id": event.stats_id or "",
    }


def _check_reply(kind: str, event: Body, content: str) -> None:
    missing = {} if event.campaign_id else {"campaign_id": f"{kind} needs it"}
    if not content:
        missing["message_id"] = f"{kind} needs the reply's message id or its words"
    if missing:
        raise events.PayloadInvalid(missing)


def _words(event: Body) -> tuple[str, str]:
    part, body = event.reply_message or Part(), event.reply_body
    html = part.html or (body if MARKUP.search(body) else "")
    return part.text or event.preview_text or ("" if html else body), html


def _sent(kind: str, event: Body, now: datetime) -> events.Event:
    part = event.sent_message or Part()
    lead = _lead(event).address
    step = event.sequence_number or event.event_timestamp
    if not (key := _mail_id(event)) and not step:
        raise events.PayloadInvalid({"message_id": f"{kind} needs the email's message id, step or time"})
    key = key or f"sent:{event.campaign_id or ''}:{lead.lower()}:{step}"
    mailbox = _mailbox(event, lead)
    return events.MessageEvent(
        source="smartlead_sent",
        direction="outbound",
        external_id=short_key(key),
        text=part.text or event.preview_text,
        html=part.html or event.sent_body,
        from_address=mailbox,
        recipients=_recipients(lead, event.cc_emails),
        **_shared(kind, event, mailbox, first_time(part.time, event.event_timestamp) or now),
    )


def _mail_id(event: Body) -> str:
    """Returns the message id of our mail that an event concerns, else the mail's step in the sequence, or ""."""
    key = ((event.sent_message or Part()).message_id or event.message_id or event.sent_id).strip()
    return key or (f"stats:{event.stats_id}:{event.sequence_number}" if event.stats_id else "")


def _bounced(kind: str, event: Body, now: datetime) -> events.Event:
    key = _mail_id(event) or f"bounced:{event.campaign_id or ''}:{_lead(event).address.lower()}"
    return events.BounceEvent(
        source="smartlead_bounce",
        direction="inbound",
        external_id=short_key(key),
        **_shared(kind, event, _mailbox(event, ""), first_time(event.event_timestamp) or now),
    )


def _unsubscribed(kind: str, event: Body) -> events.Event:
    at = first_time(event.event_timestamp)
    key = f"unsubscribed:{event.campaign_id or ''}:{_lead(event).address.lower()}:{event.event_timestamp}"
    return events.UnsubscribeEvent(
        event_type=kind,
        event_key=short_key(key) if at else "",
        person=_person(event),
        campaign=_campaign(event),
        occurred_at=at,
    )


def _disconnected(kind: str, report: MailboxReport) -> events.Event:
    mailbox = report.email.address.lower()
    time = report.id or report.created_at
    return events.AccountStatusEvent(
        event_type=kind,
        event_key=short_key(f"disconnected:{mailbox}:{time}") if time else "",
        account_id=mailbox,
        status="DISCONNECTED",
        mailbox=mailbox,
        told_by=DISCONNECTED,
    )


def _categorised(event: Categorised) -> events.Event:
    name = ((event.lead_category and event.lead_category.new_name) or event.category).strip()
    plain = " ".join(re.sub(r"[-_/]", " ", name).split()).casefold()
    if not name:
        return events.IgnoredEvent(event_type=CATEGORY, reason="it names no category")
    about_lead = event.lead_data or LeadData()
    person = replace(_person(event), company=about_lead.company or event.company)
    if about_lead.email.address:
        person = replace(person, email=about_lead.email.address)
    if about_lead.first_name or about_lead.last_name:
        person = replace(person, first_name=about_lead.first_name, last_name=about_lead.last_name)
    if not person.email:
        raise events.PayloadInvalid({"sl_lead_email": f"{CATEGORY} needs the lead's address"})
    at = first_time(event.event_timestamp, event.created_at)
    about = (event.campaign_id or "", person.email.lower(), plain, event.event_timestamp or event.created_at)
    shared: dict[str, Any] = {
        "event_type": CATEGORY,
        "event_key": short_key(":".join(("category", *about))),
        "person": person,
        "campaign": _campaign(event),
        "occurred_at": at,
    }
    if plain in OPT_OUTS:
        known_by = {} if at else {"event_key": ""}
        return events.UnsubscribeEvent(by=f"provider: {name[:60]}", **shared | known_by)
    if plain not in TAGS:
        return events.LabelEvent(label=name, **shared)
    return events.TagEvent(tag=TAGS[plain], **shared)


def _untracked(kind: str, event: Untracked, now: datetime) -> events.Event:
    address, name = event.sender_detail
    mailbox = event.recipient_detail.address
    missing = {}
    if not address:
        missing["sender_detail"] = "an untracked reply needs its sender"
    if not event.reply_message.message_id.strip():
        missing["reply_message.message_id"] = "an untracked reply needs its message id"
    if missing:
        raise events.PayloadInvalid(missing)
    first, last = split_name(name)
    return events.MessageEvent(
        event_type=kind,
        source="smartlead_reply",
        direction="inbound",
        channel="email",
        external_id=short_key(event.reply_message.message_id.strip()),
        person=events.Person(email=address, first_name=first, last_name=last),
        subject=event.subject,
        text=event.reply_message.text or event.visible_text,
        html=event.reply_message.html,
        from_address=address,
        from_name=name,
        recipients=_recipients(mailbox, []),
        occurred_at=first_time(event.reply_message.time, event.event_timestamp) or now,
        account_address=mailbox,
        headers=headers_of(event.reply_message.headers),
        tracked=False,
    )


def _lead(event: Body) -> Mailbox:
    fields = (event.correspondence.target, event.sl_lead_email, event.lead_email, event.to_email)
    return next((field for field in fields if field.address), Mailbox())


def _mailbox(event: Body, replier: str) -> str:
    """Returns our own mailbox: the address that is neither the lead's nor the replier's."""
    people = {replier.lower(), _lead(event).address.lower(), ""}
    ours = (field.address for field in (event.from_email, event.to_email))
    return next((address for address in ours if address.lower() not in people), "")


def _person(event: Body) -> events.Person:
    lead = _lead(event)
    first, last = names_of(event.first_name, event.last_name, decoded(event.name) or lead.name)
    return events.Person(email=lead.address, first_name=first, last_name=last, company=event.company)


def _campaign(event: Body) -> events.CampaignRef | None:
    return events.CampaignRef(event.campaign_id, event.campaign_name) if event.campaign_id else None


def _recipients(to: str, cc: list[Mailbox]) -> dict[str, Any]:
    return listed(to=[(to, "")], cc=[(copy.address, copy.name) for copy in cc])


def sample(reply: SampleReply) -> dict[str, Any]:
    person = reply.person
    return {
        "event_type": "UNTRACKED_REPLIES",
        "event_timestamp": reply.at.isoformat(),
        "subject": reply.subject,
        "sender_detail": f"{person.first_name} {person.last_name} <{person.email}>",
        "recipient_detail": "",
        "visible_text": reply.text,
        "reply_message": {
            "message_id": f"<{reply.id}@sample.invalid>",
            "text": reply.text,
            "html": "",
            "time": reply.at.isoformat(),
        },
    }
