"""What Example Mail lists, as the events that its webhooks would have been."""

from collections.abc import Iterator
from datetime import datetime

from integrations.addresses import mailbox
from integrations.events import BACKFILL, IMPORT, CampaignRef, MessageEvent, Person
from integrations.models import Integration
from integrations.payload import short_key
from jobs.deadline import Deadline
from tests.example_provider.client import ExampleMailClient, Message
from tests.example_provider.payloads import files_of


def since(account: Integration, moment: datetime, deadline: Deadline) -> Iterator[MessageEvent]:
    """The replies that came since `moment` (aware)."""
    client = ExampleMailClient.for_integration(account)
    for message in client.messages(deadline, since=moment.isoformat(), kind="reply"):
        if message.at is not None and message.at >= moment and mailbox(message.lead).address:
            yield _event(BACKFILL, "examplemail_reply", "inbound", message, message.at)


def sent_to(account: Integration, person: Person, deadline: Deadline) -> list[MessageEvent]:
    """The campaigns' mails that went out to the person."""
    client = ExampleMailClient.for_integration(account)
    return [
        _event(IMPORT, "examplemail_sent", "outbound", message, message.at)
        for message in client.messages(deadline, lead=person.email, kind="step")
        if message.at is not None
    ]


def _event(event_type: str, source: str, direction: str, message: Message, at: datetime) -> MessageEvent:
    lead = mailbox(message.lead)
    return MessageEvent(
        event_type=event_type,
        source=source,
        external_id=short_key(message.id),
        direction=direction,
        channel="email",
        person=Person(email=lead.address, first_name=message.first_name, last_name=message.last_name),
        campaign=CampaignRef(message.campaign_id) if message.campaign_id else None,
        occurred_at=at,
        subject=message.subject,
        text=message.text,
        html=message.html,
        from_address=lead.address if direction == "inbound" else message.mailbox,
        account_address=message.mailbox,
        attachments=files_of(message.files),
        listed=True,
    )
