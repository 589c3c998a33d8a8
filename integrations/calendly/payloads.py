"""Turns Calendly's webhooks (docs/reference/calendly.md) into our events.

The idempotency key is the event's name and the invitee's URI, because an invitee is booked once and cancelled once. A
reschedule creates a new invitee that names the old one, so its two events have different keys. A no-show can be marked
and unmarked many times, so its key also contains the mark's URI or the time. Only `rescheduled` and `new_invitee` of a
cancelled invitee say that the meeting was moved. `old_invitee` says that the invitee came from a move, and it remains
when the invitee is cancelled for good. Reference:
https://developer.calendly.com/see-how-webhook-payloads-change-when-invitees-reschedule-events
"""

from datetime import datetime
from typing import Any

from pydantic import Field

from integrations.events import BookingEvent, Event, IgnoredEvent, PayloadInvalid, Person
from integrations.payload import Payload, Text, names_of, parse_time, short_key, validate

NO_SHOW = "invitee_no_show.created"
STATUS_OF = {
    "invitee.created": "booked",
    "invitee.canceled": "cancelled",
    NO_SHOW: "no_show",
    "invitee_no_show.deleted": "came",
}
EVENTS = tuple(STATUS_OF)


class Header(Payload):
    event: Text = Field(default="", max_length=64)
    created_at: Text = ""
    payload: Any = None


class ScheduledEvent(Payload):
    uri: Text = ""
    event_type: Text = ""
    start_time: Text = ""
    end_time: Text = ""


class NoShow(Payload):
    uri: Text = Field(default="", max_length=500)
    created_at: Text = ""


class Invitee(Payload):
    uri: str = Field(min_length=1, max_length=500)
    email: Text = ""
    name: Text = ""
    first_name: Text = ""
    last_name: Text = ""
    phone: Text = Field(default="", alias="text_reminder_number")
    rescheduled: bool | None = None
    old_invitee: Text = Field(default="", max_length=500)
    new_invitee: Text = Field(default="", max_length=500)
    scheduled_event: ScheduledEvent | None = None
    no_show: NoShow | None = None


def account_of(_body: Any) -> str:
    return ""


def parse(body: Any, now: datetime) -> Event:
    """Parses a webhook of Calendly. A no-show mark without a time becomes an IgnoredEvent."""
    header = validate(Header, body)
    if not header.event:
        return IgnoredEvent(event_type="", reason="missing_event")
    if header.event not in EVENTS:
        return IgnoredEvent(event_type=header.event, reason="event not used")
    invitee = _invitee(header.payload)
    event = invitee.scheduled_event or ScheduledEvent()
    mark = invitee.no_show if header.event == NO_SHOW and invitee.no_show else NoShow()
    told_at = parse_time(mark.created_at) or parse_time(header.created_at)
    if told_at is None and _is_mark(header):
        return IgnoredEvent(event_type=header.event, reason="it has no time")
    return BookingEvent(
        event_type=header.event,
        event_key=short_key(f"{header.event}:{invitee.uri}{_mark(header, invitee)}"),
        provider="calendly",
        status=STATUS_OF[header.event],
        person=_person(invitee),
        invitee_uri=invitee.uri,
        appointment_uri=event.uri,
        event_type_uri=event.event_type,
        starts_at=parse_time(event.start_time),
        ends_at=parse_time(event.end_time),
        rescheduled=bool(invitee.rescheduled or invitee.new_invitee),
        replaces_uri=invitee.old_invitee,
        replaced_by_uri=invitee.new_invitee,
        occurred_at=told_at or now,
    )


def _is_mark(header: Header) -> bool:
    """Whether the event marks or unmarks a no-show. The latest one counts, so a mark without a time is unusable."""
    return STATUS_OF[header.event] in ("no_show", "came")


def _mark(header: Header, invitee: Invitee) -> str:
    """Returns the part of the idempotency key that distinguishes no-show marks; "" for events that happen only once."""
    if not _is_mark(header):
        return ""
    return f":{invitee.no_show and invitee.no_show.uri or header.created_at}"


def _person(invitee: Invitee) -> Person:
    first, last = names_of(invitee.first_name, invitee.last_name, invitee.name)
    return Person(email=invitee.email, phone=invitee.phone, first_name=first, last_name=last)


def _invitee(payload: Any) -> Invitee:
    """Returns the invitee of the body, nested or flat. Calendly's no-show records contain only the invitee's URI."""
    if not isinstance(payload, dict):
        raise PayloadInvalid({"payload": "needs the invitee"})
    nested = payload.get("invitee")
    if isinstance(nested, str):
        nested = {"uri": nested, "no_show": payload}
    merged = payload | nested if isinstance(nested, dict) else payload
    try:
        return validate(Invitee, merged)
    except PayloadInvalid as error:
        raise PayloadInvalid({f"payload.{name}": text for name, text in error.fields.items()}) from None
