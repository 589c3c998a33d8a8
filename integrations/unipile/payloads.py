"""Turns Unipile's LinkedIn webhooks (docs/reference/unipile.md) into our events. Version 1 has two forms of these
webhooks. `v2.payloads` reads the webhooks of version 2.

If a lead edits a message, it comes under the same id with a new text. Both texts are stored, so that the new text is
noticed.

Accounts that were set up for an earlier product send `message.received` with a nested message. Unipile itself sends
`message_received` with all fields at the top level, where `message` is the text. The idempotency key of a message is
Unipile's message id, which is the same in both forms. The key of an accepted invitation is the account and the member,
because Unipile's own form has no id. A status has neither id nor time, so it is compared with the last status.
"""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import AliasChoices, AliasPath, BeforeValidator, Field

from integrations import events
from integrations.payload import (
    ExternalId,
    LooseText,
    Payload,
    Text,
    field_at,
    parse_time,
    short_key,
    validate,
)
from integrations.spec import SampleReply
from integrations.unipile import people
from integrations.unipile.v2 import payloads as version_2

RECEIVED = ("message.received", "message_received")
EDITED = ("message.edited", "message_edited")
SENT = ("message.sent", "message_sent")
ACCEPTED = ("connection.accepted", "new_relation")
STATUS = "AccountStatus"
EVENTS = (*RECEIVED, *EDITED, *SENT, *ACCEPTED, STATUS, *version_2.EVENTS)


class Header(Payload):
    event: str = Field(min_length=1, max_length=64)
    account_type: Text = ""


class Attendee(Payload):
    name: Text = Field("", validation_alias="attendee_name")
    member_id: LooseText = Field("", validation_alias="attendee_provider_id")
    url: Text = Field("", validation_alias="attendee_profile_url")


def _either(name: str) -> AliasChoices:
    return AliasChoices(AliasPath("message", name), name)


class Message(Payload):
    """A message in either form."""

    account_id: ExternalId
    user_id: LooseText = Field("", validation_alias=AliasPath("account_info", "user_id"))
    message_id: ExternalId = Field(validation_alias=AliasChoices(AliasPath("message", "id"), "message_id"))
    text: Annotated[Text, BeforeValidator(lambda raw: "" if isinstance(raw, dict) else raw)] = Field(
        validation_alias=AliasChoices(AliasPath("message", "text"), "message")
    )
    chat_id: LooseText = Field("", validation_alias=_either("chat_id"))
    subject: Text = ""
    sender: Attendee = Attendee()
    sender_id: LooseText = Field("", validation_alias=AliasPath("message", "sender_id"))
    sender_name: Text = Field("", validation_alias=AliasPath("message", "sender_name"))
    sender_url: Text = Field("", validation_alias=AliasPath("message", "sender_linkedin_url"))
    attendees: list[Attendee] | None = None
    is_sender: bool | None = Field(None, validation_alias=_either("is_sender"))
    timestamp: LooseText = Field("", validation_alias=_either("timestamp"))
    attachments: Any = Field(None, validation_alias=_either("attachments"))


class Relation(Payload):
    """A new connection in either form."""

    account_id: ExternalId
    member_id: LooseText = Field(
        "", validation_alias=AliasChoices(AliasPath("connection", "linkedin_member_id"), "user_provider_id")
    )
    url: Text = Field(
        "", validation_alias=AliasChoices(AliasPath("connection", "linkedin_url"), "user_profile_url")
    )
    name: Text = Field("", validation_alias=AliasChoices(AliasPath("connection", "name"), "user_full_name"))
    first_name: Text = Field("", validation_alias=AliasPath("connection", "first_name"))
    last_name: Text = Field("", validation_alias=AliasPath("connection", "last_name"))


class Status(Payload):
    account_id: ExternalId
    message: str = Field(min_length=1, max_length=40)


def account_of(body: Any) -> str:
    account_id = field_at(body, STATUS, "account_id") or field_at(body, "account_id")
    return account_id.strip() if isinstance(account_id, str) else ""


def parse(body: Any, now: datetime) -> events.Event:
    """Parses a webhook of Unipile's version 1. Events of accounts outside LinkedIn become an IgnoredEvent."""
    if isinstance(body, dict) and STATUS in body:
        status = validate(Status, body[STATUS])
        return events.AccountStatusEvent(
            event_type=STATUS, account_id=status.account_id, status=status.message.upper()
        )
    if isinstance(body, dict) and {"type", "payload"} <= body.keys() and "event" not in body:
        return version_2.parse(body, now)
    header = validate(Header, body)
    kind = header.event
    if header.account_type.upper() not in ("", "LINKEDIN"):
        return events.IgnoredEvent(event_type=kind, reason="not a LinkedIn account")
    if kind in ACCEPTED:
        return _accepted(kind, validate(Relation, body))
    if kind not in (*RECEIVED, *EDITED, *SENT):
        return events.IgnoredEvent(event_type=kind, reason="event not used")
    if body.get("message") is None:
        raise events.PayloadInvalid({"message": f"{kind} needs the message with its id"})
    event = _message(kind, validate(Message, body), now)
    if kind not in EDITED:
        return event
    if event.direction == "outbound":
        return events.IgnoredEvent(event_type=kind, reason="a message of ours was edited")
    # Unipile reports the time of the message, but not of the edit.
    return replace(event, occurred_at=now, edited=True)


def _message(kind: str, payload: Message, now: datetime) -> events.MessageEvent:
    sender_id = payload.sender_id or payload.sender.member_id
    sender_name = payload.sender_name or payload.sender.name
    is_ours = kind in SENT or payload.is_sender or (payload.user_id and payload.user_id == sender_id)
    lead = people.person(sender_id, payload.sender_url or payload.sender.url, sender_name)
    if is_ours:  # a message to a group has no particular recipient
        ours = (sender_id, payload.user_id, "")
        recipients = [row for row in payload.attendees or [] if row.member_id not in ours]
        recipient = recipients[0] if len(recipients) == 1 else Attendee()
        lead = people.person(recipient.member_id, recipient.url, recipient.name)
    if lead == events.Person() and not payload.chat_id:
        raise events.PayloadInvalid({"message": "needs the other person, or the chat it belongs to"})
    return events.MessageEvent(
        event_type=kind,
        source="unipile_message",
        external_id=payload.message_id,
        direction="outbound" if is_ours else "inbound",
        channel="linkedin",
        person=lead,
        occurred_at=parse_time(payload.timestamp) or now,
        subject=payload.subject,
        text=payload.text,
        from_name=sender_name,
        account_id=payload.account_id,
        thread_id=payload.chat_id,
        attachments=people.files_of(payload.attachments),
    )


def _accepted(kind: str, payload: Relation) -> events.Event:
    name = f"{payload.first_name} {payload.last_name}".strip() or payload.name
    person = people.person(payload.member_id, payload.url, name)
    who = person.linkedin_member_id or person.linkedin_url
    if not who:
        raise events.PayloadInvalid({"connection": "needs the person's member id or profile URL"})
    return events.ConnectionEvent(
        event_type=kind, event_key=short_key(f"connected:{payload.account_id}:{who}"), person=person
    )


def sample(reply: SampleReply) -> dict[str, Any]:
    """Builds a message as Unipile posts it. The sample message names no chat, so nobody can write into that chat."""
    person = reply.person
    return {
        "event": "message_received",
        "account_id": reply.account_id or "sample",
        "account_type": "LINKEDIN",
        "message_id": reply.id,
        "message": reply.text,
        "is_sender": False,
        "timestamp": reply.at.isoformat(),
        "sender": {
            "attendee_name": f"{person.first_name} {person.last_name}",
            "attendee_provider_id": person.linkedin_member_id,
        },
    }
