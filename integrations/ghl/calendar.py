"""What GoHighLevel's calendars hold for a contact, and their free times."""

from collections.abc import Mapping
from datetime import datetime

from integrations.events import Person
from integrations.ghl import NAME
from integrations.ghl.appointments import state_of
from integrations.ghl.client import GhlClient
from integrations.meetings import Meeting
from integrations.models import Integration
from jobs.deadline import Deadline


def free_times(
    account: Integration, calendar: str, start: datetime, end: datetime, deadline: Deadline
) -> list[datetime]:
    return GhlClient.for_integration(account).free_slots(calendar, start, end, deadline)


def meetings(
    account: Integration, person: Person, _known: Mapping[str, str], deadline: Deadline
) -> list[Meeting]:
    """By the contact alone. Raises ProviderRejected with the code "not_found" for one that is gone."""
    if not person.ghl_contact_id:
        return []
    return of_contact(GhlClient.for_integration(account), person.ghl_contact_id, deadline)


def of_contact(client: GhlClient, contact_id: str, deadline: Deadline) -> list[Meeting]:
    """What the calendars hold for a contact. Raises what the client raises."""
    return [
        Meeting(
            NAME,
            one.id,
            state,
            event_type_uri=one.calendar_id,
            starts_at=one.starts_at,
            ends_at=one.ends_at,
            booked_at=one.added_at,
            as_of=one.as_of,
        )
        for one in client.contact_appointments(contact_id, deadline)
        if (state := state_of(one.status))
    ]
