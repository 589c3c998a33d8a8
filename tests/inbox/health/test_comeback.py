"""An outage from end to end against the sandbox: noticed, held up, healed by proof, caught up."""

import pytest
from django.utils import timezone

from integrations.errors import ProviderAuthError, ProviderMisconfigured
from integrations.health import probes, writer
from integrations.models import CircuitBreaker, Integration, WorkspaceIntegrationHealth
from jobs import queue
from jobs.ids import uuid7
from jobs.kinds import policy_of
from jobs.models import BackgroundJob
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)

ACCOUNT = "uni_acc_health"


@pytest.fixture
def linkedin(world: World) -> Integration:
    writer.forget_successes()
    world.sandbox.set_account("unipile", ACCOUNT, "ok")
    return world.connect("unipile", ACCOUNT, api_key="key-unipile")


def state(account: Integration) -> WorkspaceIntegrationHealth:
    return WorkspaceIntegrationHealth.objects.get(integration=account)


def say(world: World, number: int) -> None:
    """Dana writes on LinkedIn while the account is down: kept at the provider, no webhook."""
    world.sandbox.emit(
        "unipile",
        ACCOUNT,
        "message.received",
        deliver=False,
        chat_id="chat-1",
        text=f"Message {number}",
        message_id=f"missed-{number}",
        sender={"id": "ACoAAB12345", "name": "Dana Reyes", "url": "https://www.linkedin.com/in/dana-reyes"},
    )


def test_what_was_sent_during_an_outage_is_imported_once_after_it(world, linkedin):
    assert probes.check_now(linkedin).ok
    world.sandbox.set_account("unipile", ACCOUNT, "disconnected")
    assert not probes.check_now(linkedin).ok
    assert state(linkedin).state == "disconnected"
    for number in range(3):
        say(world, number)
    world.sandbox.set_account("unipile", ACCOUNT, "ok")
    assert probes.check_now(linkedin).ok
    world.work()
    stored = world.workspace.messages.filter(source="unipile_message")
    assert sorted(stored.values_list("external_id", flat=True)) == ["missed-0", "missed-1", "missed-2"]
    assert stored.values("lead").distinct().count() == 1
    assert state(linkedin).imported_messages == 3
    assert BackgroundJob.objects.get(kind="health.recover").status == "succeeded"


def tell(world: World, word: str) -> None:
    body = {"AccountStatus": {"account_id": ACCOUNT, "account_type": "LINKEDIN", "message": word}}
    assert (
        world.client.post(world.paths["linkedin"], body, content_type="application/json").status_code == 200
    )


def test_a_reconnection_right_after_a_finished_probe_has_the_account_probed_again(world, linkedin):
    world.add_webhook("linkedin", "linkedin", linkedin)
    for round_ in range(2):
        world.sandbox.set_account("unipile", ACCOUNT, "disconnected")
        tell(world, "CREDENTIALS")
        world.sandbox.set_account("unipile", ACCOUNT, "ok")
        tell(world, "RECONNECTED")
        world.work()
        probed = BackgroundJob.objects.filter(kind="health.probe", status="succeeded").count()
        assert (state(linkedin).state, probed) == ("connected", round_ + 1)


def test_a_reconnection_is_heard_where_only_our_own_calls_had_noticed_the_drop(world, linkedin):
    world.add_webhook("linkedin", "linkedin", linkedin)
    tell(world, "RECONNECTED")
    world.work()
    world.sandbox.set_account("unipile", ACCOUNT, "disconnected")
    assert not probes.check_now(linkedin).ok
    world.sandbox.set_account("unipile", ACCOUNT, "ok")
    tell(world, "RECONNECTED")
    world.work()
    assert state(linkedin).state == "connected"


def test_a_probe_that_runs_while_the_account_comes_back_makes_no_second_one_superfluous(world, linkedin):
    """It may have asked the provider before the account was back."""
    probes.enqueue_probe(linkedin)
    token, [running] = queue.claim(uuid7(), 1)
    assert running.kind == probes.PROBE and not probes.enqueue_probe(linkedin)
    assert queue.start(running, token) is not None
    assert [probes.enqueue_probe(linkedin), probes.enqueue_probe(linkedin)] == [True, False]


def test_listing_an_account_s_chats_is_no_proof_that_it_is_connected(world, linkedin):
    from integrations.unipile.client import UnipileClient
    from jobs.deadline import Deadline

    world.sandbox.set_account("unipile", ACCOUNT, "disconnected")
    probes.check_now(linkedin)
    UnipileClient.for_integration(linkedin).account(Deadline.after_ms(5000))
    assert state(linkedin).state == "disconnected"


def test_a_send_waits_for_its_account_and_goes_out_once_it_is_back(world):
    writer.forget_successes()
    message = world.reply("Sure, can you send times for Thursday?")
    world.work()
    account = Integration.objects.get(workspace=world.workspace, provider="emailbison")
    writer.record(account, writer.Signal(writer.SignalKind.REFUSED))
    from inbox.replying import review

    draft = world.draft(message)
    review.approve(draft, user=world.user, text=draft.text)
    world.work()
    assert [send.state for send in world.sends()] == ["intent"]
    assert not [post for post in world.posted() if post["kind"] == "reply"]
    assert probes.check_now(account).ok
    world.work()
    assert [send.state for send in world.sends()] == ["sent"]
    assert len([post for post in world.posted() if post["kind"] == "reply"]) == 1


def test_a_check_goes_through_an_open_breaker_and_closes_it(world):
    writer.forget_successes()
    account = world.workspace.integrations.get(provider="emailbison")
    world.sandbox.set_account("emailbison", world.key, "down")
    for _ in range(6):
        probes.check_now(account)
    opened = CircuitBreaker.objects.filter(provider="emailbison", open_until__gt=timezone.now())
    assert (state(account).state, opened.count()) == ("provider_down", 1)
    world.sandbox.set_account("emailbison", world.key, "ok")
    assert probes.check_now(account).ok
    assert (state(account).state, opened.count()) == ("connected", 0)


STOP_WORDS = "Please take me off your list."


@pytest.fixture
def bison(world: World) -> Integration:
    writer.forget_successes()
    return world.workspace.integrations.get(provider="emailbison")


def stops_asked(world: World) -> int:
    return sum(call["path"].endswith("stop-future-emails") for call in world.sandbox.requests())


def waits_at_no_cost(world: World) -> BackgroundJob:
    """The one stop, which waits for its account. No job has failed by it, so nothing but the account can page."""
    job = BackgroundJob.objects.get(kind="campaign.stop-emails")
    assert (job.status, job.attempts) == ("queued", 0) and job.run_at > timezone.now()
    assert "Waiting for the account" in job.last_error or "is disconnected" in job.last_error
    assert not BackgroundJob.objects.filter(status="failed").exists()
    return job


def work_on(world: World, job: BackgroundJob) -> BackgroundJob:
    """The same job, after all due jobs have run."""
    world.work()
    job.refresh_from_db()
    return job


def test_a_stop_that_a_revoked_key_refused_is_asked_for_again_once_the_account_is_back(world, bison):
    world.sandbox.set_account("emailbison", world.key, "revoked")
    world.reply(STOP_WORDS)
    world.work()
    job = waits_at_no_cost(world)
    world.sandbox.set_account("emailbison", world.key, "ok")
    assert probes.check_now(bison).ok
    assert work_on(world, job).status == "succeeded", job.last_error
    assert stops_asked(world) >= 1


def test_a_stop_said_to_an_account_that_is_switched_off_is_heard_and_asked_for_once_it_is_on(world, bison):
    Integration.objects.filter(pk=bison.pk).update(enabled=False)
    assert world.reply(STOP_WORDS).lead.opted_out_at
    world.work()
    job = waits_at_no_cost(world)
    assert stops_asked(world) == 0
    Integration.objects.filter(pk=bison.pk).update(enabled=True)
    probes.enqueue_probe(bison)  # as the form and the admin do
    assert work_on(world, job).status == "succeeded", job.last_error
    assert stops_asked(world) >= 1


def test_a_stop_waits_for_an_account_without_its_key(world, bison):
    key = bison.credentials
    bison.credentials = {}
    bison.save()
    world.reply(STOP_WORDS)
    world.work()
    job = waits_at_no_cost(world)
    bison.credentials = key
    bison.save()
    probes.enqueue_probe(bison)
    assert work_on(world, job).status == "succeeded", job.last_error
    assert stops_asked(world) >= 1


def test_a_stop_waits_for_a_provider_that_cannot_be_reached(world, bison):
    world.sandbox.set_account("emailbison", world.key, "down")
    for _ in range(6):
        probes.check_now(bison)
    assert state(bison).state == "provider_down"
    world.reply(STOP_WORDS)
    world.work()
    job = waits_at_no_cost(world)
    world.sandbox.set_account("emailbison", world.key, "ok")
    assert probes.check_now(bison).ok
    assert work_on(world, job).status == "succeeded", job.last_error
    assert stops_asked(world) >= 1


@pytest.mark.parametrize("error", [ProviderAuthError, ProviderMisconfigured])
def test_a_stop_that_an_earlier_release_gave_up_is_asked_for_again_once_the_account_works(
    world, bison, error
):
    Integration.objects.filter(pk=bison.pk).update(enabled=False)
    world.reply(STOP_WORDS)
    world.work()
    job = waits_at_no_cost(world)
    BackgroundJob.objects.filter(pk=job.pk).update(
        status="failed",
        attempts=12,
        finished_at=timezone.now(),
        last_error_class=f"integrations.errors.{error.__name__}",
    )
    Integration.objects.filter(pk=bison.pk).update(enabled=True)
    probes.enqueue_probe(bison)
    assert work_on(world, job).status == "succeeded", job.last_error
    assert stops_asked(world) >= 1


def test_a_stop_waits_for_its_account_for_years(world):
    assert policy_of("campaign.stop-emails").max_age_hours > 5 * 365 * 24


def test_an_account_that_breaks_again_while_it_comes_back_leaves_no_failed_job(world, linkedin):
    def look(word: str, well: bool) -> None:
        world.sandbox.set_account("unipile", ACCOUNT, word)
        assert probes.check_now(linkedin).ok is well

    look("ok", True)
    look("disconnected", False)
    say(world, 1)
    look("ok", True)
    world.sandbox.set_account("unipile", ACCOUNT, "disconnected")
    world.work()
    first = BackgroundJob.objects.get(kind="health.recover")
    assert (first.status, state(linkedin).state) == ("succeeded", "disconnected"), first.last_error

    look("ok", True)
    world.work()
    assert world.workspace.messages.get(source="unipile_message").external_id == "missed-1"
    jobs = BackgroundJob.objects.filter(kind="health.recover")
    assert set(jobs.values_list("status", flat=True)) == {"succeeded"}
