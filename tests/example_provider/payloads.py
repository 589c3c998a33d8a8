"""Example Mail's webhooks as our events.

Idempotency keys: a message by its `id`, the same at every delivery. A bounce by the id of the mail that came back. An
unsubscribe has no key, as a link can be used again after a START. A mailbox's state by the event's own id.
"""

from datetime import datetime
from typing import Any

from pydantic import Field

from integrations.addresses import Mailbox, MailField, NeededMail, listed
from integrations.events import (
    AccountStatusEvent,
    BounceEvent,
    CampaignRef,
    Event,
    IgnoredEvent,
    MessageEvent,
    Person,
    UnsubscribeEvent,
)
from integrations.payload import ExternalId, LooseText, Payload, Text, parse_time, short_key, validate
from tests.example_provider import files

REPLY, SENT, UNSUBSCRIBED, MAILBOX = "reply", "sent", "unsubscribed", "mailbox"
BOUNCED = "bounced"
EVENTS = (REPLY, SENT, UNSUBSCRIBED, MAILBOX, BOUNCED)


class Header(Payload):
    type: str = Field(min_length=1, max_length=64)


class MailboxBody(Payload):
    id: ExternalId
    mailbox: MailField = Mailbox()
    state: Text = ""


class Body(Payload):
    id: ExternalId
    lead: NeededMail
    first_name: Text = ""
    last_name: Text = ""
    company: Text = ""
    campaign_id: ExternalId | None = None
    campaign_name: Text = ""
    mailbox: MailField = Mailbox()
    subject: Text = ""
    text: Text = ""
    html: Text = ""
    at: LooseText = ""
    files: Any = None


def account_of(body: Any) -> str:
    """The account that the body names, or ""."""
    value = body.get("account") if isinstance(body, dict) else None
    return value.strip() if isinstance(value, str) else ""


def parse(body: Any, now: datetime) -> Event:
    """One webhook body as an event. Raises PayloadInvalid where a field we need is missing or of the wrong kind."""
    kind = validate(Header, body).type
    if kind not in EVENTS:
        return IgnoredEvent(event_type=kind, reason="event not used")
    if kind == MAILBOX:
        return _mailbox(kind, validate(MailboxBody, body))
    data = validate(Body, body)
    at = parse_time(data.at)
    if kind == UNSUBSCRIBED:
        return UnsubscribeEvent(
            event_type=kind, person=_person(data), campaign=_campaign(data), occurred_at=at
        )
    # e-mail: a text or chat message does not bounce
    if kind == BOUNCED:
        return BounceEvent(source="examplemail_bounce", direction="inbound", **_shared(kind, data, at or now))
    # end of e-mail
    if kind == REPLY:
        return MessageEvent(
            source="examplemail_reply",
            direction="inbound",
            from_address=data.lead.address,
            from_name=f"{data.first_name} {data.last_name}".strip() or data.lead.name,
            recipients=listed(to=[(data.mailbox.address, "")]),
            **_shared(kind, data, at or now),
        )
    return MessageEvent(
        source="examplemail_sent",
        direction="outbound",
        from_address=data.mailbox.address,
        recipients=listed(to=[(data.lead.address, "")]),
        **_shared(kind, data, at or now),
    )


def _mailbox(kind: str, data: MailboxBody) -> Event:
    mailbox = data.mailbox.address.lower()
    return AccountStatusEvent(
        event_type=kind,
        event_key=short_key(f"{kind}:{data.id}"),
        account_id=mailbox,
        status=data.state.upper(),
        mailbox=mailbox,
    )


def _shared(kind: str, data: Body, at: datetime) -> dict[str, Any]:
    return {
        "event_type": kind,
        "external_id": short_key(data.id),
        "channel": "email",
        "person": _person(data),
        "campaign": _campaign(data),
        "subject": data.subject,
        "text": data.text,
        "html": data.html,
        "attachments": files.of(data.files),
        "occurred_at": at,
        "account_address": data.mailbox.address,
    }


def _person(data: Body) -> Person:
    return Person(
        email=data.lead.address,
        first_name=data.first_name,
        last_name=data.last_name,
        company=data.company,
    )


def _campaign(data: Body) -> CampaignRef | None:
    return CampaignRef(data.campaign_id, data.campaign_name) if data.campaign_id else None
