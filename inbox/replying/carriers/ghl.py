"""Texts by GoHighLevel, to the lead's contact there (`inbox.crm`).

A contact that is another lead's already is used for this text and left where it is.
"""

from collections.abc import Iterable

from inbox import crm
from inbox.models import Lead, OutboundSend
from inbox.replying.carriers.base import Accepted, CannotSend, Carrier, Listed, Post
from integrations.errors import ProviderError, ProviderRejected
from integrations.ghl.client import GhlClient, SentMessage
from integrations.ghl.errors import NOT_FOUND
from integrations.models import Integration, Provider
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested

OUTBOUND = "outbound"


class Ghl(Carrier):
    provider = Provider.GHL

    def prepare(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Post:
        client = GhlClient.for_integration(integration)
        contact_id = send.lead.ghl_contact_id or _joined(client, send.lead, deadline)

        def post(within: Deadline) -> Accepted:
            try:
                return _accepted(client.send_sms(contact_id, send.text, within))
            except ProviderRejected as refused:
                if refused.code != NOT_FOUND:
                    raise
                another = _another(client, send.lead, refused, contact_id, within)
            return _accepted(client.send_sms(another, send.text, within))

        return post

    def listed(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Iterable[Listed]:
        client = GhlClient.for_integration(integration)
        contact_id = send.lead.ghl_contact_id
        if not contact_id and (found := crm.find(client, send.lead, deadline)):
            contact_id = found.id
        for conversation in client.conversations(contact_id, deadline) if contact_id else ():
            for message in client.messages(conversation.id, deadline):
                if message.direction == OUTBOUND:
                    yield Listed(message.id, message.at, message.body)


def _joined(client: GhlClient, lead: Lead, deadline: Deadline) -> str:
    """Raises CannotSend without a number, and what the client raises."""
    joined = crm.join(client, lead, deadline) if lead.phone else None
    if joined is None:
        raise CannotSend("No phone number of this lead is known.")
    return joined.contact_id


def _another(
    client: GhlClient, lead: Lead, refused: ProviderRejected, contact_id: str, deadline: Deadline
) -> str:
    """The contact in place of one that is gone: the refusal says that nothing was sent, so the text may go to it.

    Raises `refused` where GHL still has the contact, where there is no other one, and where it cannot be asked.
    """
    try:
        joined = crm.join(client, lead, deadline)
    except (ProviderError, Cancelled, ShutdownRequested, DeadlineExceeded) as error:
        raise refused from error
    if joined is None or joined.contact_id == contact_id:
        raise refused
    drop_connection()
    return joined.contact_id


def _accepted(sent: SentMessage) -> Accepted:
    return Accepted(sent.message_id, sent.conversation_id)
