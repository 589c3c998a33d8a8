"""Calendly's webhooks (docs/reference/calendly.md) as our events, with the invitee nested or flat.

The idempotency key is the event's name and the invitee's URI: an invitee is booked once and cancelled once. A
reschedule is a new invitee that names the old one, so both halves have keys of their own. That somebody did not come
may be marked and taken back many times: there the key holds the mark or the moment, too.

Whether a cancelled invitee was moved, only its own `rescheduled` and `new_invitee` say. `old_invitee` says that it came
from a move itself, and stays with it when it is cancelled for good.
Reference: https://developer.calendly.com/see-how-webhook-payloads-change-when-invitees-reschedule-events
"""

from datetime import datetime
from typing import Any

from pydantic import Field

from integrations.events import BookingEvent, Event, IgnoredEvent, PayloadInvalid, Person
from integrations.payload import Payload, Text, parse_time, short_key, split_name, validate

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
    """Calendly's body names people and events, but no account that an admin could know beforehand."""
    return ""


def parse(body: Any, now: datetime) -> Event:
    """One webhook body as an event. Raises PayloadInvalid where the invitee is missing or unusable."""
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
        return IgnoredEvent(event_type=header.event, reason="it does not say when")
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
    """Of a mark and its taking back the later counts: one without a time says nothing."""
    return STATUS_OF[header.event] in ("no_show", "came")


def _mark(header: Header, invitee: Invitee) -> str:
    """What tells one mark of an invitee from the next; "" for what happens to an invitee once."""
    if not _is_mark(header):
        return ""
    return f":{invitee.no_show and invitee.no_show.uri or header.created_at}"


def _person(invitee: Invitee) -> Person:
    first, last = invitee.first_name, invitee.last_name
    if not first and not last:
        first, last = split_name(invitee.name)
    return Person(email=invitee.email, phone=invitee.phone, first_name=first, last_name=last)


def _invitee(payload: Any) -> Invitee:
    """The invitee of either nesting; fields that stand next to a nested invitee count as its own. Calendly's record of
    a no-show names the invitee by its URI."""
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
