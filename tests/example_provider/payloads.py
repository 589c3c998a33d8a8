"""Example Mail's webhooks as our events.

Idempotency keys: a message by its `id`, the same at every delivery. A bounce by the id of the mail that came back. An
unsubscribe has no key, as a link can be used again after a START. A mailbox's state by the event's own id.
"""

from datetime import datetime
from typing import Any

from pydantic import Field

from integrations.addresses import Mailbox, MailField, NeededMail, listed
from integrations.attachments import as_stored, attachment
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
from integrations.spec import SampleReply

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
        "attachments": files_of(data.files),
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


def files_of(value: Any) -> list[dict[str, Any]]:
    """The files in a message's `files`, as a MessageEvent has them; [] for anything but a list."""
    items = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return as_stored(
        attachment(id=one.get("id"), name=one.get("name"), type=one.get("type"), size=one.get("size"))
        for one in items
    )


def sample(reply: SampleReply) -> dict[str, Any]:
    """A reply as Example Mail posts one, without a campaign."""
    person = reply.person
    return {
        "id": reply.id,
        "type": REPLY,
        "at": reply.at.isoformat(),
        "account": reply.account_id,
        "lead": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "subject": reply.subject,
        "text": reply.text,
    }
