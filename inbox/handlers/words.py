"""A provider's people, or its model, say what a lead means: it becomes the tag of the reply that they said it about."""

from inbox.handlers.again import again
from inbox.handlers.messages import campaign_id
from inbox.intake import Outcome, Received, Verdict
from inbox.leads import identity, rollup, said
from inbox.models import Lead, Message
from inbox.models.lead import Tag
from integrations import registry
from integrations.events import TagEvent


def handle(received: Received, event: TagEvent) -> Outcome:
    """Keep the word, on a lead that is made where we have never seen it, so that a reply that comes later has it."""
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.campaign_id = lead.campaign_id or campaign_id(received, event.campaign)
    lead.provider_interested |= event.tag == Tag.INTERESTED
    at = min(event.occurred_at or received.received_at, received.received_at)
    by = f"{registry.spec_of(received.provider).label}, {event.event_type} of {at:%Y-%m-%d %H:%M:%S} UTC"
    before = lead.tag
    word = said.keep(lead, tag=event.tag, by=by, at=at)
    rollup.recompute(lead)
    reply = said.reply_of(word, rollup.replies_of(lead))
    marked = reply is not None and reply.tag_decided_by == word.by
    enqueued = marked and reply.processed_at is not None
    if enqueued:
        again(reply, str(word.pk))
    return Outcome(
        Verdict.ACCEPTED,
        event.event_type,
        _stands_above(lead, reply, event.tag),
        message=reply,
        lead=lead,
        enqueued=enqueued,
        updated_existing=lead.tag != before,
    )


def _stands_above(lead: Lead, reply: Message | None, tag: str) -> str:
    """Why the lead's tag is not what was said; "" where it is."""
    if lead.tag == tag:
        return ""
    if lead.is_stopped:
        return "kept; that nothing more goes to the lead stands above it"
    if reply is not None and reply.tag_decided_by.startswith(said.PERSON):
        return "kept; a person's tag stands above it"
    if lead.booked_at is not None:
        return "kept; the meeting that is booked stands above it"
    return "kept; the lead has written or another word was said since"
