"""Reads a lead's meetings from a calendar, and stores them by the rules for webhooks."""

from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from inbox.intake.appointments import Change, write
from inbox.intake.handlers import bookings
from inbox.leads import crm, identity, rollup
from inbox.models import Appointment, Lead, Workspace
from inbox.workspaces.accounts import connected
from integrations import ghl, registry
from integrations.errors import ProviderMisconfigured, ProviderRejected
from integrations.events import Person
from integrations.ghl import calendar
from integrations.ghl.client import GhlClient
from integrations.ghl.errors import NOT_FOUND
from integrations.meetings import Meeting
from integrations.models import Integration
from integrations.spec import stated
from jobs.context import JobContext
from jobs.db import drop_connection
from jobs.deadline import Deadline

KNOWN_SINCE = timedelta(days=30)
"""Meetings from webhooks are requested one by one until this long after their start."""


def read(account: Integration, lead: Lead, deadline: Deadline) -> list[Meeting]:
    """Requests the meetings of `lead` from the calendar account. If GoHighLevel has deleted the stored contact, another
    contact is looked up and its id stored. Returns [] without a contact. Raises the errors of the provider's client.
    """
    spec = registry.spec_of(account.provider)
    calendar = stated(spec.calendar)
    appointments = Appointment.objects.filter(
        lead=lead, provider=account.provider, starts_at__gt=timezone.now() - KNOWN_SINCE
    )
    event_uris = dict(appointments.exclude(event_uri="").values_list("external_id", "event_uri"))
    drop_connection()
    try:
        return calendar.meetings(account, identity.person_of(lead), event_uris, deadline)
    except ProviderRejected as error:
        if error.code != NOT_FOUND or not spec.contacts or not lead.ghl_contact_id:
            raise
        refused, client = lead.ghl_contact_id, spec.contacts(account)
        contact = crm.find(client, lead, deadline)
        if lead.ghl_contact_id == refused:
            raise
    if contact is None:
        return []
    crm.attach(lead, contact)
    drop_connection()
    person = replace(identity.person_of(lead), ghl_contact_id=contact.id)
    return calendar.meetings(account, person, event_uris, deadline)


def apply(lead: Lead, listed: list[Meeting]) -> int:
    """Stores the listed meetings of `lead` in one transaction. Returns the number of new or changed ones."""
    with transaction.atomic():
        locked = rollup.locked(lead)
        changes = [write(locked, meeting) for meeting in listed]
        changed = [change for change in changes if change in (Change.NEW, Change.CHANGED)]
        if changed:
            bookings.settle(locked, moved=Change.NEW not in changed)
    return len(changed)


def identify_contact(ctx: JobContext) -> dict[str, object]:
    """The job `bookings.who`: finds the lead of a GoHighLevel contact that booked a meeting, and stores its meetings.
    Returns the outcome as a text.

    Raises ProviderMisconfigured if GoHighLevel is not connected.
    """
    workspace = Workspace.objects.get(pk=ctx.workspace_id)
    account = connected(workspace.pk, ghl.NAME)
    if account is None:
        raise ProviderMisconfigured("GoHighLevel isn’t connected. Connect it, then retry this job.")
    client, contact_id = GhlClient.for_integration(account), ctx.payload["contact_id"]
    drop_connection()
    try:
        contact = client.contact(contact_id, ctx.deadline)
        meetings = calendar.of_contact(client, contact_id, ctx.deadline)
    except ProviderRejected as error:
        if error.code != NOT_FOUND:
            raise
        return {"outcome": "GoHighLevel no longer has this contact"}
    person = Person(email=contact.email, phone=contact.phone)
    identities = identity.identities_of(workspace, person)
    if not identities:
        return {"outcome": "no address or number"}
    with transaction.atomic():
        match = identity.find(workspace, person, ghl.NAME)
        if match is None:
            return {"outcome": "not one of our leads"}
        outcome = identity.keep_contact(match.lead, contact_id, identities.get("phone", ""), ghl.NAME)
    return {"outcome": "found", "contact": outcome, "changed": apply(match.lead, meetings)}
