"""After an outage: what the provider has and we do not, through the same intake as a webhook, so nothing is doubled.

Each missed message becomes the event that its webhook would have been. The ledger shows it as BACKFILL.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.utils import timezone

from inbox import handlers
from inbox.intake import Received, Verdict, receive
from inbox.models import Message
from integrations.emailbison.client import EmailBisonClient
from integrations.emailbison.client import Reply as EmailReply
from integrations.events import MessageEvent, Person
from integrations.ghl.client import GhlClient
from integrations.models import Integration, Provider
from integrations.unipile.client import UnipileClient
from jobs.db import drop_connection
from jobs.deadline import Deadline

OVERLAP = timedelta(minutes=15)
"""Providers stamp and list a message with some delay; what is asked for twice is recognised."""
EVENT = "BACKFILL"
LIMIT = 2_000


def missed(integration: Integration, since: datetime, deadline: Deadline) -> list[MessageEvent]:
    """The messages that the provider holds since `since` (aware). Makes provider calls, no database access.

    Raises the provider's errors.
    """
    reader = READERS.get(integration.provider)
    if reader is None:
        return []
    events = []
    for event in reader(integration, since - OVERLAP, deadline):
        events.append(event)
        if len(events) == LIMIT:
            break
    return sorted(events, key=lambda event: event.occurred_at)


def take_in(integration: Integration, events: list[MessageEvent]) -> int:
    """Run `events` through intake, oldest first. Returns how many were new."""
    known = set(
        Message.objects.filter(
            workspace_id=integration.workspace_id,
            source__in={event.source for event in events},
            external_id__in=[event.external_id for event in events],
        ).values_list("source", "external_id")
    )
    fresh = [event for event in events if (event.source, event.external_id) not in known]
    return sum(
        receive(_received(integration, event), event, handlers.handle).verdict == Verdict.ACCEPTED
        for event in fresh
    )


def _received(integration: Integration, event: MessageEvent) -> Received:
    body = json.dumps({"backfill": event.source, "id": event.external_id}).encode()
    return Received(
        source=SOURCE_NAMES[integration.provider],
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        headers={},
        received_at=timezone.now(),
        started=time.perf_counter(),
        integration=integration,
        workspace=integration.workspace,
    )


def _linkedin(integration: Integration, since: datetime, deadline: Deadline) -> Iterator[MessageEvent]:
    client = UnipileClient.for_integration(integration)
    people: dict[str, Person] = {}
    for message in client.messages_since(since, deadline):
        if message.at is None or message.at < since:
            continue
        if message.chat_id not in people:
            people[message.chat_id] = _chat_partner(client, message.chat_id, deadline)
        outbound = bool(message.is_sender)
        yield MessageEvent(
            event_type=EVENT,
            source="unipile_message",
            external_id=message.id,
            direction="outbound" if outbound else "inbound",
            channel="linkedin",
            person=people[message.chat_id],
            occurred_at=message.at,
            text=message.text,
            thread_id=message.chat_id,
            account_id=integration.external_account_id,
        )


def _chat_partner(client: UnipileClient, chat_id: str, deadline: Deadline) -> Person:
    partner = next((item for item in client.attendees(chat_id, deadline) if not item.is_self), None)
    if partner is None:
        return Person()
    first, _, last = partner.name.strip().partition(" ")
    return Person(
        linkedin_member_id=partner.provider_id,
        linkedin_url=partner.profile_url,
        first_name=first,
        last_name=last.strip(),
    )


def _texts(integration: Integration, since: datetime, deadline: Deadline) -> Iterator[MessageEvent]:
    for message in GhlClient.for_integration(integration).export_messages(deadline, since=since):
        if message.at is None or message.at < since or not message.contact_id or not message.body.strip():
            continue
        yield MessageEvent(
            event_type=EVENT,
            source="ghl_message",
            external_id=message.id,
            direction="inbound" if message.direction == "inbound" else "outbound",
            channel="sms",
            person=Person(ghl_contact_id=message.contact_id),
            occurred_at=message.at,
            text=message.body,
            thread_id=message.conversation_id,
        )


def _emails(integration: Integration, since: datetime, deadline: Deadline) -> Iterator[MessageEvent]:
    for reply in EmailBisonClient.for_integration(integration).replies_since(since, deadline):
        if reply.at is not None and reply.folder.lower() != "sent" and reply.from_email_address:
            yield _email(reply)


def _email(reply: EmailReply) -> MessageEvent:
    first, _, last = reply.from_name.strip().partition(" ")
    lists = {"to": reply.to, "cc": reply.cc, "bcc": reply.bcc}
    return MessageEvent(
        event_type=EVENT,
        source="emailbison_reply",
        external_id=reply.id,
        direction="inbound",
        channel="email",
        person=Person(
            emailbison_lead_id=reply.lead_id or "",
            email=reply.from_email_address,
            first_name=first,
            last_name=last.strip(),
        ),
        occurred_at=reply.at,
        subject=reply.subject,
        text=reply.text_body,
        html=reply.html_body,
        from_address=reply.from_email_address,
        from_name=reply.from_name,
        recipients={name: [item.model_dump() for item in items] for name, items in lists.items() if items},
        account_id=reply.sender_email_id or "",
        automated_reply=reply.automated_reply,
        interested=bool(reply.interested),
        tracked=reply.lead_id is not None,
    )


Reader = Callable[[Integration, datetime, Deadline], Iterator[MessageEvent]]
READERS: dict[str, Reader] = {
    Provider.UNIPILE: _linkedin,
    Provider.GHL: _texts,
    Provider.EMAILBISON: _emails,
}
SOURCE_NAMES = {Provider.UNIPILE: "linkedin", Provider.GHL: "ghl/sms", Provider.EMAILBISON: "email"}


def run(integration: Integration, since: datetime, deadline: Deadline) -> int:
    """Fetch and take in what was missed since `since`. Returns how many messages were new."""
    drop_connection()
    return take_in(integration, missed(integration, since, deadline))
