"""Reads a person's meetings and an event type's free times from Calendly."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from django.utils import timezone

from integrations.calendly import NAME
from integrations.calendly.client import CalendlyClient, Invitee, ScheduledEvent
from integrations.errors import ProviderRejected
from integrations.events import Person
from integrations.meetings import Meeting
from integrations.models import Integration
from jobs.deadline import Deadline


def free_times(
    account: Integration, event_type: str, start: datetime, end: datetime, deadline: Deadline
) -> list[datetime]:
    return CalendlyClient.for_integration(account).available_times(event_type, start, end, deadline)


def meetings(
    account: Integration, person: Person, booked: Mapping[str, str], deadline: Deadline
) -> list[Meeting]:
    """Returns a person's meetings, only those of the chosen event type if there is one.

    Invitees in `booked` are read as well, because the person may have booked with another address. A stored meeting
    that Calendly no longer has is left out. Without an address and a booking the list is empty.
    """
    return list(_meetings(account, person, booked, deadline)) if person.email or booked else []


def _meetings(
    account: Integration, person: Person, booked: Mapping[str, str], deadline: Deadline
) -> Iterator[Meeting]:
    client, expected = CalendlyClient.for_integration(account), account.config.get("event_type_uri")
    read_at = timezone.now()
    for event in _events(client, person, booked, deadline):
        if expected and event.event_type and event.event_type != expected:
            continue
        for invitee in client.invitees(event.uri, deadline):
            if invitee.uri in booked or invitee.email.lower() == person.email:
                yield _meeting(event, invitee, read_at)


def _events(
    client: CalendlyClient, person: Person, booked: Mapping[str, str], deadline: Deadline
) -> list[ScheduledEvent]:
    user = client.me(deadline)
    events = client.events_of(user.uri, person.email, deadline) if person.email else []
    for uri in sorted(set(booked.values()) - {event.uri for event in events}):
        with suppress(ProviderRejected):  # the meeting was deleted or belongs to another user
            events.append(client.event(uri, deadline))
    return events


def _meeting(event: ScheduledEvent, invitee: Invitee, read_at: datetime) -> Meeting:
    gone = "canceled" in (event.status, invitee.status)
    says = invitee.rescheduled is not None or invitee.new_invitee
    return Meeting(
        NAME,
        invitee.uri,
        "cancelled" if gone else "no_show" if invitee.no_show else "booked",
        event.uri,
        event.event_type,
        event.starts_at,
        event.ends_at,
        read_at=read_at,
        moved=gone and bool(invitee.rescheduled or invitee.new_invitee) if says else None,
        replaces_id=invitee.old_invitee,
    )
