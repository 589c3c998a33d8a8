"""Channels that a person ended while they named another: nothing more goes out on them, and the lead stays."""

from inbox.leads import drafts, stops
from inbox.models import Draft, Lead
from inbox.models.lead import Channel


def refuse(lead: Lead, channel: str) -> None:
    """The person ends `channel` and wants another. `lead` must be locked, and is not written."""
    if channel in lead.refused_channels:
        return
    lead.refused_channels = [*lead.refused_channels, channel]
    drafts.close(Draft.objects.filter(lead=lead, channel=channel), "They asked for another channel.")
    if channel == Channel.EMAIL:
        stops.stop_campaigns(lead, anew=True)


def allow(lead: Lead, channel: str) -> None:
    """`channel` is open again. `lead` must be locked, and is not written."""
    lead.refused_channels = [one for one in lead.refused_channels if one != channel]
