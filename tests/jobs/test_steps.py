"""Steps: recorded when done, not done again, and a send that was cut short is never repeated by itself."""

from uuid import uuid4

import pytest
from django.db import OperationalError, transaction

from jobs import queue
from jobs.context import JobContext
from jobs.db import persist
from jobs.deadline import Deadline
from jobs.enqueue import enqueue
from jobs.errors import DeadlineExceeded, LeaseLost, StepInterrupted, TransientError
from jobs.failures import NO_FAILURE
from jobs.models import BackgroundJob, JobStep
from jobs.queue import Started
from jobs.retries import AttemptOutcome, Decision, Status

pytestmark = pytest.mark.django_db


class NotSent(TransientError):
    sent = False


class MaybeSent(TransientError):
    sent = None


@pytest.fixture
def started(kind) -> Started:
    kind("t.steps", lambda ctx: None)
    enqueue("t.steps", dedupe_key="a")
    token, [job] = queue.claim(uuid4(), 1)
    return queue.start(job, token)


def context(started: Started, budget_ms: int = 5_000) -> JobContext:
    """What one attempt sees: each has a context of its own."""
    return JobContext(started, Deadline.after_ms(budget_ms), lambda: False)


def take_over(started: Started) -> None:
    BackgroundJob.objects.filter(pk=started.job.pk).update(lease_token=uuid4())


def never(deadline: Deadline) -> None:
    pytest.fail("ran again")


@pytest.mark.parametrize("effect", ["read", "idempotent", "send"])
def test_a_later_attempt_gets_the_recorded_result(started, effect):
    assert context(started).step("look", lambda deadline: {"n": 1}, effect=effect) == {"n": 1}

    assert context(started).step("look", never, effect=effect) == {"n": 1}
    step = JobStep.objects.get()
    assert (step.status, step.effect) == ("done", effect)
    assert step.started_at <= step.finished_at


def test_a_step_that_raised_is_done_again(started):
    def fails(deadline):
        raise TransientError("down")

    with pytest.raises(TransientError):
        context(started).step("look", fails)

    assert context(started).step("look", lambda deadline: 2) == 2


def test_a_send_is_recorded_before_it_happens(started):
    def send(deadline):
        assert JobStep.objects.get().status == "started"
        return "sent"

    context(started).step("send", send, effect="send")

    assert JobStep.objects.get().status == "done"


def test_an_interrupted_send_is_not_repeated(started):
    with pytest.raises(KeyboardInterrupt):
        context(started).step("send", interrupt, effect="send")

    with pytest.raises(StepInterrupted):
        context(started).step("send", never, effect="send")


def interrupt(deadline: Deadline) -> None:
    raise KeyboardInterrupt


def test_an_interrupted_send_may_be_found_out_about(started):
    with pytest.raises(KeyboardInterrupt):
        context(started).step("send", interrupt, effect="send")

    result = context(started).step("send", never, effect="send", on_interrupted=lambda deadline: "found")

    assert result == "found"
    assert JobStep.objects.get().status == "done"


def test_a_send_that_is_known_not_to_have_left_may_be_tried_again(started):
    def refused(deadline):
        raise NotSent()

    with pytest.raises(NotSent):
        context(started).step("send", refused, effect="send")

    assert context(started).step("send", lambda deadline: "sent", effect="send") == "sent"


def test_a_send_of_unknown_outcome_is_not_repeated(started):
    def dropped(deadline):
        raise MaybeSent()

    with pytest.raises(MaybeSent):
        context(started).step("send", dropped, effect="send")

    with pytest.raises(StepInterrupted):
        context(started).step("send", never, effect="send")


def test_a_worker_that_lost_its_job_does_not_begin_a_send(started):
    take_over(started)

    with pytest.raises(LeaseLost):
        context(started).step("send", never, effect="send")

    assert not JobStep.objects.exists()


def test_a_worker_that_lost_its_job_records_nothing(started):
    def slow(deadline):
        take_over(started)

    with pytest.raises(LeaseLost):
        context(started).step("look", slow)

    assert not JobStep.objects.exists()


def test_a_step_has_its_own_limit_within_the_jobs(started):
    def asks(deadline):
        return deadline.remaining_ms()

    ctx = context(started, budget_ms=5_000)

    assert ctx.step("short", asks, time_limit_ms=1_000) <= 1_000
    assert 1_000 < ctx.step("long", asks, time_limit_ms=60_000) <= 5_000


def test_no_step_begins_after_the_deadline(started):
    with pytest.raises(DeadlineExceeded):
        context(started, budget_ms=0).step("look", never)


def test_a_skipped_step_keeps_its_reason(started):
    context(started).skip("enrich", "opted out")

    step = JobStep.objects.get()
    assert (step.status, step.reason) == ("skipped", "opted out")
    assert context(started).step("enrich", never) is None


def test_skipping_a_done_step_leaves_it_done(started):
    context(started).step("enrich", lambda deadline: 1)
    context(started).skip("enrich", "opted out")

    assert JobStep.objects.get().status == "done"


def test_a_fenced_transaction_keeps_effect_and_step_together(started):
    ctx = context(started)
    with pytest.raises(ZeroDivisionError), ctx.fenced():
        ctx.step("book", lambda deadline: enqueue("t.steps", dedupe_key="b")[0].dedupe_key)
        raise ZeroDivisionError

    assert not BackgroundJob.objects.filter(dedupe_key="b").exists()
    with ctx.fenced():
        context(started).step("book", lambda deadline: enqueue("t.steps", dedupe_key="b")[0].dedupe_key)
    assert BackgroundJob.objects.filter(dedupe_key="b").exists()


def test_a_fenced_transaction_is_refused_after_a_takeover(started):
    take_over(started)

    with pytest.raises(LeaseLost), transaction.atomic(), context(started).fenced():
        pytest.fail("entered")


def test_progress_is_written_and_fenced(started):
    context(started).progress(3, 10)

    job = BackgroundJob.objects.get()
    assert (job.progress_done, job.progress_total) == (3, 10)
    take_over(started)
    with pytest.raises(LeaseLost):
        context(started).progress(4, 10)


def test_settling_is_fenced(started):
    take_over(started)

    done = Decision(Status.SUCCEEDED, AttemptOutcome.SUCCEEDED)
    assert queue.settle(started, done, failure=NO_FAILURE, duration_ms=1) == (None, None)
    assert BackgroundJob.objects.get().status == "running"


def test_a_write_that_is_lost_with_the_callers_transaction_is_not_repeated_in_it():
    tried = []

    def lost() -> None:
        tried.append(1)
        raise OperationalError("the connection is closed")  # no SQLSTATE: unreachable

    with pytest.raises(OperationalError), transaction.atomic():
        persist(lost, give_up=lambda: len(tried) > 1)
    assert len(tried) == 1
