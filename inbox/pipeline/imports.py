"""Stores messages from a provider's list like messages from its webhook: same keys, same leads, never twice."""

import time
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from inbox.intake import messages, texts
from inbox.intake.receipt import Received
from inbox.models import Message
from inbox.models.races import settled
from inbox.replying import own_messages
from inbox.understanding.arrival import Arrival, judge
from integrations.events import MessageEvent
from integrations.models import Integration


def store(integration: Integration, events: Iterable[MessageEvent]) -> int:
    """Stores the missing ones of `events` as context without a job, each in a separate transaction. Returns their
    number. Our own message joins its send, and is not counted.
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
    judged = judge(texts.with_question(integration.workspace, event))
    with transaction.atomic():
        return settled(lambda: _store_once(integration, received, event, judged))


def _too_old(integration: Integration, event: MessageEvent) -> bool:
    """Whether the workspace's retention period excludes messages of that age, so that this one may be deleted."""
    days = integration.workspace.keep_messages_days
    return days is not None and event.occurred_at < timezone.now() - timedelta(days=days)


def _store_once(integration: Integration, received: Received, event: MessageEvent, judged: Arrival) -> bool:
    if messages.gone(received, event) or _too_old(integration, event):
        return False
    outbound = event.direction == Message.Direction.OUTBOUND
    stored = (own_messages.find, own_messages.by_another_id)
    if outbound and any(find(integration.workspace, event) for find in stored):
        return False
    message, created = messages.store(received, event, judged)
    if created:
        messages.mark_processed(message.pk)
    return created
