"""The minute's tick, asked for by two clusters and the cron address at once, takes every step up once."""

import pytest
from django.db import transaction
from django.utils import timezone

from inbox.followups import by_hand, plan, step_job, tick
from inbox.models import FollowUpInstance, FollowUpTask, Lead, OutboundSend
from jobs.deadline import Deadline
from jobs.ticks import run_tick
from jobs.worker import drain
from sandbox import SandboxServer
from tests import factories
from tests.inbox.followups.helpers import enrolled, quiet_lead
from tests.racing import at_once, won
from tests.world import World, forget_calls, settings_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def test_ticks_of_two_clusters_and_the_cron_at_once_send_nothing_twice():
    forget_calls()
    with SandboxServer() as sandbox, settings_for(sandbox):
        worlds = [World.make(sandbox, f"W{number}") for number in range(3)]
        for world in worlds:
            for _ in range(8):
                enrolled(world.workspace)

        def unleased():  # what a lease that ran out would allow
            return tick.run(Deadline.after_ms(20_000))["claimed"]

        def leased(requested):
            return lambda: run_tick("followups", requested=requested).get("claimed", 0)

        results = at_once(*[unleased] * 4, leased(False), leased(False), leased(True))
        at_once(drain, drain, drain)
        at_once(*[unleased] * 4)
        drain()
        assert sum(won(results)) == 24 and len(won(results)) == 7
        assert OutboundSend.objects.count() == 24
        assert len(sandbox.sends(provider="emailbison")) == 24
        assert set(FollowUpTask.objects.values_list("status", "attempt")) == {("sent", 1)}


def test_steps_that_were_put_off_are_taken_up_again_by_one_of_many_ticks():
    """Guard: the locks on the instances; of a step's first time, the unique task."""
    workspace = factories.make_workspace()
    ids = [enrolled(workspace).pk for _ in range(10)]
    tick.claim(ids)
    FollowUpTask.objects.update(status="waiting", reason="Outside business hours.")
    FollowUpInstance.objects.update(due_at=timezone.now())
    results = at_once(*[lambda: len(tick.claim(ids))] * 6)
    assert len(won(results)) == 6 and sum(won(results)) == 10
    assert set(FollowUpTask.objects.values_list("status", "attempt")) == {("claimed", 2)}


def test_the_same_step_taken_by_many_workers_at_once_is_claimed_once():
    workspace = factories.make_workspace()
    factories.make_integration(workspace)
    enrolled(workspace)
    tick.take_up(Deadline.after_ms(5_000))
    task = FollowUpTask.objects.get()

    def take():
        with transaction.atomic():
            return step_job.take(task, 1, [])

    results = at_once(*[take] * 8)
    assert sorted(results) == ["claimed"] + ["settled"] * 7
    assert OutboundSend.objects.count() == 1


def test_a_lead_enrolled_many_times_at_once_is_in_the_sequence_once():
    workspace = factories.make_workspace()
    lead, sequence = quiet_lead(workspace), factories.make_sequence(workspace, {})
    results = at_once(*[lambda: plan.enrol(lead, sequence)] * 8)
    assert sum(result is not None for result in won(results)) == 1 and len(won(results)) == 8
    assert FollowUpInstance.objects.count() == 1


def test_a_reply_and_the_claim_at_once_leave_one_truth():
    """Whoever is second sees the first: a claim with a paused instance is never called for."""
    workspace = factories.make_workspace()
    factories.make_integration(workspace)
    instance = enrolled(workspace)
    tick.take_up(Deadline.after_ms(5_000))
    task = FollowUpTask.objects.get()
    factories.make_message(instance.lead, tag="Neutral", sent_at=timezone.now())

    def take():
        with transaction.atomic():
            return step_job.take(task, 1, [])

    def reply():
        with transaction.atomic():
            lead = type(instance.lead).objects.select_for_update().get(pk=instance.lead_id)
            lead.last_inbound_at = timezone.now()
            lead.save()
            return plan.pause_all(lead, "replied")

    at_once(take, reply)
    instance.refresh_from_db()
    assert instance.status == "paused"
    for send in OutboundSend.objects.all():
        with transaction.atomic():
            assert step_job.veto(send, send.lead)


def test_what_somebody_else_holds_is_left_as_it_was_and_said_so():
    workspace = factories.make_workspace()
    user = factories.make_member(workspace)
    held, free = enrolled(workspace), enrolled(workspace)
    with transaction.atomic():
        Lead.objects.select_for_update().get(pk=held.lead_id)
        (outcome,) = at_once(lambda: by_hand.act(workspace, "pause", [held.pk, free.pk], user=user))
    assert outcome == by_hand.ByHandResult(1, [by_hand.BUSY])
    assert dict(FollowUpInstance.objects.values_list("pk", "status")) == {
        held.pk: "active",
        free.pk: "paused",
    }
