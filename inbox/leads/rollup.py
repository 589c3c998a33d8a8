"""What a lead's row says about its messages.

Written so that any order of arrival ends in the same state: what comes in order is counted in, and what comes late has
everything derived from the lead's messages anew. The newest reply decides the tag, and an opt-out outlives everything
but a later START.
"""

from datetime import datetime
from itertools import takewhile

from django.db.models import Q

from inbox.leads import drafts, refusals, said, stops, suspicion
from inbox.leads.stops import is_later
from inbox.models import Draft, Lead, Message
from inbox.models.lead import Channel, Tag
from inbox.models.message import OWN
from inbox.understanding import one_channel
from inbox.understanding.arrival import Arrival
from integrations import registry
from integrations.spec import Counts

BOOKED_BY = "calendar: booked"
NO_ANSWER_NEEDED = {Tag.BLACKLIST, Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE}


def answers() -> Q:
    """Messages of ours that a person or this product wrote to the lead: not the steps of campaigns."""
    return Q(direction=Message.Direction.OUTBOUND) & (~Q(source__in=steps()) | Q(by_hand=True))


def steps() -> tuple[str, ...]:
    """Where steps of a running campaign come from: they reach the lead, but they answer nothing."""
    return registry.counting_as(Counts.STEP)


def bounces() -> tuple[str, ...]:
    """Where reports come from that our mail came back: nobody's words."""
    return registry.counting_as(Counts.BOUNCE)


def counts(message: Message) -> Counts:
    """What a message is. Raises UnknownSource for one of a source that no provider declares."""
    return Counts.ANSWER if message.source == OWN else registry.source_of(message.source).counts


def locked(lead: Lead) -> Lead:
    """The lead's row as it is now, locked until the transaction ends."""
    return Lead.objects.select_for_update().get(pk=lead.pk)


def add(lead: Lead, message: Message, judged: Arrival) -> None:
    """Count a new message in. `lead` must be locked (as `identity.find_or_create` returns it)."""
    late = lead.last_message_at is not None and message.sent_at <= lead.last_message_at
    count(lead, message, judged)
    if late or (said.is_about(lead, message) and _is_reply(message)):
        recompute(lead)
        return
    if lead.is_stopped:
        stops.stop_campaigns(lead)  # of this one, nothing may have been known when the lead was stopped
    save(lead)


def count(lead: Lead, message: Message, judged: Arrival) -> None:
    """As `add`, for a caller who writes the row; neither `lead` nor `message` has to be written yet."""
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
    """Whether an outbound message is more than a step of a campaign."""
    return message.by_hand or counts(message) is not Counts.STEP


def _answered(lead: Lead, message: Message) -> None:
    """Somebody has answered; where it was not here, drafts for what they answered are not needed any more."""
    lead.answered_at = _latest(lead.answered_at, message.sent_at)
    if message.source != OWN:
        older = Draft.objects.filter(
            lead=lead, channel=message.channel, trigger_message__sent_at__lt=message.sent_at
        )
        drafts.close(older, "Somebody has answered outside of this inbox.")


def written_by_hand(message: Message) -> None:
    """An outbound message that is stored already turns out to be a person's."""
    lead = locked(message.lead)
    _answered(lead, message)
    save(lead)
    message.lead = lead


def _note_campaign(lead: Lead, message: Message) -> None:
    """A lead is of the campaign that reached them first, by the provider's time and not by ours."""
    if message.campaign_id is None or message.campaign_id == lead.campaign_id:
        return
    if lead.campaign_id is not None:
        reached = Message.objects.filter(lead=lead, campaign__isnull=False).order_by("sent_at", "pk")
        lead.campaign_id = reached.values_list("campaign", flat=True).first()
    else:
        lead.campaign_id = message.campaign_id


def campaign_known(message: Message) -> None:
    """The campaign of a stored message has become known."""
    lead = locked(message.lead)
    _note_campaign(lead, message)
    if lead.is_stopped:
        stops.stop_campaigns(lead)
    save(lead)
    message.lead = lead


def note_last_message(lead: Lead, message: Message) -> None:
    """Show `message` in the lead's row, if it is the newest."""
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
        refusals.allow(lead, message.channel)
    if judged.refuses_channel:
        refusals.refuse(lead, message.channel)
    if newest:
        suspicion.add(lead, message, started_again=judged.opt_in)
        follow(lead, message)
        if lead.tag not in NO_ANSWER_NEEDED:
            lead.snoozed_until = None  # a person wrote: what was put off is due
    _note_replier(lead, message, newest=newest)


def follow(lead: Lead, message: Message) -> None:
    """Let the lead's tag be what its newest inbound message says."""
    if lead.is_stopped:
        lead.tag, lead.awaiting_model = Tag.BLACKLIST, False
        if message.tag == Tag.BLACKLIST:
            lead.tag_decided_by = message.tag_decided_by
    elif message.tag == Tag.BLACKLIST and lead.opted_in_at is not None:
        lead.tag, lead.tag_decided_by, lead.awaiting_model = Tag.NEUTRAL, "rules: START", False
    elif message.tag_decided_by.startswith(said.PERSON):
        lead.tag, lead.tag_decided_by, lead.awaiting_model = message.tag, message.tag_decided_by, False
    elif lead.booked_at is not None and lead.booked_at >= message.sent_at:
        lead.tag, lead.tag_decided_by, lead.awaiting_model = Tag.MEETING_BOOKED, BOOKED_BY, False
    elif message.provider_interested and not said.by_provider(message):
        lead.tag, lead.tag_decided_by, lead.awaiting_model = Tag.INTERESTED, "provider", False
    else:
        lead.tag = message.tag or Tag.NEUTRAL
        lead.tag_decided_by = message.tag_decided_by
        lead.awaiting_model = not message.tag


def booked(lead: Lead, at) -> None:
    """A meeting stands since `at` (aware datetime), or none does any more (None). `lead` must be locked.

    The calendar is the evidence for the tag; a reply that is newer than the booking has its own say.
    """
    lead.booked_at = at
    if wrote := replies_of(lead):
        follow(lead, wrote[-1])
    else:
        _without_reply(lead)
    save(lead)


def _without_reply(lead: Lead) -> None:
    """What is known of a lead who has written nothing: the calendar, else what a provider's people said of them."""
    word = said.newest(lead) if lead.provider_said_at is not None else None
    if lead.is_stopped:
        return
    if lead.booked_at is not None:
        lead.tag, lead.tag_decided_by, lead.awaiting_model = Tag.MEETING_BOOKED, BOOKED_BY, False
    elif word is not None:
        lead.tag, lead.tag_decided_by, lead.awaiting_model = word.tag, word.by, False
    elif lead.tag == Tag.MEETING_BOOKED:
        lead.tag, lead.tag_decided_by = Tag.NEW, ""


def opt_out(lead: Lead, at, stamp: str = "") -> None:
    """Stop everything for this lead, unless a later START has taken it back already.

    `at`: aware datetime. `stamp`: what the text says of its own time, which knows better than our clock which of two
    texts was first: a provider that tries again delivers out of order.
    """
    if opted_in_after(lead, at, stamp):
        return
    first = lead.opted_out_at is None
    if first or is_later(at, stamp, lead.opted_out_at, lead.opted_out_stamp):
        lead.opted_out_at, lead.opted_out_stamp = at, stamp
    lead.tag, lead.awaiting_model = Tag.BLACKLIST, False
    stops.halt(lead, "The lead asked not to be contacted.", anew=first)


def stopped_at(message: Message) -> datetime:
    """When the stop counts from that `message` asks for.

    Of a text without an id it is the receipt: the time in it may be its contact's, and one that it states itself has
    no seconds. A START in between would seem to be the later one.
    """
    return message.received_at if message.has_own_id else message.sent_at


def opted_in_after(lead: Lead, at, stamp: str = "") -> bool:
    """Whether a START came after something of time `at` (aware datetime; `stamp` as in `opt_out`)."""
    return lead.opted_in_at is not None and is_later(lead.opted_in_at, lead.opted_in_stamp, at, stamp)


def stop_counts_from(lead: Lead, at, stamp: str = "") -> bool:
    """Whether the stop counts from `at` on: the lead may have asked again. `lead` must be locked and stopped."""
    later = is_later(at, stamp, lead.opted_out_at, lead.opted_out_stamp)
    if later:
        lead.opted_out_at, lead.opted_out_stamp = at, stamp
        lead.save(update_fields=["opted_out_at", "opted_out_stamp", "updated_at"])
    return later


def opt_in(lead: Lead, at, stamp: str = "") -> None:
    """START: takes older opt-outs back, recorded by its time."""
    if lead.opted_in_at is None or is_later(at, stamp, lead.opted_in_at, lead.opted_in_stamp):
        lead.opted_in_at, lead.opted_in_stamp = at, stamp
    if lead.opted_out_at is not None and is_later(at, stamp, lead.opted_out_at, lead.opted_out_stamp):
        lead.opted_out_at, lead.opted_out_stamp = None, ""


def bounced(lead: Lead, at) -> None:
    """Stop everything for this lead, whose address does not exist. `lead` must be locked, and is not written."""
    lead.bounced_at = min(filter(None, (lead.bounced_at, at)))
    lead.tag, lead.awaiting_model = Tag.BLACKLIST, False
    stops.halt(lead, "The lead's address bounced.")


def decided(lead: Lead) -> None:
    """Somebody has decided about one of the replies of `lead` (locked), or it is gone: the others may still be
    suspected. Writes the row."""
    suspicion.derive(lead, replies_of(lead))
    save(lead)


def interested(message: Message) -> None:
    """The provider's people marked `message` as interested after it was stored."""
    lead = locked(message.lead)
    lead.provider_interested = True
    if message.sent_at == lead.last_inbound_at:
        follow(lead, message)
    save(lead)
    message.lead = lead


def inherit(lead: Lead, other: Lead) -> None:
    """Take over from `other`, whose messages are now the lead's, what stops a lead and what starts it again."""
    if other.opted_in_at is not None:
        opt_in(lead, other.opted_in_at, other.opted_in_stamp)
    if other.opted_out_at is not None:
        opt_out(lead, other.opted_out_at, other.opted_out_stamp)
    lead.bounced_at = min(filter(None, (lead.bounced_at, other.bounced_at)), default=None)
    lead.booked_at = max(filter(None, (lead.booked_at, other.booked_at)), default=None)
    lead.provider_said_at = max(filter(None, (lead.provider_said_at, other.provider_said_at)), default=None)
    lead.unread |= other.unread
    for channel in other.refused_channels:
        refusals.refuse(lead, channel)


def move(message: Message, lead: Lead) -> None:
    """Give `message` (and its draft) to the lead that the provider names; an emptied stand-in lead goes away."""
    stand_in = Lead.objects.select_for_update().filter(pk=message.lead_id).first()
    if stand_in is None:
        return  # somebody has merged or deleted it meanwhile, and its messages with it
    Message.objects.filter(pk=message.pk).update(lead=lead)
    Draft.objects.filter(trigger_message=message).update(lead=lead)
    message.lead = lead
    if _is_reply(message):
        know_address(lead, _sender(message))
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
            refusals.refuse(lead, message.channel)
    recompute(lead)


def _sender(message: Message) -> str:
    # Cut again: some letters have a lower case of two ("İ").
    return message.from_address.lower()[:320]


def know_address(lead: Lead, address: str) -> None:
    """Remember another address of this person (an assistant's, a second mailbox)."""
    if address and address != lead.email and address not in lead.alternate_emails:
        lead.alternate_emails = [*lead.alternate_emails, address][:50]


def _thread(lead: Lead) -> list[Message]:
    """The lead's messages by what they say of their time, and where that is the same, by what does not change."""
    bulky = ("raw_text", "raw_html", "recipients", "attachments")
    return list(Message.objects.filter(lead=lead).defer(*bulky).order_by("sent_at", "stamp", "external_id"))


def replies_of(lead: Lead) -> list[Message]:
    """What the lead (or who answers for them) wrote, oldest first."""
    return [message for message in _thread(lead) if _is_reply(message)]


def _is_reply(message: Message) -> bool:
    """Whether the lead (or who answers for them) wrote it: a report of a mail system is nobody's word."""
    return message.direction == Message.Direction.INBOUND and counts(message) is not Counts.BOUNCE


def recompute(lead: Lead) -> None:
    """Derive the roll-ups from the lead's messages: some have moved, or one came late. `lead` must be locked."""
    messages = _thread(lead)
    if messages:
        _show(lead, messages[-1])
        accounts = (one.account_address for one in reversed(messages) if one.account_address)
        lead.last_account = next(accounts, "")
    for message in messages:
        if message.direction == Message.Direction.OUTBOUND:
            lead.last_outbound_at = _latest(lead.last_outbound_at, message.sent_at)
            if is_answer(message):
                lead.answered_at = _latest(lead.answered_at, message.sent_at)
    lead.campaign_id = next((one.campaign_id for one in messages if one.campaign_id), lead.campaign_id)
    replies = [message for message in messages if _is_reply(message)]
    suspicion.derive(lead, replies)
    if replies:
        lead.last_inbound_at = replies[-1].sent_at
        if lead.provider_said_at is not None:
            said.settle(lead, replies)
        lead.provider_interested |= any(message.provider_interested for message in replies)
        follow(lead, replies[-1])
        _derive_replier(lead, replies)
    elif lead.provider_said_at is not None:
        _without_reply(lead)
    if lead.is_stopped:
        _stopped_by(lead, messages)
        stops.stop_campaigns(lead)
    save(lead)


def _stopped_by(lead: Lead, messages: list[Message]) -> None:
    """The newest message that stops a lead is what its tag comes from."""
    lead.tag, lead.awaiting_model = Tag.BLACKLIST, False
    reasons = (one.tag_decided_by for one in reversed(messages) if one.tag == Tag.BLACKLIST)
    lead.tag_decided_by = next(reasons, lead.tag_decided_by)


def _derive_replier(lead: Lead, replies: list[Message]) -> None:
    """Who answers for the lead, from the mails in a row that the last sender wrote; all senders stay known."""
    mails = [one for one in replies if one.channel == Channel.EMAIL and one.from_address]
    for mail in mails:
        if lead.email:
            know_address(lead, _sender(mail))
    if not mails:
        return
    last = _sender(mails[-1])
    row = list(takewhile(lambda mail: _sender(mail) == last, reversed(mails)))
    somebody_else = bool(lead.email) and last != lead.email
    lead.current_replier_email = last if somebody_else else ""
    lead.current_replier_name = row[-1].from_name if somebody_else else ""
    lead.current_replier_since = row[-1].sent_at if somebody_else else None


def save(lead: Lead) -> None:
    """Write the row with its derived flag."""
    derive(lead)
    lead.save()


def derive(lead: Lead) -> None:
    """Set what follows from the other columns."""
    waits = lead.last_inbound_at is not None and (
        lead.answered_at is None or lead.answered_at < lead.last_inbound_at
    )
    if lead.is_stopped:
        suspicion.forget(lead)
    lead.needs_reply = waits and lead.tag not in NO_ANSWER_NEEDED and not lead.is_stopped


def _note_replier(lead: Lead, message: Message, *, newest: bool) -> None:
    """Somebody else may answer for the lead; when the lead writes again, that ends. Their address stays known."""
    sender = _sender(message)
    if message.channel != "email" or not sender:
        return
    if lead.email and sender != lead.email:
        know_address(lead, sender)
    if not newest:
        return
    if not lead.email or sender == lead.email:
        lead.current_replier_email = lead.current_replier_name = ""
        lead.current_replier_since = None
    elif sender != lead.current_replier_email:
        lead.current_replier_email = sender
        lead.current_replier_name = message.from_name
        lead.current_replier_since = message.sent_at


def _latest(known, new):
    return new if known is None else max(known, new)
