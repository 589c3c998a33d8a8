"""GoHighLevel's appointments: the app's and those of a workflow that an appointment triggers."""

from datetime import UTC, datetime

import pytest

from integrations.events import BookingEvent, IgnoredEvent, PayloadInvalid
from integrations.ghl.appointments import state_of
from integrations.ghl.payloads import parse
from tests.recorded import payload

NOW = datetime(2026, 10, 14, 14, 31, tzinfo=UTC)
AT_TEN = datetime(2026, 10, 16, 14, tzinfo=UTC)


def app(kind: str = "AppointmentCreate", **changes) -> dict:
    body = payload("ghl", "app_appointment_create") | {"type": kind}
    body["appointment"] |= changes
    return body


def workflow(**changes) -> dict:
    body = payload("ghl", "workflow_appointment")
    body["calendar"] |= changes
    return body


def test_app_names_contact_times_and_when_it_was_so():
    event = parse(app(), NOW)
    assert isinstance(event, BookingEvent)
    assert (event.provider, event.status, event.invitee_uri) == ("ghl", "booked", "0TkCdp9PfvLeWKYRRvIz")
    assert event.person.ghl_contact_id == "Dj7MkirH2aBgnpH8HBnJ"
    assert (event.starts_at, event.ends_at.minute) == (AT_TEN, 30)
    assert event.as_of == event.occurred_at == datetime(2026, 10, 14, 14, 30, tzinfo=UTC)


def test_workflow_reads_its_times_in_its_own_zone_and_knows_the_person():
    event = parse(workflow(), NOW)
    assert (event.event_type, event.status, event.starts_at) == ("Appointment", "booked", AT_TEN)
    assert (event.person.email, event.as_of) == ("dana.reyes@reyesroofing.example.com", NOW)


def test_workflow_with_a_text_is_a_text():
    body = workflow() | {"message": {"type": 2, "body": "see you then"}}
    assert parse(body, NOW).text == "see you then"


@pytest.mark.parametrize(
    ("word", "state"),
    [("new", "booked"), ("showed", "booked"), ("Cancelled", "cancelled"), ("no-show", "no_show"), ("noshow", "no_show"),
     ("invalid", "cancelled"), ("pending", "")],
)  # fmt: skip
def test_states(word, state):
    assert state_of(word) == state


@pytest.mark.parametrize("body", [app(appointmentStatus="pending"), workflow(appoinmentStatus="pending")])
def test_a_status_that_says_nothing_is_ignored(body):
    event = parse(body, NOW)
    assert isinstance(event, IgnoredEvent) and event.reason == "appointment status not used"


def test_deleted_is_cancelled_now_whatever_its_status_says():
    event = parse(app("AppointmentDelete"), NOW)
    assert (event.status, event.as_of) == ("cancelled", NOW)


def test_key_is_the_state_and_the_same_at_a_redelivery():
    assert parse(app(), NOW).event_key == parse(app("AppointmentUpdate"), NOW).event_key
    changes = (
        {"startTime": "2026-10-17T10:00:00-04:00"},
        {"appointmentStatus": "noshow"},
        {"dateUpdated": ""},
    )
    keys = {parse(app(**change), NOW).event_key for change in ({}, *changes)}
    assert len(keys) == 4 and parse(app("AppointmentDelete"), NOW).event_key not in keys


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "America/New_York"])
def test_a_zone_that_nobody_knows_is_utc(zone):
    hour = 14 if zone == "America/New_York" else 10
    assert parse(workflow(selectedTimezone=zone), NOW).starts_at.hour == hour


@pytest.mark.parametrize(
    ("change", "field"),
    [({"contactId": ""}, "appointment.contactId"), ({"id": None}, "appointment.id")],
)  # fmt: skip
def test_what_is_missing_is_named(change, field):
    with pytest.raises(PayloadInvalid) as caught:
        parse(app(**change), NOW)
    assert list(caught.value.fields) == [field]
