"""What the provider has and we do not, through the same intake as a webhook, so that nothing is doubled.

Each missed message becomes the event that its webhook would have been. The ledger shows it as BACKFILL, with the event
as its body, so that it can be replayed like any other delivery.
"""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.utils import timezone

from inbox import handlers
from inbox.intake import Received, Verdict, receive
from inbox.models import Message
from integrations.addresses import decoded, listed, mailbox
from integrations.emailbison.client import EmailBisonClient
from integrations.emailbison.client import Reply as EmailReply
from integrations.events import CampaignRef, MessageEvent, PayloadInvalid, Person
from integrations.ghl.client import GhlClient
from integrations.ghl.payloads import RETRY_SPAN_S, content_key
from integrations.instantly import payloads as instantly
from integrations.instantly.client import InstantlyClient
from integrations.mailheaders import headers_of
from integrations.models import Integration, Provider
from integrations.payload import short_key, split_name
from integrations.registry import SOURCES
from integrations.smartlead.client import HistoryItem, SmartLeadClient, Thread
from integrations.unipile.client import UnipileClient
from jobs.db import drop_connection
from jobs.deadline import Deadline

OVERLAP = timedelta(minutes=15)
"""Providers stamp and list a message with some delay; what is asked for twice is recognised."""
EVENT = "BACKFILL"
CHUNK = 2_000
"""So many messages are read before they are taken in: no connection is held while a provider is asked."""


class Caught(NamedTuple):
    """How many messages were read from the provider, and how many of them we did not have."""

    read: int
    new: int


def run(integration: Integration, since: datetime, deadline: Deadline) -> Caught:
    """Fetch what the provider holds since `since` (aware) and take in what is missing here.

    Raises the provider's errors; what was taken in until then stays.
    """
    messages = READERS[integration.provider](integration, since - OVERLAP, deadline)
    read = new = 0
    while True:
        drop_connection()
        chunk = sorted(islice(messages, CHUNK), key=lambda event: event.occurred_at)
        if not chunk:
            return Caught(read, new)
        read += len(chunk)
        new += take_in(integration, chunk)


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


def event_of(body: bytes) -> MessageEvent:
    """The event that a BACKFILL delivery was. Raises PayloadInvalid where the body is not one of ours."""
    try:
        fields = json.loads(body)["backfill"]
        campaign = fields.pop("campaign")
        return MessageEvent(
            **fields
            | {
                "person": Person(**fields["person"]),
                "campaign": CampaignRef(**campaign) if campaign else None,
                "occurred_at": datetime.fromisoformat(fields["occurred_at"]),
            }
        )
    except (ValueError, KeyError, TypeError):
        raise PayloadInvalid({"backfill": "must be a message as it was read from the provider"}) from None


def _received(integration: Integration, event: MessageEvent) -> Received:
    body = json.dumps({"backfill": asdict(event)}, default=datetime.isoformat).encode()
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
            listed=True,
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
        direction = "inbound" if message.direction == "inbound" else "outbound"
        yield MessageEvent(
            event_type=EVENT,
            source="ghl_message",
            external_id=message.id,
            # By its words, a text that a workflow has told without an id takes the id now.
            content_key=content_key(
                direction, integration.external_account_id, message.contact_id, message.body
            ),
            window_s=RETRY_SPAN_S,
            direction=direction,
            channel="sms",
            person=Person(ghl_contact_id=message.contact_id),
            occurred_at=message.at,
            text=message.body,
            thread_id=message.conversation_id,
            listed=True,
        )


def _emails(integration: Integration, since: datetime, deadline: Deadline) -> Iterator[MessageEvent]:
    for reply in EmailBisonClient.for_integration(integration).replies_since(since, deadline):
        if reply.at is not None and reply.folder.lower() != "sent" and reply.from_email_address:
            yield _email(reply)


def _email(reply: EmailReply) -> MessageEvent:
    sender = mailbox(reply.from_email_address)
    name = decoded(reply.from_name) or sender.name
    first, last = split_name(name)
    lists = {"to": reply.to, "cc": reply.cc, "bcc": reply.bcc}
    return MessageEvent(
        event_type=EVENT,
        source="emailbison_reply",
        external_id=reply.id,
        direction="inbound",
        channel="email",
        person=Person(
            emailbison_lead_id=reply.lead_id or "",
            email=sender.address,
            first_name=first,
            last_name=last,
        ),
        occurred_at=reply.at,
        campaign=CampaignRef(reply.campaign_id) if reply.campaign_id else None,
        subject=reply.subject,
        text=reply.text_body,
        html=reply.html_body,
        from_address=sender.address,
        from_name=name,
        recipients=listed(
            **{kind: [(one.address, one.name) for one in items or []] for kind, items in lists.items()}
        ),
        account_id=reply.sender_email_id or "",
        automated_reply=reply.automated_reply,
        headers=headers_of(reply.headers, reply.raw_headers, reply.raw_body),
        interested=bool(reply.interested),
        tracked=reply.lead_id is not None,
        listed=True,
    )


def _smartlead(integration: Integration, since: datetime, deadline: Deadline) -> Iterator[MessageEvent]:
    for thread in SmartLeadClient.for_integration(integration).threads_since(since, deadline):
        for item in thread.items or []:
            if item.kind.upper() == "REPLY" and item.message_id and item.at and item.at >= since:
                yield _thread_reply(thread, item)


def _thread_reply(thread: Thread, item: HistoryItem) -> MessageEvent:
    sender = mailbox(item.from_email or thread.lead_email)
    return MessageEvent(
        event_type=EVENT,
        source="smartlead_reply",
        external_id=short_key(item.message_id.strip()),
        direction="inbound",
        channel="email",
        person=Person(
            email=thread.lead_email or item.from_email,
            first_name=thread.first_name,
            last_name=thread.last_name,
        ),
        campaign=CampaignRef(thread.campaign_id, thread.campaign_name) if thread.campaign_id else None,
        occurred_at=item.at,
        subject=item.subject,
        html=item.html,
        from_address=sender.address,
        from_name=sender.name,
        account_address=mailbox(item.to_email).address,
        thread_id=item.stats_id,
        listed=True,
    )


def _instantly(integration: Integration, since: datetime, deadline: Deadline) -> Iterator[MessageEvent]:
    for email in InstantlyClient.for_integration(integration).received_since(since, deadline):
        wrote, lead = mailbox(email.from_email), mailbox(email.lead or email.from_email)
        if not email.received or email.at is None or not lead.address:
            continue
        yield MessageEvent(
            event_type=EVENT,
            source="instantly_reply",
            external_id=short_key(email.id),
            # By its words, a reply that a webhook has told without an id takes the id now.
            content_key=instantly.content_key(
                lead.address, email.subject, email.body.text or email.body.html
            ),
            window_s=instantly.RETRY_SPAN_S,
            direction="inbound",
            channel="email",
            person=Person(email=lead.address),
            campaign=CampaignRef(email.campaign_id) if email.campaign_id else None,
            occurred_at=email.at,
            subject=email.subject,
            text=email.body.text,
            html=email.body.html,
            from_address=wrote.address or lead.address,
            from_name=wrote.name or lead.name,
            account_address=mailbox(email.eaccount).address,
            automated_reply=True if email.is_auto_reply else None,
            listed=True,
        )


Reader = Callable[[Integration, datetime, Deadline], Iterator[MessageEvent]]
READERS: dict[str, Reader] = {
    Provider.UNIPILE: _linkedin,
    Provider.GHL: _texts,
    Provider.EMAILBISON: _emails,
    Provider.SMARTLEAD: _smartlead,
    Provider.INSTANTLY: _instantly,
}
SOURCE_NAMES = {source.provider: source.name for source in SOURCES.values()}
