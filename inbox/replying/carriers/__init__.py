"""Who carries a message: one module per provider, each with `prepare` (then call once) and `listed` (what went out)."""

from inbox.accounts import NotAnswerable, answering, connected
from inbox.models import Message, OutboundSend
from inbox.models.lead import Channel
from inbox.replying.carriers.base import CannotSend, Carrier
from inbox.replying.carriers.emailbison import EmailBison
from inbox.replying.carriers.ghl import Ghl
from inbox.replying.carriers.instantly import Instantly
from inbox.replying.carriers.smartlead import SmartLead
from inbox.replying.carriers.unipile import Unipile
from integrations.models import Integration, Provider

BY_SOURCE = {
    "emailbison_reply": Provider.EMAILBISON,
    "smartlead_reply": Provider.SMARTLEAD,
    "instantly_reply": Provider.INSTANTLY,
}
BY_CHANNEL = {
    Channel.EMAIL: Provider.EMAILBISON,
    Channel.SMS: Provider.GHL,
    Channel.LINKEDIN: Provider.UNIPILE,
}
CARRIERS: dict[str, Carrier] = {
    carrier.provider: carrier for carrier in (EmailBison(), Ghl(), Instantly(), SmartLead(), Unipile())
}


def provider_of(channel: str, reply_to: Message | None) -> str:
    """The provider that carries an answer: the one the reply came by, else the channel's own."""
    return BY_SOURCE.get(reply_to.source if reply_to else "", BY_CHANNEL[channel])


def of(send: OutboundSend) -> tuple[Carrier, Integration]:
    """The carrier of `send` and the account it goes by: the one that the reply came to, and no other.

    Raises CannotSend where none is connected.
    """
    provider = send.provider or provider_of(send.channel, send.reply_to)
    try:
        integration = (
            answering(send.reply_to, provider) if send.reply_to else connected(send.workspace_id, provider)
        )
    except NotAnswerable as why:
        raise CannotSend(str(why)) from why
    if integration is None or provider not in CARRIERS:
        raise CannotSend(f"{Provider(provider).label} is not connected.")
    return CARRIERS[provider], integration
