"""Turns Unipile's lists into the events that its webhooks would have delivered."""

from collections.abc import Iterator
from datetime import datetime

from django.utils import timezone

from integrations.events import BACKFILL, MessageEvent, MessageNotice, Person, Unusable
from integrations.models import Integration
from integrations.unipile import people, version
from integrations.unipile.client import ChatMessage, UnipileClient
from jobs.deadline import Deadline


def since(account: Integration, moment: datetime, deadline: Deadline) -> Iterator[MessageEvent | Unusable]:
    """Yields messages in both directions, newest first. Reads the other person of each chat only once."""
    client = version.client_of(account, deadline)
    partners: dict[str, Person] = {}
    for message in client.messages_since(moment, deadline):
        if message.at is None:
            yield Unusable("sent" if message.is_sender else "replies", None, "unipile_message", message.id)
            continue
        if message.at < moment:
            continue
        if message.chat_id not in partners:
            partners[message.chat_id] = _partner(client, message.chat_id, deadline)
        yield _event(account, message, partners[message.chat_id], message.at)


def read(account: Integration, notice: MessageNotice, deadline: Deadline) -> MessageEvent | None:
    """Returns the message of `notice`; None if we edited it ourselves. A text that the lead edited counts as new."""
    client = version.client_of(account, deadline)
    message = client.message(notice.thread_id, notice.message_id, deadline)
    if message is None or (notice.edited and message.is_sender):
        return None
    at = timezone.now() if notice.edited or message.at is None else message.at
    partner = _partner(client, notice.thread_id, deadline)
    return _event(account, message, partner, at, edited=notice.edited)


def _event(
    account: Integration, message: ChatMessage, partner: Person, at: datetime, *, edited: bool = False
) -> MessageEvent:
    return MessageEvent(
        event_type=BACKFILL,
        source="unipile_message",
        external_id=message.id,
        direction="outbound" if message.is_sender else "inbound",
        channel="linkedin",
        person=partner,
        occurred_at=at,
        text=message.text,
        thread_id=message.chat_id,
        attachments=people.files_of(message.attachments),
        account_id=account.external_account_id,
        listed=not edited,
        edited=edited,
    )


def _partner(client: UnipileClient, chat_id: str, deadline: Deadline) -> Person:
    partner = next((member for member in client.attendees(chat_id, deadline) if not member.is_self), None)
    return people.person(partner.provider_id, partner.profile_url, partner.name) if partner else Person()
