"""Turns Unipile's LinkedIn webhooks (docs/reference/unipile.md) into our events. Version 1 has two forms of them.
`v2.payloads` reads those of version 2.

If a lead edits a message, it comes under the same id with a new text. Both are stored, so that the new text is noticed.

Accounts that were set up for an earlier product send `message.received` with a nested message. Unipile itself sends
`message_received` with all fields at the top level, where `message` is the text. The idempotency key of a message is
Unipile's message id, which is the same in both forms. That of an accepted invitation is the account and the member,
because Unipile's own form has no id. An account's status has neither id nor time, so it is compared with the last.
"""

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import Field

from integrations import events
from integrations.payload import (
    ExternalId,
    LooseText,
    Payload,
    Text,
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
    attendee_name: Text = ""
    attendee_provider_id: LooseText = ""
    attendee_profile_url: Text = ""


class AccountInfo(Payload):
    user_id: LooseText = ""


class NestedMessage(Payload):
    id: ExternalId
    chat_id: LooseText = ""
    text: Text = ""
    sender_id: LooseText = ""
    sender_name: Text = ""
    sender_linkedin_url: Text = ""
    is_sender: bool | None = None
    timestamp: LooseText = ""
    attachments: Any = None


class Nested(Payload):
    account_id: ExternalId
    message: NestedMessage


class Flat(Payload):
    account_id: ExternalId
    account_info: AccountInfo | None = None
    message_id: ExternalId
    message: Text
    chat_id: LooseText = ""
    subject: Text = ""
    sender: Attendee = Attendee()
    attendees: list[Attendee] | None = None
    is_sender: bool | None = None
    timestamp: LooseText = ""
    attachments: Any = None


class NestedConnection(Payload):
    id: LooseText = ""
    linkedin_url: Text = ""
    linkedin_member_id: LooseText = ""
    name: Text = ""
    first_name: Text = ""
    last_name: Text = ""


class Relation(Payload):
    account_id: ExternalId
    connection: NestedConnection | None = None
    user_full_name: Text = ""
    user_provider_id: LooseText = ""
    user_profile_url: Text = ""


class Status(Payload):
    account_id: ExternalId
    message: str = Field(min_length=1, max_length=40)


def account_of(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    holder = body[STATUS] if isinstance(body.get(STATUS), dict) else body
    account_id = holder.get("account_id")
    return account_id.strip() if isinstance(account_id, str) else ""


def parse(body: Any, now: datetime) -> events.Event:
    """Parses a webhook. Events of accounts outside LinkedIn become an IgnoredEvent."""
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
    nested = isinstance(body["message"], dict)
    event = _nested(kind, validate(Nested, body), now) if nested else _flat(kind, validate(Flat, body), now)
    if kind not in EDITED:
        return event
    if event.direction == "outbound":
        return events.IgnoredEvent(event_type=kind, reason="a message of ours was edited")
    # Unipile reports the time of the message, but not of the edit.
    return replace(event, occurred_at=now, edited=True)


def _nested(kind: str, payload: Nested, now: datetime) -> events.MessageEvent:
    message = payload.message
    is_ours = kind in SENT or bool(message.is_sender)
    sender = people.person(message.sender_id, message.sender_linkedin_url, message.sender_name)
    return _message(
        kind,
        outgoing=is_ours,
        lead=events.Person() if is_ours else sender,
        external_id=message.id,
        text=message.text,
        from_name=message.sender_name,
        occurred_at=parse_time(message.timestamp) or now,
        account_id=payload.account_id,
        thread_id=message.chat_id,
        attachments=people.files_of(message.attachments),
    )


def _flat(kind: str, payload: Flat, now: datetime) -> events.MessageEvent:
    sender_id = payload.sender.attendee_provider_id
    user_id = payload.account_info.user_id if payload.account_info else ""
    is_ours = kind in SENT or bool(payload.is_sender) or bool(user_id and user_id == sender_id)
    recipients = [
        row for row in payload.attendees or [] if row.attendee_provider_id not in (sender_id, user_id, "")
    ]
    lead = payload.sender
    if is_ours:  # a message to a group has no particular recipient
        lead = recipients[0] if len(recipients) == 1 else Attendee()
    return _message(
        kind,
        outgoing=is_ours,
        lead=_attendee(lead),
        external_id=payload.message_id,
        subject=payload.subject,
        text=payload.message,
        from_name=payload.sender.attendee_name,
        occurred_at=parse_time(payload.timestamp) or now,
        account_id=payload.account_id,
        thread_id=payload.chat_id,
        attachments=people.files_of(payload.attachments),
    )


def _message(kind: str, *, outgoing: bool, lead: events.Person, **fields: Any) -> events.MessageEvent:
    """Builds a message event. If our own message names no lead, its chat identifies it. Raises PayloadInvalid."""
    if lead == events.Person() and not fields["thread_id"]:
        raise events.PayloadInvalid({"message": "needs the other person, or the chat it belongs to"})
    return events.MessageEvent(
        event_type=kind,
        source="unipile_message",
        direction="outbound" if outgoing else "inbound",
        channel="linkedin",
        person=lead,
        **fields,
    )


def _accepted(kind: str, payload: Relation) -> events.Event:
    connection = payload.connection or NestedConnection(
        linkedin_url=payload.user_profile_url,
        linkedin_member_id=payload.user_provider_id,
        name=payload.user_full_name,
    )
    name = f"{connection.first_name} {connection.last_name}".strip() or connection.name
    person = people.person(connection.linkedin_member_id, connection.linkedin_url, name)
    who = person.linkedin_member_id or person.linkedin_url or connection.id
    if not (person.linkedin_member_id or person.linkedin_url):
        raise events.PayloadInvalid({"connection": "needs the person's member id or profile URL"})
    return events.ConnectionEvent(
        event_type=kind, event_key=short_key(f"connected:{payload.account_id}:{who}"), person=person
    )


def _attendee(attendee: Attendee) -> events.Person:
    return people.person(attendee.attendee_provider_id, attendee.attendee_profile_url, attendee.attendee_name)


def sample(reply: SampleReply) -> dict[str, Any]:
    """Builds a message as Unipile posts it. It names no chat, so nobody can write into one."""
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
