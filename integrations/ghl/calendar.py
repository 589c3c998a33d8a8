"""Reads a contact's appointments and a calendar's free times from GoHighLevel."""

from collections.abc import Mapping
from datetime import datetime

from integrations.events import Meeting, Person
from integrations.ghl import NAME
from integrations.ghl.appointments import state_of
from integrations.ghl.client import GhlClient
from integrations.models import Integration
from jobs.deadline import Deadline


def free_times(
    account: Integration, calendar: str, start: datetime, end: datetime, deadline: Deadline
) -> list[datetime]:
    return GhlClient.for_integration(account).free_slots(calendar, start, end, deadline)


def meetings(
    account: Integration, person: Person, _booked: Mapping[str, str], deadline: Deadline
) -> list[Meeting]:
    """Returns the person's meetings; [] without a contact. Raises ProviderRejected ("not_found") for a deleted one."""
    if not person.ghl_contact_id:
        return []
    return of_contact(GhlClient.for_integration(account), person.ghl_contact_id, deadline)


def of_contact(client: GhlClient, contact_id: str, deadline: Deadline) -> list[Meeting]:
    """Returns the appointments of a contact, except those with an unknown status."""
    return [
        Meeting(
            NAME,
            appointment.id,
            state,
            event_type_uri=appointment.calendar_id,
            starts_at=appointment.starts_at,
            ends_at=appointment.ends_at,
            booked_at=appointment.added_at,
            as_of=appointment.as_of,
        )
        for appointment in client.contact_appointments(contact_id, deadline)
        if (state := state_of(appointment.status))
    ]
