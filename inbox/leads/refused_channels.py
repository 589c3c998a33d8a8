"""Closes and reopens single channels of a lead, who is not stopped. The caller locks and saves the row."""

from inbox.leads import drafts, stops
from inbox.models import Draft, Lead
from inbox.models.lead import Channel


def refuse(lead: Lead, channel: str) -> None:
    """Stops all messages to the lead on `channel`: rejects its drafts and, for email, stops the campaigns."""
    if channel in lead.refused_channels:
        return
    lead.refused_channels = [*lead.refused_channels, channel]
    drafts.close(Draft.objects.filter(lead=lead, channel=channel), "They don’t want messages here.")
    if channel == Channel.EMAIL:
        stops.stop_campaigns(lead, anew=True)


def allow(lead: Lead, channel: str) -> None:
    lead.refused_channels = [refused for refused in lead.refused_channels if refused != channel]
