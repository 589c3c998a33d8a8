"""Who carries a message: one module per provider, each with `prepare` (then call once) and `listed` (what went out)."""

from inbox.models import Message, OutboundSend
from inbox.models.lead import Channel
from inbox.replying.carriers.base import CannotSend, Carrier
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
CARRIERS: dict[str, Carrier] = {carrier.provider: carrier for carrier in ()}


def provider_of(channel: str, reply_to: Message | None) -> str:
    """The provider that carries an answer: the one the reply came by, else the channel's own."""
    return BY_SOURCE.get(reply_to.source if reply_to else "", BY_CHANNEL[channel])


def of(send: OutboundSend) -> tuple[Carrier, Integration]:
    """The carrier of `send` and the account it goes by: the one the reply came to, where the workspace has several.

    Raises CannotSend where none is connected.
    """
    provider = send.provider or provider_of(send.channel, send.reply_to)
    connected = list(
        Integration.objects.filter(workspace_id=send.workspace_id, provider=provider, enabled=True)
    )
    if not connected or provider not in CARRIERS:
        raise CannotSend(f"{Provider(provider).label} is not connected.")
    own = [one for one in connected if one.external_account_id and one.external_account_id == send.account_id]
    return CARRIERS[provider], (own or connected)[0]
