"""Turns SmartLead's webhooks (docs/reference/smartlead.md) into our events.

SmartLead publishes several forms of one event, so fields are read under all their names: flat (`event_type`), with
objects `lead` and `reply` (`event` or `event_type`), and reports of mailboxes (`type` or `eventType`). In its oldest
form, `from_email` of a reply is the lead; in the published ones, it is our own mailbox.

Idempotency keys:
- A reply has its RFC 5322 message id. Forms without one are recognised by sender and words for `RETRY_SPAN_S` seconds.
- A sent e-mail has its message id, else its step. (`stats_id` belongs to a lead in a campaign: several sends share it.)
- A bounce has the message id of the mail that came back, else campaign and address.
- An unsubscribe and a category of a lead have campaign, address and time; an opt-out without a time has no key.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import AliasChoices, AliasPath, Field

from integrations.addresses import Mailbox, MailField, MailList, NeededMail, decoded, listed
from integrations.events import (
    AccountStatusEvent,
    BounceEvent,
    CampaignRef,
    Event,
    IgnoredEvent,
    MessageEvent,
    PayloadInvalid,
    Person,
    TagEvent,
    UnsubscribeEvent,
)
from integrations.mailheaders import headers_of
from integrations.payload import (
    ExternalId,
    LooseText,
    Payload,
    Text,
    first_time,
    short_key,
    split_name,
    validate,
)

REPLIES = ("EMAIL_REPLY", "EMAIL_REPLIED")
SENT = ("EMAIL_SENT", "FIRST_EMAIL_SENT")
UNSUBSCRIBED = ("LEAD_UNSUBSCRIBED", "EMAIL_UNSUBSCRIBED")
BOUNCED = ("EMAIL_BOUNCE", "EMAIL_BOUNCED")
UNTRACKED = ("UNTRACKED_REPLIES", "UNTRACKED_REPLY")
CATEGORY = "LEAD_CATEGORY_UPDATED"
DISCONNECTED = ("EMAIL_ACCOUNT_DISCONNECTED", "email.account.disconnected")
EVENTS = (*REPLIES, *SENT, *UNSUBSCRIBED, *BOUNCED, *UNTRACKED, CATEGORY, *DISCONNECTED)
RETRY_SPAN_S = 3600
"""Seconds in which a reply without a message id is the one that was stored with the same sender and words.

SmartLead tries a webhook three times, and its list brings the reply once more, with the id, within half an hour.
"""
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
"""SmartLead's categories, and common names of people's own categories, in our words."""
OPT_OUTS = {"do not contact", "dnc", "do not email", "unsubscribe", "unsubscribed", "opt out", "opted out"}
"""Categories which say that the lead wants no more messages."""


class Header(Payload):
    event_type: str = Field(
        min_length=1,
        max_length=64,
        validation_alias=AliasChoices("event_type", "event", "eventType", "type"),
    )


class Part(Payload):
    """The field `reply_message` or `sent_message` of a SmartLead webhook: one e-mail."""

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
    """A SmartLead webhook about a lead's new category. The old form names it in `category`;
    the new one also has the category before.
    """

    category: LooseText = ""
    lead_category: Category | None = None
    lead_data: LeadData | None = None
    created_at: LooseText = ""


class MailboxReport(Payload):
    """A SmartLead webhook about one of our mailboxes that it lost."""

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
    """Always "": the body of a SmartLead webhook names no SmartLead account."""
    return ""


def parse(body: Any, now: datetime) -> Event:
    """Reads the event from the body of a SmartLead webhook. `now` (aware) is its time if the body states none. An event
    or a category that is not used becomes an IgnoredEvent.

    Raises PayloadInvalid if a needed field is missing or has a wrong type.
    """
    kind = validate(Header, body).event_type
    if kind in UNTRACKED:
        return _untracked(kind, validate(Untracked, body), now)
    if kind == CATEGORY:
        return _categorised(validate(Categorised, body))
    if kind not in EVENTS:
        return IgnoredEvent(event_type=kind, reason="event not used")
    if kind in DISCONNECTED:
        return _disconnected(kind, validate(MailboxReport, body))
    data = validate(Body, body)
    if not _lead(data).address:
        raise PayloadInvalid({"sl_lead_email": f"{kind} needs the lead's address"})
    if kind in REPLIES:
        return _reply(kind, data, now)
    if kind in BOUNCED:
        return _bounced(kind, data, now)
    return _sent(kind, data, now) if kind in SENT else _unsubscribed(kind, data)


def _reply(kind: str, data: Body, now: datetime) -> Event:
    part, ours = data.reply_message or Part(), data.sent_message or Part()
    message_id = (part.message_id or data.message_id).strip()
    text, html = _words(data)
    missing = {} if data.campaign_id else {"campaign_id": f"{kind} needs it"}
    if not (message_id or text or html):
        missing["message_id"] = f"{kind} needs the reply's message id or its words"
    if missing:
        raise PayloadInvalid(missing)
    lead = _lead(data)
    replier = data.correspondence.replier if data.correspondence.replier.address else lead
    mailbox = _mailbox(data, replier.address)
    is_lead = replier.address.lower() == lead.address.lower()
    name = decoded(data.name) or f"{data.first_name} {data.last_name}".strip()
    return MessageEvent(
        event_type=kind,
        source="smartlead_reply",
        direction="inbound",
        channel="email",
        external_id=short_key(message_id),
        window_s=RETRY_SPAN_S,
        person=_person(data),
        campaign=_campaign(data),
        subject=data.subject,
        text=text,
        html=html,
        from_address=replier.address,
        from_name=(name if is_lead else "") or replier.name,
        recipients=_recipients(mailbox, data.cc_emails),
        headers=headers_of(part.headers),
        occurred_at=first_time(part.time, data.event_timestamp) or now,
        account_address=mailbox,
        thread_id=data.stats_id or "",
        sent_html=ours.html or data.sent_body,
        sent_text=ours.text,
    )


def _words(data: Body) -> tuple[str, str]:
    """A reply's text and HTML. `reply_body` has either."""
    part, body = data.reply_message or Part(), data.reply_body
    html = part.html or (body if MARKUP.search(body) else "")
    return part.text or data.preview_text or ("" if html else body), html


def _sent(kind: str, data: Body, now: datetime) -> Event:
    part = data.sent_message or Part()
    lead = _lead(data).address
    step = data.sequence_number or data.event_timestamp
    if not (key := _mail_id(data)) and not step:
        raise PayloadInvalid({"message_id": f"{kind} needs the e-mail's message id, step or time"})
    key = key or f"sent:{data.campaign_id or ''}:{lead.lower()}:{step}"
    mailbox = _mailbox(data, lead)
    return MessageEvent(
        event_type=kind,
        source="smartlead_sent",
        direction="outbound",
        channel="email",
        external_id=short_key(key),
        person=_person(data),
        campaign=_campaign(data),
        subject=data.subject,
        text=part.text or data.preview_text,
        html=part.html or data.sent_body,
        from_address=mailbox,
        recipients=_recipients(lead, data.cc_emails),
        occurred_at=first_time(part.time, data.event_timestamp) or now,
        account_address=mailbox,
        thread_id=data.stats_id or "",
    )


def _mail_id(data: Body) -> str:
    """The message id of our mail that an event is about, else its place in the lead's sequence, or ""."""
    key = ((data.sent_message or Part()).message_id or data.message_id or data.sent_id).strip()
    return key or (f"stats:{data.stats_id}:{data.sequence_number}" if data.stats_id else "")


def _bounced(kind: str, data: Body, now: datetime) -> Event:
    key = _mail_id(data) or f"bounced:{data.campaign_id or ''}:{_lead(data).address.lower()}"
    return BounceEvent(
        event_type=kind,
        source="smartlead_bounce",
        direction="inbound",
        channel="email",
        external_id=short_key(key),
        person=_person(data),
        campaign=_campaign(data),
        subject=data.subject,
        occurred_at=first_time(data.event_timestamp) or now,
        account_address=_mailbox(data, ""),
        thread_id=data.stats_id or "",
    )


def _unsubscribed(kind: str, data: Body) -> Event:
    at = first_time(data.event_timestamp)
    key = f"unsubscribed:{data.campaign_id or ''}:{_lead(data).address.lower()}:{data.event_timestamp}"
    return UnsubscribeEvent(
        event_type=kind,
        event_key=short_key(key) if at else "",
        person=_person(data),
        campaign=_campaign(data),
        occurred_at=at,
    )


def _disconnected(kind: str, data: MailboxReport) -> Event:
    mailbox = data.email.address.lower()
    time = data.id or data.created_at
    return AccountStatusEvent(
        event_type=kind,
        event_key=short_key(f"disconnected:{mailbox}:{time}") if time else "",
        account_id=mailbox,
        status="DISCONNECTED",
        mailbox=mailbox,
        told_by=DISCONNECTED,
    )


def _categorised(data: Categorised) -> Event:
    name = ((data.lead_category and data.lead_category.new_name) or data.category).strip()
    plain = " ".join(re.sub(r"[-_/]", " ", name).split()).casefold()
    if plain not in TAGS and plain not in OPT_OUTS:
        reason = f"category not used: {name[:120]}" if name else "it names no category"
        return IgnoredEvent(event_type=CATEGORY, reason=reason)
    known = data.lead_data or LeadData()
    person = replace(_person(data), company=known.company or data.company)
    if known.email.address:
        person = replace(person, email=known.email.address)
    if known.first_name or known.last_name:
        person = replace(person, first_name=known.first_name, last_name=known.last_name)
    if not person.email:
        raise PayloadInvalid({"sl_lead_email": f"{CATEGORY} needs the lead's address"})
    at = first_time(data.event_timestamp, data.created_at)
    about = (data.campaign_id or "", person.email.lower(), plain, data.event_timestamp or data.created_at)
    shared: dict[str, Any] = {
        "event_type": CATEGORY,
        "event_key": short_key(":".join(("category", *about))),
        "person": person,
        "campaign": _campaign(data),
        "occurred_at": at,
    }
    if plain in OPT_OUTS:
        known_by = {} if at else {"event_key": ""}
        return UnsubscribeEvent(by=f"provider: {name[:60]}", **shared | known_by)
    return TagEvent(tag=TAGS[plain], **shared)


def _untracked(kind: str, data: Untracked, now: datetime) -> Event:
    address, name = data.sender_detail
    mailbox = data.recipient_detail.address
    missing = {}
    if not address:
        missing["sender_detail"] = "an untracked reply needs its sender"
    if not data.reply_message.message_id.strip():
        missing["reply_message.message_id"] = "an untracked reply needs its message id"
    if missing:
        raise PayloadInvalid(missing)
    first, last = split_name(name)
    return MessageEvent(
        event_type=kind,
        source="smartlead_reply",
        direction="inbound",
        channel="email",
        external_id=short_key(data.reply_message.message_id.strip()),
        person=Person(email=address, first_name=first, last_name=last),
        subject=data.subject,
        text=data.reply_message.text or data.visible_text,
        html=data.reply_message.html,
        from_address=address,
        from_name=name,
        recipients=_recipients(mailbox, []),
        occurred_at=first_time(data.reply_message.time, data.event_timestamp) or now,
        account_address=mailbox,
        headers=headers_of(data.reply_message.headers),
        tracked=False,
    )


def _lead(data: Body) -> Mailbox:
    """The lead, even if somebody else answered. If no field names the lead, it is the recipient of the mail."""
    fields = (data.correspondence.target, data.sl_lead_email, data.lead_email, data.to_email)
    return next((field for field in fields if field.address), Mailbox())


def _mailbox(data: Body, other: str) -> str:
    """Our own mailbox: the one of the two addresses that is neither the lead's nor the replier's."""
    people = {other.lower(), _lead(data).address.lower(), ""}
    ours = (field.address for field in (data.from_email, data.to_email))
    return next((address for address in ours if address.lower() not in people), "")


def _person(data: Body) -> Person:
    lead = _lead(data)
    first, last = data.first_name, data.last_name
    if not first and not last:
        first, last = split_name(decoded(data.name) or lead.name)
    return Person(email=lead.address, first_name=first, last_name=last, company=data.company)


def _campaign(data: Body) -> CampaignRef | None:
    return CampaignRef(data.campaign_id, data.campaign_name) if data.campaign_id else None


def _recipients(to: str, cc: list[Mailbox]) -> dict[str, Any]:
    return listed(to=[(to, "")], cc=[(one.address, one.name) for one in cc])
