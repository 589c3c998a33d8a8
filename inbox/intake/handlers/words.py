"""Applies a lead's status from people at a provider, or from its model, as the tag of the reply that it concerns."""

from inbox.intake.catch_up_job import again
from inbox.intake.messages import campaign_id
from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import identity, provider_tags, rollup
from inbox.models import Lead, Message
from inbox.models.lead import Tag
from integrations import registry
from integrations.events import TagEvent


def handle(received: Received, event: TagEvent) -> IntakeResult:
    """Stores a provider's status of a lead ("not interested") as a tag for its reply. An unknown lead is created, so
    that a later reply gets the tag.
    """
    campaign = campaign_id(received, event.campaign)  # before the lead, in the order of a message's intake
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.campaign_id = lead.campaign_id or campaign
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
    """Why the lead's tag differs from the provider's status, as a sentence; "" if they agree."""
    if lead.tag == tag:
        return ""
    if lead.is_stopped:
        return "kept; the lead’s opt-out takes precedence"
    if reply is not None and reply.tag_decided_by.startswith(provider_tags.PERSON):
        return "kept; a person’s tag takes precedence"
    if lead.booked_at is not None:
        return "kept; the booked meeting takes precedence"
    return "kept; the lead or the provider has said more since"
