"""Recognises repeated texts (SMS, and mails) that come without the provider's id, by their words and their time.

The decision is made under a lock on the words. It looks before and after the moment of receipt, within the time in
which the provider repeats a delivery. So a replay also finds a text that came later. When the provider's own id turns
up, the text gets it.

A STOP that may be a repetition counts as a second STOP, because writing to a person who asked us not to is worse than
showing a text twice. A START that may be a repetition reopens nothing, unless the lead has gone through STOP and START
before.
"""

import hashlib
import re
from dataclasses import replace
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import Q

from inbox.intake.receipt import Received
from inbox.leads import identity, rollup
from inbox.models import Lead, Message, Workspace, locks
from inbox.models.lead import Channel, Tag
from inbox.models.message import OWN_ID
from inbox.understanding.arrival import Arrival
from inbox.understanding.optout import ANSWER_WORDS
from integrations.events import MessageEvent
from jobs.ids import uuid7

STATED_WITHIN = timedelta(minutes=20)
"""How far from its receipt the time that a text states may be for us to believe it (integrations.ghl.payloads)."""
CLOCKS_APART = timedelta(minutes=2)
"""How far the provider's clock may be ahead of ours. Without this, a text could seem received before it was written."""


def own_id() -> str:
    """A new id of ours, with the prefix OWN_ID, for a text that came without the provider's id."""
    return f"{OWN_ID}{uuid7()}"


def stored_text(received: Received, event: MessageEvent, words: str, judged: Arrival) -> Message | None:
    """The stored text that `event` repeats; None if it is a new one. If the event brings the provider's id, the stored
    one gets it.

    `words`: the hash by which texts are the same. `judged` says whether they ask us to write no more, or again. If an
    earlier text asked so and the opposite was asked since, this one is new. Holds a lock on the words until the
    transaction ends.
    """
    locks.hold("text", received.workspace.pk, event.source, words)
    texts = Message.objects.select_related("lead").filter(workspace=received.workspace, source=event.source)
    if event.external_id and texts.filter(external_id=event.external_id).exists():
        return None  # the message with this id is stored, and `store` finds it
    # What GHL lists arrives hours later, but says when it was sent.
    at = event.occurred_at if event.listed else received.received_at
    span = timedelta(seconds=event.window_s)
    # Such a text may have been listed just now and sent long ago. Equal times are one text, however old.
    sent = Q(sent_at__range=(at - span - STATED_WITHIN, at + span + STATED_WITHIN)) | Q(
        sent_at=event.occurred_at
    )
    near = texts.filter(sent, content_hash=words, received_at__range=(at - span, at + span))
    same = [message for message in near if _same(event, message)]
    if not same and not event.external_id and event.channel == Channel.EMAIL:
        # The provider's list was faster than its webhook. Such mails are stored without a hash.
        listed = texts.filter(sent, content_hash="", received_at__range=(at - span, at + span))
        same = [message for message in listed if hash_of(message.from_address, message.text) == words]
    if not same:
        return None
    twin = min(same, key=lambda message: abs(message.received_at - at))
    if judged.opt_in and _lets_in_anew(received, event, twin):
        return None
    if (judged.opt_out or twin.tag == Tag.BLACKLIST) and _stops_anew(received, event, twin):
        return None
    return _named(twin, event) if event.external_id else twin


def with_question(workspace: Workspace, event: MessageEvent) -> MessageEvent:
    """Returns `event`, if it is a short text, with our last one to that person, which it may answer by a bare yes or
    no: GoHighLevel does not send it along. Any other event is returned as it is.
    """
    answers = event.channel == Channel.SMS and event.direction == Message.Direction.INBOUND
    names = identity.identities_of(workspace, event.person)
    if not answers or not names or len(event.text.split()) > ANSWER_WORDS:
        return event
    ours = Message.objects.filter(
        lead__in=Lead.objects.filter(identity.are_named_by(names), workspace=workspace),
        channel=Channel.SMS,
        direction=Message.Direction.OUTBOUND,
        sent_at__lt=event.occurred_at,
    )
    return replace(event, sent_text=ours.order_by("-sent_at").values_list("text", flat=True).first() or "")


def hash_of(sender: str, words: str) -> str:
    """A hash of what makes two texts equal: the sender and the words. Blanks do not matter."""
    words = re.sub(r"\s+", " ", words).strip()
    return hashlib.sha256(f"{sender.lower()}\0{words}".encode()).hexdigest()


def _same(event: MessageEvent, message: Message) -> bool:
    if event.external_id:
        return message.has_own_id and message.received_at >= event.occurred_at - CLOCKS_APART
    return not (event.stamp and message.stamp) or event.stamp == message.stamp


def _stops_anew(received: Received, event: MessageEvent, message: Message) -> bool:
    """Whether `event`, which may repeat the STOP `message`, comes after the lead was let in again.

    If the lead is still stopped, the stop counts from now on: a START written before it comes too late.
    """
    told_at = event.occurred_at if event.external_id else received.received_at
    if told_at <= message.received_at:
        return False  # it is a replay, or the same text by another way
    lead = message.lead = rollup.locked(message.lead)
    if lead.opted_out_at is None:
        return not rollup.opted_in_after(lead, told_at, event.stamp)
    if rollup.stop_counts_from(lead, told_at, event.stamp):
        Message.objects.filter(pk=message.pk).update(stopped_again_at=told_at)
    return False


def _lets_in_anew(received: Received, event: MessageEvent, message: Message) -> bool:
    """Whether `event`, which may repeat the START `message`, follows a later STOP. It counts only if the lead used
    STOP before that START, so they know the word.
    """
    told_at = event.occurred_at if event.external_id else received.received_at
    lead = rollup.locked(message.lead)
    if lead.opted_out_at is None or not message.received_at < lead.opted_out_at < told_at:
        return False
    earlier = Message.objects.filter(lead=lead, tag=Tag.BLACKLIST, received_at__lt=message.received_at)
    return earlier.exists()


def _named(message: Message, event: MessageEvent) -> Message | None:
    """Returns `message` with the provider's own id and thread; None if another text took the id meanwhile."""
    names = {"external_id": event.external_id, "thread_id": event.thread_id[:200] or message.thread_id}
    try:
        with transaction.atomic():
            Message.objects.filter(pk=message.pk).update(**names)
    except IntegrityError:
        return None
    for name, text in names.items():
        setattr(message, name, text)
    return message
