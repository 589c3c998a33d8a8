"""What the provider has and we do not, through the same intake as a webhook, so that nothing is doubled.

Each missed message becomes the event that its webhook would have been. The ledger shows it as BACKFILL, with the event
as its body, so that it can be replayed like any other delivery.
"""

import hashlib
import json
import time
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import islice
from typing import NamedTuple

from django.utils import timezone

from inbox import handlers
from inbox.intake import Received, Verdict, receive
from inbox.models import Message
from integrations import registry
from integrations.events import BACKFILL, CampaignRef, MessageEvent, PayloadInvalid, Person
from integrations.models import Integration
from jobs.db import drop_connection
from jobs.deadline import Deadline

OVERLAP = timedelta(minutes=15)
"""Providers stamp and list a message with some delay; what is asked for twice is recognised."""
EVENT = BACKFILL
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
    messages = registry.spec_of(integration.provider).backfill(integration, since - OVERLAP, deadline)
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
        source=registry.ledger_source(integration.provider),
        body=body,
        sha256=hashlib.sha256(body).hexdigest(),
        headers={},
        received_at=timezone.now(),
        started=time.perf_counter(),
        integration=integration,
        workspace=integration.workspace,
    )
