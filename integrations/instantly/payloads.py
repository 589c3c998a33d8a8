"""Turns Instantly's webhooks (docs/reference/instantly.md) into our events. Documented and actual names of fields are
accepted.

Idempotency keys:

- For a reply and a sent email: `email_id`. The timestamp is not used, because a retry may have a new one or none. If
  the optional id is missing, the key is a hash of lead, subject and text that is valid for `RETRY_SPAN_S` seconds.
- For a bounce: the `email_id` of the mail, or else the campaign and the address, because an address bounces once in a
  campaign.
- For an unsubscribe: no key, because the link in a mail can be used again after a START.
- For a lead's status (interested, not interested, …): the campaign, the address, the id and the time, because people
  change their minds.
- For a label: no key, because a label can be removed and added again.
- For an error of a mailbox: the mailbox and the time. Without a time, the error is compared with the last one.
"""

from datetime import datetime
from typing import Any

from pydantic import AliasChoices, Field

from integrations import events
from integrations.addresses import Mailbox, MailField, NeededMail, listed
from integrations.mailheaders import headers_of
from integrations.payload import (
    EventType,
    ExternalId,
    LooseText,
    Payload,
    Text,
    digest,
    field_at,
    names_of,
    parse_time,
    short_key,
    validate,
)
from integrations.spec import SampleReply

REPLIES = ("reply_received", "auto_reply_received")
SENT = ("email_sent",)
UNSUBSCRIBED = ("lead_unsubscribed", "unsubscribed")
BOUNCED = ("email_bounced",)
TAGS = {
    "lead_interested": "Interested",
    "lead_not_interested": "Not Interested",
    "lead_meeting_booked": "Meeting Booked",
    "lead_meeting_completed": "Meeting Booked",
    "lead_out_of_office": "Out of Office",
    "lead_wrong_person": "Wrong Person",
}
"""Our tags for the statuses that Instantly's users or model give a lead. Other statuses have no equivalent."""
ACCOUNT_ERROR = "account_error"
EVENTS = (*REPLIES, *SENT, *UNSUBSCRIBED, *BOUNCED, *TAGS, ACCOUNT_ERROR)
RETRY_SPAN_S = 3600
"""Seconds within which Instantly may repeat a webhook. Users report half a minute, but a queue may be stuck."""


class Header(Payload):
    event_type: EventType = Field(validation_alias=AliasChoices("event_type", "type"))


class AccountBody(Payload):
    account: MailField = Field(default=Mailbox(), alias="email_account")
    timestamp: LooseText = ""


class Body(AccountBody):
    lead: NeededMail = Field(validation_alias=AliasChoices("lead_email", "contact_email"))
    campaign_id: ExternalId | None = None
    campaign_name: Text = ""
    email_id: LooseText = ""
    name: Text = Field(default="", alias="contact_name")
    first_name: Text = Field(default="", alias="firstName")
    last_name: Text = Field(default="", alias="lastName")
    company: Text = Field(default="", alias="companyName")
    email_subject: Text = ""
    email_text: Text = ""
    email_html: Text = ""
    reply_subject: Text = ""
    reply_text: Text = ""
    reply_html: Text = ""
    reply_text_snippet: Text = ""
    headers: Any = None


def account_of(body: Any) -> str:
    workspace = field_at(body, "workspace")
    return workspace.strip() if isinstance(workspace, str) else ""


def parse(body: Any, now: datetime) -> events.Event:
    kind = validate(Header, body).event_type
    if kind not in EVENTS:
        return _labelled(kind, body)
    if kind == ACCOUNT_ERROR:
        return _account_error(kind, validate(AccountBody, body))
    payload = validate(Body, body)
    if kind in UNSUBSCRIBED:
        return events.UnsubscribeEvent(
            event_type=kind,
            person=_person(payload),
            campaign=_campaign(payload),
            occurred_at=parse_time(payload.timestamp),
        )
    if kind in TAGS:
        return _said(kind, payload)
    if kind in BOUNCED:
        return _bounced(kind, payload, now)
    return _reply(kind, payload, now) if kind in REPLIES else _sent(kind, payload, now)


def _reply(kind: str, payload: Body, now: datetime) -> events.Event:
    text, html = payload.reply_text, payload.reply_html
    return events.MessageEvent(
        event_type=kind,
        source="instantly_reply",
        direction="inbound",
        subject=payload.reply_subject,
        text=text or ("" if html else payload.reply_text_snippet),
        html=html,
        from_address=payload.lead.address,
        from_name=" ".join((payload.first_name, payload.last_name)).strip()
        or payload.name
        or payload.lead.name,
        recipients=listed(to=[(payload.account.address, "")]),
        automated_reply=True if kind == "auto_reply_received" else None,
        sent_html=payload.email_html,
        sent_text=payload.email_text,
        headers=headers_of(payload.headers),
        **_shared(payload, now, payload.reply_subject, text or html or payload.reply_text_snippet),
    )


def _sent(kind: str, payload: Body, now: datetime) -> events.Event:
    return events.MessageEvent(
        event_type=kind,
        source="instantly_sent",
        direction="outbound",
        subject=payload.email_subject,
        text=payload.email_text,
        html=payload.email_html,
        from_address=payload.account.address,
        recipients=listed(to=[(payload.lead.address, "")]),
        **_shared(payload, now, payload.email_subject, payload.email_text or payload.email_html),
    )


def _bounced(kind: str, payload: Body, now: datetime) -> events.Event:
    key = payload.email_id.strip() or f"bounced:{payload.campaign_id or ''}:{payload.lead.address.lower()}"
    return events.BounceEvent(
        event_type=kind,
        source="instantly_bounce",
        direction="inbound",
        channel="email",
        external_id=short_key(key),
        person=_person(payload),
        campaign=_campaign(payload),
        subject=payload.email_subject,
        occurred_at=parse_time(payload.timestamp) or now,
        account_address=payload.account.address,
    )


def _account_error(kind: str, payload: AccountBody) -> events.Event:
    mailbox = payload.account.address.lower()
    return events.AccountStatusEvent(
        event_type=kind,
        event_key=short_key(f"{kind}:{mailbox}:{payload.timestamp}") if payload.timestamp else "",
        account_id=mailbox,
        status="ACCOUNT_ERROR",
        mailbox=mailbox,
    )


def _said(kind: str, payload: Body) -> events.Event:
    about = (payload.campaign_id or "", payload.lead.address.lower(), payload.email_id, payload.timestamp)
    return events.TagEvent(
        event_type=kind,
        event_key=short_key(":".join((kind, *about))),
        tag=TAGS[kind],
        person=_person(payload),
        campaign=_campaign(payload),
        occurred_at=parse_time(payload.timestamp),
    )


def _labelled(kind: str, body: Any) -> events.Event:
    """Returns the event of a label, whose name is the event's type; an IgnoredEvent if the body names no lead."""
    try:
        payload = validate(Body, body)
    except events.PayloadInvalid:
        return events.IgnoredEvent(event_type=kind, reason="event not used")
    return events.LabelEvent(
        event_type=kind,
        person=_person(payload),
        label=kind,
        campaign=_campaign(payload),
        occurred_at=parse_time(payload.timestamp),
    )


def _shared(payload: Body, now: datetime, subject: str, text: str) -> dict[str, Any]:
    key: dict[str, Any] = {"external_id": short_key(payload.email_id.strip())}
    if not payload.email_id.strip():
        key = {"content_key": content_key(payload.lead.address, subject, text), "window_s": RETRY_SPAN_S}
    return {
        "channel": "email",
        "person": _person(payload),
        "campaign": _campaign(payload),
        "occurred_at": parse_time(payload.timestamp) or now,
        "account_address": payload.account.address,
        **key,
    }


def content_key(lead_email: str, subject: str, text: str) -> str:
    """Returns a hash of a lead's mail, from its subject and text, which recognises a mail without an id."""
    return digest("instantly", lead_email.lower(), subject, " ".join(text.split()))


def _person(payload: Body) -> events.Person:
    first, last = names_of(payload.first_name, payload.last_name, payload.name or payload.lead.name)
    return events.Person(
        email=payload.lead.address, first_name=first, last_name=last, company=payload.company
    )


def _campaign(payload: Body) -> events.CampaignRef | None:
    return events.CampaignRef(payload.campaign_id, payload.campaign_name) if payload.campaign_id else None


def sample(reply: SampleReply) -> dict[str, Any]:
    person = reply.person
    return {
        "event_type": "reply_received",
        "timestamp": reply.at.isoformat(),
        "workspace": reply.account_id,
        "lead_email": person.email,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "companyName": person.company,
        "email_id": reply.id,
        "reply_subject": reply.subject,
        "reply_text": reply.text,
    }
