"""Takes back the jobs of lost workers, reports live workers, and counts due jobs for a cluster."""

import logging
from collections import Counter
from collections.abc import Mapping
from enum import IntEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from jobs import queue, retention, stats
from jobs.db import fetch
from jobs.deadline import Deadline
from jobs.errors import WorkerLost
from jobs.failures import NO_FAILURE, describe
from jobs.kinds import policy_of
from jobs.models import BackgroundJob, Worker
from jobs.queue import Started
from jobs.retries import decide_loss
from jobs.ticks import tick

logger = logging.getLogger(__name__)

SLICE = 200
COUNT_CAP = 10_000
ANY_DUE = (
    "SELECT EXISTS (SELECT FROM jobs_backgroundjob WHERE status = %s AND run_at <= statement_timestamp())"
)
Status = BackgroundJob.Status


class Fate(IntEnum):
    """How a worker process ended, as seen by its supervisor. The number 0 means that the sentinel recorded nothing."""

    DIED_FIRST = 1  # its job may be to blame
    SUSPECT = 2  # it died together with others, so its job may or may not be to blame
    ENDED = 3  # its cluster was ended because of another process
    STOPPED = 4  # its cluster was asked to stop


def sweep() -> dict[str, int]:
    """Requeues or fails every job with an expired lease, except locked rows. Returns counts by outcome."""
    counts: Counter[str] = Counter()
    while True:
        with transaction.atomic():
            lost = list(
                BackgroundJob.objects.select_for_update(skip_locked=True, of=("self",)).filter(
                    status=Status.RUNNING, lease_expires_at__lt=Now()
                )[:SLICE]
            )
            for job in lost:
                counts[_take_back(job, None)] += 1  # the attempt counts: nobody saw the worker's end
        if len(lost) < SLICE:
            break
    if counts:
        logger.warning("jobs taken back", extra={"counts": dict(counts)})
    return dict(counts)


def release(fates: Mapping[UUID, Fate]) -> dict[str, int]:
    """Requeues or fails the jobs of the ended workers in `fates`, and records how they ended. Returns counts by
    outcome.

    A worker runs at most one job at a time during which an earlier worker died. If a worker died first while it ran
    such a job, only that job is to blame; otherwise, any of its jobs may be to blame.
    """
    counts: Counter[str] = Counter()
    with transaction.atomic():
        lost = list(
            BackgroundJob.objects.select_for_update(of=("self",)).filter(
                status=Status.RUNNING, worker_id__in=fates
            )
        )
        counted = {job.worker_id for job in lost if job.started_at and job.worker_deaths}
        for job in lost:
            assert job.worker_id is not None  # guaranteed by the query
            fate = fates[job.worker_id]
            if fate is Fate.DIED_FIRST and job.worker_id in counted and not job.worker_deaths:
                fate = Fate.ENDED
            counts[_take_back(job, fate)] += 1
        for fate in Fate:
            ids = [worker_id for worker_id, its_fate in fates.items() if its_fate is fate]
            Worker.objects.filter(pk__in=ids).update(ended_at=Now(), end_reason=fate.name.lower())
    if counts:
        logger.warning("jobs of dead workers taken back", extra={"counts": dict(counts)})
    return dict(counts)


def _take_back(job: BackgroundJob, fate: Fate | None) -> str:
    token, worker_id = job.lease_token, job.worker_id
    assert token is not None and worker_id is not None  # a claim writes both
    if job.started_at is None:
        queue.give_back(token, worker_id)
        return "given_back"
    stopped, died_first = fate is Fate.STOPPED, fate is Fate.DIED_FIRST
    decision = decide_loss(
        policy=policy_of(job.kind),
        attempts=job.attempts,
        worker_deaths=job.worker_deaths + died_first,
        losses=job.losses + (not stopped),
        own_death=died_first,
        witnessed=fate in (Fate.ENDED, Fate.STOPPED),
        stopped=stopped,
    )
    worker = Worker.objects.filter(pk=worker_id).first()
    failure = NO_FAILURE if stopped else describe(WorkerLost(), job.kind)
    queue.settle(
        Started(job, token, job.started_at),
        decision,
        failure=failure,
        worker=str(worker or worker_id),
        death=died_first,
        loss=not stopped,
    )
    return decision.outcome.value


def jobs_are_due() -> bool:
    """Whether a job is due. Each cluster calls this every second, so it does not use the ORM, which compiles SQL."""
    [(is_due,)] = fetch(ANY_DUE, [Status.QUEUED])
    return bool(is_due)


def report_alive(
    cluster_id: UUID, host: str, workers: Mapping[UUID, int], *, alive: Mapping[UUID, int]
) -> None:
    """Stores the number of places of each worker in `alive`. Marks those workers of the cluster as ended that are not
    in `workers`, which maps their ids to process ids.
    """
    rows = [
        Worker(pk=key, cluster=cluster_id, host=host[:80], pid=workers[key], places=places)
        for key, places in alive.items()
    ]
    with transaction.atomic():
        Worker.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["id"], update_fields=["heartbeat_at", "places"]
        )
        Worker.objects.filter(Q(cluster=cluster_id), ended_at=None).exclude(pk__in=workers).update(
            ended_at=Now(), end_reason="replaced"
        )


def count_due() -> int:
    return BackgroundJob.objects.filter(status=Status.QUEUED, run_at__lte=Now())[:COUNT_CAP].count()


def background_jobs(deadline: Deadline) -> dict[str, int]:
    """Runs the tick `background-jobs`, which gives back the jobs of lost workers. Returns counts."""
    taken_back = sweep()
    return {"due": count_due(), "workers": stats.workers().count(), **taken_back}


def register() -> None:
    tick("background-jobs", background_jobs, words="Requeues jobs from lost workers", every_s=60)
    tick("retention", retention.prune, words="Deletes data past its retention", every_s=3600)
