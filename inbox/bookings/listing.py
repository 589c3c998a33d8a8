"""What a calendar lists for a lead, and writing it down as the webhooks would have: same rows, same rules."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from inbox import crm
from inbox.bookings.record import Change, State, Stated, write
from inbox.handlers import bookings
from inbox.leads import rollup
from inbox.models import Appointment, Lead
from integrations.calendly.client import CalendlyClient, Invitee, ScheduledEvent
from integrations.errors import ProviderRejected
from integrations.ghl.appointments import state_of
from integrations.ghl.client import GhlClient
from integrations.ghl.errors import NOT_FOUND
from integrations.models import Integration, Provider
from jobs.db import drop_connection
from jobs.deadline import Deadline

KNOWN_SINCE = timedelta(days=30)
"""Meetings that webhooks told of are asked for one by one until so long after they began."""


def read(account: Integration, lead: Lead, deadline: Deadline) -> list[Stated]:
    """The lead's meetings at `account`. Raises what the client raises."""
    if account.provider == Provider.GHL:
        if not lead.ghl_contact_id:
            return []
        return _ghl(GhlClient.for_integration(account), lead, deadline)
    mine = Appointment.objects.filter(
        lead=lead, provider=Provider.CALENDLY, starts_at__gt=timezone.now() - KNOWN_SINCE
    )
    known = dict(mine.exclude(event_uri="").values_list("external_id", "event_uri"))
    drop_connection()
    return list(_calendly(account, lead, known, deadline)) if lead.email or known else []


def _ghl(client: GhlClient, lead: Lead, deadline: Deadline) -> list[Stated]:
    """By the lead's contact; one that is gone is forgotten, and another one asked."""
    drop_connection()
    try:
        return of_contact(client, lead.ghl_contact_id, deadline)
    except ProviderRejected as error:
        refused = lead.ghl_contact_id
        contact = crm.find(client, lead, deadline) if error.code == NOT_FOUND else None
        if lead.ghl_contact_id == refused:
            raise
    if contact is None:
        return []
    crm.attach(lead, contact)
    drop_connection()
    return of_contact(client, contact.id, deadline)


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


def _calendly(
    account: Integration, lead: Lead, known: dict[str, str], deadline: Deadline
) -> Iterable[Stated]:
    """Meetings of the expected type, each under its invitee's own address, which is what the webhooks name it by.

    `known`: invitees of whom webhooks told, with their meetings; one may have booked under another address.
    """
    client, expected = CalendlyClient.for_integration(account), account.config.get("event_type_uri")
    read_at = timezone.now()
    for event in _events(client, lead, known, deadline):
        if expected and event.event_type and event.event_type != expected:
            continue
        for invitee in client.invitees(event.uri, deadline):
            if invitee.uri in known or invitee.email.lower() == lead.email:
                yield _stated(event, invitee, read_at)


def _events(
    client: CalendlyClient, lead: Lead, known: dict[str, str], deadline: Deadline
) -> list[ScheduledEvent]:
    user = client.me(deadline)
    events = client.events_of(user.uri, lead.email, deadline) if lead.email else []
    for uri in sorted(set(known.values()) - {event.uri for event in events}):
        with suppress(ProviderRejected):  # it is gone, or another user's
            events.append(client.event(uri, deadline))
    return events


def _stated(event: ScheduledEvent, invitee: Invitee, read_at: datetime) -> Stated:
    gone = "canceled" in (event.status, invitee.status)
    says = invitee.rescheduled is not None or invitee.new_invitee
    return Stated(
        Provider.CALENDLY,
        invitee.uri,
        State.CANCELLED if gone else State.NO_SHOW if invitee.no_show else State.BOOKED,
        event.uri,
        event.event_type,
        event.starts_at,
        event.ends_at,
        read_at=read_at,
        moved=gone and bool(invitee.rescheduled or invitee.new_invitee) if says else None,
        replaces_id=invitee.old_invitee,
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
