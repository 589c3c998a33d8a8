"""What a calendar lists for a lead, and writing it down as the webhooks would have: same rows, same rules."""

from collections.abc import Iterable

from django.db import transaction

from inbox.bookings.record import Change, State, Stated, write
from inbox.handlers import bookings
from inbox.leads import rollup
from inbox.models import Lead
from integrations.calendly.client import CalendlyClient
from integrations.ghl.appointments import state_of
from integrations.ghl.client import GhlClient
from integrations.models import Integration, Provider
from jobs.db import drop_connection
from jobs.deadline import Deadline


def read(account: Integration, lead: Lead, deadline: Deadline) -> list[Stated]:
    """The lead's meetings at `account`. Raises what the client raises."""
    drop_connection()
    if account.provider == Provider.GHL:
        if not lead.ghl_contact_id:
            return []
        return of_contact(GhlClient.for_integration(account), lead.ghl_contact_id, deadline)
    return list(_calendly(account, lead, deadline)) if lead.email else []


def of_contact(client: GhlClient, contact_id: str, deadline: Deadline) -> list[Stated]:
    """What GoHighLevel's calendars hold for a contact. Raises what the client raises."""
    return [
        Stated(
            Provider.GHL,
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


def _calendly(account: Integration, lead: Lead, deadline: Deadline) -> Iterable[Stated]:
    """Meetings of the expected type, each under its invitee's own address, which is what the webhooks name it by."""
    client, expected = CalendlyClient.for_integration(account), account.config.get("event_type_uri")
    user = client.me(deadline)
    for event in client.events_of(user.uri, lead.email, deadline):
        if expected and event.event_type and event.event_type != expected:
            continue
        for invitee in client.invitees(event.uri, deadline):
            if invitee.email.lower() != lead.email:
                continue
            gone = "canceled" in (event.status, invitee.status)
            state = State.CANCELLED if gone else State.NO_SHOW if invitee.no_show else State.BOOKED
            yield Stated(
                Provider.CALENDLY,
                invitee.uri,
                state,
                event.uri,
                event.event_type,
                event.starts_at,
                event.ends_at,
            )


def apply(lead: Lead, listed: list[Stated]) -> int:
    """Write what is new; returns how many appointments changed. The lead's state follows in the same transaction."""
    with transaction.atomic():
        locked = rollup.locked(lead)
        changes = [write(locked, one) for one in listed]
        changed = [change for change in changes if change in (Change.NEW, Change.CHANGED)]
        if changed:
            bookings.settle(locked, moved=Change.NEW not in changed)
    return len(changed)
