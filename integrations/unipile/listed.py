"""Turns what Unipile lists into the same events that its webhooks would have brought."""

from collections.abc import Iterator
from datetime import datetime

from integrations.events import BACKFILL, MessageEvent, Person
from integrations.models import Integration
from integrations.unipile.client import UnipileClient
from integrations.unipile.payloads import files_of
from jobs.deadline import Deadline


def since(account: Integration, moment: datetime, deadline: Deadline) -> Iterator[MessageEvent]:
    """Messages in both directions, newest first, with a time. The other person of a chat is asked for once."""
    client = UnipileClient.for_integration(account)
    people: dict[str, Person] = {}
    for message in client.messages_since(moment, deadline):
        if message.at is None or message.at < moment:
            continue
        if message.chat_id not in people:
            people[message.chat_id] = _partner(client, message.chat_id, deadline)
        yield MessageEvent(
            event_type=BACKFILL,
            source="unipile_message",
            external_id=message.id,
            direction="outbound" if message.is_sender else "inbound",
            channel="linkedin",
            person=people[message.chat_id],
            occurred_at=message.at,
            text=message.text,
            thread_id=message.chat_id,
            attachments=files_of(message.attachments),
            account_id=account.external_account_id,
            listed=True,
        )


def _partner(client: UnipileClient, chat_id: str, deadline: Deadline) -> Person:
    partner = next((member for member in client.attendees(chat_id, deadline) if not member.is_self), None)
    if partner is None:
        return Person()
    first, _, last = partner.name.strip().partition(" ")
    return Person(
        linkedin_member_id=partner.provider_id,
        linkedin_url=partner.profile_url,
        first_name=first,
        last_name=last.strip(),
    )
