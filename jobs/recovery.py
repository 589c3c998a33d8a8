"""Jobs that lost their worker, and the questions a cluster asks about the queue as a whole."""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from enum import IntEnum
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from jobs import ledger
from jobs.conf import WORKER_ALIVE_S
from jobs.errors import WorkerLost
from jobs.failures import NO_FAILURE, describe
from jobs.ledger import Started
from jobs.models import BackgroundJob, Worker
from jobs.outcomes import decide_loss
from jobs.registry import policy_of

logger = logging.getLogger(__name__)

SLICE = 200
COUNT_CAP = 10_000
Status = BackgroundJob.Status


class Fate(IntEnum):
    """How a worker ended, as its supervisor saw it; 0 is left for "no word"."""

    DIED_FIRST = 1  # its job may be the cause
    SUSPECT = 2  # it died together with others: its job may be the cause, or not
    ENDED = 3  # its cluster was ended because of somebody else
    STOPPED = 4  # its cluster was asked to stop


def sweep() -> dict[str, int]:
    """Take back every job whose lease has run out. Nobody saw its worker's end: the attempt stays used."""
    counts: Counter[str] = Counter()
    while True:
        with transaction.atomic():
            lost = list(
                BackgroundJob.objects.select_for_update(skip_locked=True, of=("self",)).filter(
                    status=Status.RUNNING, lease_expires_at__lt=Now()
                )[:SLICE]
            )
            for job in lost:
                counts[_take_back(job, None)] += 1
        if len(lost) < SLICE:
            break
    if counts:
        logger.warning("jobs taken back", extra={"counts": dict(counts)})
    return dict(counts)


def release(fates: Mapping[UUID, Fate]) -> dict[str, int]:
    """Take back every job of workers that are known to be dead, and note how they ended."""
    counts: Counter[str] = Counter()
    with transaction.atomic():
        for job in BackgroundJob.objects.select_for_update(of=("self",)).filter(
            status=Status.RUNNING, worker_id__in=fates
        ):
            counts[_take_back(job, fates[job.worker_id])] += 1
        for fate in Fate:
            ids = [worker_id for worker_id, its_fate in fates.items() if its_fate is fate]
            Worker.objects.filter(pk__in=ids).update(ended_at=Now(), end_reason=fate.name.lower())
    if counts:
        logger.warning("jobs of dead workers taken back", extra={"counts": dict(counts)})
    return dict(counts)


def _take_back(job: BackgroundJob, fate: Fate | None) -> str:
    """The job's row is locked by the caller. Returns what became of it."""
    if job.started_at is None:
        ledger.give_back(job.lease_token, job.worker_id)
        return "given_back"
    stopped, own = fate is Fate.STOPPED, fate is Fate.DIED_FIRST
    decision = decide_loss(
        policy=policy_of(job.kind),
        attempts=job.attempts,
        worker_deaths=job.worker_deaths + own,
        losses=job.losses + (not stopped),
        own_death=own,
        witnessed=fate in (Fate.ENDED, Fate.STOPPED),
        stopped=stopped,
    )
    worker = Worker.objects.filter(pk=job.worker_id).first()
    failure = NO_FAILURE if stopped else describe(WorkerLost(), job.kind)
    ledger.settle(
        Started(job, job.lease_token),
        decision,
        failure=failure,
        worker=str(worker or job.worker_id),
        death=own,
        loss=not stopped,
    )
    return decision.outcome.value


def jobs_are_due() -> bool:
    """Whether a queued job's time has come."""
    return _due().exists()


def work_is_left() -> bool:
    """Whether anything is due or running."""
    return BackgroundJob.objects.filter(status=Status.RUNNING).exists() or jobs_are_due()


def _due() -> QuerySet[BackgroundJob]:
    return BackgroundJob.objects.filter(status=Status.QUEUED, run_at__lte=Now())


def report_alive(cluster_id: UUID, host: str, workers: Mapping[UUID, int]) -> None:
    """Note that these workers (id to pid) live, and that others of their cluster do not any more."""
    rows = [Worker(pk=key, cluster=cluster_id, host=host[:80], pid=pid) for key, pid in workers.items()]
    Worker.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["id"], update_fields=["heartbeat_at"]
    )
    Worker.objects.filter(Q(cluster=cluster_id), ended_at=None).exclude(pk__in=workers).update(
        ended_at=Now(), end_reason="replaced"
    )


def count_due() -> int:
    """How many jobs are due, up to COUNT_CAP."""
    return _due()[:COUNT_CAP].count()


def count_alive() -> int:
    """How many workers have been seen lately."""
    return Worker.objects.filter(
        ended_at=None, heartbeat_at__gt=Now() - timedelta(seconds=WORKER_ALIVE_S)
    ).count()
