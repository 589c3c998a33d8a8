"""Reads a person's meetings and an event type's free times from Calendly."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from django.utils import timezone

from integrations.calendly import NAME
from integrations.calendly.client import CalendlyClient, Invitee, ScheduledEvent
from integrations.calendly.payloads import STATUS_OF
from integrations.errors import ProviderRejected
from integrations.events import BACKFILL, BookingEvent, Meeting, Person, Unusable
from integrations.models import Integration
from integrations.payload import short_key, split_name
from jobs.deadline import Deadline


def free_times(
    account: Integration, event_type: str, start: datetime, end: datetime, deadline: Deadline
) -> list[datetime]:
    return CalendlyClient.for_integration(account).available_times(event_type, start, end, deadline)


def meetings(
    account: Integration, person: Person, booked: Mapping[str, str], deadline: Deadline
) -> list[Meeting]:
    """Returns a person's meetings; if the account has chosen an event type, only meetings of that type.

    `booked` maps the invitees of meetings that we have stored to their events. These events are read as well, because
    the person may have booked with another address; an event that Calendly no longer has is left out. Without an
    address and a stored meeting, the result is empty.
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


def listed(account: Integration, moment: datetime, deadline: Deadline) -> Iterator[BookingEvent | Unusable]:
    """Yields what was booked and cancelled since `moment` with the token's user, of meetings that begin after `moment`.
    The idempotency keys of these events are the same as in Calendly's webhooks.
    """
    client = CalendlyClient.for_integration(account)
    for event in client.events_from(client.me(deadline).uri, moment, deadline):
        if event.updated_at is not None and event.updated_at < moment:
            continue
        for invitee in client.invitees(event.uri, deadline):
            changes = {"invitee.created": invitee.created_at}
            if "canceled" in (event.status, invitee.status):
                changes["invitee.canceled"] = invitee.updated_at
            for event_type, at in changes.items():
                if at is None or at >= moment:
                    yield _booking(event, invitee, event_type, at)


def _booking(
    event: ScheduledEvent, invitee: Invitee, event_type: str, at: datetime | None
) -> BookingEvent | Unusable:
    if at is None:
        return Unusable("appointments", None, "", invitee.uri)
    first, last = split_name(invitee.name)
    return BookingEvent(
        event_type=BACKFILL,
        event_key=short_key(f"{event_type}:{invitee.uri}"),
        provider=NAME,
        status=STATUS_OF[event_type],
        person=Person(email=invitee.email, first_name=first, last_name=last),
        invitee_uri=invitee.uri,
        appointment_uri=event.uri,
        event_type_uri=event.event_type,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        rescheduled=bool(invitee.rescheduled or invitee.new_invitee),
        replaces_uri=invitee.old_invitee,
        replaced_by_uri=invitee.new_invitee,
        occurred_at=at,
    )


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
