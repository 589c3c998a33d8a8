"""Applies an opt-out that a provider reports: everything stops, whatever the tag was."""

from inbox.intake.messages import campaign_id
from inbox.intake.receipt import DeliveryVerdict, IntakeResult, Received
from inbox.leads import identity, refused_channels, rollup
from inbox.models import Lead
from integrations import registry
from integrations.events import LabelEvent, UnsubscribeEvent
from integrations.spec import STOP_LABELS, label_words


def handle(received: Received, event: UnsubscribeEvent) -> IntakeResult:
    """Stops messages to a lead who unsubscribed, or only those on the event's channels. An unknown lead is created, so
    that a later message finds the lead stopped.
    """
    campaign = campaign_id(received, event.campaign)  # before the lead, in the order of a message's intake
    lead = identity.find_or_create(received.workspace, event.person, received.provider).lead
    lead.campaign_id = lead.campaign_id or campaign
    repeated = _refuse(received, event, lead) if event.channels else _opt_out(received, event, lead)
    rollup.save(lead)
    verdict = DeliveryVerdict.DUPLICATE if repeated else DeliveryVerdict.ACCEPTED
    return IntakeResult(verdict, lead=lead)


def _opt_out(received: Received, event: UnsubscribeEvent, lead: Lead) -> bool:
    """Stops `lead`. Returns whether the opt-out was already known."""
    stopped_before, repeated = lead.is_stopped, not event.event_key and lead.opted_out_at is not None
    rollup.opt_out(lead, min(event.occurred_at or received.received_at, received.received_at))
    if lead.is_stopped and not stopped_before:
        lead.tag_decided_by = event.by
    return repeated


def _refuse(received: Received, event: UnsubscribeEvent, lead: Lead) -> bool:
    """Closes the event's channels, unless the lead has sent START since. Returns whether they were already closed."""
    repeated = set(event.channels) <= set(lead.refused_channels)
    if not rollup.opted_in_after(lead, event.occurred_at or received.received_at):
        for channel in event.channels:
            refused_channels.refuse(lead, channel)
    return repeated


def labelled(received: Received, event: LabelEvent) -> IntakeResult:
    """Stops all messages to a lead with a "do not contact" label from people at the provider."""
    account = received.integration
    names = str(account.config.get(STOP_LABELS.name) or "") if account else ""
    stops = set(map(label_words, ("do not contact", *names.split(",")))) - {""}
    if label_words(event.label) not in stops:
        return IntakeResult(DeliveryVerdict.IGNORED, "no label that means “do not contact”")
    unsubscribed = UnsubscribeEvent(
        event_type=event.event_type,
        person=event.person,
        campaign=event.campaign,
        occurred_at=event.occurred_at,
        by=f"{registry.spec_of(received.provider).label}: label",
    )
    return handle(received, unsubscribed)
