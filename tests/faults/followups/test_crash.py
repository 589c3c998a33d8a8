"""A worker is killed at each boundary of a follow-up's step: the lead gets one message, and the end is the same."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.followups import step_job, tick
from inbox.models import FollowUpInstance, FollowUpTask, Message, OutboundSend
from inbox.replying import send_claims, sending
from integrations.emailbison.client import EmailBisonClient
from integrations.ghl.client import GhlClient
from integrations.unipile.client import UnipileClient
from jobs.context import JobContext
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.worker import drain
from sandbox import SandboxServer
from tests.crash import die, run_and_die
from tests.inbox.followups.helpers import enrolled, minute, quiet_lead
from tests.world import World, forget_calls, settings_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults, pytest.mark.crash]

POINTS = {
    "before the step is judged": (step_job, "take", "before"),
    "after the step is judged, not committed": (step_job, "take", "after"),
    "before the send is claimed": (send_claims, "claim", "before"),
    "after the send is claimed, not committed": (send_claims, "claim", "after"),
    "before the call is committed": (sending, "_begin", "before"),
    "after the call is committed": (sending, "_begin", "after"),
    "before the provider is called": (EmailBisonClient, "reply", "before"),
    "after the provider has taken it": (EmailBisonClient, "reply", "after"),
    "before the send is settled": (sending, "settle_sent", "before"),
    "after the send is settled": (sending, "settle_sent", "after"),
    "at the job's first record": (JobContext, "_write", "before"),
    "after the job's first record": (JobContext, "_write", "after"),
}
NOBODY_KNOWS = {
    "after the call is committed",
    "before the provider is called",
}
"""Killed between the commit and the call, nothing went out, but nobody can know: it waits for a person, unrepeated."""


def arm(owner, name, place):
    original = getattr(owner, name)

    def deadly(*args, **kwargs):
        if place == "before":
            die()
        original(*args, **kwargs)
        die()

    return lambda: setattr(owner, name, deadly)


def go_on():
    for _ in range(4):
        now = timezone.now()
        OutboundSend.objects.filter(state="unknown").update(called_at=now - timedelta(seconds=40))
        BackgroundJob.objects.filter(status="queued").update(run_at=now)
        drain()
        minute()


@pytest.mark.parametrize("point", POINTS)
def test_kill(point):
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        world = World.make(sandbox)
        instance = enrolled(world.workspace, {}, {"offset_days": 1})
        tick.claim([instance.pk])
        assert run_and_die(arm(*POINTS[point]))
        forget_calls()
        go_on()
        instance.refresh_from_db()
        task = FollowUpTask.objects.get()
        if point in NOBODY_KNOWS:
            assert world.posted() == [] and task.status == "sending"
            assert OutboundSend.objects.get().state == "unknown"
            return
        assert len(world.posted()) == 1
        assert (task.status, task.attempt, OutboundSend.objects.get().state) == ("sent", 1, "sent")
        assert instance.status == FollowUpInstance.Status.ACTIVE and instance.next_step.position == 1
        assert Message.objects.filter(source="holdfast").count() == 1


def test_kill_while_the_tick_claims_leaves_nothing_half_claimed():
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        world = World.make(sandbox)
        instance = enrolled(world.workspace)

        def kill():
            tick.enqueue_many = lambda *args: die()
            tick.claim([instance.pk])

        assert run_and_die(kill)
        instance.refresh_from_db()
        assert instance.due_at is not None and not FollowUpTask.objects.exists()
        minute()
        assert len(world.posted()) == 1


def test_kill_while_a_send_is_brought_home_is_made_good_by_the_next_tick():
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        world = World.make(sandbox)
        instance = enrolled(world.workspace, {}, {"offset_days": 1})
        tick.claim([instance.pk])
        drain()

        def kill():
            tick.plan.go_on = lambda *args: die()
            tick.settle(Deadline.after_ms(5_000))

        assert run_and_die(kill)
        assert FollowUpTask.objects.get().status == "sending"
        minute()
        instance.refresh_from_db()
        assert FollowUpTask.objects.get().status == "sent" and instance.next_step.position == 1
        assert len(world.posted()) == 1


CHANNELS = {
    "the text's contact is made": ("sms", GhlClient, "upsert_contact"),
    "the text is taken": ("sms", GhlClient, "send_sms"),
    "the profile is looked up": ("linkedin", UnipileClient, "profile"),
    "the direct message is taken": ("linkedin", UnipileClient, "send_message"),
}


@pytest.mark.parametrize("point", CHANNELS)
def test_kill_after(point):
    """What the provider has taken is found in its own list; what it has not is sent, once."""
    channel, client, name = CHANNELS[point]
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        world = World.make(sandbox)
        world.connect("ghl", "loc-1", api_key="key-ghl")
        world.connect("unipile", "acc-1", api_key="key-unipile")
        profile = {"network_distance": "DISTANCE_1"}
        sandbox.set_account("unipile", "acc-1", properties={"profiles": {"dana": profile}})
        lead = quiet_lead(
            world.workspace, phone="+12125550123", linkedin_url="https://www.linkedin.com/in/dana"
        )
        instance = enrolled(world.workspace, {"channel": channel}, {"offset_days": 1}, lead=lead)
        tick.claim([instance.pk])
        assert run_and_die(arm(client, name, "after"))
        forget_calls()
        go_on()
        assert len(world.posted({"sms": "ghl", "linkedin": "unipile"}[channel])) == 1
        task = FollowUpTask.objects.get()
        assert (task.status, task.attempt, OutboundSend.objects.get().state) == ("sent", 1, "sent")
