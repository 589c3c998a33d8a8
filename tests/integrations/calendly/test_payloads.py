"""Calendly: both nestings, and the two halves of a reschedule."""

from datetime import UTC, datetime

import pytest

from integrations.calendly.payloads import parse
from integrations.events import IgnoredEvent, PayloadInvalid
from tests.recorded import payload

NOW = datetime(2026, 10, 14, 15, 30, tzinfo=UTC)
API = "https://api.calendly.com/scheduled_events"


def fixture(name: str) -> dict:
    return payload("calendly", name)


def test_nested_invitee_is_booked():
    event = parse(fixture("invitee_created_nested"), NOW)
    assert (event.status, event.provider) == ("booked", "calendly")
    assert (event.invitee_uri, event.appointment_uri) == (f"{API}/EVdana1/invitees/INdana1", f"{API}/EVdana1")
    assert event.event_type_uri == "https://api.calendly.com/event_types/ETnw01"
    assert event.starts_at == datetime(2026, 10, 15, 18, tzinfo=UTC)
    assert event.ends_at == datetime(2026, 10, 15, 18, 30, tzinfo=UTC)
    assert event.person.email == "dana.reyes@reyesroofing.example.com"
    assert event.occurred_at == datetime(2026, 10, 14, 15, 29, 59, tzinfo=UTC)
    assert not event.rescheduled


def test_flat_invitee_is_read_alike():
    event = parse(fixture("invitee_created_flat"), NOW)
    assert event.invitee_uri == f"{API}/EVpet1/invitees/INpet1"
    assert (event.person.email, event.person.first_name) == (
        "assistant.greta@hollandergroup.example.org",
        "Greta",
    )


def test_reschedules_halves_name_each_other():
    booked, cancelled = (
        parse(fixture("invitee_created_reschedule"), NOW),
        parse(fixture("invitee_canceled_reschedule"), NOW),
    )
    assert not booked.rescheduled and booked.replaces_uri == f"{API}/EVtob1/invitees/INtob1"
    assert cancelled.rescheduled and cancelled.replaced_by_uri == f"{API}/EVdana2/invitees/INdana2"
    assert booked.event_key != cancelled.event_key


def test_a_meeting_that_came_from_a_move_and_is_cancelled_for_good_was_not_moved():
    body = fixture("invitee_canceled_reschedule")
    body["payload"]["invitee"] |= {
        "rescheduled": False,
        "new_invitee": None,
        "old_invitee": f"{API}/EV0/invitees/IN0",
    }
    event = parse(body, NOW)
    assert (event.status, event.rescheduled) == ("cancelled", False)
    assert event.replaces_uri == f"{API}/EV0/invitees/IN0"


def test_plain_cancel_is_no_reschedule():
    event = parse(fixture("invitee_canceled"), NOW)
    assert (event.status, event.rescheduled, event.replaced_by_uri) == ("cancelled", False, "")


def test_booking_and_cancel_of_one_invitee_have_keys_of_their_own():
    booked, cancelled = parse(fixture("invitee_created_flat"), NOW), parse(fixture("invitee_canceled"), NOW)
    assert booked.invitee_uri == cancelled.invitee_uri
    assert booked.event_key != cancelled.event_key


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (payload("calendly", "routing_form_submission_created"), "event not used"),
        ({"payload": {}}, "missing_event"),
        ({"event": None}, "missing_event"),
    ],
)
def test_what_we_do_not_use_is_ignored(body, reason):
    event = parse(body, NOW)
    assert isinstance(event, IgnoredEvent) and event.reason == reason


@pytest.mark.parametrize(
    ("payload_", "field"),
    [
        (None, "payload"),
        ([], "payload"),
        ({}, "payload.uri"),
        ({"invitee": {"uri": ""}}, "payload.uri"),
        ({"uri": "x", "email": []}, "payload.email"),
        ({"uri": "x", "scheduled_event": "EV1"}, "payload.scheduled_event"),
    ],
)
def test_missing_or_wrong_fields_are_named(payload_, field):
    with pytest.raises(PayloadInvalid) as caught:
        parse({"event": "invitee.created", "payload": payload_}, NOW)
    assert list(caught.value.fields) == [field]


def test_a_no_show_is_read_from_its_own_record():
    dated = {"created_at": "2026-10-21T10:00:00Z"}
    event = parse(fixture("invitee_no_show_created") | dated, NOW)
    assert (event.status, event.invitee_uri) == ("no_show", f"{API}/EVdana2/invitees/INdana2")
    again = fixture("invitee_no_show_created") | dated
    again["payload"]["uri"] += "-again"
    assert parse(again, NOW).event_key != event.event_key


@pytest.mark.parametrize("event", ["invitee_no_show.created", "invitee_no_show.deleted"])
def test_a_mark_that_does_not_say_when_is_ignored(event):
    """Nothing tells whether it is older than what we already have."""
    assert isinstance(parse(fixture("invitee_no_show_created") | {"event": event}, NOW), IgnoredEvent)


def test_a_no_show_is_read_from_the_invitee():
    body = fixture("invitee_created_flat") | {"event": "invitee_no_show.created"}
    body["payload"]["no_show"] = {"uri": f"{API}/no_shows/1", "created_at": "2026-10-21T10:00:00Z"}
    event = parse(body, NOW)
    assert (event.status, event.occurred_at) == ("no_show", datetime(2026, 10, 21, 10, tzinfo=UTC))
    taken_back = body | {"event": "invitee_no_show.deleted", "created_at": "2026-10-21T11:00:00Z"}
    event = parse(taken_back, NOW)
    assert (event.status, event.occurred_at) == ("came", datetime(2026, 10, 21, 11, tzinfo=UTC))
