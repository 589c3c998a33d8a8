"""Keeps the columns of a lead that summarise its messages: last message, tag, needs reply, opt-out. Messages may arrive
in any order: the newest message is added to the columns; after a late message, the columns are computed again from all
messages. The newest reply decides the tag. An opt-out lasts until a later START. The lead's row must be locked. The
caller saves the lead, unless a function states that it does. `stamp`: the time that a text itself states, or "".
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from itertools import takewhile
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from inbox.leads import provider_tags, stops, suspicion
from inbox.leads.stops import is_later
from inbox.leads.tags import NO_ANSWER
from inbox.models import Draft, Lead, Message, OutboundSend, audit
from inbox.models.actor import Actor
from inbox.models.lead import Channel, Tag
from inbox.models.message import OWN
from inbox.understanding import one_channel
from inbox.understanding.arrival import Arrival
from integrations import registry
from integrations.spec import Counts

BOOKED_BY = "calendar: booked"
ALTERNATES = {
    "email": "alternate_emails",
    "phone": "alternate_phones",
    "ghl_contact_id": "alternate_contacts",
}
"""For each column that messages are sent to, the column with its alternate values."""


def answers() -> Q:
    """Returns a filter for messages to leads from a person or this product. A campaign's steps are not answers."""
    return Q(direction=Message.Direction.OUTBOUND) & (~Q(source__in=steps()) | Q(by_hand=True))


def steps() -> tuple[str, ...]:
    return registry.counting_as(Counts.STEP)


def bounces() -> tuple[str, ...]:
    return registry.counting_as(Counts.BOUNCE)


def counts(message: Message) -> Counts:
    """Returns how a message counts, such as an answer. Raises UnknownSource if no provider declares its source."""
    return Counts.ANSWER if message.source == OWN else registry.source_of(message.source).counts


def locked(lead: Lead) -> Lead:
    """Returns the lead's current row, and locks it before the rows of its messages. Raises Lead.DoesNotExist. Rows that
    reference the lead can still be added; under a lock FOR UPDATE, they would wait.
    """
    return Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)


@contextmanager
def holding(lead: Lead) -> Iterator[Lead]:
    """Opens a transaction, locks the lead's row, and yields the current row."""
    with transaction.atomic():
        yield locked(lead)


def holding_lead_of(row: Draft | OutboundSend) -> AbstractContextManager[Lead]:
    """Works like `holding`, for the lead of `row`: a merge may have moved it to another lead since it was read."""
    row.refresh_from_db(fields=["lead"])
    return holding(row.lead)


def add(lead: Lead, message: Message, judged: Arrival) -> None:
    """Counts a new message in the lead's row, or recomputes the row for a late one. `judged`: the rules' findings."""
    late = lead.last_message_at is not None and message.sent_at <= lead.last_message_at
    count(lead, message, judged)
    if late or _crossed(message) or (provider_tags.is_about(lead, message) and _is_reply(message)):
        recompute(lead)
        return
    if lead.is_stopped:
        stops.stop_campaigns(lead)  # The lead's campaign may have been unknown when the lead was stopped.
    save(lead)


def count(lead: Lead, message: Message, judged: Arrival) -> None:
    """Counts a new message in the lead's columns. Neither `lead` nor `message` needs to be saved."""
    note_last_message(lead, message)
    _note_campaign(lead, message)
    if message.direction == Message.Direction.INBOUND:
        _add_inbound(lead, message, judged)
    else:
        lead.last_outbound_at = _latest(lead.last_outbound_at, message.sent_at)
        if is_answer(message):
            _answered(lead, message)
    derive(lead)


def is_answer(message: Message) -> bool:
    """Whether our message answers the lead. A step of a campaign answers nothing, unless a person wrote it."""
    return message.by_hand or counts(message) is not Counts.STEP


def _is_blind(answer: Message, reply: Message) -> bool:
    """Whether `answer` went out before `reply` arrived here, although the provider's time of the reply is earlier: mail
    is polled, and some texts state no seconds. Such an answer does not answer the lead's reply.
    """
    return answer.source == OWN and reply.sent_at <= answer.sent_at < reply.received_at


def _crossed(answer: Message) -> bool:
    if answer.source != OWN:
        return False
    inbound = Message.objects.inbound(lead=answer.lead_id)
    return inbound.filter(sent_at__lte=answer.sent_at, received_at__gt=answer.sent_at).exists()


def _answered(lead: Lead, message: Message) -> None:
    lead.answered_at = _latest(lead.answered_at, message.sent_at)
    if message.source != OWN:
        older = Draft.objects.filter(
            lead=lead, channel=message.channel, trigger_message__sent_at__lt=message.sent_at
        )
        stops.close_drafts(older, "Someone answered outside Holdfast.")


def written_by_hand(message: Message) -> None:
    """Marks our stored message as written by a person, and counts it as an answer. Locks and saves the lead."""
    lead = locked(message.lead)
    if not Message.objects.filter(pk=message.pk, by_hand=False).update(by_hand=True):
        return
    _answered(lead, message)
    save(lead)
    message.lead = lead


def _note_campaign(lead: Lead, message: Message) -> None:
    if message.campaign_id is None or message.campaign_id == lead.campaign_id:
        return
    if lead.campaign_id is not None:
        reached = Message.objects.filter(lead=lead, campaign__isnull=False).order_by("sent_at", "pk")
        lead.campaign_id = reached.values_list("campaign", flat=True).first()
    else:
        lead.campaign_id = message.campaign_id


def campaign_known(message: Message, campaign_id: UUID | None) -> None:
    """Stores the campaign of a message that was stored without it. Locks and saves the lead."""
    lead = locked(message.lead)
    message.campaign_id = campaign_id
    Message.objects.filter(pk=message.pk, campaign=None).update(campaign_id=campaign_id)
    _note_campaign(lead, message)
    if lead.is_stopped:
        stops.stop_campaigns(lead)
    save(lead)
    message.lead = lead


def note_last_message(lead: Lead, message: Message) -> None:
    if lead.last_message_at is not None and message.sent_at < lead.last_message_at:
        return
    _show(lead, message)
    lead.last_account = message.account_address or lead.last_account


def _show(lead: Lead, message: Message) -> None:
    lead.last_message_at = message.sent_at
    lead.last_channel = message.channel
    lead.last_snippet = " ".join((message.text or message.subject).split())[:200]


def _add_inbound(lead: Lead, message: Message, judged: Arrival) -> None:
    newest = lead.last_inbound_at is None or message.sent_at >= lead.last_inbound_at
    lead.last_inbound_at = _latest(lead.last_inbound_at, message.sent_at)
    lead.unread = True
    lead.provider_interested |= message.provider_interested
    if judged.opt_out:
        opt_out(lead, stopped_at(message), message.stamp)
    if judged.opt_in:
        opt_in(lead, message.sent_at, message.stamp)
        stops.allow_channel(lead, message.channel)
    if judged.refuses_channel:
        stops.refuse_channel(lead, message.channel)
    if newest:
        suspicion.add(lead, message, started_again=judged.opt_in)
        follow(lead, message)
        if lead.tag not in NO_ANSWER:
            lead.snoozed_until = None  # a person wrote, so the snooze ends
    _note_replier(lead, message, newest=newest)


def follow(lead: Lead, message: Message) -> None:
    """Sets the tag by the newest reply `message`, unless an opt-out, a meeting or people at the provider decide it."""
    if lead.is_stopped:
        lead.tag, lead.awaiting_model = Tag.BLACKLIST, False
        if message.tag == Tag.BLACKLIST:
            lead.tag_decided_by = message.tag_decided_by
    elif message.tag == Tag.BLACKLIST and lead.opted_in_at is not None:
        lead.tag, lead.tag_decided_by, lead.awaiting_model = Tag.NEUTRAL, "rules: START", False
    elif message.tag_decided_by.startswith(provider_tags.PERSON):
        lead.tag, lead.tag_decided_by, lead.awaiting_model = message.tag, message.tag_decided_by, False
    elif lead.booked_at is not None and lead.booked_at >= message.sent_at:
        lead.tag, lead.tag_decided_by, lead.awaiting_model = Tag.MEETING_BOOKED, BOOKED_BY, False
    elif message.provider_interested and not provider_tags.by_provider(message):
        lead.tag, lead.tag_decided_by, lead.awaiting_model = Tag.INTERESTED, "provider", False
    else:
        lead.tag = message.tag or Tag.NEUTRAL
        lead.tag_decided_by = message.tag_decided_by
        lead.awaiting_model = not message.tag


def booked(lead: Lead, at: datetime | None) -> None:
    """Records that the lead booked a meeting `at` (aware), or has none (None). Updates the tag and saves the lead."""
    lead.booked_at = at
    if wrote := replies_of(lead):
        follow(lead, wrote[-1])
    else:
        _without_reply(lead)
    save(lead)


def _without_reply(lead: Lead) -> None:
    word = provider_tags.newest(lead) if lead.provider_said_at is not None else None
    if lead.is_stopped:
        return
    if lead.booked_at is not None:
        lead.tag, lead.tag_decided_by, lead.awaiting_model = Tag.MEETING_BOOKED, BOOKED_BY, False
    elif word is not None:
        lead.tag, lead.tag_decided_by, lead.awaiting_model = word.tag, word.by, False
    elif lead.tag == Tag.MEETING_BOOKED:
        lead.tag, lead.tag_decided_by = Tag.NEW, ""


def opt_out(lead: Lead, at: datetime, stamp: str = "") -> None:
    """Stops all messages to the lead, who asked for it `at` (aware), unless a later START revoked it. If both texts
    have a `stamp`, the stamps decide which one is later: a provider that retries may deliver texts out of order.
    """
    if opted_in_after(lead, at, stamp):
        return
    first = lead.opted_out_at is None
    if first or is_later(at, stamp, lead.opted_out_at, lead.opted_out_stamp):
        lead.opted_out_at, lead.opted_out_stamp = at, stamp
    lead.tag, lead.awaiting_model = Tag.BLACKLIST, False
    stops.halt(lead, "The lead asked not to be contacted.", anew=first)


def opt_out_by_hand(lead: Lead, by: Actor) -> None:
    """Stops all messages to the lead because `by` says that the lead asked for it."""
    with transaction.atomic():
        row = locked(lead)
        if row.opted_out_at is None:
            opt_out(row, timezone.now())
            save(row)
            audit.record(row.workspace_id, by, "lead.opted_out", row)


def stopped_at(message: Message) -> datetime:
    """Returns the time of the lead's opt-out. For an SMS without an id it is the time of receipt: the SMS's own time
    has no seconds, so that an earlier START could appear to be later.
    """
    return message.received_at if message.has_own_id else message.sent_at


def opted_in_after(lead: Lead, at: datetime, stamp: str = "") -> bool:
    return lead.opted_in_at is not None and is_later(lead.opted_in_at, lead.opted_in_stamp, at, stamp)


def stop_counts_from(lead: Lead, at: datetime, stamp: str = "") -> bool:
    """Moves the time of the lead's opt-out to `at` if `at` is later. Saves the lead, and returns whether the time
    moved. The lead must be opted out, and its row locked.
    """
    later = is_later(at, stamp, lead.opted_out_at, lead.opted_out_stamp)
    if later:
        lead.opted_out_at, lead.opted_out_stamp = at, stamp
        lead.save(update_fields=["opted_out_at", "opted_out_stamp", "updated_at"])
    return later


def opt_in(lead: Lead, at: datetime, stamp: str = "") -> None:
    """Records that the lead asked for messages again (START) at `at` (aware): older opt-outs no longer count."""
    if lead.opted_in_at is None or is_later(at, stamp, lead.opted_in_at, lead.opted_in_stamp):
        lead.opted_in_at, lead.opted_in_stamp = at, stamp
    if lead.opted_out_at is not None and is_later(at, stamp, lead.opted_out_at, lead.opted_out_stamp):
        lead.opted_out_at, lead.opted_out_stamp = None, ""


def bounced(lead: Lead, at: datetime) -> None:
    """Stops campaigns, follow-ups and drafts for this lead, because a mail to the lead bounced at `at`."""
    lead.bounced_at = min(filter(None, (lead.bounced_at, at)))
    lead.tag, lead.awaiting_model = Tag.BLACKLIST, False
    stops.halt(lead, "The lead’s address bounced.")


def decided(lead: Lead) -> None:
    """Computes the suspicion again after a reply was decided or removed. Saves the lead."""
    suspicion.derive(lead, replies_of(lead))
    save(lead)


def interested(message: Message) -> bool:
    """Records that a person at the provider marked the reply as interested. Locks and saves the lead. Returns False if
    the lead's interest was already recorded.
    """
    lead = locked(message.lead)
    if not Message.objects.filter(pk=message.pk, provider_interested=False).update(provider_interested=True):
        return False
    message.provider_interested = lead.provider_interested = True
    if message.sent_at == lead.last_inbound_at:
        follow(lead, message)
    save(lead)
    message.lead = lead
    return True


def inherit(lead: Lead, twin: Lead) -> None:
    """Adds the stops, times and marks of `twin` to `lead`, which already has the messages of `twin`."""
    if twin.opted_in_at is not None:
        opt_in(lead, twin.opted_in_at, twin.opted_in_stamp)
    if twin.opted_out_at is not None:
        opt_out(lead, twin.opted_out_at, twin.opted_out_stamp)
    lead.bounced_at = min(filter(None, (lead.bounced_at, twin.bounced_at)), default=None)
    lead.booked_at = max(filter(None, (lead.booked_at, twin.booked_at)), default=None)
    lead.provider_said_at = max(filter(None, (lead.provider_said_at, twin.provider_said_at)), default=None)
    lead.unread |= twin.unread
    for channel in twin.refused_channels:
        stops.refuse_channel(lead, channel)


def move(message: Message, lead: Lead) -> None:
    """Moves `message` and its draft to `lead`, and saves `lead`. If the former lead has no messages left, its stops
    move to `lead` and its row is deleted.
    """
    stand_in = Lead.objects.select_for_update().filter(pk=message.lead_id).first()
    if stand_in is None:
        return  # The stand-in lead was merged or deleted in the meantime, with its messages.
    if stand_in.erasing_at or lead.erasing_at:
        return  # A lead that is being erased keeps its messages.
    Message.objects.filter(pk=message.pk).update(lead=lead)
    Draft.objects.filter(trigger_message=message).update(lead=lead)
    message.lead = lead
    if _is_reply(message):
        know(lead, "email", _sender(message))
    if not Message.objects.filter(lead=stand_in).exists():
        inherit(lead, stand_in)
        stand_in.provider_words.update(lead=lead)
        stand_in.delete()
    else:
        lead.unread |= stand_in.unread and _is_reply(message)
        if message.tag == Tag.BLACKLIST and stand_in.opted_out_at is not None:
            opt_out(lead, stopped_at(message), message.stamp)
        if message.suspected:
            decided(stand_in)
        if _is_reply(message) and message.channel in one_channel.refused(message.text):
            stops.refuse_channel(lead, message.channel)
    recompute(lead)


def _sender(message: Message) -> str:
    # The address is cut again, because some letters ("İ") become two letters in lower case.
    return message.from_address.lower()[:320]


def know(lead: Lead, name: str, text: str) -> None:
    """Adds `text`, such as an assistant's address, to the alternate values of the column `name`; keeps up to 50."""
    alternates = getattr(lead, ALTERNATES[name])
    if text and text != getattr(lead, name) and text not in alternates:
        setattr(lead, ALTERNATES[name], [*alternates, text][:50])


def _thread(lead: Lead) -> list[Message]:
    """Returns the lead's messages in the order of their times; values that never change decide between equal times."""
    bulky = ("raw_text", "raw_html", "recipients", "attachments")
    return list(Message.objects.filter(lead=lead).defer(*bulky).order_by("sent_at", "stamp", "external_id"))


def replies_of(lead: Lead) -> list[Message]:
    """Returns the replies of the lead or on its behalf, oldest first, without bounces and without raw texts."""
    return [message for message in _thread(lead) if _is_reply(message)]


def _is_reply(message: Message) -> bool:
    return message.direction == Message.Direction.INBOUND and counts(message) is not Counts.BOUNCE


def recompute(lead: Lead) -> None:
    """Computes the lead's columns again from all its messages, and saves the lead."""
    messages = _thread(lead)
    if messages:
        _show(lead, messages[-1])
        accounts = (row.account_address for row in reversed(messages) if row.account_address)
        lead.last_account = next(accounts, "")
    for message in messages:
        if message.direction == Message.Direction.OUTBOUND:
            lead.last_outbound_at = _latest(lead.last_outbound_at, message.sent_at)
    lead.campaign_id = next((row.campaign_id for row in messages if row.campaign_id), lead.campaign_id)
    replies = [message for message in messages if _is_reply(message)]
    _derive_answered(lead, messages, replies)
    suspicion.derive(lead, replies)
    if replies:
        lead.last_inbound_at = replies[-1].sent_at
        if lead.provider_said_at is not None:
            provider_tags.settle(lead, replies)
        lead.provider_interested |= any(message.provider_interested for message in replies)
        follow(lead, replies[-1])
        _derive_replier(lead, replies)
    elif lead.provider_said_at is not None:
        _without_reply(lead)
    if lead.is_stopped:
        lead.tag, lead.awaiting_model = Tag.BLACKLIST, False
        reasons = (row.tag_decided_by for row in reversed(messages) if row.tag == Tag.BLACKLIST)
        lead.tag_decided_by = next(reasons, lead.tag_decided_by)
        stops.stop_campaigns(lead)
    save(lead)


def _derive_answered(lead: Lead, messages: list[Message], replies: list[Message]) -> None:
    """Sets the time of the last answer. An answer that went out before the newest reply arrived does not count."""
    answers = [row for row in messages if row.direction == Message.Direction.OUTBOUND and is_answer(row)]
    blind = [row for row in answers if replies and _is_blind(row, replies[-1])]
    if blind and lead.answered_at and lead.answered_at > replies[-1].sent_at:
        lead.answered_at = None  # "Done" counts up to the newest reply, so this time belongs to an answer.
    for answer in answers:
        if answer not in blind:
            lead.answered_at = _latest(lead.answered_at, answer.sent_at)


def _derive_replier(lead: Lead, replies: list[Message]) -> None:
    mails = [reply for reply in replies if reply.channel == Channel.EMAIL and reply.from_address]
    for mail in mails:
        if lead.email:
            know(lead, "email", _sender(mail))
    if not mails:
        return
    last = _sender(mails[-1])
    row = list(takewhile(lambda mail: _sender(mail) == last, reversed(mails)))
    somebody_else = bool(lead.email) and last != lead.email
    lead.current_replier_email = last if somebody_else else ""
    lead.current_replier_name = row[-1].from_name if somebody_else else ""
    lead.current_replier_since = row[-1].sent_at if somebody_else else None


def save(lead: Lead) -> None:
    derive(lead)
    lead.save()


def derive(lead: Lead) -> None:
    """Sets `needs_reply` from the lead's other columns, and removes a stopped lead's suspicion."""
    waits = lead.last_inbound_at is not None and (
        lead.answered_at is None or lead.answered_at < lead.last_inbound_at
    )
    if lead.is_stopped:
        suspicion.forget(lead)
    lead.needs_reply = waits and lead.tag not in NO_ANSWER and not lead.is_stopped


def _note_replier(lead: Lead, message: Message, *, newest: bool) -> None:
    sender = _sender(message)
    if message.channel != "email" or not sender:
        return
    if lead.email and sender != lead.email:
        know(lead, "email", sender)
    if not newest:
        return
    if not lead.email or sender == lead.email:
        lead.current_replier_email = lead.current_replier_name = ""
        lead.current_replier_since = None
    elif sender != lead.current_replier_email:
        lead.current_replier_email = sender
        lead.current_replier_name = message.from_name
        lead.current_replier_since = message.sent_at


def _latest(stored: datetime | None, new: datetime) -> datetime:
    return new if stored is None else max(stored, new)
