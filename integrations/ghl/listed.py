"""Turns GoHighLevel's lists into the events that its webhooks would have delivered."""

from collections.abc import Iterator
from datetime import datetime

from integrations.events import BACKFILL, IMPORT, MessageEvent, Person, Unusable
from integrations.ghl.client import GhlClient, Message
from integrations.ghl.payloads import RETRY_SPAN_S, content_key, files_of, words_of
from integrations.models import Integration
from jobs.deadline import Deadline

OUTBOUND = "outbound"
LATEST = 30
"""The number of texts of a conversation that are read to find the one that the last text answers."""


def since(account: Integration, moment: datetime, deadline: Deadline) -> Iterator[MessageEvent | Unusable]:
    """Yields the SMS in both directions, newest first, except those without text and files."""
    for message in GhlClient.for_integration(account).export_messages(deadline, since=moment):
        if (message.at and message.at < moment) or not words_of(message.body, message.attachments):
            continue
        direction = "inbound" if message.direction == "inbound" else OUTBOUND
        if message.at and message.contact_id and message.direction in ("inbound", OUTBOUND):
            yield _event(account, BACKFILL, direction, message.contact_id, message, message.at)
        else:
            yield Unusable(
                "replies" if direction == "inbound" else "sent", message.at, "ghl_message", message.id
            )


def sent_to(account: Integration, person: Person, deadline: Deadline) -> list[MessageEvent]:
    """Returns outbound texts among the LATEST newest messages of the contact's newest conversation, oldest first."""
    client, contact_id = GhlClient.for_integration(account), person.ghl_contact_id
    texts = [
        text
        for conversation in client.conversations(contact_id, deadline)[:1]
        for text in client.messages(conversation.id, deadline, limit=LATEST)
    ]
    return [
        _event(account, IMPORT, OUTBOUND, contact_id, text, text.at)
        for text in reversed(texts)
        if text.is_sms and text.direction == OUTBOUND and text.at
    ]


def _event(
    account: Integration, event_type: str, direction: str, contact_id: str, text: Message, at: datetime
) -> MessageEvent:
    return MessageEvent(
        event_type=event_type,
        source="ghl_message",
        external_id=text.id,
        # A workflow may have reported this text without an id. The content key identifies that message, which
        # then gets the id.
        content_key=content_key(
            direction, account.external_account_id, contact_id, words_of(text.body, text.attachments)
        ),
        window_s=RETRY_SPAN_S,
        direction=direction,
        channel="sms",
        person=Person(ghl_contact_id=contact_id),
        occurred_at=at,
        text=text.body,
        thread_id=text.conversation_id,
        attachments=files_of(text.attachments),
        listed=True,
    )
