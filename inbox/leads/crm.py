"""Finds or creates the contact of a lead in GoHighLevel (GHL). The id of a contact that GHL no longer knows is removed
from the lead. A contact that belongs to another lead stays with that lead. If two callers create a contact at once, GHL
creates only one, and the second caller uses the contact that the lead has by then.
"""

from dataclasses import dataclass

from inbox.leads import facts, identity
from inbox.leads.identity import KeptIdentity
from inbox.models import Lead
from integrations import ghl
from integrations.errors import ProviderRejected
from integrations.ghl.client import Contact, GhlClient
from integrations.ghl.errors import NOT_FOUND
from jobs.db import drop_connection
from jobs.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Joined:
    contact_id: str
    outcome: str


def join(client: GhlClient, lead: Lead, deadline: Deadline) -> Joined | None:
    """Connects the lead with its contact in GoHighLevel, or with a new one, and copies a phone number that only one
    side has to the other. A number that a person entered here replaces GoHighLevel's. Returns None if the lead has no
    contact, address or number. Raises the errors of the CRM's client.
    """
    contact = find(client, lead, deadline) or _make(client, lead, deadline)
    if contact is None:
        return None
    if attach(lead, contact) is KeptIdentity.ANOTHERS:
        return Joined(contact.id, "another lead has this contact")
    if lead.ghl_contact_id != contact.id:
        return Joined(lead.ghl_contact_id, "known")  # another caller has attached a contact in the meantime
    return Joined(contact.id, _share_phone(client, lead, contact, deadline))


def find(client: GhlClient, lead: Lead, deadline: Deadline) -> Contact | None:
    """Returns the lead's contact, found by its stored id, address or number in this order. If the contact of the
    address has another number, a contact with the lead's number wins. Removes an id that GoHighLevel does not know.
    Raises the errors of the CRM's client.
    """
    region = lead.workspace.phone_region
    drop_connection()
    if contact := _known(client, lead, deadline):
        return contact
    by_email = _first(client, "email", lead.email, deadline)
    if by_email and (not lead.phone or _phone(by_email, region) in ("", lead.phone)):
        return by_email
    return _first(client, "phone", lead.phone, deadline) or by_email


def attach(lead: Lead, contact: Contact) -> KeptIdentity:
    """Stores the contact's id with the lead, unless another lead has it, and reloads `lead.ghl_contact_id`."""
    outcome = identity.keep(lead, "ghl_contact_id", contact.id, ghl.NAME)
    lead.refresh_from_db(fields=["ghl_contact_id"])
    return outcome


def _known(client: GhlClient, lead: Lead, deadline: Deadline) -> Contact | None:
    while contact_id := lead.ghl_contact_id:
        try:
            return client.contact(contact_id, deadline)
        except ProviderRejected as error:
            if error.code != NOT_FOUND:
                raise
        Lead.objects.filter(pk=lead.pk, ghl_contact_id=contact_id).update(ghl_contact_id="")
        lead.refresh_from_db(fields=["ghl_contact_id"])  # the lead may have another contact by now
        drop_connection()
    return None


def _first(client: GhlClient, field: str, text: str, deadline: Deadline) -> Contact | None:
    return next(iter(client.find_contacts(field, text, deadline)), None) if text else None


def _make(client: GhlClient, lead: Lead, deadline: Deadline) -> Contact | None:
    if not (lead.email or lead.phone):
        return None
    values = {
        "email": lead.email,
        "phone": lead.phone,
        "firstName": lead.first_name,
        "lastName": lead.last_name,
        "companyName": lead.company,
    }
    # If the answer to this call is lost, the next attempt finds the contact by its search.
    return client.upsert_contact({name: text for name, text in values.items() if text}, deadline)


def _share_phone(client: GhlClient, lead: Lead, contact: Contact, deadline: Deadline) -> str:
    theirs = _phone(contact, lead.workspace.phone_region)
    ours = theirs in lead.alternate_phones or facts.entered(lead, "phone")  # texts go to `phone` alone
    if lead.phone and (not theirs or (theirs != lead.phone and ours)):
        drop_connection()
        client.update_contact(contact.id, {"phone": lead.phone}, deadline)
        return "phone told"
    if theirs and not lead.phone:
        outcome = identity.keep(lead, "phone", theirs, ghl.NAME)
        return "phone learned" if outcome is KeptIdentity.FILLED else "known"
    return "known"


def _phone(contact: Contact, region: str) -> str:
    return identity.normal_phone(contact.phone, region) if contact.phone else ""
