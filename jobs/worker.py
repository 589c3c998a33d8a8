"""drain(): what a wake-up makes a worker do. Claim a few due jobs, run them, go on until nothing is due or time is up.

No transaction is open while a handler runs. Nothing that a handler raises reaches django-q2, except the interruption
of a job that ignored its Deadline: after that the process is not to be trusted and django-q2 replaces it.
"""

import contextlib
import json
import logging
import math
import signal
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error
from django_q.exceptions import TimeoutException

from jobs import ledger, process, recovery
from jobs.conf import BATCH_TARGET_MS, DRAIN_S, MAX_BATCH, OVERRUN_GRACE_S
from jobs.context import JobContext, running
from jobs.db import db_fault, drop_connection, persist, refresh_connection
from jobs.deadline import Deadline
from jobs.errors import LeaseLost, Snooze, TimeLimitExceeded
from jobs.failures import NO_FAILURE, describe
from jobs.heartbeat import LeaseKeeper
from jobs.ledger import Started
from jobs.models import BackgroundJob
from jobs.outcomes import decide
from jobs.process import WorkerProcess
from jobs.registry import KINDS, Handler, policy_of
from jobs.wakeup import ring

logger = logging.getLogger(__name__)

UNKNOWN_KIND_PAUSE = timedelta(minutes=1)


def drain(budget_s: float = DRAIN_S) -> dict[str, int]:
    """Work off due jobs for up to `budget_s` seconds plus the last job; counts of how the attempts ended."""
    me = process.current()
    ends_at = time.monotonic() + budget_s
    counts: Counter[str] = Counter()
    size, rung = 1, False
    refresh_connection()
    with LeaseKeeper(me) as keeper:
        while time.monotonic() < ends_at and not me.stopping:
            asked_at = time.monotonic()
            token, jobs = _claim(me, size, ends_at)
            if not jobs:
                break
            if len(jobs) == size and not rung:
                rung = _wake_another()
            keeper.hold(token, asked_at)
            try:
                counts.update(_work_off(token, jobs, keeper, me))
            finally:
                keeper.drop()
            quick = (time.monotonic() - asked_at) * 1000 < BATCH_TARGET_MS
            size = min(size * 2, MAX_BATCH) if quick else max(size // 2, 1)
    return dict(counts)


def _claim(me: WorkerProcess, size: int, ends_at: float) -> tuple[UUID | None, list[BackgroundJob]]:
    def give_up() -> bool:
        return me.stopping or time.monotonic() > ends_at

    try:
        return persist(lambda: ledger.claim(me.id, size), give_up=give_up)
    except Error as error:
        logger.error("nothing claimed", extra={"fault": db_fault(error), "error_class": type(error).__name__})
        drop_connection()
        return None, []


def _wake_another() -> bool:
    """More than one worker may be needed: each drain that finds work left wakes one more. Whether it did."""
    with contextlib.suppress(Error):
        if recovery.jobs_are_due():
            ring()
            return True
    return False


def _work_off(token: UUID, jobs: list[BackgroundJob], keeper: LeaseKeeper, me: WorkerProcess) -> Counter[str]:
    counts: Counter[str] = Counter()
    waiting = deque(jobs)
    started: Started | None = None

    def take_next() -> BackgroundJob | None:
        return waiting.popleft() if waiting and not me.stopping else None

    try:
        while started or (job := take_next()):
            if started:
                outcome, started = run(started, keeper, me, take_next)
                counts[outcome] += 1
            else:
                started = persist(lambda job=job: ledger.start(job, token), give_up=keeper.expired)
    except Error as error:
        logger.error("batch left", extra={"fault": db_fault(error), "error_class": type(error).__name__})
        drop_connection()
    finally:
        if waiting:
            _give_back(token, me)
    return counts


def _give_back(token: UUID, me: WorkerProcess) -> None:
    try:
        ledger.give_back(token, me.id)
    except Error:
        drop_connection()  # the lease will do it


@dataclass(frozen=True)
class Ended:
    """How a handler's run ended: with `result`, or with `error`."""

    result: Any
    error: BaseException | None
    duration_ms: int


def run(
    started: Started,
    keeper: LeaseKeeper,
    me: WorkerProcess,
    take_next: Callable[[], BackgroundJob | None] = lambda: None,
) -> tuple[str, Started | None]:
    """Run one started job and settle it, starting the one that `take_next` gives in the same commit.

    Returns the outcome's name ("fenced" where the job was taken over) and the next job, if it could be started.
    Raises TimeoutException after settling a job that had to be interrupted.
    """
    ended = _call(started, keeper)
    outcome, following = "fenced", None
    if not isinstance(ended.error, LeaseLost):
        outcome, following = _settle(started, ended, keeper, me, take_next)
    _log(started.job, outcome, ended)
    if isinstance(ended.error, TimeLimitExceeded):
        raise TimeoutException("A job ignored its time limit: this process is to be replaced.")
    return outcome, following


def _call(started: Started, keeper: LeaseKeeper) -> Ended:
    job, limit_ms = started.job, policy_of(started.job.kind).time_limit_ms
    began = time.monotonic()
    result, error = None, None
    try:
        deadline = Deadline.after_ms(limit_ms, keeper.run(job.pk))
        with _alarm(limit_ms / 1000 + OVERRUN_GRACE_S), running(job.pk):
            result = _handler(job)(JobContext(started, deadline, keeper.expired))
            json.dumps(result, cls=DjangoJSONEncoder)  # what cannot be stored is the handler's error
    except TimeoutException as raised:
        error = TimeLimitExceeded().with_traceback(raised.__traceback__)
    except (Exception, SystemExit) as raised:
        error = raised
    finally:
        keeper.rest()
    return Ended(None if error else result, error, round((time.monotonic() - began) * 1000))


def _handler(job: BackgroundJob) -> Handler:
    if job.kind not in KINDS:  # queued by a newer release, or left by an older one
        raise Snooze(job.started_at + UNKNOWN_KIND_PAUSE, "This release does not know the job's kind.")
    return KINDS[job.kind].handler


def _settle(
    started: Started,
    ended: Ended,
    keeper: LeaseKeeper,
    me: WorkerProcess,
    take_next: Callable[[], BackgroundJob | None],
) -> tuple[str, Started | None]:
    job, error = started.job, ended.error
    decision = decide(
        error,
        policy=policy_of(job.kind),
        attempts=job.attempts,
        first_run_at=job.first_run_at,
        now=job.started_at + timedelta(milliseconds=ended.duration_ms),
        cancel_requested=keeper.cancel_requested,
    )
    write = partial(
        ledger.settle,
        started,
        decision,
        failure=NO_FAILURE if error is None else describe(error, job.kind),
        result=ended.result,
        duration_ms=ended.duration_ms,
        worker=me.name,
        upcoming=None if isinstance(error, TimeLimitExceeded) else take_next(),
    )
    if error is not None:
        refresh_connection()
    try:
        outcome, following = persist(write, give_up=keeper.expired)
        return outcome or "fenced", following
    except Error as lost:
        logger.error("outcome not stored", extra={"job_id": str(job.pk), "fault": db_fault(lost)})
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
    if ended.error is not None:
        extra["error_class"] = type(ended.error).__name__
    level = logging.ERROR if outcome == "failed" else logging.INFO
    logger.log(level, "job ended", extra=extra)


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Bring django-q2's alarm forward to `seconds` from now; afterwards it rings when it would have.

    SIGALRM and its timer are one per process, so a second deadline must share django-q2's, never replace it. Where no
    handler is installed (no django-q2 around us) there is none.
    """
    handler = signal.getsignal(signal.SIGALRM)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        yield
        return
    outer_s, began = signal.alarm(0), time.monotonic()
    own_s = math.ceil(seconds)
    signal.alarm(min(own_s, outer_s) if outer_s else own_s)
    try:
        yield
    finally:
        signal.alarm(0 if not outer_s else max(1, outer_s - int(time.monotonic() - began)))
