"""Texts that may come without the provider's id: known by their words, within the span of the provider's retries.

Decided under a lock on the words, looking both ways from the moment of receipt, so that there is no bucket with an edge
and a replay finds what has come since. When GHL's own id turns up later, the text takes it.

A STOP that could be a repetition or a second one counts as a second one: writing to somebody who asked us not to is
worse than showing a text twice. A START that could be a repetition lets nobody in.
"""

from datetime import timedelta

from django.db import IntegrityError, transaction

from inbox import locks
from inbox.intake import Received
from inbox.leads import rollup
from inbox.models import Message
from inbox.models.lead import Tag
from inbox.models.message import OWN_ID
from integrations.events import MessageEvent
from jobs.ids import uuid7

STATED_WITHIN = timedelta(minutes=20)
"""How far from its receipt the time may be that a text states and we believe (integrations.ghl.payloads)."""
CLOCKS_APART = timedelta(minutes=2)
"""How far the provider's clock may be ahead of ours: a text is not received before it is written."""


def own_id() -> str:
    """An external id for a text that has come without one."""
    return f"{OWN_ID}{uuid7()}"


def known(received: Received, event: MessageEvent, *, opt_out: bool) -> Message | None:
    """The message that `event` repeats, now under the provider's id where the event brings it; None for a new text.

    `opt_out`: the words ask us never to write again. Where they did so before, too, and the lead has been let in again
    since, the text is new. Holds the lock on the event's words until the transaction ends.
    """
    locks.hold("text", received.workspace.pk, event.source, event.content_key)
    mine = Message.objects.select_related("lead").filter(workspace=received.workspace, source=event.source)
    if event.external_id and mine.filter(external_id=event.external_id).exists():
        return None  # its id says which one it is
    # What GHL lists comes hours later, but says when it was sent.
    at = event.occurred_at if event.listed else received.received_at
    span = timedelta(seconds=event.window_s)
    near = mine.filter(
        content_hash=event.content_key,
        received_at__range=(at - span, at + span),
        # Such a text may have been listed just now and sent long ago.
        sent_at__range=(at - span - STATED_WITHIN, at + span + STATED_WITHIN),
    )
    same = [message for message in near if _same(event, message)]
    if not same:
        return None
    twin = min(same, key=lambda message: abs(message.received_at - at))
    if (opt_out or twin.tag == Tag.BLACKLIST) and _stops_anew(received, event, twin):
        return None
    return _named(twin, event) if event.external_id else twin


def _same(event: MessageEvent, message: Message) -> bool:
    if event.external_id:
        return message.has_own_id and message.received_at >= event.occurred_at - CLOCKS_APART
    return not (event.stamp and message.stamp) or event.stamp == message.stamp


def _stops_anew(received: Received, event: MessageEvent, message: Message) -> bool:
    """Whether `event`, which may repeat the STOP `message`, finds a lead that was let in again since.

    Where the lead is stopped still, the stop counts from now on: a START that was written before it comes too late.
    """
    told_at = event.occurred_at if event.external_id else received.received_at
    if told_at <= message.received_at:
        return False  # a replay, or the same text by another way
    lead = message.lead = rollup.locked(message.lead)
    if lead.opted_out_at is None:
        return not rollup.opted_in_after(lead, told_at, event.stamp)
    if rollup.stop_counts_from(lead, told_at, event.stamp):
        Message.objects.filter(pk=message.pk).update(stopped_again_at=told_at)
    return False


def _named(message: Message, event: MessageEvent) -> Message | None:
    """`message` under the provider's own id and in its thread; None where another text took the id meanwhile."""
    names = {"external_id": event.external_id, "thread_id": event.thread_id[:200] or message.thread_id}
    try:
        with transaction.atomic():
            Message.objects.filter(pk=message.pk).update(**names)
    except IntegrityError:
        return None
    for name, value in names.items():
        setattr(message, name, value)
    return message
