"""Meetings as the calendar lists them: what webhooks missed, cancellations, no-shows, and leads whose look fails."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from inbox.followups.lists import fell_through
from inbox.intake import calendar_check
from inbox.models import Appointment, BookingCheck, Lead
from inbox.replying import slots
from integrations.ghl.client import GhlClient
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.ticks import run_tick
from jobs.worker import drain
from tests import factories
from tests.ghl import booked
from tests.inbox.followups.helpers import enrolled, quiet_lead
from tests.inbox.intake.appointment_sequences import Plain, sequences
from tests.reading import reads

pytestmark = pytest.mark.django_db(transaction=True)

CONTACT = "contactAAAABBBB1"
EVENTS = {
    "cancelled": "invitee.canceled",
    "no-show": "invitee_no_show.created",
    "undone": "invitee_no_show.deleted",
}
WORDS = {"moved": "rescheduled", "no-show": "no_show"}


@pytest.fixture
def workspace(world):
    return world.workspace


@pytest.fixture
def ghl(world):
    return world.connect("ghl", "loc-1", api_key="key-ghl")


@pytest.fixture
def lead(workspace):
    return quiet_lead(workspace, ghl_contact_id=CONTACT, tag="Meeting Requested")


def book(account) -> str:
    at = timezone.now() + timedelta(days=2)
    return booked(GhlClient.for_integration(account), at, calendarId="cal-1", contactId=CONTACT)


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


def test_a_workspace_without_a_calendar_is_not_asked_about(ghl, lead):
    quiet_lead(factories.make_workspace(), ghl_contact_id=CONTACT, tag="Meeting Requested")
    assert look()["claimed"] == 1
    assert BookingCheck.objects.get().lead == lead


@pytest.mark.parametrize(("status", "state"), [("cancelled", "cancelled"), ("noshow", "no_show")])
def test_what_becomes_of_a_meeting_is_seen(world, workspace, ghl, lead, status, state):
    meeting = book(ghl)
    look()
    url = f"/calendars/events/appointments/{meeting}"
    client = GhlClient.for_integration(ghl)
    change, soon = {"appointmentStatus": status}, Deadline.after_ms(5_000)
    client._session.request("PUT", url, operation="change", deadline=soon, json=change)
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
    url, soon = f"/calendars/events/appointments/{meeting}", Deadline.after_ms(5_000)
    client._session.request("PUT", url, operation="change", deadline=soon, json={"startTime": later})
    after.instances.update(status="stopped")
    look()
    assert after.instances.count() == 1 and Appointment.objects.count() == 1
    assert Appointment.objects.get().starts_at > timezone.now() + timedelta(days=4)


def test_a_look_that_fails_is_parked_ever_longer_and_holds_up_nobody(world, workspace, ghl, lead):
    other = quiet_lead(workspace, ghl_contact_id="contactCCCCDDDD2", tag="Interested")
    world.sandbox.fault(provider="ghl", kind="error", status=403, path=f"{CONTACT}/appointments")
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
    counts = calendar_check.tick(Deadline.after_ms(5_000))
    assert counts["claimed"] == 1
    assert BookingCheck.objects.get().next_at > timezone.now() + timedelta(hours=1)
    assert calendar_check.tick(Deadline.after_ms(5_000))["claimed"] == 0
    assert BackgroundJob.objects.filter(kind=calendar_check.CHECK).count() == 1


def test_a_tick_that_has_claimed_what_it_may_says_how_many_are_left(workspace, ghl, monkeypatch):
    monkeypatch.setattr(calendar_check, "PER_TICK", 2)
    for number in range(3):
        other = quiet_lead(workspace, ghl_contact_id=f"contact{number}")
        BookingCheck.objects.create(workspace=workspace, lead=other, next_at=timezone.now())
    counts = calendar_check.tick(Deadline.after_ms(5_000))
    assert (counts["claimed"], counts["left"]) == (2, 1)
    counts = calendar_check.tick(Deadline.after_ms(5_000))
    assert (counts["claimed"], counts["left"]) == (1, 0)


def test_a_meeting_of_another_workspace_lets_no_lead_be_looked_at(workspace, ghl):
    stranger = quiet_lead(workspace, tag="Neutral", ghl_contact_id=CONTACT)
    Appointment.objects.create(
        workspace=factories.make_workspace(),
        lead=stranger,
        provider="ghl",
        external_id="a",
        starts_at=timezone.now() + timedelta(days=1),
    )
    assert look()["begun"] == 0


def test_leads_close_to_a_meeting_are_found_without_reading_the_others(workspace, ghl):
    """Guard: lead_towards_meeting. With 200,000 leads each minute read them all."""
    now = timezone.now()
    Lead.objects.bulk_create(
        Lead(
            workspace=workspace, email=f"other{number}@example.org", tag="Not Interested", last_inbound_at=now
        )
        for number in range(3_000)
    )
    wanted = quiet_lead(workspace, tag="Interested", ghl_contact_id="contact1")
    with_meeting = quiet_lead(workspace, tag="Neutral", ghl_contact_id="contact2")
    Lead.objects.filter(pk=wanted.pk).update(last_inbound_at=now)
    at = now + timedelta(days=1)
    Appointment.objects.create(
        workspace=workspace, lead=with_meeting, provider="ghl", external_id="a", starts_at=at
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE inbox_lead")
    with reads('"inbox_lead"."tag" IN') as found:
        calendar_check.tick(Deadline.after_ms(5_000))
    assert set(BookingCheck.objects.values_list("lead", flat=True)) == {wanted.pk, with_meeting.pk}
    assert len(found) == 1 and found[0].rows < 100


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


@pytest.fixture
def calendly(world):
    """Tells Calendly's sandbox what becomes of a meeting, and us nothing; returns the invitee's address."""
    world.connect("calendly", api_key="token-1")

    def tell(event: str, **fields) -> str:
        start = (timezone.now() + timedelta(days=2)).replace(microsecond=0).isoformat()
        values = {"start_time": start, "deliver": False} | fields
        made = world.sandbox.emit("calendly", "token-1", event, **values)
        return made["body"]["payload"]["invitee"]["uri"]

    return tell


def stored() -> dict[str, str]:
    return dict(Appointment.objects.values_list("external_id", "status"))


def test_a_cancelled_meeting_that_was_kept_as_moved_is_put_right(workspace, calendly, lead):
    """As the release before this one wrote it down: that it came from a move was read as that it was moved."""
    first = calendly("invitee.created", email=lead.email)
    second = calendly("invitee.created", email=lead.email, old_invitee=first)
    look()
    assert stored() == {first: "rescheduled", second: "booked"}
    calendly("invitee.canceled", invitee_uri=second)
    Appointment.objects.filter(external_id=second).update(
        status="rescheduled", replaced=True, cancelled_at=timezone.now()
    )
    look()
    assert stored() == {first: "rescheduled", second: "cancelled"}
    assert [one.external_id for one in fell_through(workspace)] == [second]


def test_a_move_that_no_webhook_told_of_is_no_cancellation_and_books_nothing_anew(workspace, calendly, lead):
    afterwards = factories.make_sequence(workspace, {"offset_days": 1}, starts="booked")
    first = calendly("invitee.created", email=lead.email)
    look()
    afterwards.instances.update(status="stopped")
    # Its cancel has come by webhook, and the booking that took its place has not.
    Appointment.objects.update(status="rescheduled", replaced=True, cancelled_at=timezone.now())
    Lead.objects.update(booked_at=None)
    second = calendly("invitee.created", email=lead.email, old_invitee=first)
    look()
    assert stored() == {first: "rescheduled", second: "booked"}
    assert afterwards.instances.get().status == "stopped"


def test_a_meeting_that_moved_to_another_address_of_the_person_is_looked_at(calendly, lead):
    uri = calendly("invitee.created", email="assistant@example.org")
    Appointment.objects.create(
        workspace=lead.workspace, lead=lead, provider="calendly", external_id=uri,
        event_uri=uri.partition("/invitees/")[0], booked_at=timezone.now(), starts_at=timezone.now(),
    )  # fmt: skip
    calendly("invitee.canceled", invitee_uri=uri)
    look()
    assert stored() == {uri: "cancelled"}


def test_a_meeting_that_the_calendar_does_not_know_any_more_holds_up_no_look(calendly, lead):
    gone = "https://api.calendly.com/scheduled_events/gone"
    Appointment.objects.create(
        workspace=lead.workspace, lead=lead, provider="calendly", external_id=f"{gone}/invitees/1",
        event_uri=gone, booked_at=timezone.now(), starts_at=timezone.now(),
    )  # fmt: skip
    uri = calendly("invitee.created", email=lead.email)
    look()
    assert stored() == {f"{gone}/invitees/1": "booked", uri: "booked"}


def test_what_a_webhook_tells_during_the_look_is_not_undone_by_it(world, calendly, lead):
    uri = calendly("invitee.created", email=lead.email)
    look()
    account = world.workspace.integrations.get(provider="calendly")
    listed = calendar_check.read_meetings(account, lead, Deadline.after_ms(5_000))
    row = Appointment.objects.get()
    row.cancelled_at, row.status = timezone.now(), "cancelled"
    row.save()
    assert calendar_check.apply_meetings(lead, listed) == 0
    assert stored() == {uri: "cancelled"}


def test_sequences_that_no_webhook_told_of_are_found_as_they_ended(workspace, calendly):
    chosen = random.Random(6).sample([*sequences("calendly", 6)], 10)
    expected = {}
    for number, steps in enumerate(chosen):
        lead = quiet_lead(workspace, email=f"lead{number}@example.org", tag="Meeting Requested")
        plain, uri = Plain("calendly"), ""
        for step in steps:
            plain.go(step)
            if step in ("created", "moved"):
                old = {"old_invitee": uri} if step == "moved" else {}
                uri = calendly("invitee.created", email=lead.email, **old)
            else:
                calendly(EVENTS[step], invitee_uri=uri)
        expected[lead.pk] = sorted(WORDS.get(one, one) for one in plain.bookings)
    look()
    for pk, ended in expected.items():
        assert sorted(Appointment.objects.filter(lead=pk).values_list("status", flat=True)) == ended
    assert Lead.objects.filter(booked_at__isnull=False).count() == sum(
        "booked" in ended for ended in expected.values()
    )


def test_without_a_calendar_no_time_is_offered(workspace):
    assert slots.on_offer(workspace, Deadline.after_ms(5_000)) == []


def test_offered_times_are_the_calendar_s_and_are_looked_at_again(world, workspace, ghl):
    ghl.config = {**ghl.config, "calendar_id": "cal-1"}
    ghl.save()
    deadline = Deadline.after_ms(10_000)
    offered = slots.on_offer(workspace, deadline)
    assert offered and all(slot.starts_at > timezone.now() for slot in offered)
    between, past = offered[0].starts_at + timedelta(minutes=7), timezone.now() - timedelta(hours=1)
    assert slots.unavailable(workspace, [offered[0].starts_at, between, past], deadline) == [past, between]
