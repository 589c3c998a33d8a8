"""LeaseKeeper, a thread that renews the leases of a worker's places and tells running jobs when to stop. A place is a
thread of the worker that runs one job at a time.

The keeper gives back jobs that wait behind a slow job. If a job ignores its time limit, the keeper takes the job away
from its thread. The keeper also reports to the sentinel. It opens no database connection while the worker has no jobs.
"""

import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from types import FrameType, TracebackType
from uuid import UUID

from django.db import Error, connection

from jobs import deadline, queue, stalls
from jobs.conf import GIVE_BACK_AFTER_MS, HEARTBEAT_S, LEASE_S, OVERRUN_GRACE_S, SHUTDOWN_GRACE_S
from jobs.db import db_fault
from jobs.errors import LeaseLost, ShutdownRequested, TimeLimitExceeded
from jobs.failures import facts_of
from jobs.models import BackgroundJob
from jobs.process import WorkerProcess
from jobs.queue import Started

logger = logging.getLogger(__name__)

BEAT_S = 0.5
LATE_S = 2.0
"""A heartbeat that comes so many seconds after the last one shows that the machine or the database is overloaded."""


class Claim:
    """A place's claim: its token and lease, the running job, and the jobs that wait behind it. The place's thread
    writes which job runs. The keeper's thread writes the state of the lease.
    """

    def __init__(self, token: UUID, asked_at: float, jobs: list[BackgroundJob]) -> None:
        self.token = token
        self.waiting = deque(jobs)
        self.valid_until = asked_at + LEASE_S
        self.started: Started | None = None
        self.began_at = 0.0
        self.limit_s = 0.0
        self.lost = self.cancel_requested = self.fenced = self.given_back = False
        self._thread = threading.get_ident()

    def begin(self, started: Started, limit_s: float) -> Callable[[], bool]:
        """Records the start of a job. Returns the function `cancelled` for the job's Deadline, which raises LeaseLost
        if the job is taken away.
        """
        self.lost = self.cancel_requested = self.fenced = False
        self.began_at, self.limit_s = time.monotonic(), limit_s
        self.started = started
        return lambda: self._cancelled(started)

    def rest(self) -> None:
        self.started = None

    def _cancelled(self, started: Started) -> bool:
        if self.started is not started or self.lost or self.expired():
            raise LeaseLost()
        return self.cancel_requested

    def expired(self) -> bool:
        """Whether the lease has expired by the monotonic clock, which continues while a process is stopped."""
        return time.monotonic() > self.valid_until

    def holds_others_up(self, now: float) -> bool:
        """Whether the running job has taken over GIVE_BACK_AFTER_MS while other jobs wait behind it."""
        long = self.started is not None and (now - self.began_at) * 1000 > GIVE_BACK_AFTER_MS
        return long and not self.given_back and bool(self.waiting)

    def overran(self, now: float) -> bool:
        late = self.started is not None and now > self.began_at + self.limit_s + OVERRUN_GRACE_S
        return late and not self.fenced

    def take_away(self, error: BaseException, worker: str) -> None:
        """Settles the running job with `error` instead of its result. Later writes by the job's thread are refused."""
        started, now = self.started, time.monotonic()
        if started is None or self.lost:
            return
        error.__traceback__ = _where_it_stands(self._thread)
        queue.settle_attempt(
            started,
            error,
            duration_ms=round((now - self.began_at) * 1000),
            cancel_requested=self.cancel_requested,
            worker=worker,
        )
        self.lost = self.lost or self.started is started


class LeaseKeeper:
    def __init__(self, me: WorkerProcess) -> None:
        self._me = me
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._claims: list[Claim] = []
        self._beat_at = time.monotonic()

    def __enter__(self) -> "LeaseKeeper":
        self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    def hold(self, token: UUID, asked_at: float, jobs: list[BackgroundJob]) -> Claim:
        """Starts to renew the lease of a claim that was requested at `asked_at` (monotonic seconds)."""
        claim = Claim(token, asked_at, jobs)
        with self._lock:
            self._claims.append(claim)
            self._me.slot.busy = len(self._claims)
        return claim

    def drop(self, claim: Claim) -> None:
        with self._lock:
            self._claims.remove(claim)
            self._me.slot.busy = len(self._claims)

    def has_room(self) -> bool:
        with self._lock:
            return len(self._claims) < int(self._me.slot.places)

    def running(self) -> list[Claim]:
        with self._lock:
            return [claim for claim in self._claims if claim.started is not None]

    def hand_back(self) -> None:
        """Returns every running job to the queue, even if its thread still works on it. This uses no attempt."""
        for claim in self.running():
            claim.take_away(ShutdownRequested(), self._me.name)

    def _run(self) -> None:
        try:
            while not self._done.wait(BEAT_S):
                self._beat()
                if self._me.stopping_for_s() > SHUTDOWN_GRACE_S:
                    deadline.shutdown_requested.set()
                try:
                    with stalls.limit(HEARTBEAT_S):
                        self._look_after_claims()
                except Exception as error:  # without this thread, every lease of the process would expire
                    logger.error("leases not looked after", extra=facts_of(error))
                    connection.close()
        finally:
            connection.close()

    def _beat(self) -> None:
        """Tells the sentinel that the worker lives. Halves the places after a late heartbeat, or else adds a place."""
        late = time.monotonic() - self._beat_at > LATE_S
        self._beat_at = self._me.slot.beat_at = time.monotonic()
        places = self._me.slot.places
        self._me.resize(places // 2 if late else places + 1)

    def _look_after_claims(self) -> None:
        now = time.monotonic()
        with self._lock:
            claims = list(self._claims)
        try:
            # Leases come first, because each later step is repeated at the next heartbeat.
            if any(claim.valid_until - now <= LEASE_S - HEARTBEAT_S for claim in claims):
                self._renew(claims)
            for claim in claims:
                if claim.overran(now):
                    self._fence(claim)
                if claim.holds_others_up(now):
                    queue.give_back(claim.token, self._me.id)
                    claim.given_back = True
        except Error as error:
            context = {"fault": db_fault(error), "worker_id": str(self._me.id)}
            logger.warning("lease not renewed", extra=context | facts_of(error))
            connection.close()

    def _fence(self, claim: Claim) -> None:
        """Takes a job away from its thread, which cannot be killed. The process ends once its other jobs are done."""
        started = claim.started
        job_id = str(started.job.pk) if started else ""
        logger.error("job ignored its time limit", extra={"job_id": job_id})
        self._me.retire()
        claim.take_away(TimeLimitExceeded(), self._me.name)
        claim.fenced = claim.started is started

    def _renew(self, claims: list[Claim]) -> None:
        asked_at = time.monotonic()
        running = [claim.started for claim in claims]
        held = queue.renew([claim.token for claim in claims], self._me.id)
        for claim, started in zip(claims, running, strict=True):
            claim.valid_until = asked_at + LEASE_S
            if started is None or claim.started is not started:
                continue
            key = (started.job.pk, claim.token)
            claim.cancel_requested = held.get(key, False)
            if key not in held and not claim.lost:
                claim.lost = True
                logger.warning("job was taken over", extra={"job_id": str(started.job.pk)})


def _where_it_stands(thread_id: int) -> TracebackType | None:
    """Returns the traceback of the code that another thread runs now, or None if the thread has ended."""
    frame: FrameType | None = sys._current_frames().get(thread_id)
    trace = None
    while frame is not None:
        trace = TracebackType(trace, frame, frame.f_lasti, frame.f_lineno)
        frame = frame.f_back
    return trace
