"""The lead wants no more, as the provider says: everything stops, whatever the tag was."""

from inbox.handlers.messages import campaign_id
from inbox.intake import Outcome, Received, Verdict
from inbox.leads import identity, rollup
from integrations.events import UnsubscribeEvent


def handle(received: Received, event: UnsubscribeEvent) -> Outcome:
    """Stop the lead, made where we have never seen it, so that a later message finds it stopped."""
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.campaign_id = lead.campaign_id or campaign_id(received, event.campaign)
    stopped_before, known = lead.is_stopped, not event.event_key and lead.opted_out_at is not None
    rollup.opt_out(lead, min(event.occurred_at or received.received_at, received.received_at))
    if lead.is_stopped and not stopped_before:
        lead.tag_decided_by = event.by
    rollup.save(lead)
    verdict = Verdict.DUPLICATE if known else Verdict.ACCEPTED
    return Outcome(verdict, event.event_type, lead=lead)
