"""Lists the channels on which a person may write to a lead, and why a channel cannot be used now."""

from collections.abc import Iterable
from dataclasses import dataclass

from inbox.models import Lead, Message, OutboundSend
from inbox.models.lead import Channel
from inbox.replying import send_claims
from inbox.replying.ways import provider_of
from inbox.workspaces.accounts import connected
from integrations import registry


@dataclass(frozen=True, slots=True)
class Way:
    """One channel by which a lead can be written to. `to` is the address or number for people to read. `shut` is why
    the channel cannot be used now, as a sentence; "" if it can.
    """

    channel: str
    label: str
    to: str
    shut: str


def ways(lead: Lead, unsettled: Iterable[OutboundSend]) -> list[Way]:
    """The channels on which `lead` has an address, the one on which they wrote last first. Channels that cannot be used
    now are among them, with the reason.

    `unsettled` are messages to the lead whose sending has not ended clearly.
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
    if why := send_claims.unreachable(lead, channel) or send_claims.on_its_way(live):
        return why
    if channel in wrote:
        return ""
    if channel == Channel.EMAIL:
        return "An e-mail can only answer one: this lead has not written by e-mail yet."
    provider = provider_of(lead.workspace_id, channel, None)
    if connected(lead.workspace_id, provider) is None:
        return f"{registry.spec_of(provider).label} is not connected."
    return ""
