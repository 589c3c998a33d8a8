"""From enqueue to the end of a job, through the same drain that a wake-up runs."""

from datetime import timedelta
from time import monotonic
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone
from prometheus_client import REGISTRY

from jobs import process, queue, worker
from jobs.enqueue import enqueue
from jobs.errors import Cancelled, PermanentError, ShutdownRequested, Snooze, TransientError
from jobs.failures import NO_FAILURE
from jobs.heartbeat import LeaseKeeper
from jobs.models import BackgroundJob, JobAttempt
from jobs.retries import AttemptOutcome, Decision
from jobs.worker import drain

pytestmark = pytest.mark.django_db

Status = BackgroundJob.Status


def put(name: str, **options) -> BackgroundJob:
    return enqueue(name, dedupe_key=f"{name}:{uuid4()}", **options)[0]


def test_runs_a_due_job_and_keeps_its_result(kind):
    kind("t.echo", lambda ctx: {"got": ctx.payload["id"], "attempt": ctx.attempt})
    job = put("t.echo", payload={"id": 7})

    assert drain() == {"succeeded": 1}

    job.refresh_from_db()
    assert (job.status, job.result, job.attempts) == (Status.SUCCEEDED, {"got": 7, "attempt": 1}, 1)
    assert job.finished_at is not None and job.lease_token is None
    attempt = JobAttempt.objects.get(job=job)
    assert (attempt.number, attempt.outcome, attempt.worker) == (1, "succeeded", process.current().name)


def test_how_long_a_job_ran_is_told_by_lane_and_kind(kind):
    kind("t.timed", lambda ctx: None)
    job = put("t.timed")
    drain()
    labels = {"lane": job.lane, "kind": "t.timed"}
    assert REGISTRY.get_sample_value("holdfast_job_seconds_count", labels) == 1


def test_leaves_a_job_that_is_not_due(kind):
    kind("t.later", lambda ctx: None)
    job = put("t.later", run_at=timezone.now() + timedelta(hours=1))

    assert drain() == {}

    job.refresh_from_db()
    assert job.status == Status.QUEUED


def test_a_job_of_the_platform_fails_where_its_handler_asks_for_a_workspace(kind):
    kind("t.of_nobody", lambda ctx: {"workspace": str(ctx.workspace_id)})
    job = put("t.of_nobody")

    assert drain() == {"failed": 1}

    job.refresh_from_db()
    assert job.last_error == "This kind of job needs a workspace, but the job has none."


def test_retries_an_unexpected_error_without_keeping_its_text(kind):
    def handler(ctx):
        raise ValueError("dana@example.org said: call me")

    kind("t.broken", handler, backoff_base_ms=60_000)
    job = put("t.broken")

    assert drain() == {"retried": 1}

    job.refresh_from_db()
    assert (job.status, job.attempts, job.last_error_class) == (Status.QUEUED, 1, "ValueError")
    assert job.last_error.startswith("ValueError at tests/jobs/test_drain.py:handler:")
    stored = JobAttempt.objects.get(job=job)
    assert "dana" not in stored.error + stored.traceback
    assert "tests/jobs/test_drain.py" in stored.traceback


def test_fails_for_good_when_attempts_are_used_up(kind):
    def handler(ctx):
        raise TransientError("still down")

    kind("t.down", handler, attempts=2)
    job = put("t.down")

    assert drain() == {"retried": 1}
    BackgroundJob.objects.filter(pk=job.pk).update(run_at=timezone.now())
    assert drain() == {"failed": 1}

    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.FAILED, 2)
    assert job.last_error == "attempts used up (2) · still down"
    assert [row.outcome for row in job.attempt_rows.order_by("number")] == ["retried", "failed"]


def test_a_permanent_error_uses_no_further_attempt(kind):
    def handler(ctx):
        raise PermanentError("the lead is gone")

    kind("t.gone", handler)
    job = put("t.gone")

    assert drain() == {"failed": 1}

    job.refresh_from_db()
    assert (job.status, job.attempts, job.last_error) == (Status.FAILED, 1, "the lead is gone")
    assert job.fingerprint


def test_a_snooze_uses_no_attempt(kind):
    until = timezone.now() + timedelta(hours=2)

    def handler(ctx):
        raise Snooze(until, "outside business hours")

    kind("t.snooze", handler)
    job = put("t.snooze")

    assert drain() == {"snoozed": 1}

    job.refresh_from_db()
    assert (job.status, job.attempts, job.snoozes) == (Status.QUEUED, 0, 1)
    assert job.run_at == until


def test_a_job_that_is_handed_back_at_a_shutdown_keeps_its_place_in_the_queue(kind):
    def handler(ctx):
        process.current().ask_to_stop()
        raise ShutdownRequested()

    kind("t.stop", handler)
    job = put("t.stop")
    was_due = BackgroundJob.objects.get(pk=job.pk).run_at

    assert drain() == {"handed_back": 1}
    job.refresh_from_db()
    assert (job.status, job.run_at) == (Status.QUEUED, was_due)


def test_a_cancelled_job_is_not_retried(kind):
    def handler(ctx):
        raise Cancelled()

    kind("t.cancelled", handler)
    job = put("t.cancelled")

    assert drain() == {"cancelled": 1}

    job.refresh_from_db()
    assert job.status == Status.CANCELLED


def test_a_wanted_cancellation_beats_a_retry(kind):
    def handler(ctx):
        BackgroundJob.objects.filter(pk=ctx.job.pk).update(cancel_requested_at=timezone.now())
        raise TransientError("down")

    kind("t.unwanted", handler)
    job = put("t.unwanted")

    assert drain() == {"cancelled": 1}

    job.refresh_from_db()
    assert job.status == Status.CANCELLED
    assert job.attempt_rows.get().outcome == "cancelled"


def test_a_handler_that_exits_is_a_failed_attempt(kind):
    def handler(ctx):
        raise SystemExit(3)

    kind("t.exit", handler, attempts=1)
    job = put("t.exit")

    assert drain() == {"failed": 1}

    job.refresh_from_db()
    assert job.last_error_class == "SystemExit"


def test_a_result_that_cannot_be_stored_is_the_handlers_error(kind):
    kind("t.odd", lambda ctx: object(), attempts=1)
    job = put("t.odd")

    assert drain() == {"failed": 1}

    job.refresh_from_db()
    assert job.last_error_class == "TypeError"


def test_a_worker_that_lost_its_job_writes_nothing(kind):
    def handler(ctx):
        BackgroundJob.objects.filter(pk=ctx.job.pk).update(lease_token=uuid4())
        ctx.progress(1, 1)

    kind("t.lost", handler)
    job = put("t.lost")

    assert drain() == {"fenced": 1}

    job.refresh_from_db()
    assert (job.status, job.progress_done) == (Status.RUNNING, None)
    assert not JobAttempt.objects.exists()


def test_an_unknown_kind_waits_for_a_release_that_knows_it(kind):
    kind("t.new", lambda ctx: None)
    job = put("t.new")
    BackgroundJob.objects.filter(pk=job.pk).update(kind="t.newer")

    assert drain() == {"snoozed": 1}

    job.refresh_from_db()
    assert (job.status, job.attempts) == (Status.QUEUED, 0)
    assert job.run_at > timezone.now() + timedelta(seconds=30)


def test_a_worker_that_is_stopping_claims_nothing(kind):
    kind("t.wait", lambda ctx: None)
    put("t.wait")
    process.current().ask_to_stop()

    assert drain() == {}


def test_a_stop_in_the_middle_of_a_batch_gives_the_rest_back(kind):
    def handler(ctx):
        if ctx.payload["n"] == 4:
            process.current().ask_to_stop()

    kind("t.batch", handler)
    for n in range(10):
        put("t.batch", payload={"n": n})

    assert drain() == {"succeeded": 5}

    waiting = BackgroundJob.objects.filter(status=Status.QUEUED)
    assert waiting.count() == 5
    assert set(waiting.values_list("attempts", "lease_token")) == {(0, None)}


def test_what_a_place_has_not_begun_in_time_is_free_for_others(kind, monkeypatch):
    """Otherwise an opt-out waits behind fifty jobs of one place while other places have nothing to do."""
    monkeypatch.setattr("jobs.worker.BATCH_TARGET_MS", -1)
    waiting = []
    kind("t.note", lambda ctx: waiting.append(BackgroundJob.objects.filter(status="queued").count()))
    process.current().batches["bulk"] = 3
    for _ in range(3):
        put("t.note", lane="bulk")

    assert drain() == {"succeeded": 3}

    assert waiting == [0, 1, 0]


def test_a_claim_that_was_not_full_takes_no_more_next_time(kind):
    kind("t.quick", lambda ctx: None)
    for _ in range(4):
        put("t.quick", lane="bulk")
        process.current().batches["bulk"] = 8
        drain()

    assert process.current().batches["bulk"] == 8


def test_how_much_is_claimed_next_follows_from_a_claims_own_size_and_from_the_time_of_its_jobs(
    kind, monkeypatch
):
    """Another place may double the size meanwhile, and a claim that waited for others says nothing of its jobs."""
    waited_s = []
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: monotonic() + sum(waited_s)))
    claim = queue.claim

    def slow_claim(worker_id, sizes, **options):
        found = claim(worker_id, sizes, **options)
        waited_s.append(60)
        process.current().batches["bulk"] = 2
        return found

    monkeypatch.setattr(queue, "claim", slow_claim)
    kind("t.quick", lambda ctx: None)
    put("t.quick", lane="bulk")
    process.current().batches["bulk"] = 1
    with LeaseKeeper(process.current()) as keeper:
        assert worker.work(process.current(), keeper, ends_at=worker.time.monotonic() + 30) == {
            "succeeded": 1
        }

    assert process.current().batches["bulk"] == 4


def test_starting_and_settling_read_no_whole_table_although_their_plans_are_kept(kind):
    kind("t.one", lambda ctx: None)
    put("t.one")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE jobs_backgroundjob")  # of one row it is the cheapest plan to read all
        token, (job,) = queue.claim(uuid4(), 1)
        before = _whole_reads(cursor)

        started = queue.start(job, token)
        queue.settle(started, Decision(Status.SUCCEEDED, AttemptOutcome.SUCCEEDED), failure=NO_FAILURE)

        assert _whole_reads(cursor) == before


def _whole_reads(cursor) -> int:
    cursor.execute("SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relname = 'jobs_backgroundjob'")
    return cursor.fetchone()[0]
