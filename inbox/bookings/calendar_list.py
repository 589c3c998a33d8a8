"""Reads a lead's meetings from a calendar and stores them by the same rules as webhooks do."""

from dataclasses import replace
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from inbox.intake.appointments import Change, write
from inbox.intake.handlers import bookings
from inbox.leads import crm, identity, rollup
from inbox.models import Appointment, Lead
from integrations import registry
from integrations.errors import ProviderRejected
from integrations.ghl.errors import NOT_FOUND
from integrations.meetings import Meeting
from integrations.models import Integration
from integrations.spec import stated
from jobs.db import drop_connection
from jobs.deadline import Deadline

KNOWN_SINCE = timedelta(days=30)
"""Meetings that webhooks told of are asked for one by one until this long after they began."""


def read(account: Integration, lead: Lead, deadline: Deadline) -> list[Meeting]:
    """Asks the calendar account for the meetings of `lead`. If GoHighLevel has deleted the contact that we know, it
    looks for another contact of the lead, stores that one's id with the lead, and asks for its meetings; [] if
    there is no other.

    Raises the errors of the provider's client.
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
    """Stores the meetings that a calendar listed for `lead`, and returns how many were new or changed. The lead's row
    is locked and updated in the same transaction, which this opens.
    """
    with transaction.atomic():
        locked = rollup.locked(lead)
        changes = [write(locked, meeting) for meeting in listed]
        changed = [change for change in changes if change in (Change.NEW, Change.CHANGED)]
        if changed:
            bookings.settle(locked, moved=Change.NEW not in changed)
    return len(changed)
