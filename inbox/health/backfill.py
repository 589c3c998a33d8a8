"""Fetches from a provider what its webhooks did not bring. Each missing message becomes the event of its webhook,
stored as a delivery of type BACKFILL, and is taken in as webhooks are, so that nothing is doubled.
"""

import hashlib
import json
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.utils import timezone

from inbox.intake import handlers
from inbox.intake.receipt import DeliveryVerdict, Received, receive
from inbox.models import Message
from integrations import rawjson, registry
from integrations.events import BACKFILL, CampaignRef, MessageEvent, MessageNotice, PayloadInvalid, Person
from integrations.models import Integration
from integrations.spec import stated
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline

OVERLAP = timedelta(minutes=15)
"""How far before the wanted time the provider is asked, since it lists messages late."""
EVENT = BACKFILL
CHUNK = 2_000
"""How many messages are read before they are stored. No database connection is held while a provider is asked."""


class Caught(NamedTuple):
    """How many messages were read from the provider, and how many of them were new to us."""

    read: int
    new: int


def run(integration: Integration, since: datetime, deadline: Deadline) -> Caught:
    """Fetches the messages since `since` (aware) and stores those that we lack. Raises the provider's errors."""
    messages = stated(registry.spec_of(integration.provider).backfill)(integration, since - OVERLAP, deadline)
    read = new = 0
    while True:
        drop_connection()
        chunk = sorted(islice(messages, CHUNK), key=lambda event: event.occurred_at)
        if not chunk:
            return Caught(read, new)
        read += len(chunk)
        new += take_in(integration, chunk)


def take_in(integration: Integration, events: list[MessageEvent]) -> int:
    """Stores those of the fetched `events` that we lack, in the order given. Returns how many were new."""
    stored = set(
        Message.objects.filter(
            workspace_id=integration.workspace_id,
            source__in={event.source for event in events},
            external_id__in=[event.external_id for event in events],
        ).values_list("source", "external_id")
    )
    fresh = [event for event in events if (event.source, event.external_id) not in stored]
    return sum(
        receive(_received(integration, event), event, handlers.handle).verdict == DeliveryVerdict.ACCEPTED
        for event in fresh
    )


def read_message(ctx: JobContext) -> dict[str, str]:
    """The job `message.read`: takes in, from the provider, the message that a webhook named by its ids alone."""
    account = ctx.row(Integration.objects.select_related("workspace"), "integration_id")
    ids = {name: ctx.payload[name] for name in ("thread_id", "message_id", "edited")}
    notice = MessageNotice(event_type=EVENT, account_id=account.external_account_id, **ids)
    drop_connection()
    event = stated(registry.spec_of(account.provider).read_message)(account, notice, ctx.deadline)
    if event is None:
        return {"verdict": DeliveryVerdict.IGNORED}
    return {"verdict": str(receive(_received(account, event), event, handlers.handle).verdict)}


def event_of(body: bytes) -> MessageEvent:
    """Reads the message from the body of a stored delivery of type BACKFILL. Raises PayloadInvalid."""
    try:
        fields = rawjson.parse(body)["backfill"]
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
        source=registry.ledger_source(integration.provider),
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        headers={},
        received_at=timezone.now(),
        started=time.perf_counter(),
        integration=integration,
        workspace=integration.workspace,
    )
