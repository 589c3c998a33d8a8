"""A provider that does not answer is left alone for a while: what waits meanwhile loses nothing, and goes on soon."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from inbox.health import reply_polls
from inbox.models import OutboundSend
from inbox.replying import reconciliation, review
from integrations.errors import CallOutcome, CircuitOpen
from integrations.http.breaker import breakers
from integrations.models import CircuitBreaker, ReplyPoll
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests.factories import ago

pytestmark = pytest.mark.django_db(transaction=True)


def hold_back(world, provider: str = "emailbison") -> None:
    """Five timeouts in a row, and a quarter of an hour to go."""
    breakers.forget()
    for _ in range(5):
        breakers.leave(breakers.enter(provider, world.workspace.pk), CallOutcome.TIMEOUT)
    CircuitBreaker.objects.update(open_until=Now() + timedelta(minutes=15), open_ms=900_000)
    breakers.forget()


def is_open() -> bool:
    return CircuitBreaker.objects.filter(open_until__isnull=False).exists()


def approved(world) -> OutboundSend:
    message = world.reply("Sure, send me times.")
    world.work()
    draft = world.draft(message)
    hold_back(world)
    return review.approve(draft, user=world.user, text=draft.text)


def test_an_approved_send_has_the_provider_asked_and_waits_half_a_minute(world):
    send = approved(world)
    world.work()

    job = BackgroundJob.objects.get(kind="reply.send")
    assert job.status == "queued" and job.attempts == 0
    assert (job.run_at - timezone.now()).total_seconds() <= 31
    send.refresh_from_db()
    local = job.run_at.astimezone(ZoneInfo(world.workspace.timezone))
    assert send.reason.endswith(f"Holdfast tries again at {local:%H:%M:%S}.")
    assert not is_open()  # the look at the account found it well

    BackgroundJob.objects.filter(pk=job.pk).update(run_at=timezone.now())
    world.work()
    send.refresh_from_db()
    assert send.state == OutboundSend.State.SENT and len(world.posted()) == 1


def test_a_poll_that_is_held_back_uses_no_attempt(world):
    reply_polls.tick(Deadline.after_ms(20_000))
    hold_back(world)
    BackgroundJob.objects.exclude(kind="replies.poll").delete()
    for _ in range(4):
        world.work()
        job = BackgroundJob.objects.get(kind="replies.poll")
        assert (job.status, job.attempts) == ("queued", 0), job.last_error
        BackgroundJob.objects.filter(pk=job.pk).update(run_at=timezone.now())

    breakers.look_again("emailbison", world.workspace.pk)
    world.work()
    assert ReplyPoll.objects.get(integration__provider="emailbison").polled_at is not None


def test_a_reply_lets_the_next_call_pass(world):
    message = world.reply("Sure, send me times.")
    hold_back(world)
    world.work()

    assert not is_open()
    assert world.job(message).status == "succeeded"


def test_a_look_that_is_held_back_is_still_to_be_made(world):
    world.sandbox.fault(provider="emailbison", kind="accept_drop", method="POST", path="reply$", count=1)
    message = world.reply("Sure, send me times.")
    world.work()
    draft = world.draft(message)
    send = review.approve(draft, user=world.user, text=draft.text)
    world.work()
    send.refresh_from_db()
    assert send.state == OutboundSend.State.UNKNOWN
    OutboundSend.objects.filter(pk=send.pk).update(called_at=ago(seconds=40), looked_at=ago(seconds=35))
    hold_back(world)

    send = OutboundSend.objects.select_related("lead", "reply_to__campaign").get(pk=send.pk)
    due = reconciliation.next_look(send)
    with pytest.raises(CircuitOpen):
        reconciliation.look(send, Deadline.after_ms(5_000))
    send.refresh_from_db()
    assert reconciliation.next_look(send) == due

    breakers.look_again("emailbison", world.workspace.pk)
    assert reconciliation.look(send, Deadline.after_ms(5_000)), send.reason
