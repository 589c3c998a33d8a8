"""Texts by GoHighLevel, to the contact that has the lead's number: attached where GHL knows it, made where it does not.

A contact that is another lead's already is used for this text and left where it is: attach or skip, never a failure.
"""

from collections.abc import Iterable

from inbox.leads import identity
from inbox.models import Lead, OutboundSend
from inbox.replying.carriers.base import Accepted, CannotSend, Carrier, Listed, Post
from integrations.ghl.client import GhlClient
from integrations.models import Integration, Provider
from jobs.db import drop_connection
from jobs.deadline import Deadline

OUTBOUND = "outbound"


class Ghl(Carrier):
    provider = Provider.GHL

    def prepare(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Post:
        client = GhlClient.for_integration(integration)
        contact_id = send.lead.ghl_contact_id or contact_of(client, send.lead, deadline)

        def post(within: Deadline) -> Accepted:
            sent = client.send_sms(contact_id, send.text, within)
            return Accepted(sent.message_id, sent.conversation_id)

        return post

    def listed(self, send: OutboundSend, integration: Integration, deadline: Deadline) -> Iterable[Listed]:
        client = GhlClient.for_integration(integration)
        contact_id = send.lead.ghl_contact_id or contact_of(client, send.lead, deadline)
        for conversation in client.conversations(contact_id, deadline):
            for message in client.messages(conversation.id, deadline):
                if message.direction == OUTBOUND:
                    yield Listed(message.id, message.at, message.body)


def contact_of(client: GhlClient, lead: Lead, deadline: Deadline) -> str:
    """GHL's id of the contact with the lead's number, found or made, and kept with the lead where no other has it.

    Raises CannotSend without a number, and what the client raises.
    """
    if not lead.phone:
        raise CannotSend("No phone number of this lead is known.")
    drop_connection()
    found = client.find_contacts("phone", lead.phone, deadline)
    contact_id = found[0].id if found else client.upsert_contact(_values(lead), deadline).id
    identity.keep(lead, "ghl_contact_id", contact_id, Provider.GHL)
    return contact_id


def _values(lead: Lead) -> dict[str, str]:
    values = {
        "phone": lead.phone,
        "email": lead.email,
        "firstName": lead.first_name,
        "lastName": lead.last_name,
        "companyName": lead.company,
    }
    return {name: value for name, value in values.items() if value}
