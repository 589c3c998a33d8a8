"""Closes single addresses and numbers of a lead who continues at another one ("drop info@…, write to me here"). Refused
addresses are stored as keyed hashes with those of erased people (`inbox.leads.erased`), so that no lead of the
workspace gets messages there any more.
"""

from functools import reduce
from operator import or_
from typing import Any

from inbox.leads import erased, identity, stops, suspicion
from inbox.models import Lead, Message, OutboundSend, Workspace
from inbox.models.lead import Channel, Suspicion, are_named_by
from integrations.fields import no_key_opens

REASON = "The lead asked not to be contacted at this address or number. Reply on a channel they prefer."


def end(message: Message, names: frozenset[str]) -> None:
    """Closes the addresses and numbers that `message` names, and stops the campaigns of each lead who has one of these.
    The message's lead must be locked. If the workspace's key cannot be read, no hash can be stored: the message is then
    held as a suspected opt-out until a person decides.
    """
    addresses = {address for name in names if (address := _whole(message, name))}
    if not addresses:
        return
    holders = [are_named_by({"email" if "@" in address else "phone": address}) for address in addresses]
    for lead in Lead.objects.filter(reduce(or_, holders), workspace=message.workspace_id):
        stops.stop_campaigns(lead, anew=True)
    if no_key_opens(message.workspace, "erasure_key"):
        _ask_a_person(message)
    else:
        erased.remember(message.workspace_id, map(_name, addresses), opted_out_at=message.sent_at)


def _ask_a_person(message: Message) -> None:
    message.write(suspected=Suspicion.OPT_OUT, suspected_words=message.text)
    suspicion.add(message.lead, message, started_again=False)
    message.lead.save(update_fields=["suspected", "suspected_words"])


def without(lead: Lead, recipients: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Returns the `recipients` of an email without those in copy who refused messages at their address."""
    copies = [(row, _name(str(row.get("address", "")).lower())) for row in recipients.get("cc") or []]
    marks = erased.marked(lead.workspace, {name for _, name in copies})
    return recipients | {"cc": [row for row, name in copies if name not in marks]} if marks else recipients


def reason(send: OutboundSend, lead: Lead, workspace: Workspace | None = None) -> str:
    """Returns why `send` may not go out: a recipient has refused that address or number. Returns "" if none has, or if
    the lead has sent START from the number since. `workspace`: None to read the row again, because its key may be new.
    """
    addresses = {str(row.get("address", "")).lower() for rows in send.recipients.values() for row in rows}
    if send.channel == Channel.SMS:
        addresses = {lead.phone}
    workspace = workspace or Workspace.objects.only("erasure_key").get(pk=lead.workspace_id)
    at = erased.opted_out_at(workspace, {_name(address) for address in addresses})
    started = send.channel == Channel.SMS and lead.opted_in_at is not None and at and lead.opted_in_at > at
    return REASON if at is not None and not started else ""


def _name(address: str) -> erased.Name:
    return ("refused", address)


def _whole(message: Message, name: str) -> str:
    lead, sender = message.lead, message.from_address.lower()
    # "my old address" means the address that we write to, if the reply comes from another address
    if not name:
        return lead.email if message.channel == Channel.EMAIL and sender != lead.email else ""
    if "@" not in name:
        return identity.normal_phone(name, message.workspace.phone_region)
    if not name.endswith("@"):
        return identity.normal_email(name)
    matches = [address for address in (lead.email, *lead.alternate_emails) if address.startswith(name)]
    return matches[0] if matches else identity.normal_email(name + sender.partition("@")[2])
