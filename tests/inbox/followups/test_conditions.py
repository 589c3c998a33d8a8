"""What holds a step up, skips it or ends it: asked when it is claimed, and again just before the provider is called."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from inbox.followups import plan
from inbox.followups.plan import due_after
from inbox.intake.handlers import bookings
from inbox.leads import rollup
from inbox.models import Appointment, FollowUpInstance, Lead, Workspace
from inbox.pipeline import assignment
from inbox.pipeline.situation import Situation
from inbox.replying import sending
from jobs.ticks import run_tick
from jobs.worker import drain
from tests import factories
from tests.inbox.followups.helpers import enrolled, minute, quiet_lead, statuses

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)


@pytest.fixture
def workspace(world):
    return world.workspace


def reply(lead, **fields):
    message = factories.make_message(lead, **{"tag": "Neutral"} | fields)
    Lead.objects.filter(pk=lead.pk).update(last_inbound_at=message.sent_at)
    return message


def book(lead):
    Appointment.objects.create(
        workspace=lead.workspace, lead=lead, provider="calendly", external_id="IN1", booked_at=timezone.now()
    )
    settle(lead)


def settle(lead, **fields):
    with transaction.atomic():
        bookings.settle(rollup.locked(lead), **fields)


HOLDS = {
    "replied": (reply, "paused", "waiting", "The lead has replied."),
    "booked": (
        lambda lead: Lead.objects.filter(pk=lead.pk).update(booked_at=timezone.now()),
        "completed",
        "cancelled",
        "A meeting is booked.",
    ),
    "blacklisted": (
        lambda lead: Lead.objects.filter(pk=lead.pk).update(tag="Blacklist"),
        "stopped",
        "cancelled",
        "Outreach to this lead has stopped.",
    ),
    "snoozed": (
        lambda lead: Lead.objects.filter(pk=lead.pk).update(snoozed_until=timezone.now() + DAY),
        "active",
        "waiting",
        "The lead is snoozed.",
    ),
    "workspace paused": (
        lambda lead: Workspace.objects.update(sends_paused=True),
        "active",
        "waiting",
        "Sending is paused for this workspace.",
    ),
    "outside business hours": (
        lambda lead: Workspace.objects.update(opens_at="00:00", closes_at="00:00:01"),
        "active",
        "waiting",
        "Outside business hours.",
    ),
}


@pytest.mark.parametrize("name", HOLDS)
def test_stop_condition_at_the_claim(world, workspace, name):
    happens, status, task, reason = HOLDS[name]
    instance = enrolled(workspace, business_hours_only=name == "outside business hours")
    FollowUpInstance.objects.update(due_at=timezone.now())
    run_tick("followups", requested=True)
    happens(instance.lead)
    drain()
    instance.refresh_from_db()
    assert (instance.status, statuses(instance)) == (status, [(task, reason)])
    assert world.posted() == []


@pytest.mark.parametrize("name", HOLDS)
def test_stop_condition_between_the_claim_and_the_call(world, workspace, name, monkeypatch):
    happens, status, task, reason = HOLDS[name]
    Workspace.objects.update(opens_at="00:00", closes_at="23:59:59")
    with time_machine.travel(datetime(2026, 11, 24, 15, tzinfo=UTC), tick=True):
        instance = enrolled(workspace, business_hours_only=name == "outside business hours")
        run_tick("followups", requested=True)
        prepare, held = sending.carrier_messages.way_of, []

        def late(send):
            if not held:
                held.append(happens(instance.lead))
            return prepare(send)

        monkeypatch.setattr(sending.carrier_messages, "way_of", late)
        drain()
        instance.refresh_from_db()
        assert (instance.status, statuses(instance)) == (status, [(task, reason)])
        assert world.posted() == []
        assert held and instance.lead.sends.get().state == "failed"


def test_a_step_that_was_held_goes_out_once_when_the_hold_ends(world, workspace, monkeypatch):
    test_stop_condition_between_the_claim_and_the_call(world, workspace, "workspace paused", monkeypatch)
    assert minute()["claimed"] == 0
    Workspace.objects.update(sends_paused=False)
    minute()
    instance = FollowUpInstance.objects.get()
    assert statuses(instance) == [("sent", "")] and len(world.posted()) == 1


def test_a_machine_s_reply_holds_nothing_up(world, workspace):
    instance = enrolled(workspace)
    reply(instance.lead, tag="Out of Office")
    minute()
    assert statuses(instance) == [("sent", "")]


def test_a_reply_pauses_what_runs_and_a_person_resumes_it(world, workspace):
    instance = enrolled(workspace, {"offset_days": 1})
    message = reply(instance.lead)
    assignment.tell_follow_ups(Situation.load(message.pk, workspace.pk), None)
    instance.refresh_from_db()
    assert (instance.status, instance.paused_for) == ("paused", "replied")
    plan.resumed(FollowUpInstance.objects.all(), by_person=True)
    FollowUpInstance.objects.update(due_at=timezone.now())
    minute()
    assert statuses(instance) == [("sent", "")]


def test_a_booking_completes_what_runs_and_starts_what_follows_once(world, workspace):
    instance = enrolled(workspace, {"offset_days": 1})
    after = factories.make_sequence(workspace, {"offset_days": 1}, starts="booked")
    book(instance.lead)
    instance.refresh_from_db()
    assert (instance.status, instance.finish_reason) == ("completed", "A meeting is booked.")
    assert after.instances.get().status == "active"
    old = Appointment.objects.get()
    old.status, old.replaced = "rescheduled", True
    old.save()
    settle(instance.lead)
    Appointment.objects.create(
        workspace=workspace, lead=instance.lead, provider="calendly", external_id="IN2",
        replaces_id="IN1", booked_at=timezone.now(),
    )  # fmt: skip
    settle(instance.lead, moved=True)
    assert after.instances.count() == 1


def test_what_follows_a_meeting_pauses_when_it_falls_through_and_goes_on_with_the_next(world, workspace):
    after = factories.make_sequence(workspace, {"offset_days": 1}, starts="booked")
    lead = quiet_lead(workspace)
    book(lead)
    Appointment.objects.update(status="cancelled", cancelled_at=timezone.now())
    settle(lead)
    FollowUpInstance.objects.update(due_at=timezone.now())
    minute()
    instance = after.instances.get()
    assert (instance.status, instance.paused_for) == ("paused", "unbooked")
    assert statuses(instance) == [("waiting", "The meeting fell through.")] and world.posted() == []
    Appointment.objects.update(status="booked", cancelled_at=None)
    settle(lead, moved=True)
    minute()
    assert statuses(after.instances.get()) == [("sent", "")] and len(world.posted()) == 1


def test_an_absent_lead_is_left_alone_until_they_are_back(world, workspace):
    Workspace.objects.update(timezone="America/New_York")
    with time_machine.travel(datetime(2026, 11, 24, 15, tzinfo=UTC), tick=True):
        world.reply("Yes, tell me more.")
        world.work()
        lead = world.lead()
        instance = enrolled(workspace, lead=lead)
        message = world.reply(
            "I am out of the office until Monday, November 30, 2026 and will reply when I am back.",
            automated_reply=True,
        )
        world.work()
        assert message.lead_id == lead.pk
        minute()
        instance.refresh_from_db()
        assert (instance.status, statuses(instance)) == ("active", [("waiting", "The lead is snoozed.")])
        back = instance.due_at
        assert back == datetime(2026, 11, 30, 14, tzinfo=UTC)  # 9:00 in New York
    with time_machine.travel(back - timedelta(minutes=1), tick=True):
        assert minute()["claimed"] == 0
    with time_machine.travel(back + timedelta(minutes=1), tick=True):
        minute()
    assert statuses(instance) == [("sent", "")]


def test_an_opt_out_stops_everything_in_its_own_transaction(world, workspace):
    instance = enrolled(workspace, {"needs_approval": True})
    minute()
    with transaction.atomic():
        rollup.opt_out(rollup.locked(instance.lead), timezone.now())
    instance.refresh_from_db()
    assert instance.status == "stopped"
    assert statuses(instance) == [("cancelled", "The lead asked not to be contacted.")]


@pytest.mark.parametrize(
    ("step", "lead", "reason"),
    [
        ({"channel": "sms"}, {"phone": "+12125550123"}, "GoHighLevel isn’t connected."),
        ({"text": "Hi {title}"}, {}, "This lead is missing: title."),
        ({"condition": "connected"}, {}, "Not a LinkedIn connection."),
        ({"condition": "no_phone"}, {"phone": "+12125550123"}, "The lead has a phone number."),
        ({"text": "x" * 30_000}, {}, "This is too long. The limit on Email is 20,000 characters."),
        ({"text": "Free: {slots}"}, {}, "There are no free times in the calendar."),
    ],
)
def test_what_is_missing_skips_the_step_and_the_next_one_goes_out(world, workspace, step, lead, reason):
    instance = enrolled(workspace, step, {}, lead=quiet_lead(workspace, **lead))
    minute()
    minute()
    assert statuses(instance) == [("skipped", reason), ("sent", "")]


def test_a_step_on_a_refused_channel_is_skipped_and_does_not_wait(workspace):
    instance = enrolled(workspace, {}, lead=quiet_lead(workspace, refused_channels=["email"]))
    minute()
    assert statuses(instance) == [("skipped", "The lead asked not to be contacted by Email.")]


def test_a_missing_phone_is_skipped_without_clay(world, workspace):
    world.connect("ghl", "loc-1", api_key="key-ghl")
    instance = enrolled(workspace, {"channel": "sms"}, {})
    minute()
    assert statuses(instance)[0] == ("skipped", "No phone number.")


def test_nine_o_clock_stays_nine_across_the_clock_change(workspace):
    Workspace.objects.update(timezone="America/New_York")
    step = factories.make_sequence(workspace, {"offset_days": 2}, business_hours_only=True).steps.get()
    workspace.refresh_from_db()
    before = datetime(2026, 10, 30, 13, 30, tzinfo=UTC)  # Friday, 9:30 EDT
    assert due_after(step, before, workspace) == datetime(2026, 11, 2, 14, 0, tzinfo=UTC)  # Monday, 9:00 EST
    spring = datetime(2026, 3, 6, 14, 30, tzinfo=UTC)  # Friday, 9:30 EST
    step.offset_days = 3
    assert due_after(step, spring, workspace) == datetime(2026, 3, 9, 13, 30, tzinfo=UTC)  # Monday, 9:30 EDT


def test_a_step_due_before_opening_goes_out_at_the_opening_after_the_clock_change(world, workspace):
    with time_machine.travel(datetime(2026, 11, 1, 20, tzinfo=UTC), tick=True):  # Sunday of the change
        instance = enrolled(workspace, business_hours_only=True)
        assert instance.due_at == datetime(2026, 11, 2, 14, 0, tzinfo=UTC)
    with time_machine.travel(datetime(2026, 11, 2, 13, 59, tzinfo=UTC), tick=True):
        assert minute()["claimed"] == 0
    with time_machine.travel(datetime(2026, 11, 2, 14, 1, tzinfo=UTC), tick=True):
        minute()
    assert statuses(instance) == [("sent", "")]
