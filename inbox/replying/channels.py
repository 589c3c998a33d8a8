"""Lists the channels on which a person may write to a lead, with senders and recipients, or why they cannot be used."""

from collections.abc import Iterable
from dataclasses import dataclass

from inbox.leads import refused_addresses
from inbox.models import Draft, Lead, Message, OutboundSend
from inbox.models.lead import Channel
from inbox.replying import carrier_messages, send_claims
from inbox.replying.account_pauses import is_down
from inbox.workspaces.accounts import accounts_of, connected, known_as, name_of, signature_of
from integrations import registry
from integrations.carriers import CannotSend, Recipient
from integrations.models import HealthState, Integration


@dataclass(frozen=True, slots=True)
class Way:
    """A channel on which `sender` (a mailbox or account) can write to a lead. `trouble` describes a fault of the
    sender, `shut` says why the channel cannot be used now, and `signature` is the end of an email. Each is "" if there
    is none.
    """

    channel: str
    label: str
    to: str
    cc: tuple[Recipient, ...]
    sender: str
    trouble: str
    subject: str
    shut: str
    signature: str


def ways(
    lead: Lead,
    unsettled: Iterable[OutboundSend],
    draft: Draft | None = None,
    newest: dict[str, Message] | None = None,
) -> list[Way]:
    """Returns the channels on which `lead` has an address, first the channel of the last message. The entry for the
    channel of `draft` shows how the draft would go out. `unsettled` are the lead's sends that are going out or whose
    outcome is unknown. `newest` is the result of `send_claims.newest_by_channel`, if the caller has loaded it.
    """
    addresses = {
        Channel.EMAIL: lead.email,
        Channel.SMS: lead.phone or (lead.ghl_contact_id and "their number in GoHighLevel"),
        Channel.LINKEDIN: lead.linkedin_url or (lead.linkedin_member_id and "their profile"),
    }
    live = {send.channel: send.state for send in unsettled}
    newest = send_claims.newest_by_channel(lead) if newest is None else newest
    accounts = accounts_of(lead.workspace_id)
    open_ways = []
    for channel, to in addresses.items():
        reply_to, subject = newest.get(channel), ""
        drafted = draft is not None and draft.channel == channel
        if draft and drafted:
            subject = draft.subject
            if reply_to is None or reply_to.pk != draft.trigger_message_id:
                reply_to = draft.trigger_message
        if to or drafted:
            send = send_claims.addressed(lead, channel, reply_to, accounts, subject=subject)
            send.recipients = refused_addresses.without(lead, send.recipients)
            open_ways.append(_way(send, str(to), _shut(send, live.get(channel), accounts), accounts))
    return sorted(open_ways, key=lambda way: way.channel != lead.last_channel)


def _way(send: OutboundSend, to: str, shut: str, accounts: list[Integration]) -> Way:
    channel, to_people = Channel(send.channel), carrier_messages.people(send, "to")
    mailbox = send.reply_to.account_address if send.reply_to and channel == Channel.EMAIL else ""
    account, trouble = _account(send, mailbox, accounts)
    name = name_of(account) if account else ""
    return Way(
        channel=channel,
        label=channel.label,
        to=to_people[0].address if to_people else to,
        cc=carrier_messages.people(send, "cc"),
        sender=name if send.lead.sample else name and (mailbox or name),
        trouble=trouble,
        subject=send.shown_subject if channel == Channel.EMAIL else "",
        shut=shut,
        signature=signature_of(send.lead.workspace, account, mailbox) if channel == Channel.EMAIL else "",
    )


def _account(send: OutboundSend, mailbox: str, accounts: list[Integration]) -> tuple[Integration | None, str]:
    if send.lead.sample:
        return connected(send.workspace_id, send.provider, accounts), ""
    try:
        _, account = carrier_messages.way_of(send, accounts)
    except CannotSend as why:
        return None, str(why)
    health = getattr(account, "health", None)
    if health is not None and is_down(health, mailbox):
        return account, f"{name_of(account)} is disconnected. Messages wait until it’s reconnected."
    if health is not None and health.state == HealthState.PROVIDER_DOWN:
        return account, f"{known_as(account.provider)} is down. Messages may take longer to go out."
    return account, ""


def _shut(send: OutboundSend, live: str | None, accounts: list[Integration]) -> str:
    if why := send_claims.unreachable(send.lead, send.channel) or send_claims.on_its_way(live):
        return why
    if send.reply_to is None and send.channel == Channel.EMAIL:
        return send_claims.ONLY_ANSWERS
    if why := refused_addresses.reason(send, send.lead, send.lead.workspace):
        return why
    if send.reply_to is None and connected(send.workspace_id, send.provider, accounts) is None:
        return f"{registry.spec_of(send.provider).label} isn’t connected."
    return ""
