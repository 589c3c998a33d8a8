"""Turns SmartLead's webhooks (docs/reference/smartlead.md) into our events. SmartLead has old and new event names.

Under the old names (EMAIL_REPLY), `from_email` is the lead; under the documented ones (EMAIL_REPLIED), it is our own
mailbox. An account may have subscribed to both, and then one reply arrives twice. Idempotency keys: a reply and a sent
e-mail have their RFC 5322 message id, which is the same under both names and different for every send. (`stats_id`
belongs to a lead in a campaign, so several sends share it.) A bounce has the message id of the mail that came back. An
unsubscribe and a category of a lead have campaign, address and time; an opt-out without a time has no key.
"""

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import AliasChoices, Field

from integrations.addresses import Mailbox, MailField, MailList, decoded, listed
from integrations.events import (
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
EVENTS = (*REPLIES, *SENT, *UNSUBSCRIBED, *BOUNCED, *UNTRACKED, CATEGORY)

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
    event_type: str = Field(min_length=1, max_length=64)


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
    lead_email: MailField = Mailbox()
    name: Text = Field(default="", validation_alias=AliasChoices("sl_lead_name", "to_name", "lead_name"))
    from_email: MailField = Mailbox()
    to_email: MailField = Mailbox()
    cc_emails: MailList = []
    subject: Text = ""
    preview_text: Text = ""
    reply_body: Text = ""
    event_timestamp: LooseText = ""
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
    data = validate(Body, body)
    if not _lead(data).address:
        raise PayloadInvalid({"sl_lead_email": f"{kind} needs the lead's address"})
    if kind in REPLIES:
        return _reply(kind, data, now)
    if kind in BOUNCED:
        return _bounced(kind, data, now)
    return _sent(kind, data, now) if kind in SENT else _unsubscribed(kind, data)


def _reply(kind: str, data: Body, now: datetime) -> Event:
    missing = {
        name: f"{kind} needs it" for name in ("campaign_id", "stats_id") if getattr(data, name) is None
    }
    part, ours = data.reply_message or Part(), data.sent_message or Part()
    message_id = (part.message_id or data.message_id).strip()
    if not message_id:
        missing["message_id"] = f"{kind} needs the reply's message id"
    if missing:
        raise PayloadInvalid(missing)
    lead = _lead(data)
    replier = data.correspondence.replier if data.correspondence.replier.address else lead
    mailbox = _mailbox(data, replier.address)
    is_lead = replier.address.lower() == lead.address.lower()
    return MessageEvent(
        event_type=kind,
        source="smartlead_reply",
        direction="inbound",
        channel="email",
        external_id=short_key(message_id),
        person=_person(data),
        campaign=_campaign(data),
        subject=data.subject,
        text=part.text or data.preview_text,
        html=part.html or data.reply_body,
        from_address=replier.address,
        from_name=(decoded(data.name) if is_lead else "") or replier.name,
        recipients=_recipients(mailbox, data.cc_emails),
        headers=headers_of(part.headers),
        occurred_at=first_time(part.time, data.event_timestamp) or now,
        account_address=mailbox,
        thread_id=data.stats_id or "",
        sent_html=ours.html,
        sent_text=ours.text,
    )


def _sent(kind: str, data: Body, now: datetime) -> Event:
    part = data.sent_message or Part()
    key = _sent_key(kind, data)
    lead = _lead(data).address
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
        html=part.html,
        from_address=mailbox,
        recipients=_recipients(lead, data.cc_emails),
        occurred_at=first_time(part.time, data.event_timestamp) or now,
        account_address=mailbox,
        thread_id=data.stats_id or "",
    )


def _sent_key(kind: str, data: Body) -> str:
    """The message id of the mail that was sent, else its place in the lead's sequence. Raises PayloadInvalid."""
    key = ((data.sent_message or Part()).message_id or data.message_id).strip()
    if not key and data.stats_id:
        key = f"stats:{data.stats_id}:{data.sequence_number}"
    if not key:
        raise PayloadInvalid({"message_id": f"{kind} needs the e-mail's message id"})
    return key


def _bounced(kind: str, data: Body, now: datetime) -> Event:
    return BounceEvent(
        event_type=kind,
        source="smartlead_bounce",
        direction="inbound",
        channel="email",
        external_id=short_key(_sent_key(kind, data)),
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


def _categorised(data: Categorised) -> Event:
    name = ((data.lead_category and data.lead_category.new_name) or data.category).strip()
    plain = " ".join(re.sub(r"[-_/]", " ", name).split()).casefold()
    if plain not in TAGS and plain not in OPT_OUTS:
        reason = f"category not used: {name[:120]}" if name else "it names no category"
        return IgnoredEvent(event_type=CATEGORY, reason=reason)
    known = data.lead_data or LeadData()
    person = replace(_person(data), company=known.company)
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
    first, last = split_name(decoded(data.name) or lead.name)
    return Person(email=lead.address, first_name=first, last_name=last)


def _campaign(data: Body) -> CampaignRef | None:
    return CampaignRef(data.campaign_id, data.campaign_name) if data.campaign_id else None


def _recipients(to: str, cc: list[Mailbox]) -> dict[str, Any]:
    return listed(to=[(to, "")], cc=[(one.address, one.name) for one in cc])
