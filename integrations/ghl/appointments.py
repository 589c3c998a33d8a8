"""Turns GoHighLevel's appointments into booking events. GHL sends them in two forms.

The *Marketplace app* (`AppointmentCreate`, `AppointmentUpdate`, `AppointmentDelete`) sends the whole state of an
appointment each time. A moved appointment keeps its id, and `dateUpdated` is the time of the state. GHL's examples use
these types loosely, so only a deletion is read from the type, and any other state from `appointmentStatus`. The
idempotency key is a hash of the state.

A *workflow* that an appointment triggers sends it in `calendar`, with local times and without `dateUpdated`. An
appointment's event has no key: the last event received counts, and a state that is already stored is a duplicate.
Reference: https://marketplace.gohighlevel.com/docs/webhook/AppointmentCreate
"""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AliasChoices, Field

from integrations.events import BookingEvent, Event, IgnoredEvent, Person
from integrations.payload import ExternalId, LooseText, Payload, Text, digest, parse_time, validate

CREATE, UPDATE, DELETE = "AppointmentCreate", "AppointmentUpdate", "AppointmentDelete"
APP_EVENTS = (CREATE, UPDATE, DELETE)
WORKFLOW_EVENT = "Appointment"

STATES = {
    "new": "booked",
    "confirmed": "booked",
    "booked": "booked",
    "active": "booked",
    "showed": "booked",
    "rescheduled": "booked",
    "cancelled": "cancelled",
    "canceled": "cancelled",
    "deleted": "cancelled",
    "invalid": "cancelled",
    "noshow": "no_show",
}
"""Our states for GHL's words. Moving an appointment changes only its time, not its id or state."""


def state_of(status: str) -> str:
    """Returns our state for GoHighLevel's word: booked, cancelled or no_show; "" for an unknown word."""
    return STATES.get(status.strip().lower().replace("-", "").replace("_", "").replace(" ", ""), "")


class _Appointment(Payload):
    id: ExternalId
    contact_id: ExternalId = Field(alias="contactId")
    calendar_id: LooseText = Field(default="", alias="calendarId")
    status: Text = Field(default="", alias="appointmentStatus", max_length=64)
    start_time: LooseText = Field(default="", alias="startTime")
    end_time: LooseText = Field(default="", alias="endTime")
    added: LooseText = Field(default="", alias="dateAdded")
    updated: LooseText = Field(default="", alias="dateUpdated")


class _AppBody(Payload):
    type: str
    location_id: ExternalId = Field(alias="locationId")
    appointment: _Appointment


class _Slot(Payload):
    """A workflow's `calendar`. GHL misspells its field `appoinmentStatus`. Its `status` always says "booked"."""

    id: LooseText = Field(
        default="", max_length=200, validation_alias=AliasChoices("appointmentId", "appointment_id")
    )
    calendar_id: LooseText = Field(default="", alias="id")
    status: Text = Field(
        default="",
        max_length=64,
        validation_alias=AliasChoices("appoinmentStatus", "appointmentStatus", "status"),
    )
    zone: Text = Field(default="", alias="selectedTimezone")
    start_time: LooseText = Field(default="", alias="startTime")
    end_time: LooseText = Field(default="", alias="endTime")


def from_app(body: dict[str, Any], now: datetime) -> Event:
    """Returns the event of an app's webhook. `now` (aware) replaces a missing time, and is the time of a deletion."""
    payload = validate(_AppBody, body)
    meeting, kind = payload.appointment, payload.type[:64]
    state = "cancelled" if kind == DELETE else state_of(meeting.status)
    if not state:
        return IgnoredEvent(event_type=kind, reason="appointment status not used")
    return BookingEvent(
        event_type=kind,
        event_key=digest(
            "ghl", meeting.id, state, meeting.status, meeting.start_time, meeting.end_time, meeting.updated
        ),
        provider="ghl",
        status=state,
        person=Person(ghl_contact_id=meeting.contact_id),
        invitee_uri=meeting.id,
        event_type_uri=meeting.calendar_id,
        starts_at=parse_time(meeting.start_time),
        ends_at=parse_time(meeting.end_time),
        occurred_at=parse_time(meeting.added) or now,
        # GHL does not update dateUpdated when an appointment is deleted.
        as_of=now if kind == DELETE else parse_time(meeting.updated) or now,
    )


def from_workflow(calendar: dict[str, Any], person: Person, now: datetime) -> Event | None:
    """Returns the event, at `now`, for the appointment that triggered a workflow; None if `calendar` names none."""
    slot = validate(_Slot, calendar)
    if not slot.id.strip():
        return None
    state = state_of(slot.status)
    if not state:
        return IgnoredEvent(event_type=WORKFLOW_EVENT, reason="appointment status not used")
    return BookingEvent(
        event_type=WORKFLOW_EVENT,
        provider="ghl",
        status=state,
        person=person,
        invitee_uri=slot.id.strip(),
        event_type_uri=slot.calendar_id,
        starts_at=_local_time(slot.start_time, slot.zone),
        ends_at=_local_time(slot.end_time, slot.zone),
        occurred_at=now,
        as_of=now,
    )


def _local_time(text: str, zone: str) -> datetime | None:
    """Parses the time in `text`. If the text states no zone, it is in `zone`."""
    try:
        parsed = datetime.fromisoformat(text.strip())
        local = parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError):
        return parse_time(text)
    return parse_time(local.isoformat())
