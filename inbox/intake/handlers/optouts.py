"""Applies a provider's opt-outs, tags and labels. An opt-out stops all messages to the lead, whatever its tag is."""

from inbox.intake.messages import again, campaign_id
from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import identity, labels, provider_tags, rollup, stops
from inbox.models import Lead, Message
from inbox.models.lead import Tag
from integrations import registry
from integrations.events import LabelEvent, TagEvent, UnsubscribeEvent
from integrations.spec import STOP_LABELS, label_words


def handle(received: Received, event: UnsubscribeEvent) -> IntakeResult:
    """Stops messages to a lead who unsubscribed: on the event's channels, or on all channels if it names none. An
    unknown lead is created, so that a later message finds the lead stopped.
    """
    lead = _lead(received, event)
    repeated = _refuse(received, event, lead) if event.channels else _opt_out(received, event, lead)
    rollup.save(lead)
    verdict = DeliveryVerdict.DUPLICATE if repeated else DeliveryVerdict.ACCEPTED
    return IntakeResult(verdict, lead=lead)


def _lead(received: Received, event: LabelEvent | TagEvent | UnsubscribeEvent) -> Lead:
    """Finds or creates the lead of `event`, and sets the lead's campaign, unsaved, if it has none."""
    campaign = campaign_id(received, event.campaign)  # comes before the lead, as in a message's intake
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.campaign_id = lead.campaign_id or campaign
    return lead


def _opt_out(received: Received, event: UnsubscribeEvent, lead: Lead) -> bool:
    stopped_before, repeated = lead.is_stopped, not event.event_key and lead.opted_out_at is not None
    rollup.opt_out(lead, min(event.occurred_at or received.received_at, received.received_at))
    if lead.is_stopped and not stopped_before:
        lead.tag_decided_by = event.by
    return repeated


def _refuse(received: Received, event: UnsubscribeEvent, lead: Lead) -> bool:
    """Closes the event's channels, unless the lead has sent START since. Returns whether all were closed before."""
    repeated = set(event.channels) <= set(lead.refused_channels)
    if not rollup.opted_in_after(lead, event.occurred_at or received.received_at):
        for channel in event.channels:
            stops.refuse_channel(lead, channel)
    return repeated


def labelled(received: Received, event: LabelEvent) -> IntakeResult:
    """Stops all messages to a lead with a "do not contact" label from people at the provider. Any other label puts the
    workspace's labels with this name or alias on the lead.
    """
    account = received.integration
    names = str(account.config.get(STOP_LABELS.name) or "") if account else ""
    stopping = set(map(label_words, ("do not contact", *names.split(",")))) - {""}
    if label_words(event.label) not in stopping:
        return _put(received, event)
    unsubscribed = UnsubscribeEvent(
        event_type=event.event_type,
        person=event.person,
        campaign=event.campaign,
        occurred_at=event.occurred_at,
        by=f"{registry.spec_of(received.provider).label}: label",
    )
    return handle(received, unsubscribed)


def tagged(received: Received, event: TagEvent) -> IntakeResult:
    """Stores a provider's status of a lead ("not interested") as a tag for its reply. An unknown lead is created, so
    that a later reply gets the tag.
    """
    lead = _lead(received, event)
    lead.provider_interested |= event.tag == Tag.INTERESTED
    at = min(event.occurred_at or received.received_at, received.received_at)
    by = f"{registry.spec_of(received.provider).label}, {event.event_type} of {at:%Y-%m-%d %H:%M:%S} UTC"
    before = lead.tag
    word = provider_tags.keep(lead, tag=event.tag, by=by, at=at)
    rollup.recompute(lead)
    reply = provider_tags.reply_of(word, rollup.replies_of(lead))
    enqueued = False
    if reply is not None and reply.tag_decided_by == word.by and reply.processed_at is not None:
        again(reply, str(word.pk))
        enqueued = True
    return IntakeResult(
        DeliveryVerdict.ACCEPTED,
        _stands_above(lead, reply, event.tag),
        message=reply,
        lead=lead,
        enqueued=enqueued,
        updated_existing=lead.tag != before,
    )


def _stands_above(lead: Lead, reply: Message | None, tag: str) -> str:
    """Returns why the lead's tag differs from the provider's status, as a sentence; "" if they agree."""
    if lead.tag == tag:
        return ""
    if lead.is_stopped:
        return "the lead’s opt-out takes precedence"
    if reply is not None and reply.tag_decided_by.startswith(provider_tags.PERSON):
        return "a person’s tag takes precedence"
    if lead.booked_at is not None:
        return "the booked meeting takes precedence"
    return "a later reply or status takes precedence"


def _put(received: Received, event: LabelEvent) -> IntakeResult:
    meant = labels.meant_by(received.workspace, event.label)
    if not meant:
        return IntakeResult(DeliveryVerdict.IGNORED, f"this workspace has no label “{event.label[:120]}”")
    lead = _lead(received, event)
    rollup.save(lead)
    provider = registry.spec_of(received.provider).label
    labels.put_by_provider(lead, meant, by=f"{provider_tags.PROVIDER}{provider}")
    return IntakeResult(DeliveryVerdict.ACCEPTED, lead=lead)
