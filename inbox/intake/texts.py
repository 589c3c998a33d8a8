"""Recognises repeated texts (SMS and mails) without the provider's id by their words and their time.

The decision is made under a lock on the words. The search covers the time before and after the receipt in which the
provider repeats a delivery. So a replay of a webhook also finds a text that arrived later. When the provider's own id
arrives, it is added to the stored text.

A STOP that may be a repetition counts as a second STOP, because a message to a person who opted out is worse than a
duplicate text. A START that may be a repetition reopens nothing, unless the lead has used STOP and START before.
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
from inbox.models.lead import Channel, Tag, are_named_by
from inbox.models.message import OWN_ID
from inbox.understanding.arrival import Arrival
from inbox.understanding.optout import ANSWER_WORDS
from integrations.events import MessageEvent
from jobs.ids import uuid7

STATED_WITHIN = timedelta(minutes=20)
"""The time that a text states is trusted if it is this close to its receipt (integrations.ghl.payloads)."""
CLOCKS_APART = timedelta(minutes=2)
"""The provider's clock may be this far ahead. So a text may appear to arrive before it was written."""


def own_id() -> str:
    """Returns a new id with the prefix OWN_ID, for a text that arrived without the provider's id."""
    return f"{OWN_ID}{uuid7()}"


def stored_text(received: Received, event: MessageEvent, words: str, judged: Arrival) -> Message | None:
    """Returns the stored text that `event` repeats; None if the text is new. If the event has the provider's id, the
    stored text gets that id.

    `words`: the hash that identifies equal texts. `judged`: whether the text is an opt-out or an opt-in. If an earlier
    text had the same wish, and the lead has since expressed the opposite, this text is new. Holds a lock on the words
    until the transaction ends.
    """
    locks.hold("text", received.workspace.pk, event.source, words)
    texts = Message.objects.select_related("lead").filter(workspace=received.workspace, source=event.source)
    if event.external_id and texts.filter(external_id=event.external_id).exists():
        return None  # the message with this id is stored, and `store` finds it
    # A text from GHL's list arrives hours later, but states when it was sent.
    at = event.occurred_at if event.listed else received.received_at
    span = timedelta(seconds=event.window_s)
    # A text from a provider's list may have been listed just now, and sent long ago. Texts with equal times are the
    # same, however old.
    sent = Q(sent_at__range=(at - span - STATED_WITHIN, at + span + STATED_WITHIN)) | Q(
        sent_at=event.occurred_at
    )
    near = texts.filter(sent, content_hash=words, received_at__range=(at - span, at + span))
    same = [message for message in near if _same(event, message)]
    if not same and not event.external_id and event.channel == Channel.EMAIL:
        # The provider's list was faster than its webhook. Listed mails are stored without a hash.
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
    """Adds our last message to a short text from the same person, because the text may answer it with a bare yes or no,
    and GoHighLevel does not include our message. Returns any other event without a change.
    """
    answers = event.channel == Channel.SMS and event.direction == Message.Direction.INBOUND
    names = identity.identities_of(workspace, event.person)
    if not answers or not names or len(event.text.split()) > ANSWER_WORDS:
        return event
    ours = Message.objects.filter(
        lead__in=Lead.objects.filter(are_named_by(names), workspace=workspace),
        channel=Channel.SMS,
        direction=Message.Direction.OUTBOUND,
        sent_at__lt=event.occurred_at,
    )
    return replace(event, sent_text=ours.order_by("-sent_at").values_list("text", flat=True).first() or "")


def hash_of(sender: str, words: str) -> str:
    """Returns a hash of the sender and the words, which identifies equal texts. White space does not matter."""
    words = re.sub(r"\s+", " ", words).strip()
    return hashlib.sha256(f"{sender.lower()}\0{words}".encode()).hexdigest()


def _same(event: MessageEvent, message: Message) -> bool:
    if event.external_id:
        return message.has_own_id and message.received_at >= event.occurred_at - CLOCKS_APART
    return not (event.stamp and message.stamp) or event.stamp == message.stamp


def _stops_anew(received: Received, event: MessageEvent, message: Message) -> bool:
    """Whether `event`, a possible repetition of the STOP `message`, arrives after the lead was reopened.

    If the lead is still stopped, the stop counts from now on, so that a START written before it has no effect.
    """
    told_at = event.occurred_at if event.external_id else received.received_at
    if told_at <= message.received_at:
        return False  # the event is a replay, or the same text from another source
    lead = message.lead = rollup.locked(message.lead)
    if lead.opted_out_at is None:
        return not rollup.opted_in_after(lead, told_at, event.stamp)
    if rollup.stop_counts_from(lead, told_at, event.stamp):
        Message.objects.filter(pk=message.pk).update(stopped_again_at=told_at)
    return False


def _lets_in_anew(received: Received, event: MessageEvent, message: Message) -> bool:
    """Whether `event`, a possible repetition of the START `message`, follows a later STOP. A repeated START counts only
    if the lead used STOP before that START, and so knows the words.
    """
    told_at = event.occurred_at if event.external_id else received.received_at
    lead = rollup.locked(message.lead)
    if lead.opted_out_at is None or not message.received_at < lead.opted_out_at < told_at:
        return False
    earlier = Message.objects.filter(lead=lead, tag=Tag.BLACKLIST, received_at__lt=message.received_at)
    return earlier.exists()


def _named(message: Message, event: MessageEvent) -> Message | None:
    """Returns `message` with the provider's own id and thread; None if another text got the id in the meantime."""
    names = {"external_id": event.external_id, "thread_id": event.thread_id[:200] or message.thread_id}
    try:
        with transaction.atomic():
            Message.objects.filter(pk=message.pk).update(**names)
    except IntegrityError:
        return None
    for name, text in names.items():
        setattr(message, name, text)
    return message
