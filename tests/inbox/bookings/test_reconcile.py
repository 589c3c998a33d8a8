"""Meetings as the calendar lists them: what webhooks missed, cancellations, no-shows, and leads whose look fails."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.bookings import reconcile, slots
from inbox.models import Appointment, BookingCheck, Lead
from integrations.ghl.client import GhlClient
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.ticks import run_tick
from jobs.worker import drain
from tests import factories
from tests.inbox.followups.helpers import enrolled, quiet_lead

pytestmark = pytest.mark.django_db(transaction=True)

CONTACT = "contactAAAABBBB1"


@pytest.fixture
def workspace(world):
    return world.workspace


@pytest.fixture
def ghl(world):
    return world.connect("ghl", "loc-1", api_key="key-ghl")


@pytest.fixture
def lead(workspace):
    return quiet_lead(workspace, ghl_contact_id=CONTACT, tag="Meeting Requested")


def book(account, **fields) -> str:
    values = {
        "calendarId": "cal-1",
        "contactId": CONTACT,
        "startTime": (timezone.now() + timedelta(days=2)).isoformat(),
    }
    made = GhlClient.for_integration(account).book(values | fields, Deadline.after_ms(5_000))
    return made.id


def look():
    BookingCheck.objects.update(next_at=timezone.now())
    counts = run_tick("appointment-reconcile", requested=True)
    drain()
    return counts


def test_a_meeting_that_no_webhook_told_of_is_evidence_and_ends_follow_ups(workspace, ghl, lead):
    instance = enrolled(workspace, {"offset_days": 1}, lead=lead)
    meeting = book(ghl)
    assert look()["claimed"] == 1
    lead.refresh_from_db()
    instance.refresh_from_db()
    assert (lead.tag, lead.tag_decided_by) == ("Meeting Booked", "calendar: booked")
    assert Appointment.objects.get().external_id == meeting
    assert (instance.status, instance.finish_reason) == ("completed", "A meeting is booked.")


@pytest.mark.parametrize(("status", "state"), [("cancelled", "cancelled"), ("noshow", "no_show")])
def test_what_becomes_of_a_meeting_is_seen(world, workspace, ghl, lead, status, state):
    meeting = book(ghl)
    look()
    url = f"/calendars/events/appointments/{meeting}"
    client = GhlClient.for_integration(ghl)
    client._write(
        "PUT", url, "change", {"appointmentStatus": status}, Deadline.after_ms(5_000), lambda answer: None
    )
    look()
    lead.refresh_from_db()
    assert Appointment.objects.get().status == state
    assert lead.booked_at is None


def test_a_reschedule_fires_nothing_again(workspace, ghl, lead):
    after = factories.make_sequence(workspace, {"offset_days": 1}, starts="booked")
    meeting = book(ghl)
    look()
    assert after.instances.count() == 1
    later = (timezone.now() + timedelta(days=5)).isoformat()
    client = GhlClient.for_integration(ghl)
    client._write(
        "PUT",
        f"/calendars/events/appointments/{meeting}",
        "change",
        {"startTime": later},
        Deadline.after_ms(5_000),
        lambda answer: None,
    )
    after.instances.update(status="stopped")
    look()
    assert after.instances.count() == 1 and Appointment.objects.count() == 1
    assert Appointment.objects.get().starts_at > timezone.now() + timedelta(days=4)


def test_a_look_that_fails_is_parked_ever_longer_and_holds_up_nobody(world, workspace, ghl, lead):
    other = quiet_lead(workspace, ghl_contact_id="contactCCCCDDDD2", tag="Interested")
    world.sandbox.fault(provider="ghl", kind="error", status=404, path=f"{CONTACT}/appointments")
    pauses = []
    for _ in range(3):
        look()
        check = BookingCheck.objects.get(lead=lead)
        pauses.append(check.next_at - timezone.now())
        assert check.last_error
    assert check.failures == 3 and pauses == sorted(pauses) and pauses[-1] > 2 * pauses[0]
    assert BookingCheck.objects.get(lead=other).failures == 0
    assert BackgroundJob.objects.filter(status="failed").count() == 0


def test_the_time_of_the_next_look_moves_on_before_the_look(workspace, ghl, lead):
    BookingCheck.objects.create(workspace=workspace, lead=lead, next_at=timezone.now())
    counts = reconcile.tick(Deadline.after_ms(5_000))
    assert counts["claimed"] == 1
    assert BookingCheck.objects.get().next_at > timezone.now() + timedelta(hours=1)
    assert reconcile.tick(Deadline.after_ms(5_000))["claimed"] == 0
    assert BackgroundJob.objects.filter(kind=reconcile.CHECK).count() == 1


def test_calendly_meetings_are_found_by_the_lead_s_address(world, workspace, lead):
    account = world.connect("calendly", api_key="token-1")
    start = (timezone.now() + timedelta(days=2)).replace(microsecond=0)
    world.sandbox.emit(
        "calendly",
        "token-1",
        "invitee.created",
        deliver=False,
        email=lead.email,
        start_time=start.isoformat(),
    )
    look()
    assert account and Appointment.objects.get().provider == "calendly"
    assert Lead.objects.get(pk=lead.pk).booked_at is not None


def test_without_a_calendar_no_time_is_offered(workspace):
    assert slots.on_offer(workspace, Deadline.after_ms(5_000)) == []


def test_offered_times_are_the_calendar_s_and_are_looked_at_again(world, workspace, ghl):
    ghl.config = {**ghl.config, "calendar_id": "cal-1"}
    ghl.save()
    deadline = Deadline.after_ms(10_000)
    offered = slots.on_offer(workspace, deadline)
    assert offered and all(slot.starts_at > timezone.now() for slot in offered)
    assert slots.still_free(workspace, [offered[0].starts_at], deadline)
    assert not slots.still_free(workspace, [offered[0].starts_at + timedelta(minutes=7)], deadline)
    assert not slots.still_free(workspace, [timezone.now() - timedelta(hours=1)], deadline)
