"""Turns GoHighLevel's webhooks (docs/reference/ghl.md) into our events. GHL sends texts in two forms.
`integrations.ghl.appointments` reads appointments.

A *workflow* webhook (`location.id`, `contact_id`) has no message id. The key of an SMS is a hash of location, contact
and normalised text that is valid for `RETRY_SPAN_S` seconds. So a redelivered SMS is the same message, while an equal
"ok" a day later is a new message. If the workflow passes date and time, equal texts within an hour can be distinguished
too. `date_created` and the workflow's id are not used: the first is the contact's age, and two workflows may send one
text.

A *Marketplace app* webhook (`InboundMessage`, `OutboundMessage`, with `locationId`) has `messageId`, which is the key.
An SMS with an id also gets the content hash, so that a text that arrives in both forms is one message.
"""

import re
from datetime import datetime, timedelta
from typing import Any

from pydantic import AliasChoices, Field

from integrations import events
from integrations.addresses import Mailbox, MailField, mailbox
from integrations.attachments import as_stored, attachment
from integrations.ghl import appointments
from integrations.payload import (
    ExternalId,
    LooseObject,
    LooseText,
    Payload,
    digest,
    field_at,
    names_of,
    parse_time,
    short_key,
    validate,
)
from integrations.spec import NamedTenant, SampleReply

MESSAGES = ("InboundMessage", "OutboundMessage")
ELSEWHERE = {
    "EMAIL": "Email",
    "WHATSAPP": "WhatsApp",
    "FB": "Facebook",
    "FACEBOOK": "Facebook",
    "IG": "Instagram",
    "INSTAGRAM": "Instagram",
    "LIVE_CHAT": "Live chat",
    "WEBCHAT": "Live chat",
    "GMB": "Google Business",
}
"""The kinds of messages that people answer in GoHighLevel, with GoHighLevel's names."""
DND_CHANGED, EMAIL_STATS = "ContactDndUpdate", "LCEmailStats"
APP_GONE, APP_BACK = "UNINSTALL", "INSTALL"
APP_EVENTS = (*MESSAGES, *appointments.APP_EVENTS, DND_CHANGED, EMAIL_STATS, APP_GONE, APP_BACK)
DND_CHANNELS = {"SMS": "sms", "Email": "email"}
"""The do-not-disturb channels of a contact that we send on, with our names."""
DND_ON = ("active", "permanent")
NO_MORE = {"unsubscribed": "unsubscribe link", "complained": "spam complaint"}
"""Email statistics that mean that the person wants no more mail."""
WORKFLOW_EVENT = "InboundSMS"
EVENTS = (WORKFLOW_EVENT, appointments.WORKFLOW_EVENT, *APP_EVENTS)

RETRY_SPAN_S = 75 * 60
"""Seconds within which GHL may repeat a webhook: six times, ten minutes apart (help article 155000007071)."""
TRUSTED = timedelta(minutes=20)
"""The maximum difference between the time that a text states and its receipt. More means another time zone."""

CLIENT_NAMES = {"client", "clientname", "subclient", "smscampaign", "campaign", "campaignname"}
LINKEDIN_PROFILE = re.compile(
    r"(?:https?://)?(?:[\w-]+\.)?linkedin\.com/(?:in|pub)/[^\s\"'<>]+", re.IGNORECASE
)

DAY_SUFFIX = re.compile(r"(?<=\d)(st|nd|rd|th)\b", re.IGNORECASE)


class Location(Payload):
    id: ExternalId


class WorkflowMessage(Payload):
    body: LooseText = ""


class WorkflowText(Payload):
    location: Location
    contact_id: ExternalId
    first_name: LooseText = ""
    last_name: LooseText = ""
    full_name: LooseText = ""
    email: LooseText = ""
    phone: LooseText = ""
    company_name: LooseText = ""
    date_created: LooseText = ""
    message: WorkflowMessage = WorkflowMessage()
    custom: LooseObject = Field(default={}, alias="customData")
    trigger: LooseObject = Field(default={}, alias="triggerData")
    calendar: LooseObject = {}


class AppMessage(Payload):
    type: str
    location_id: ExternalId = Field(alias="locationId")
    contact_id: ExternalId = Field(alias="contactId")
    message_id: LooseText = Field(
        default="", validation_alias=AliasChoices("messageId", "emailMessageId"), max_length=200
    )
    subject: LooseText = ""
    user_id: LooseText = Field(default="", alias="userId")
    conversation_id: LooseText = Field(default="", alias="conversationId")
    message_type: LooseText = Field(default="", alias="messageType")
    body: LooseText = ""
    date_added: LooseText = Field(default="", alias="dateAdded")
    attachments: list[str] | None = None
    from_: Any = Field(default="", alias="from")
    to: Any = ""


class Contact(Payload):
    id: ExternalId
    email: MailField = Mailbox()
    phone: LooseText = ""
    first_name: LooseText = Field(default="", alias="firstName")
    last_name: LooseText = Field(default="", alias="lastName")
    company: LooseText = Field(default="", alias="companyName")
    dnd: bool | None = None
    dnd_settings: LooseObject = Field(default={}, alias="dndSettings")
    date_updated: LooseText = Field(default="", alias="dateUpdated")


class Statistic(Payload):
    event: LooseText = ""
    id: LooseText = ""
    timestamp: LooseText = ""
    recipient: MailField = Mailbox()


class EmailStats(Payload):
    statistic: Statistic = Field(alias="webhookPayload")


def account_of(body: Any) -> str:
    location_id = field_at(body, "locationId") or field_at(body, "location", "id")
    return location_id.strip() if isinstance(location_id, str) else ""


def names(body: Any, _now: datetime) -> NamedTenant:
    """Returns the location, which belongs to only one workspace."""
    return NamedTenant(account_id=account_of(body))


def parse(body: Any, now: datetime) -> events.Event:
    """Parses a webhook of GoHighLevel. `now` (aware) replaces a time that is missing or more than TRUSTED away."""
    kind = field_at(body, "type")
    if kind in (APP_GONE, APP_BACK):
        location = account_of(body)
        if not location:
            return events.IgnoredEvent(event_type=kind, reason="it names an agency and no location")
        return events.AccountStatusEvent(
            event_type=kind, account_id=location, status=kind, told_by=(APP_GONE, APP_BACK)
        )
    if isinstance(kind, str) and "locationId" in body:
        return _app(body, now)
    return _workflow(validate(WorkflowText, body), now)


def _app(body: dict[str, Any], now: datetime) -> events.Event:
    kind = body["type"][:64]
    if kind in appointments.APP_EVENTS:
        return appointments.from_app(body, now)
    if kind == DND_CHANGED:
        return _do_not_disturb(kind, validate(Contact, body))
    if kind == EMAIL_STATS:
        return _statistic(kind, validate(EmailStats, body).statistic)
    if kind not in MESSAGES:
        return events.IgnoredEvent(event_type=kind, reason="unknown event type")
    message = validate(AppMessage, body)
    # The direction is read from the event's name, because GHL's examples of OutboundMessage say "direction": "inbound".
    direction = "inbound" if kind == "InboundMessage" else "outbound"
    sort = message.message_type.upper().removeprefix("TYPE_").replace(" ", "_")
    # Campaigns and workflows send most outbound messages. Only those that a person wrote answer a lead.
    by_a_person = direction == "inbound" or message.user_id
    if sort != "SMS" and not (sort in ELSEWHERE and by_a_person):
        return events.IgnoredEvent(event_type=kind, reason="not a written message of a person")
    words = words_of(message.body, message.attachments)
    if not words:
        return events.IgnoredEvent(event_type=kind, reason="empty_message")
    if sort != "SMS":
        return _elsewhere(kind, direction, sort, message, now)
    return _sms(kind, direction, message, words, now)


def _sms(kind: str, direction: str, message: AppMessage, words: str, now: datetime) -> events.Event:
    number = message.from_ if direction == "inbound" else message.to
    lead = events.Person(ghl_contact_id=message.contact_id, phone=number if isinstance(number, str) else "")
    return events.MessageEvent(
        channel="sms",
        window_s=RETRY_SPAN_S,
        person=lead,
        text=message.body,
        **_shared(kind, direction, message, words, now),
    )


def _shared(kind: str, direction: str, message: AppMessage, words: str, now: datetime) -> dict[str, Any]:
    return {
        "event_type": kind,
        "source": "ghl_message",
        "direction": direction,
        "external_id": message.message_id,
        "content_key": content_key(direction, message.location_id, message.contact_id, words),
        "occurred_at": parse_time(message.date_added) or now,
        "account_id": message.location_id,
        "thread_id": message.conversation_id,
        "attachments": files_of(message.attachments),
    }


def _elsewhere(kind: str, direction: str, sort: str, message: AppMessage, now: datetime) -> events.Event:
    """Builds the event of a message on a GoHighLevel channel on which we do not send. An email's body is HTML."""
    name, mail = ELSEWHERE[sort], sort == "EMAIL"
    sender = mailbox(message.from_) if mail and isinstance(message.from_, str) else Mailbox()
    lead = events.Person(
        ghl_contact_id=message.contact_id, email=sender.address if direction == "inbound" else ""
    )
    return events.MessageEvent(
        channel="elsewhere",
        window_s=0 if message.message_id else RETRY_SPAN_S,
        person=lead,
        subject=f"{name}: {message.subject}" if message.subject else name,
        text="" if mail else message.body,
        html=message.body if mail else "",
        from_address=sender.address,
        from_name=sender.name,
        **_shared(kind, direction, message, f"{sort} {message.body}", now),
    )


def _do_not_disturb(kind: str, contact: Contact) -> events.Event:
    """Returns an opt-out from all channels (`dnd`) or single ones (`dnd_settings`). A lifted refusal has no effect."""
    settings = {name: setting for name, setting in contact.dnd_settings.items() if isinstance(setting, dict)}
    refused = tuple(
        ours for name, ours in DND_CHANNELS.items() if settings.get(name, {}).get("status") in DND_ON
    )
    if not contact.dnd and not refused:
        return events.IgnoredEvent(event_type=kind, reason="it refuses no channel that we write on")
    return events.UnsubscribeEvent(
        event_type=kind,
        person=events.Person(
            ghl_contact_id=contact.id,
            email=contact.email.address,
            phone=contact.phone,
            first_name=contact.first_name,
            last_name=contact.last_name,
            company=contact.company,
        ),
        channels=() if contact.dnd else refused,
        occurred_at=parse_time(contact.date_updated),
        by="GoHighLevel: do not disturb",
    )


def _statistic(kind: str, statistic: Statistic) -> events.Event:
    by = NO_MORE.get(statistic.event.lower())
    if by is None:
        return events.IgnoredEvent(event_type=kind, reason="only unsubscribes and complaints are used")
    if not statistic.recipient.address:
        raise events.PayloadInvalid(
            {"webhookPayload.recipient": "needs the address of the person who wants no more"}
        )
    key = statistic.id and short_key(f"{kind}:{statistic.event}:{statistic.id}:{statistic.recipient.address}")
    return events.UnsubscribeEvent(
        event_type=kind,
        event_key=key,
        person=events.Person(email=statistic.recipient.address),
        occurred_at=parse_time(statistic.timestamp),
        by=f"GoHighLevel: {by}",
    )


def _workflow(text: WorkflowText, now: datetime) -> events.Event:
    body = text.message.body
    if not body.strip():
        # The appointment comes first: a copied workflow may fill the custom field with the contact's last message.
        if booked := appointments.from_workflow(text.calendar, _person(text), now):
            return booked
        body = _text(text.custom.get("Message"))
    if not body.strip():
        return events.IgnoredEvent(event_type=WORKFLOW_EVENT, reason="empty_message")
    stated = f"{_text(text.custom.get('Date'))} {_text(text.custom.get('Time'))}".strip()
    moment = _stamp_time(stated)
    return events.MessageEvent(
        event_type=WORKFLOW_EVENT,
        source="ghl_message",
        direction="inbound",
        channel="sms",
        content_key=content_key("inbound", text.location.id, text.contact_id, body),
        window_s=RETRY_SPAN_S,
        stamp=moment.strftime("%Y-%m-%dT%H:%M:%S") if moment else stated[:64],
        person=_person(text),
        campaign=_sub_client(text),
        text=body,
        occurred_at=_trusted_time(moment, parse_time(text.date_created), now),
        account_id=text.location.id,
    )


def words_of(body: str, attachments: Any) -> str:
    """Returns the text of an SMS, or the URLs of its files if it has no text, such as a picture alone; else ""."""
    urls = attachments if isinstance(attachments, list) else []
    return body if body.strip() else " ".join(str(url) for url in urls)


def content_key(direction: str, location_id: str, contact_id: str, text: str) -> str:
    """Returns a hash of a contact's SMS, ignoring case. The key recognises an SMS that arrives without its id."""
    return digest("ghl", direction, location_id, contact_id, " ".join(text.split()).lower())


def _trusted_time(stated_at: datetime | None, created_at: datetime | None, now: datetime) -> datetime:
    """Returns the time that the text states, else that of its contact, else now.

    The text's time has no seconds. So the result is the last moment of that minute that is not in the future, so that
    the text comes after our own texts of the same minute.
    """
    if stated_at is not None and not stated_at.second:
        stated_at = max(stated_at, min(now, stated_at + timedelta(seconds=59)))
    for stated in (stated_at, created_at):
        if stated is not None and abs(stated - now) <= TRUSTED:
            return stated
    return now


def _stamp_time(stamp: str) -> datetime | None:
    """Parses a time like "Oct 14th, 2026 07:38 AM" as UTC."""
    try:
        parsed = datetime.strptime(DAY_SUFFIX.sub("", stamp), "%b %d, %Y %I:%M %p")  # noqa: DTZ007 - see parse_time
    except ValueError:
        return parse_time(stamp)
    return parse_time(parsed.isoformat())


def _person(text: WorkflowText) -> events.Person:
    first, last = names_of(text.first_name, text.last_name, text.full_name)
    return events.Person(
        ghl_contact_id=text.contact_id,
        email=text.email or _text(text.custom.get("Email")),
        phone=text.phone or _text(text.custom.get("Phone Number")),
        first_name=first,
        last_name=last,
        company=text.company_name,
        linkedin_url=_linkedin_url(text),
    )


def _linkedin_url(text: WorkflowText) -> str:
    values = (*text.custom.values(), *text.trigger.values())
    matches = (LINKEDIN_PROFILE.search(field[:2000]) for field in values if isinstance(field, str))
    return next((match[0] for match in matches if match), "")


def _sub_client(text: WorkflowText) -> events.CampaignRef | None:
    """Returns the workspace's client for whom the text is. The custom field for the client has various names."""
    for values in (text.custom, text.trigger):
        for name, raw in values.items():
            label = " ".join(_text(raw).split())
            if label and re.sub(r"[^a-z]", "", name.lower()) in CLIENT_NAMES:
                return events.CampaignRef(label.lower()[:200], label)
    return None


def _text(raw: Any) -> str:
    return str(raw) if isinstance(raw, str | int | float) and not isinstance(raw, bool) else ""


def sample(reply: SampleReply) -> dict[str, Any]:
    """Builds a text message as a workflow posts it. The date in the sample distinguishes samples with the same text."""
    person = reply.person
    return {
        "location": {"id": reply.account_id or "sample"},
        "contact_id": "sample",
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": person.phone,
        "company_name": person.company,
        "message": {"type": 2, "body": reply.text},
        "customData": {"Date": f"{reply.at.isoformat()} {reply.id}"},
    }


def files_of(raw: Any) -> list[dict[str, Any]]:
    return as_stored(attachment(url=url) for url in (raw if isinstance(raw, list) else []))
