"""Jobs whose worker is gone: what each kind of end costs them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from jobs import ledger, recovery
from jobs.enqueue import enqueue
from jobs.models import BackgroundJob, Worker
from jobs.recovery import Fate

pytestmark = pytest.mark.django_db

Status = BackgroundJob.Status


@pytest.fixture(autouse=True)
def _kind(kind):
    kind("t.lost", lambda ctx: None, attempts=8)


def claim_one(*, start: bool) -> tuple[BackgroundJob, UUID]:
    """A job in the hands of a worker, started or waiting in its batch."""
    worker = Worker.objects.create(cluster=uuid4(), host="host-a", pid=7).pk
    enqueue("t.lost", dedupe_key=str(uuid4()))
    token, [job] = ledger.claim(worker, 1)
    if start:
        ledger.start(job, token)
    return job, worker


def expire() -> None:
    BackgroundJob.objects.filter(status=Status.RUNNING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )


def test_the_sweep_leaves_live_leases_alone():
    claim_one(start=True)

    assert recovery.sweep() == {}


def test_an_unstarted_job_goes_back_free():
    job, _ = claim_one(start=False)
    expire()

    assert recovery.sweep() == {"given_back": 1}

    job.refresh_from_db()
    assert (job.status, job.attempts, job.losses, job.worker_id) == (Status.QUEUED, 0, 0, None)


def test_a_started_job_whose_end_nobody_saw_keeps_its_attempt_used():
    job, _ = claim_one(start=True)
    expire()

    assert recovery.sweep() == {"lost": 1}

    job.refresh_from_db()
    assert (job.status, job.attempts, job.losses, job.worker_deaths) == (Status.QUEUED, 1, 1, 0)
    attempt = job.attempt_rows.get()
    assert (attempt.outcome, attempt.error_class, attempt.worker) == (
        "lost",
        "jobs.errors.WorkerLost",
        "host-a:7",
    )


def test_a_job_that_was_ended_with_somebody_elses_cluster_goes_back_free():
    job, worker = claim_one(start=True)

    recovery.release({worker: Fate.ENDED})

    job.refresh_from_db()
    assert (job.status, job.attempts, job.losses, job.worker_deaths) == (Status.QUEUED, 0, 1, 0)
    assert Worker.objects.get(pk=worker).end_reason == "ended"


def test_a_job_whose_worker_died_first_three_times_is_parked():
    job, worker = claim_one(start=True)
    for death in (1, 2, 3):
        recovery.release({worker: Fate.DIED_FIRST})
        job.refresh_from_db()
        assert job.worker_deaths == death
        if death < 3:
            assert job.status == Status.QUEUED
            BackgroundJob.objects.update(run_at=timezone.now())
            token, [again] = ledger.claim(worker, 1)
            ledger.start(again, token)

    assert job.status == Status.FAILED
    assert job.last_error.startswith("killed its worker 3 times")


def test_a_shutdown_costs_a_job_nothing():
    job, worker = claim_one(start=True)

    recovery.release({worker: Fate.STOPPED})

    job.refresh_from_db()
    assert (job.status, job.attempts, job.losses, job.last_error_class) == (Status.QUEUED, 0, 0, "")
    assert job.attempt_rows.get().outcome == "handed_back"


def test_a_lost_job_whose_cancellation_was_wanted_is_cancelled():
    job, worker = claim_one(start=True)
    BackgroundJob.objects.update(cancel_requested_at=timezone.now())

    recovery.release({worker: Fate.ENDED})

    job.refresh_from_db()
    assert job.status == Status.CANCELLED


def test_other_workers_jobs_are_not_touched():
    Worker.objects.create(cluster=uuid4(), host="host-b", pid=8)
    mine, worker = claim_one(start=True)
    theirs, _ = claim_one(start=True)

    recovery.release({worker: Fate.ENDED})

    theirs.refresh_from_db()
    assert theirs.status == Status.RUNNING


def test_workers_are_reported_alive_and_replaced_ones_as_ended():
    cluster, first, second = uuid4(), uuid4(), uuid4()
    recovery.report_alive(cluster, "host-a", {first: 1, second: 2})
    recovery.report_alive(cluster, "host-a", {second: 2})

    assert recovery.count_alive() == 1
    assert Worker.objects.get(pk=first).end_reason == "replaced"
