"""An account that is down pauses its workspace's follow-ups as a group; the tick goes on, and recovery resumes them."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone

from inbox.followups import groups, plan, step_job, tick
from inbox.models import FollowUpInstance, FollowUpTask, Message
from inbox.workspaces import account_effects
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from integrations.http.breaker import breakers
from integrations.models import CircuitBreaker, Integration
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from jobs.ticks import run_tick
from jobs.worker import drain
from tests.inbox.followups.helpers import enrolled, minute, quiet_lead, statuses

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace(world):
    return world.workspace


@pytest.fixture
def account(world):
    return world.connect("unipile", "acc-1", api_key="key-unipile")


def linkedin(workspace, number, *more, **offset):
    lead = quiet_lead(workspace, linkedin_url=f"https://www.linkedin.com/in/dana-{number}")
    return enrolled(workspace, {"channel": "linkedin"} | offset, *more, lead=lead)


def test_disconnection_pauses_the_group_and_recovery_resumes_it(world, workspace, account):
    instances = [linkedin(workspace, number, offset_days=1) for number in range(3)]
    email = enrolled(workspace, {"offset_days": 1})
    writer.record(account, Signal(SignalKind.REFUSED, "disconnected_account"))
    paused = FollowUpInstance.objects.filter(status="paused")
    assert {one.paused_for for one in paused} == {"unipile_disconnected"}
    assert {one.pk for one in paused} == {one.pk for one in instances}
    assert "3 follow-ups are paused" in account_effects.effects_of(account)
    writer.record(account, Signal(SignalKind.WORKED))
    assert not FollowUpInstance.objects.filter(status="paused").exists()
    email.refresh_from_db()
    assert email.status == "active"


def test_the_tick_answers_200_while_the_account_is_dead_and_asks_it_no_more(world, workspace, account):
    world.sandbox.set_account("unipile", "acc-1", status="disconnected")
    for number in range(5):
        linkedin(workspace, number)
    email = enrolled(workspace)
    for _ in range(3):
        answer = Client().post(
            "/api/cron/followups/", headers={"authorization": "Bearer cron-secret-of-the-tests"}
        )
        assert answer.status_code == 200 and answer.json()["success"], answer.content
        drain()
    asked = [one for one in world.sandbox.requests(provider="unipile") if "/users/" in one["path"]]
    assert len(asked) <= 2
    assert statuses(email) == [("sent", "")]
    assert world.posted("unipile") == []
    in_hand = FollowUpTask.objects.filter(channel="linkedin", status="sending").count()
    assert FollowUpInstance.objects.filter(paused_for="unipile_disconnected").count() == 5 - in_hand
    assert not FollowUpTask.objects.filter(channel="linkedin", status="failed").exists()


def test_everything_goes_out_once_after_the_account_is_back(world, workspace, account):
    world.sandbox.set_account("unipile", "acc-1", status="disconnected")
    for number in range(4):
        linkedin(workspace, number)
    minute()
    world.sandbox.set_account("unipile", "acc-1", status="ok")
    writer.record(account, Signal(SignalKind.WORKED))
    BackgroundJob.objects.filter(status="queued").update(run_at=timezone.now())
    minute()
    minute()
    assert len(world.posted("unipile")) == 4
    assert set(FollowUpTask.objects.values_list("status", flat=True)) == {"sent"}
    assert not FollowUpInstance.objects.filter(status="paused").exists()


def test_a_lost_signal_is_made_good_by_the_tick(world, workspace, account):
    instance = linkedin(workspace, 1)
    FollowUpInstance.objects.update(status="paused", paused_for="unipile_disconnected")
    assert minute()["resumed"] == 1
    assert statuses(instance) == [("sent", "")]
    again = linkedin(workspace, 2, offset_days=1)
    with writer.unobserved():
        row = writer.row(account)
        type(row).objects.update(state="disconnected")
    assert groups.reconcile(None)["paused"] == 1
    again.refresh_from_db()
    assert again.paused_for == "unipile_disconnected"


def test_a_provider_that_answers_429_costs_nobody_a_message(world, workspace):
    world.connect("ghl", "loc-1", api_key="key-ghl")
    world.sandbox.fault(provider="ghl", kind="rate_limit", retry_after=30, path="messages$", count=1)
    lead = quiet_lead(workspace, phone="+12125550123", ghl_contact_id="c" * 20)
    instance = enrolled(workspace, {"channel": "sms"}, lead=lead)
    counts = minute()
    assert counts["claimed"] == 1 and statuses(instance) == [("sending", "")]
    job = BackgroundJob.objects.get(kind="reply.send")
    assert job.status == "queued" and job.run_at > timezone.now() + timedelta(seconds=20)
    BackgroundJob.objects.update(run_at=timezone.now())
    CircuitBreaker.objects.all().delete()
    breakers.forget()
    minute()
    assert statuses(instance) == [("sent", "")] and len(world.posted("ghl")) == 1


def test_a_defect_of_our_own_is_a_500_after_the_others_were_worked(world, workspace, monkeypatch):
    instance = enrolled(workspace)

    def broken(deadline):
        raise ZeroDivisionError

    monkeypatch.setattr(groups, "reconcile", broken)
    answer = Client(raise_request_exception=False).post(
        "/api/cron/followups/", headers={"authorization": "Bearer cron-secret-of-the-tests"}
    )
    assert answer.status_code == 500
    drain()
    minute_later = statuses(instance)
    assert minute_later == [("sending", "")] and len(world.posted()) == 1


def test_mail_by_another_provider_goes_on_while_emailbison_is_dead(world, workspace):
    ours, theirs = (enrolled(workspace, {"offset_days": 1}) for _ in range(2))
    Message.objects.filter(lead=theirs.lead).update(source="smartlead_reply")
    account = Integration.objects.get(workspace=workspace, provider="emailbison")
    writer.record(account, Signal(SignalKind.REFUSED, "unauthorized"))
    assert dict(FollowUpInstance.objects.values_list("pk", "paused_for")) == {
        ours.pk: "emailbison_disconnected",
        theirs.pk: "",
    }


def test_one_that_cannot_be_settled_holds_up_nobody_else(world, workspace, monkeypatch):
    instances = [enrolled(workspace, {}, {"offset_days": 1}) for _ in range(3)]
    run_tick("followups", requested=True)
    drain()
    go_on, bad = plan.go_on, instances[1]

    def broken(instance, done, at):
        if instance.pk == bad.pk:
            raise ZeroDivisionError
        go_on(instance, done, at)

    monkeypatch.setattr(plan, "go_on", broken)
    with pytest.raises(ZeroDivisionError):
        tick.settle(Deadline.after_ms(20_000))
    assert [statuses(one)[0][0] for one in instances] == ["sent", "sending", "sent"]


def test_settling_ends_at_the_item_at_which_its_time_is_up(world, workspace, monkeypatch):
    for _ in range(4):
        enrolled(workspace)
    run_tick("followups", requested=True)
    drain()
    settle_one = tick._settle_one

    deadline = SimpleNamespace(expired=False)

    def last(*locked):
        deadline.expired = True
        return settle_one(*locked)

    monkeypatch.setattr(tick, "_settle_one", last)
    assert tick.settle(deadline)["sent"] == 1
    monkeypatch.undo()
    assert tick.settle(Deadline.after_ms(600_000))["sent"] == 3


def test_a_step_that_fails_on_our_side_is_shown_and_resumed_by_a_person(world, workspace, monkeypatch):
    instance = enrolled(workspace)
    run_tick("followups", requested=True)
    monkeypatch.setattr(step_job, "take", lambda *args: 1 / 0)
    drain()
    BackgroundJob.objects.update(status="failed", finished_at=timezone.now())
    FollowUpTask.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    assert run_tick("followups", requested=True)["stranded"] == 1
    instance.refresh_from_db()
    assert (instance.status, instance.paused_for) == ("paused", "error")
    assert statuses(instance) == [("failed", "The step failed on our side. See its job for the reason.")]
