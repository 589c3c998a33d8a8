"""Meeting times in a message that a person sends are looked at again before it goes out."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from inbox.models import Appointment, OutboundSend
from inbox.replying import hours, review, slots
from jobs.deadline import Deadline
from tests import factories

pytestmark = pytest.mark.django_db
State = OutboundSend.State


@pytest.fixture
def calendar(world):
    world.reply("Sure, send me times.")
    account = world.connect("ghl", "loc-1", api_key="key-ghl")
    account.config = account.config | {"calendar_id": "cal-1"}
    account.save()
    return account


def words_of(moment, workspace) -> str:
    return slots.words(moment.astimezone(hours.zone(workspace)))


def tomorrow() -> datetime:
    """A time of tomorrow at which no meeting of the calendar begins: the sandbox offers full hours."""
    return (timezone.now() + timedelta(days=1)).replace(minute=7, second=0, microsecond=0)


def sent(world, text: str, lead=None) -> OutboundSend:
    """A message of a person's own with `text`, as it has ended."""
    lead = lead or world.lead()
    send = review.send_own(lead, user=world.user, channel="email", text=text, client_token=text[-60:])
    world.work()
    send.refresh_from_db()
    return send


def test_a_free_time_goes_out_and_one_that_is_not_does_so_when_they_send_it_again(world, calendar):
    free = slots.next_free(world.workspace, Deadline.after_ms(10_000))[0]
    assert sent(world, f"How about {free.words}?").state == State.SENT

    taken = words_of(free.starts_at + timedelta(minutes=7), world.workspace)
    send = sent(world, f"How about {free.words} or {taken}?")
    assert (send.state, send.reason) == (State.FAILED, f"No longer free: {taken}. {slots.AGAIN}")
    assert len(world.posted()) == 1

    review.send_again(send, user=world.user)
    world.work()
    send.refresh_from_db()
    assert (send.state, len(world.posted())) == (State.SENT, 2)


def test_a_time_that_has_passed_or_that_this_lead_has_booked_is_told_of_and_not_offered(world, calendar):
    soon = tomorrow()
    booked = words_of(soon, world.workspace)
    past = words_of(timezone.now() - timedelta(days=2), world.workspace)
    text = f"Sorry that I missed you on {past}. See you on {booked} then."
    lead, colleague = world.lead(), factories.make_lead(world.workspace)
    about = {"workspace": world.workspace, "provider": "ghl", "starts_at": soon}
    meeting = Appointment.objects.create(lead=colleague, **about)
    assert sent(world, text, lead).reason == f"No longer free: {booked}. {slots.AGAIN}"

    Appointment.objects.filter(pk=meeting.pk).update(lead=lead)
    send = sent(world, f"{text} Till then!", lead)
    assert send.state == State.SENT

    send.created_at -= timedelta(days=3)  # it waited so long that the time passed
    assert slots.offer_problem(send, Deadline.after_ms(10_000)) == f"No longer free: {past}. {slots.AGAIN}"


def test_a_draft_is_asked_for_what_a_person_put_into_it_and_for_what_it_offered(world, calendar):
    soon = tomorrow()
    draft = factories.make_draft(
        world.lead().messages.get(), verification={"offered": [[soon.isoformat(), "tomorrow"]]}
    )
    put = words_of(soon + timedelta(minutes=1), world.workspace)
    send = review.approve(draft, user=world.user, text=f"Shall we say tomorrow, or {put}?")
    world.work()
    send.refresh_from_db()
    assert send.reason == f"No longer free: tomorrow; {put}. {slots.AGAIN}"
    assert world.posted() == []


def test_a_calendar_that_cannot_be_asked_lets_them_decide(world, calendar):
    free = slots.next_free(world.workspace, Deadline.after_ms(10_000))[0]
    world.sandbox.fault(provider="ghl", kind="error", status=500, path="free-slots")
    send = sent(world, f"How about {free.words}?")
    assert (send.state, send.reason) == (State.FAILED, f"{slots.UNKNOWN} {slots.AGAIN}")
    review.send_again(send, user=world.user)
    world.work()
    assert len(world.posted()) == 1


def test_without_a_calendar_and_without_a_time_in_it_nothing_is_asked(world):
    world.reply("Sure, send me times.")
    past = words_of(timezone.now() - timedelta(days=2), world.workspace)
    assert sent(world, f"We met on {past}.").state == State.SENT
