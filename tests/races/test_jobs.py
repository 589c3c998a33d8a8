"""Several workers, people and schedules at one job or tick at once: each of them wins or loses as a whole."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.utils import timezone

from jobs import actions, lost_workers, queue, ticks
from jobs.enqueue import enqueue
from jobs.failures import NO_FAILURE
from jobs.kinds import KINDS, JobKind
from jobs.models import BackgroundJob, JobAction, JobAttempt, Worker
from jobs.queue import Started
from jobs.retries import AttemptOutcome, Decision
from jobs.ticks import TickSpec, run_tick
from tests import factories
from tests.racing import at_once, waiting_for_a_lock, won
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]

Status = BackgroundJob.Status
DONE = Decision(Status.SUCCEEDED, AttemptOutcome.SUCCEEDED)
AGAIN = Decision(Status.QUEUED, AttemptOutcome.RETRIED)
ROUNDS = 8
"""Times that a race of two is run: either may win, and each way must be right."""


@pytest.fixture(autouse=True)
def _kind(monkeypatch):
    monkeypatch.setitem(KINDS, "t.race", JobKind("t.race", lambda ctx: None))


def put(count: int = 1, workspace=None) -> list[BackgroundJob]:
    workspace_id = workspace and workspace.pk
    return [enqueue("t.race", dedupe_key=str(uuid4()), workspace_id=workspace_id)[0] for _ in range(count)]


def start_one() -> Started:
    put()
    token, [job] = queue.claim(uuid4(), 1)
    return queue.start(job, token)


def settle(started: Started, decision: Decision) -> str | None:
    return queue.settle(started, decision, failure=NO_FAILURE)[0]


def test_one_job_goes_to_one_of_many_workers():
    put()

    claims = at_once(*[lambda: queue.claim(uuid4(), 1)[1]] * 8)

    assert sorted(len(jobs) for jobs in claims) == [0] * 7 + [1]


def test_of_many_that_ask_for_a_new_look_at_once_one_gets_it():
    put_anew()
    settle(started_of(queue.claim(uuid4(), 1)), DONE)

    assert sorted(created for _, created in at_once(*[put_anew] * 8)) == [False] * 7 + [True]
    assert BackgroundJob.objects.count() == 2


def test_a_look_that_begins_while_another_is_asked_for_happens_after_the_question():
    """Either the look has begun, and there is a second; or it had not, and it begins after the question."""
    for _ in range(ROUNDS):
        BackgroundJob.objects.all().delete()
        put_anew()
        token, [job] = queue.claim(uuid4(), 1)
        (_, created), started = at_once(put_anew, partial(queue.start, job, token))

        assert started is not None
        assert BackgroundJob.objects.filter(status=Status.QUEUED).count() == created


def put_anew() -> tuple[BackgroundJob, bool]:
    return enqueue("t.race", dedupe_key="look", anew=True)


def started_of(claimed: tuple) -> Started:
    token, [job] = claimed
    return queue.start(job, token)


def test_many_jobs_are_shared_out_and_none_twice():
    put(40)
    Worker.objects.bulk_create(Worker(cluster=uuid4(), host="h", pid=n) for n in range(9))

    claims = at_once(*[lambda: queue.claim(uuid4(), 5)[1]] * 8)

    claimed = [job.pk for jobs in claims for job in jobs]
    assert len(claimed) == len(set(claimed)) == 40


def test_a_workspaces_cap_holds_when_all_workers_claim_at_once():
    put(40, factories.make_workspace())
    workers = Worker.objects.bulk_create(Worker(cluster=uuid4(), host="h", pid=n) for n in range(6))

    claims = at_once(*[lambda pk=worker.pk: queue.claim(pk, 2)[1] for worker in workers])

    assert sorted(len(jobs) for jobs in claims) == [0, 2, 2, 2, 2, 2]


def test_of_an_old_and_a_new_owner_only_the_new_one_settles():
    old = start_one()
    BackgroundJob.objects.update(lease_expires_at=factories.ago(seconds=1))
    lost_workers.sweep()
    token, [job] = queue.claim(uuid4(), 1)
    new = queue.start(job, token)

    late, outcome = at_once(lambda: settle(old, AGAIN), lambda: settle(new, DONE))

    assert (late, outcome) == (None, "succeeded")
    assert BackgroundJob.objects.get().status == Status.SUCCEEDED
    assert set(JobAttempt.objects.values_list("outcome", flat=True)) == {"lost", "succeeded"}


def test_an_outcome_that_is_written_twice_counts_once():
    """As after a commit of unknown outcome, which is repeated."""
    started = start_one()

    outcomes = at_once(*[lambda: settle(started, DONE)] * 4)

    assert sorted(outcomes, key=str) == [None, None, None, "succeeded"]
    assert JobAttempt.objects.count() == 1


def test_two_sweeps_take_an_expired_job_back_once():
    start_one()
    BackgroundJob.objects.update(lease_expires_at=factories.ago(seconds=1))

    at_once(*[lost_workers.sweep] * 4)

    assert BackgroundJob.objects.get().losses == 1
    assert JobAttempt.objects.count() == 1


def test_one_key_enqueued_by_sixteen_is_one_job():
    results = at_once(*[lambda: enqueue("t.race", dedupe_key="a", payload={"id": 1})] * 16)

    assert len(won(results)) == 16
    assert len({job.pk for job, _ in results}) == BackgroundJob.objects.count() == 1
    assert sum(created for _, created in results) == 1


def test_an_enqueue_does_not_wait_for_anothers_open_transaction():
    """No row that every enqueue writes to, and no lock that they queue up on."""
    done = threading.Event()

    def stays_open():
        with transaction.atomic():
            enqueue("t.race", dedupe_key="a")
            return done.wait(PATIENCE_S)

    def passes():
        enqueue("t.race", dedupe_key="b")
        done.set()

    assert at_once(stays_open, passes) == [True, None]


def cancel(job: BackgroundJob, person) -> actions.ActionResult:
    [result] = actions.cancel([job.pk], workspace_id=None, actor=person)
    return result


def test_a_cancel_never_takes_a_success_back():
    person = factories.make_user()
    for _ in range(ROUNDS):
        started = start_one()
        _, outcome = at_once(lambda s=started: cancel(s.job, person), lambda s=started: settle(s, DONE))

        started.job.refresh_from_db()
        assert (outcome, started.job.status) == ("succeeded", Status.SUCCEEDED)


def test_a_cancel_wins_against_a_retry_whoever_comes_first():
    person = factories.make_user()
    for _ in range(ROUNDS):
        started = start_one()
        result, _ = at_once(lambda s=started: cancel(s.job, person), lambda s=started: settle(s, AGAIN))

        started.job.refresh_from_db()
        assert (result.done, started.job.status) == (True, Status.CANCELLED)


def test_a_cancelled_job_does_not_start_and_a_started_one_is_asked_to_stop():
    person = factories.make_user()
    for _ in range(ROUNDS):
        put()
        token, [job] = queue.claim(uuid4(), 1)
        result, started = at_once(lambda j=job: cancel(j, person), lambda j=job, t=token: queue.start(j, t))

        row = BackgroundJob.objects.get(pk=job.pk)
        assert result.done
        assert (started is None) == (row.status == Status.CANCELLED)
        assert row.status == Status.CANCELLED or row.cancel_requested_at is not None
        settle(started, DONE) if started else None


@pytest.mark.parametrize("requested", [False, True], ids=["by schedule", "by cron"])
def test_a_tick_that_many_ask_for_at_once_runs_once(monkeypatch, requested):
    others_left = threading.Semaphore(0)

    def run(deadline):
        for _ in range(7):
            assert others_left.acquire(timeout=PATIENCE_S), "another one did not leave"
        return {"worked": 1}

    def ask():
        answer = run_tick("t.tick", requested=requested)
        others_left.release()
        return answer

    monkeypatch.setattr(ticks, "TICKS", {"t.tick": TickSpec("t.tick", run, 60, 20_000)})

    answers = at_once(*[ask] * 8)

    assert answers.count({"worked": 1}) == 1
    assert answers.count({"skipped": "running"}) == 7


def test_retry_all_twice_at_once_retries_each_job_once():
    """Guard: a group's retry changes failed jobs only. Both have read the same ids when the first gets the rows."""
    jobs, person = put(3), factories.make_user()
    ids = [job.pk for job in jobs]
    moment = timezone.now()
    BackgroundJob.objects.filter(pk__in=ids).update(status="failed", finished_at=moment, fingerprint="f1")

    def retry() -> list[actions.ActionResult]:
        try:
            return actions.retry_group("f1", workspace_ids=None, actor=person)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            list(BackgroundJob.objects.select_for_update().filter(pk__in=ids))
            both = [pool.submit(retry) for _ in range(2)]
            until(lambda: waiting_for_a_lock() == 2, "both wait for the rows")
        answers = sorted((one.result(timeout=PATIENCE_S) for one in both), key=len)

    assert [len(answer) for answer in answers] == [0, 3]
    assert actions.group_sentences(answers[0])[0][0] is True
    assert JobAction.objects.filter(job__in=ids).count() == 3
