"""On which channels a person may write to a lead, and what shuts one now."""

from collections.abc import Iterable
from dataclasses import dataclass

from inbox.accounts import connected
from inbox.models import Lead, Message, OutboundSend
from inbox.models.lead import Channel
from inbox.replying import claims
from inbox.replying.ways import provider_of
from integrations import registry


@dataclass(frozen=True, slots=True)
class Way:
    """One channel of a lead. `to`: where it leads, for people. `shut`: why not now, as a sentence; "" where open."""

    channel: str
    label: str
    to: str
    shut: str


def ways(lead: Lead, unsettled: Iterable[OutboundSend]) -> list[Way]:
    """The channels on which anything is known of `lead`, the one they wrote on last first.

    `unsettled`: the lead's sends that are not over.
    """
    known = {
        Channel.EMAIL: lead.email,
        Channel.SMS: lead.phone or (lead.ghl_contact_id and "their number at GoHighLevel"),
        Channel.LINKEDIN: lead.linkedin_url or (lead.linkedin_member_id and "their profile"),
    }
    live = {send.channel: send.state for send in unsettled}
    inbound = Message.objects.filter(lead=lead, direction=Message.Direction.INBOUND)
    wrote = set(inbound.order_by().values_list("channel", flat=True).distinct())
    found = [
        Way(channel, channel.label, to, _shut(lead, channel, live.get(channel), wrote))
        for channel, to in known.items()
        if to
    ]
    return sorted(found, key=lambda way: way.channel != lead.last_channel)


def _shut(lead: Lead, channel: str, live: str | None, wrote: set[str]) -> str:
    if why := claims.unreachable(lead, channel) or claims.on_its_way(live):
        return why
    if channel in wrote:
        return ""
    if channel == Channel.EMAIL:
        return "An e-mail can only answer one: this lead has not written by e-mail yet."
    provider = provider_of(lead.workspace_id, channel, None)
    if connected(lead.workspace_id, provider) is None:
        return f"{registry.spec_of(provider).label} is not connected."
    return ""
