"""Jobs whose worker is gone: what each kind of end costs them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from jobs import lost_workers, queue, stats
from jobs.conf import WORKER_ALIVE_S
from jobs.enqueue import enqueue
from jobs.lost_workers import Fate
from jobs.models import BackgroundJob, Worker

pytestmark = pytest.mark.django_db

Status = BackgroundJob.Status


@pytest.fixture(autouse=True)
def _kind(kind):
    kind("t.lost", lambda ctx: None, attempts=8)


def claim_one(*, start: bool) -> tuple[BackgroundJob, UUID]:
    """A job in the hands of a worker, started or waiting in its batch."""
    worker = Worker.objects.create(cluster=uuid4(), host="host-a", pid=7).pk
    enqueue("t.lost", dedupe_key=str(uuid4()))
    token, [job] = queue.claim(worker, 1)
    if start:
        queue.start(job, token)
    return job, worker


def expire() -> None:
    BackgroundJob.objects.filter(status=Status.RUNNING).update(
        lease_expires_at=timezone.now() - timedelta(seconds=1)
    )


def test_the_sweep_leaves_live_leases_alone():
    claim_one(start=True)

    assert lost_workers.sweep() == {}


def test_an_unstarted_job_goes_back_free():
    job, _ = claim_one(start=False)
    expire()

    assert lost_workers.sweep() == {"given_back": 1}

    job.refresh_from_db()
    assert (job.status, job.attempts, job.losses, job.worker_id) == (Status.QUEUED, 0, 0, None)


def test_a_started_job_whose_end_nobody_saw_keeps_its_attempt_used():
    job, _ = claim_one(start=True)
    expire()

    assert lost_workers.sweep() == {"lost": 1}

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

    lost_workers.release({worker: Fate.ENDED})

    job.refresh_from_db()
    assert (job.status, job.attempts, job.losses, job.worker_deaths) == (Status.QUEUED, 0, 1, 0)
    assert Worker.objects.get(pk=worker).end_reason == "ended"


def test_a_job_whose_worker_died_first_three_times_is_parked():
    job, worker = claim_one(start=True)
    for death in (1, 2, 3):
        lost_workers.release({worker: Fate.DIED_FIRST})
        job.refresh_from_db()
        assert job.worker_deaths == death
        if death < 3:
            assert job.status == Status.QUEUED
            BackgroundJob.objects.update(run_at=timezone.now())
            token, [again] = queue.claim(worker, 1)
            queue.start(again, token)

    assert job.status == Status.FAILED
    assert job.last_error.startswith("killed its worker 3 times")


def test_of_several_jobs_in_a_worker_that_died_each_may_be_the_cause_and_then_one_alone():
    first, worker = claim_one(start=True)
    others = [start_beside(worker) for _ in range(2)]

    lost_workers.release({worker: Fate.DIED_FIRST})
    assert set(BackgroundJob.objects.values_list("worker_deaths", flat=True)) == {1}
    BackgroundJob.objects.update(run_at=timezone.now())
    token, [again] = queue.claim(worker, 1)
    queue.start(again, token)
    innocent = start_beside(worker, suspects=False)
    lost_workers.release({worker: Fate.DIED_FIRST})

    deaths = dict(BackgroundJob.objects.values_list("pk", "worker_deaths"))
    assert (again.pk, deaths[again.pk], deaths[innocent.pk]) == (first.pk, 2, 0)
    assert [deaths[other.pk] for other in others] == [1, 1]
    innocent.refresh_from_db()
    assert (innocent.status, innocent.attempts) == (Status.QUEUED, 0)


def start_beside(worker: UUID, *, suspects: bool = True) -> BackgroundJob:
    """One more job that runs in the same worker."""
    enqueue("t.lost", dedupe_key=str(uuid4()))
    Worker.objects.filter(pk=worker).update(places=32, ended_at=None)
    token, [job] = queue.claim(worker, 1, suspects=suspects)
    queue.start(job, token)
    return job


def test_a_shutdown_costs_a_job_nothing():
    job, worker = claim_one(start=True)

    lost_workers.release({worker: Fate.STOPPED})

    job.refresh_from_db()
    assert (job.status, job.attempts, job.losses, job.last_error_class) == (Status.QUEUED, 0, 0, "")
    assert job.attempt_rows.get().outcome == "handed_back"


def test_a_lost_job_whose_cancellation_was_wanted_is_cancelled():
    job, worker = claim_one(start=True)
    BackgroundJob.objects.update(cancel_requested_at=timezone.now())

    lost_workers.release({worker: Fate.ENDED})

    job.refresh_from_db()
    assert job.status == Status.CANCELLED


def test_other_workers_jobs_are_not_touched():
    Worker.objects.create(cluster=uuid4(), host="host-b", pid=8)
    mine, worker = claim_one(start=True)
    theirs, _ = claim_one(start=True)

    lost_workers.release({worker: Fate.ENDED})

    theirs.refresh_from_db()
    assert theirs.status == Status.RUNNING


def test_workers_are_reported_alive_and_replaced_ones_as_ended():
    cluster, first, second = uuid4(), uuid4(), uuid4()
    both = {first: 1, second: 2}
    lost_workers.report_alive(cluster, "host-a", both, alive=dict.fromkeys(both, 8))
    lost_workers.report_alive(cluster, "host-a", {second: 2}, alive={second: 8})

    assert stats.workers().count() == 1
    assert Worker.objects.get(pk=first).end_reason == "replaced"
    assert Worker.objects.get(pk=second).places == 8


def test_a_worker_that_stands_still_does_not_count_as_alive_and_is_not_taken_for_replaced():
    cluster, first, still = uuid4(), uuid4(), uuid4()
    both = {first: 1, still: 2}
    lost_workers.report_alive(cluster, "host-a", both, alive=dict.fromkeys(both, 8))
    Worker.objects.update(heartbeat_at=timezone.now() - timedelta(seconds=WORKER_ALIVE_S + 1))

    lost_workers.report_alive(cluster, "host-a", both, alive={first: 4})

    assert stats.workers().count() == 1
    assert Worker.objects.get(pk=still).ended_at is None
