"""GoHighLevel's appointments as booking events, in both shapes that GHL sends.

The *Marketplace app* (`AppointmentCreate`, `AppointmentUpdate`, `AppointmentDelete`) tells the whole state of one
appointment each time, under an id that a move keeps, with `dateUpdated`; its examples name the type carelessly, so the
state is read from `appointmentStatus` and only a delete from the type. The idempotency key is a hash of that state.

A *workflow* that an appointment triggers puts it into `calendar`, with local times and no `dateUpdated`: it has no key,
the newest receipt counts, and a state that is known already is a duplicate.

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
"""What GHL's words for an appointment's status mean; a move keeps id and status and changes the time."""


def state_of(status: str) -> str:
    """booked, cancelled or no_show; "" for a word that is none of GHL's."""
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
    """A workflow's `calendar`. GHL spells one of its fields `appoinmentStatus`; `status` says "booked" even later."""

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
    """One event of the Marketplace app. Raises PayloadInvalid where location, appointment or contact is missing."""
    data = validate(_AppBody, body)
    found, kind = data.appointment, data.type[:64]
    state = "cancelled" if kind == DELETE else state_of(found.status)
    if not state:
        return IgnoredEvent(event_type=kind, reason="appointment status not used")
    return BookingEvent(
        event_type=kind,
        event_key=digest(
            "ghl", found.id, state, found.status, found.start_time, found.end_time, found.updated
        ),
        provider="ghl",
        status=state,
        person=Person(ghl_contact_id=found.contact_id),
        invitee_uri=found.id,
        event_type_uri=found.calendar_id,
        starts_at=parse_time(found.start_time),
        ends_at=parse_time(found.end_time),
        occurred_at=parse_time(found.added) or now,
        # Deleting an appointment leaves its dateUpdated as it was.
        as_of=now if kind == DELETE else parse_time(found.updated) or now,
    )


def from_workflow(calendar: dict[str, Any], person: Person, now: datetime) -> Event | None:
    """The appointment that triggered a workflow; None where `calendar` names none."""
    found = validate(_Slot, calendar)
    if not found.id.strip():
        return None
    state = state_of(found.status)
    if not state:
        return IgnoredEvent(event_type=WORKFLOW_EVENT, reason="appointment status not used")
    return BookingEvent(
        event_type=WORKFLOW_EVENT,
        provider="ghl",
        status=state,
        person=person,
        invitee_uri=found.id.strip(),
        event_type_uri=found.calendar_id,
        starts_at=_local_time(found.start_time, found.zone),
        ends_at=_local_time(found.end_time, found.zone),
        occurred_at=now,
        as_of=now,
    )


def _local_time(text: str, zone: str) -> datetime | None:
    """`text` read in `zone` where it states none of its own."""
    try:
        parsed = datetime.fromisoformat(text.strip())
        local = parsed if parsed.tzinfo else parsed.replace(tzinfo=ZoneInfo(zone))
    except (ValueError, ZoneInfoNotFoundError):
        return parse_time(text)
    return parse_time(local.isoformat())
