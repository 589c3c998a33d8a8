"""The lead's contact at GoHighLevel: the one way to find it, or to make it.

A contact that is gone is forgotten and another one found. One that is another lead's already is left where it is:
attach or skip, never a failure. GHL's upsert is what keeps two callers at once from making two; whoever is second takes
the contact that the lead has by then.
"""

from dataclasses import dataclass

from inbox.leads import facts, identity
from inbox.leads.identity import Kept
from inbox.models import Lead
from integrations import ghl
from integrations.errors import ProviderRejected
from integrations.ghl.client import Contact, GhlClient
from integrations.ghl.errors import NOT_FOUND
from jobs.db import drop_connection
from jobs.deadline import Deadline


@dataclass(frozen=True, slots=True)
class Joined:
    """GHL's id of the contact, and what became of it, in words for the job's page."""

    contact_id: str
    outcome: str


def join(client: GhlClient, lead: Lead, deadline: Deadline) -> Joined | None:
    """Have the lead be a contact, both sides knowing its number; None where no contact can be found or made.

    Raises what the client raises.
    """
    contact = find(client, lead, deadline) or _make(client, lead, deadline)
    if contact is None:
        return None
    if attach(lead, contact) is Kept.ANOTHERS:
        return Joined(contact.id, "another lead has this contact")
    if lead.ghl_contact_id != contact.id:
        return Joined(lead.ghl_contact_id, "known")  # somebody else has been faster
    return Joined(contact.id, _share_phone(client, lead, contact, deadline))


def find(client: GhlClient, lead: Lead, deadline: Deadline) -> Contact | None:
    """The contact that the lead is known by, else the one with its address, else the one with its number.

    The one with its number goes first where that of the address has another number. A contact that GHL does not know
    (any more) is forgotten. Raises what the client raises.
    """
    region = lead.workspace.phone_region
    drop_connection()
    if known := _known(client, lead, deadline):
        return known
    by_email = _first(client, "email", lead.email, deadline)
    if by_email and (not lead.phone or _phone(by_email, region) in ("", lead.phone)):
        return by_email
    return _first(client, "phone", lead.phone, deadline) or by_email


def attach(lead: Lead, contact: Contact) -> Kept:
    """Keep the contact's id with the lead where no other lead has it; `lead` then has the id that is stored."""
    kept = identity.keep(lead, "ghl_contact_id", contact.id, ghl.NAME)
    lead.refresh_from_db(fields=["ghl_contact_id"])
    return kept


def _known(client: GhlClient, lead: Lead, deadline: Deadline) -> Contact | None:
    while contact_id := lead.ghl_contact_id:
        try:
            return client.contact(contact_id, deadline)
        except ProviderRejected as error:
            if error.code != NOT_FOUND:
                raise
        Lead.objects.filter(pk=lead.pk, ghl_contact_id=contact_id).update(ghl_contact_id="")
        lead.refresh_from_db(fields=["ghl_contact_id"])  # another one may have been attached meanwhile
        drop_connection()
    return None


def _first(client: GhlClient, field: str, value: str, deadline: Deadline) -> Contact | None:
    return next(iter(client.find_contacts(field, value, deadline)), None) if value else None


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
    # One whose answer was lost is found by the next attempt's search.
    return client.upsert_contact({name: value for name, value in values.items() if value}, deadline)


def _share_phone(client: GhlClient, lead: Lead, contact: Contact, deadline: Deadline) -> str:
    theirs = _phone(contact, lead.workspace.phone_region)
    if lead.phone and (not theirs or (theirs != lead.phone and facts.entered(lead, "phone"))):
        drop_connection()
        client.update_contact(contact.id, {"phone": lead.phone}, deadline)
        return "phone told"
    if theirs and not lead.phone:
        kept = identity.keep(lead, "phone", theirs, ghl.NAME)
        return "phone learned" if kept is Kept.FILLED else "known"
    return "known"


def _phone(contact: Contact, region: str) -> str:
    return identity.normal_phone(contact.phone, region) if contact.phone else ""
