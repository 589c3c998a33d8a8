"""Runs jobs: each place of a worker calls `work`, which claims a few due jobs and runs them until none is due.

No transaction is open while a handler runs. An exception in a handler never ends the thread that runs it.
"""

import json
import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error
from prometheus_client import Histogram

from jobs import process, queue
from jobs.conf import BATCH_TARGET_MS, DRAIN_S, MAX_BATCH
from jobs.context import JobContext, running
from jobs.db import db_fault, drop_connection, persist, refresh_connection
from jobs.deadline import Deadline
from jobs.errors import LeaseLost, Snooze
from jobs.failures import facts_of
from jobs.heartbeat import Claim, LeaseKeeper
from jobs.kinds import KINDS, Handler, policy_of
from jobs.lanes import AGED_EVERY
from jobs.models import BackgroundJob
from jobs.process import WorkerProcess
from jobs.queue import Started

logger = logging.getLogger(__name__)
job_seconds = Histogram(
    "holdfast_job_seconds",
    "How long a job ran.",
    ["lane", "kind"],
    buckets=(0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)

UNKNOWN_KIND_PAUSE = timedelta(minutes=1)
SLOW_CLAIM_S = 1.0


def drain(budget_s: float = DRAIN_S) -> dict[str, int]:
    """Handles a wake-up: this is the function of the wake-up's django-q2 task. A worker with places wakes one of them
    and returns {}. Any other process runs due jobs itself for `budget_s` seconds, and returns the number of attempts by
    outcome.
    """
    me = process.current()
    if me.wake_place is not None:
        me.wake_place()
        return {}
    with LeaseKeeper(me) as keeper:
        return dict(work(me, keeper, ends_at=time.monotonic() + budget_s))


def work(me: WorkerProcess, keeper: LeaseKeeper, *, ends_at: float = math.inf) -> Counter[str]:
    """Runs due jobs in this thread until none is left, the process stops, the database fails, or `ends_at` (monotonic
    seconds) has passed. Returns the number of attempts by outcome.
    """
    counts: Counter[str] = Counter()
    refresh_connection()
    while time.monotonic() < ends_at and not me.stopping and keeper.has_room():
        sizes, asked_at = me.batches.copy(), time.monotonic()  # other places may change the sizes
        # Only one place at a time runs jobs that may kill the process. If the process dies, the job to blame is clear.
        suspects = me.suspect.acquire(blocking=False)
        try:
            claimed = _claim(me, sizes, ends_at, suspects=suspects)
            if claimed is None:
                break
            claimed_at = time.monotonic()
            token, jobs = claimed
            if suspects and not any(job.worker_deaths for job in jobs):
                suspects = False
                me.suspect.release()
            full = len(jobs) == sizes[jobs[0].lane]
            if full and me.wake_place is not None:
                me.wake_place()  # more jobs may be due
            claim = keeper.hold(token, asked_at, jobs)
            try:
                counts.update(_work_off(claim, me))
            finally:
                keeper.drop(claim)
        finally:
            if suspects:
                me.suspect.release()
        quick = (time.monotonic() - claimed_at) * 1000 < BATCH_TARGET_MS
        me.batches[jobs[0].lane] = _next_batch(me.batches[jobs[0].lane], quick=quick, full=full)
    return counts


def _next_batch(size: int, *, quick: bool, full: bool) -> int:
    if not quick:
        return max(size // 2, 1)
    return min(size * 2, MAX_BATCH) if full else size  # one quick job proves little


def _claim(
    me: WorkerProcess, sizes: Mapping[str, int], ends_at: float, *, suspects: bool
) -> tuple[UUID, list[BackgroundJob]] | None:
    """Claims jobs of one lane, at most as many as `sizes` has for the lane. Returns None if no job is due or the
    database does not answer.
    """

    def give_up() -> bool:
        return me.stopping or time.monotonic() > ends_at

    aged = next(me.claims) % AGED_EVERY == 0
    me.slot.looked_at = time.monotonic()
    try:
        asked_at = time.monotonic()
        token, jobs = persist(
            lambda: queue.claim(me.id, sizes, aged=aged, suspects=suspects), give_up=give_up
        )
        if (took_s := time.monotonic() - asked_at) > SLOW_CLAIM_S:
            logger.warning("slow claim", extra={"duration_ms": round(took_s * 1000), "jobs": len(jobs)})
    except Error as error:
        logger.error("nothing claimed", extra={"fault": db_fault(error), **facts_of(error)})
        drop_connection()
        return None
    return (token, jobs) if jobs else None


def _work_off(claim: Claim, me: WorkerProcess) -> Counter[str]:
    """Runs the jobs of a claim one after the other. Jobs not started within BATCH_TARGET_MS are given back."""
    counts: Counter[str] = Counter()
    started: Started | None = None
    claimed, ends_at = len(claim.waiting), time.monotonic() + BATCH_TARGET_MS / 1000

    def take_next() -> BackgroundJob | None:
        first = len(claim.waiting) == claimed
        late = claim.expired() or (time.monotonic() > ends_at and not first)
        return claim.waiting.popleft() if claim.waiting and not late and not me.stopping else None

    try:
        while True:
            if started:
                outcome, started = run(started, claim, me, take_next)
                counts[outcome] += 1
            elif job := take_next():
                started = persist(partial(queue.start, job, claim.token), give_up=claim.expired)
            else:
                break
    except Error as error:
        logger.error("batch left", extra={"fault": db_fault(error), **facts_of(error)})
        drop_connection()
    finally:
        if claim.waiting:
            _give_back(claim, me)
    return counts


def _give_back(claim: Claim, me: WorkerProcess) -> None:
    try:
        queue.give_back(claim.token, me.id)
    except Error:
        drop_connection()  # the jobs become free when the lease expires


@dataclass(frozen=True)
class Ended:
    result: Any
    error: BaseException | None
    duration_ms: int


def run(
    started: Started,
    claim: Claim,
    me: WorkerProcess,
    take_next: Callable[[], BackgroundJob | None] = lambda: None,
) -> tuple[str, Started | None]:
    """Runs one job and settles it. The same commit starts the next job, which `take_next` returns. Returns the outcome,
    and the next job if it was started. The outcome is "fenced" if the worker had lost the job, and "not_stored" if the
    database failed.
    """
    ended = _call(started, claim)
    outcome, following = "fenced", None
    if not isinstance(ended.error, LeaseLost):
        outcome, following = _settle(started, ended, claim, me, take_next)
    _log(started.job, outcome, ended)
    return outcome, following


def _call(started: Started, claim: Claim) -> Ended:
    job, limit_ms = started.job, policy_of(started.job.kind).time_limit_ms
    began = time.monotonic()
    output: Any = None
    error: BaseException | None = None
    try:
        deadline = Deadline.after_ms(limit_ms, claim.begin(started, limit_ms / 1000))
        with running(job.pk):
            output = _handler(started)(JobContext(started, deadline, claim.expired))
            # A result that cannot be stored is an error of the handler.
            json.dumps(output, cls=DjangoJSONEncoder)
    except (Exception, SystemExit) as raised:
        error = raised
    finally:
        claim.rest()
    return Ended(None if error else output, error, round((time.monotonic() - began) * 1000))


def _handler(started: Started) -> Handler:
    kind = started.job.kind
    if kind not in KINDS:  # a newer release queued it, or an older release left it
        raise Snooze(
            started.started_at + UNKNOWN_KIND_PAUSE, "This release doesn’t support this kind of job."
        )
    return KINDS[kind].handler


def _settle(
    started: Started,
    ended: Ended,
    claim: Claim,
    me: WorkerProcess,
    take_next: Callable[[], BackgroundJob | None],
) -> tuple[str, Started | None]:
    write = partial(
        queue.settle_attempt,
        started,
        ended.error,
        output=ended.result,
        duration_ms=ended.duration_ms,
        cancel_requested=claim.cancel_requested,
        worker=me.name,
        upcoming=take_next(),
    )
    if ended.error is not None:
        refresh_connection()
    try:
        outcome, following = persist(write, give_up=claim.expired)
        return outcome or "fenced", following
    except Error as lost:
        context = {"job_id": str(started.job.pk), "fault": db_fault(lost)}
        logger.error("outcome not stored", extra=context | facts_of(lost))
        drop_connection()
        return "not_stored", None


def _log(job: BackgroundJob, outcome: str, ended: Ended) -> None:
    extra = {
        "job_id": str(job.pk),
        "kind": job.kind,
        "workspace_id": str(job.workspace_id) if job.workspace_id else None,
        "outcome": outcome,
        "attempt": job.attempts,
        "duration_ms": ended.duration_ms,
    }
    job_seconds.labels(job.lane, job.kind).observe(ended.duration_ms / 1000)
    if ended.error is not None:
        extra["error_class"] = type(ended.error).__name__
    logger.log(logging.ERROR if outcome == "failed" else logging.INFO, "job ended", extra=extra)
