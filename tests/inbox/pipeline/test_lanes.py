"""Understanding and drafting wait in lanes of their own: a wish in words is acted on while answers wait."""

import pytest
from django.utils import timezone

from inbox.models import Draft, TagDecision
from jobs import lanes, queue
from jobs.ids import uuid7
from jobs.models import BackgroundJob

pytestmark = pytest.mark.django_db


def test_every_reply_is_understood_before_an_answer_to_the_first_is_written(world):
    for number in range(3):
        world.reply(f"How much is it? {number}", email=f"lead{number}@example.org")
    world.work()

    understood = TagDecision.objects.order_by("-created_at").values_list("created_at", flat=True)
    drafted = Draft.objects.order_by("created_at").values_list("created_at", flat=True)
    assert (len(understood), len(drafted)) == (3, 3)
    assert understood[0] < drafted[0]


def test_a_reply_that_comes_while_answers_wait_is_understood_first(world):
    world.reply("How much is it?")
    BackgroundJob.objects.update(lane=lanes.DRAFT)
    later = world.job(world.reply("And for two crews?", email="erin@example.org"))

    assert queue.claim(uuid7(), 1)[1] == [later]


def test_a_job_goes_over_to_the_drafts_once_and_its_steps_are_recorded_in_it(world):
    message = world.reply("How much is it?")
    world.work()

    job = world.job(message)
    assert (job.lane, job.status, job.attempts) == (lanes.DRAFT, "succeeded", 1)
    assert list(job.attempt_rows.order_by("pk").values_list("number", "outcome", "error_class")) == [
        (1, "moved", ""),
        (1, "succeeded", ""),
    ]
    assert {"sentiment", "draft", "finish"} <= set(world.steps(message))


def test_a_reply_that_gets_no_answer_stays_with_the_replies(world):
    message = world.reply("Stop e-mailing me, remove me from your list.")
    world.work()

    assert world.job(message).lane == lanes.REPLY
    assert world.draft(message) is None


def test_what_may_be_an_opt_out_does_not_wait_behind_other_replies(world):
    world.reply("How much is it?")
    wish = world.job(world.reply("we had enough of mails", email="erin@example.org"))

    assert wish.lane == lanes.STOP
    assert queue.claim(uuid7(), 1)[1] == [wish]


def test_a_job_that_waits_for_the_model_is_read_anew_with_the_replies(world, settings):
    message = world.reply("How much is it?")
    world.work()
    BackgroundJob.objects.filter(pk=world.job(message).pk).update(
        status="queued", finished_at=None, run_at=timezone.now(), snoozes=1
    )
    Draft.objects.all().delete()
    world.sandbox.fault(provider="openai", kind="error", status=401, path="/responses")
    world.work()

    job = world.job(message)
    assert (job.status, job.lane) == ("queued", lanes.REPLY)
