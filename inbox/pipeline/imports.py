"""Messages that a provider lists, stored as if its webhook had brought them: same keys, same leads, never twice."""

import time
from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone

from inbox.handlers import messages
from inbox.intake import Received
from inbox.models import Message
from inbox.races import settled
from inbox.replying import attach
from inbox.understanding.arrival import Arrival, judge
from integrations.events import MessageEvent
from integrations.models import Integration


def store(integration: Integration, events: Iterable[MessageEvent]) -> int:
    """Store those of `events` that are new, each in a transaction of its own, and return how many were.

    What we sent ourselves joins its send. An inbound message of the past is context: it gets no job of its own.
    """
    return sum(_store(integration, event) for event in events)


def _store(integration: Integration, event: MessageEvent) -> bool:
    received = Received(
        source="import",
        body=b"",
        sha256="",
        headers={},
        received_at=timezone.now(),
        started=time.perf_counter(),
        integration=integration,
        workspace=integration.workspace,
    )
    judged = judge(event)
    with transaction.atomic():
        return settled(lambda: _store_once(received, event, judged))


def _store_once(received: Received, event: MessageEvent, judged: Arrival) -> bool:
    outbound = event.direction == Message.Direction.OUTBOUND
    if outbound and attach.find(received.workspace, event) is not None:
        return False
    message, created = messages.store(received, event, judged)
    if created:
        messages.mark_processed(message.pk)
    return created
