"""Applies a provider's statement that a lead wants no more: everything stops, whatever the tag was."""

from inbox.intake.messages import campaign_id
from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import identity, rollup
from integrations.events import UnsubscribeEvent


def handle(received: Received, event: UnsubscribeEvent) -> IntakeResult:
    """Stops all messages to a lead who unsubscribed at the provider. If we have never seen the lead, it is created, so
    that a later message finds it stopped.
    """
    campaign = campaign_id(received, event.campaign)  # before the lead, as a message's intake locks them
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.campaign_id = lead.campaign_id or campaign
    stopped_before, known = lead.is_stopped, not event.event_key and lead.opted_out_at is not None
    rollup.opt_out(lead, min(event.occurred_at or received.received_at, received.received_at))
    if lead.is_stopped and not stopped_before:
        lead.tag_decided_by = event.by
    rollup.save(lead)
    verdict = DeliveryVerdict.DUPLICATE if known else DeliveryVerdict.ACCEPTED
    return IntakeResult(verdict, event.event_type, lead=lead)
