"""Turns the webhooks of Unipile's version 2 into our events: `{id, created_at, account_id, type, payload, …}`.

A new message arrives as a Message, as Unipile documents it. If the webhook has less of it, or reports a change, only
its ids are used, and a job reads the message. Message ids are unique only within a chat, so our id contains both
(docs/adr/0083-two-versions-of-one-linkedin.md).
"""

from datetime import datetime
from typing import Any

from pydantic import Field

from integrations import events
from integrations.payload import (
    ExternalId,
    LooseObject,
    LooseText,
    Payload,
    Text,
    parse_time,
    short_key,
    validate,
)
from integrations.unipile.people import files_of, person

NEW, CHANGED = "message.new", "message.update"
RELATIONS = ("relation.new", "relation.request.accept")
STATUS = "account.status."
ACCOUNT = ("account.add", "account.reconnect", "account.remove", "account.locked", "account.unlocked")
STATUSES = tuple(
    f"{STATUS}{word}" for word in ("running", "disconnected", "errored", "paused", "degraded", "partial")
)
EVENTS = (NEW, CHANGED, *RELATIONS, *STATUSES, *ACCOUNT)


class User(Payload):
    id: LooseText = ""
    display_name: Text = ""
    profile_url: Text = ""
    public_identifier: Text = ""

    @property
    def person(self) -> events.Person:
        slug = self.public_identifier
        url = self.profile_url or (slug and f"https://www.linkedin.com/in/{slug}")
        return person(self.id, url, self.display_name)


class Message(Payload):
    """Unipile's Message object. Webhooks may omit fields. `is_event`: LinkedIn created it, not a person."""

    id: ExternalId
    chat_id: ExternalId
    text: str | None = None
    sender_id: LooseText = ""
    sender: User | None = None
    timestamp: LooseText = ""
    is_sender: bool | None = None
    is_event: bool | None = None
    is_deleted: bool | None = None
    attachments: Any = None
    specifics: LooseObject = {}

    @property
    def external_id(self) -> str:
        return message_key(self.chat_id, self.id)

    @property
    def is_whole(self) -> bool:
        return bool(self.sender_id and (self.text or self.attachments)) and self.is_sender is not None


class Envelope(Payload):
    id: ExternalId
    type: str = Field(min_length=1, max_length=64)
    created_at: LooseText = ""
    account_id: ExternalId
    account_provider: Text = ""
    payload: LooseObject


class NewMessage(Payload):
    payload: Message


class Relation(Payload):
    user: User | None = None
    user_id: LooseText = ""


class NewRelation(Payload):
    payload: Relation


def message_key(chat_id: str, message_id: str) -> str:
    """Returns our id for a LinkedIn message. Ids of version 1 contain no slash, so the two cannot be confused."""
    return short_key(f"{chat_id}/{message_id}")


def parse(body: Any, now: datetime) -> events.Event:
    """Parses a webhook of version 2. Events of accounts outside LinkedIn are an IgnoredEvent. Raises PayloadInvalid."""
    envelope = validate(Envelope, body)
    kind = envelope.type
    if not (envelope.account_provider or "linkedin").lower().startswith("linkedin"):
        return events.IgnoredEvent(event_type=kind, reason="not a LinkedIn account")
    if kind.startswith(STATUS) or kind in ACCOUNT:
        word = kind.removeprefix(STATUS).removeprefix("account.").upper()
        return events.AccountStatusEvent(
            event_type=kind, event_key=envelope.id, account_id=envelope.account_id, status=word
        )
    if kind in RELATIONS:
        return _connected(envelope)
    if kind in (NEW, CHANGED):
        return _message(envelope, now)
    return events.IgnoredEvent(event_type=kind, reason="event not used")


def _connected(envelope: Envelope) -> events.Event:
    relation = validate(NewRelation, {"payload": envelope.payload}).payload
    user = relation.user or User(id=relation.user_id)
    if not (user.person.linkedin_member_id or user.person.linkedin_url):
        raise events.PayloadInvalid({"payload": "needs the person's id or profile"})
    return events.ConnectionEvent(event_type=envelope.type, event_key=envelope.id, person=user.person)


def _message(envelope: Envelope, now: datetime) -> events.Event:
    kind, payload = envelope.type, envelope.payload
    ids = {"id": payload.get("id") or payload.get("message_id")}
    message = validate(NewMessage, {"payload": payload | ids}).payload
    if message.is_event or message.is_deleted:
        return events.IgnoredEvent(event_type=kind, reason="not what a person wrote")
    notice = events.MessageNotice(
        event_type=kind,
        event_key=envelope.id,
        account_id=envelope.account_id,
        thread_id=message.chat_id,
        message_id=message.id,
        edited=kind == CHANGED,
    )
    if kind == CHANGED or not message.is_whole:
        return notice
    sender = message.sender or User()
    writer = User(**sender.model_dump() | {"id": message.sender_id}).person
    return events.MessageEvent(
        event_type=kind,
        source="unipile_message",
        external_id=message.external_id,
        direction="outbound" if message.is_sender else "inbound",
        channel="linkedin",
        person=events.Person() if message.is_sender else writer,
        occurred_at=parse_time(message.timestamp) or parse_time(envelope.created_at) or now,
        subject=str(message.specifics.get("subject") or ""),
        text=message.text or "",
        from_name=sender.display_name,
        account_id=envelope.account_id,
        thread_id=message.chat_id,
        attachments=files_of(message.attachments),
        unnamed=None if message.sender or message.is_sender else notice,
    )
