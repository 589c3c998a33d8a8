"""LeaseKeeper, a thread beside a worker's places: it renews their leases and tells running jobs when to stop.

It also gives waiting jobs back if the one before them takes long, takes a job that ignores its time limit away from its
thread, and shows the sentinel that the worker is alive. It opens no database connection while the worker has no jobs.
"""

import contextlib
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from uuid import UUID

import psycopg
from django.db import Error, connection, connections

from jobs import deadline, queue, settlement, stalls
from jobs.conf import GIVE_BACK_AFTER_MS, HEARTBEAT_S, LEASE_S, OVERRUN_GRACE_S, SHUTDOWN_GRACE_S
from jobs.db import db_fault
from jobs.errors import LeaseLost, ShutdownRequested, TimeLimitExceeded
from jobs.failures import facts_of
from jobs.models import BackgroundJob
from jobs.process import WorkerProcess
from jobs.queue import Started

logger = logging.getLogger(__name__)

BEAT_S = 0.5
SLOW_CLAIM_S = 1.0
"""A claim that takes longer is logged with what it waited for. That is looked at a beat before, while it waits."""
CONNECTING = "a connection"
"""What a claim waits for whose thread is not connected yet. It is looked at again."""
LATE_S = 2.0
"""A beat that comes so many seconds after the one before shows that machine or database is starved."""


class Claim:
    """What one place (job thread of a worker) holds: a token, its lease (the right to the jobs for some seconds), the
    running job, and the jobs that wait behind it.

    The place's thread writes which job runs. The keeper's thread writes what has happened to the lease.
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
        """Notes that the job of `started` begins to run, for at most `limit_s` seconds.

        Returns the function that the job's Deadline calls. It returns True once the job is cancelled, and raises
        LeaseLost once the job was taken away.
        """
        self.lost = self.cancel_requested = self.fenced = False
        self.began_at, self.limit_s = time.monotonic(), limit_s
        self.started = started
        return lambda: self._cancelled(started)

    def rest(self) -> None:
        """Notes that the running job of this claim has ended."""
        self.started = None

    def _cancelled(self, started: Started) -> bool:
        if self.started is not started or self.lost or self.expired():
            raise LeaseLost()
        return self.cancel_requested

    def expired(self) -> bool:
        """Whether the lease (the right to the jobs) has expired by this host's monotonic clock,
        which also runs while a process is stopped.
        """
        return time.monotonic() > self.valid_until

    def holds_others_up(self, now: float) -> bool:
        """Whether the claim's running job has taken over GIVE_BACK_AFTER_MS while others of the claim wait behind it
        and are not given back yet. `now` is monotonic seconds.
        """
        long = self.started is not None and (now - self.began_at) * 1000 > GIVE_BACK_AFTER_MS
        return long and not self.given_back and bool(self.waiting)

    def overran(self, now: float) -> bool:
        """Whether the running job still runs OVERRUN_GRACE_S seconds after its time limit, and is not taken away yet.
        `now` is monotonic seconds.
        """
        late = self.started is not None and now > self.began_at + self.limit_s + OVERRUN_GRACE_S
        return late and not self.fenced

    def take_away(self, error: BaseException, worker: str) -> None:
        """Settles the running job as ended with `error`, although its thread still works on it. What that thread writes
        later is refused. `worker` is the worker's name. Does nothing if no job runs or it is lost already.
        """
        started, now = self.started, time.monotonic()
        if started is None or self.lost:
            return
        error.__traceback__ = settlement.where_it_stands(self._thread)
        settlement.settle(
            started,
            error,
            duration_ms=round((now - self.began_at) * 1000),
            cancel_requested=self.cancel_requested,
            worker=worker,
        )
        self.lost = self.lost or self.started is started


class Asking:
    """A statement that claims jobs for a thread and has not returned yet. `waited_for` is what PostgreSQL said that it
    waits for, if it takes long; else "".
    """

    def __init__(self) -> None:
        self.began_at = time.monotonic()
        self.waited_for = ""
        self._own = connections[connection.alias]  # the claiming thread's, which another thread looks at

    def took_s(self) -> float:
        return time.monotonic() - self.began_at

    def session_pid(self) -> int | None:
        """The process id of the claim's session at PostgreSQL. None while the thread has no connection yet."""
        session = self._own.connection
        try:
            return session.info.backend_pid if session else None
        except psycopg.Error:  # its thread has closed it just now
            return None


class LeaseKeeper:
    """Renews the leases (rights to jobs) of one process, a claim for each of its job threads, and tells jobs when to
    stop.
    """

    def __init__(self, me: WorkerProcess) -> None:
        self._me = me
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._claims: list[Claim] = []
        self._asking: set[Asking] = set()
        self._beat_at = time.monotonic()

    def __enter__(self) -> "LeaseKeeper":
        self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join(timeout=5)

    @contextlib.contextmanager
    def asking(self) -> Iterator[Asking]:
        """A context manager: while its block runs the statement that claims jobs, the keeper watches it. If it takes
        long, what it waits for is noted in the Asking that it yields.
        """
        ask = Asking()
        with self._lock:
            self._asking.add(ask)
        try:
            yield ask
        finally:
            with self._lock:
                self._asking.discard(ask)

    def hold(self, token: UUID, asked_at: float, jobs: list[BackgroundJob]) -> Claim:
        """Starts to renew the lease (right to the jobs) of a new claim, and returns the claim. `asked_at` is the
        monotonic time just before the claim was sent.
        """
        claim = Claim(token, asked_at, jobs)
        with self._lock:
            self._claims.append(claim)
            self._me.busy(len(self._claims))
        return claim

    def drop(self, claim: Claim) -> None:
        """Stops renewing the lease of a claim, because all its jobs have ended."""
        with self._lock:
            self._claims.remove(claim)
            self._me.busy(len(self._claims))

    def has_room(self) -> bool:
        """Whether fewer job threads of this process have or claim work than it has places now."""
        with self._lock:
            return len(self._claims) + len(self._asking) < self._me.places

    def running(self) -> list[Claim]:
        """The claims of this process that have a running job."""
        with self._lock:
            return [claim for claim in self._claims if claim.started is not None]

    def hand_back(self) -> None:
        """Gives every running job of this process back to the queue, although its thread may still work on it. No
        attempt is used.
        """
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
                except Exception as error:  # without this thread every lease of the process would run out
                    logger.error("leases not looked after", extra=facts_of(error))
                    connection.close()
        finally:
            connection.close()

    def _beat(self) -> None:
        """Show that the process is alive. After a late beat it halves its places, and after any other has one more."""
        late = time.monotonic() - self._beat_at > LATE_S
        self._beat_at = time.monotonic()
        self._me.resize(self._me.places // 2 if late else self._me.places + 1)
        self._me.beat()

    def _look_after_claims(self) -> None:
        now = time.monotonic()
        with self._lock:
            claims = list(self._claims)
            slow = [
                ask
                for ask in self._asking
                if ask.took_s() > SLOW_CLAIM_S - BEAT_S and ask.waited_for in ("", CONNECTING)
            ]
        try:
            # The leases come first, as what fails after them is tried again at each beat.
            if any(claim.valid_until - now <= LEASE_S - HEARTBEAT_S for claim in claims):
                self._renew(claims)
            for claim in claims:
                if claim.overran(now):
                    self._fence(claim)
                if claim.holds_others_up(now):
                    queue.give_back(claim.token, self._me.id)
                    claim.given_back = True
        except Error as error:
            known = {"fault": db_fault(error), "worker_id": str(self._me.id)}
            logger.warning("lease not renewed", extra=known | facts_of(error))
            connection.close()
            slow = []  # the database has let this look wait long enough
        # It comes last, as it may take as long as one statement may.
        if slow:
            _look_at(slow)
            if not claims:
                connection.close()

    def _fence(self, claim: Claim) -> None:
        """Take a job away from its thread, because a thread cannot be ended.

        The process ends once its other jobs are done.
        """
        logger.error("job ignored its time limit", extra={"job_id": _job_id(claim)})
        self._me.retire()
        started = claim.started
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


def _look_at(slow: list[Asking]) -> None:
    """Note what these claims, which take long, wait for. A database that does not answer is asked once for all."""
    unknown = ""
    for ask in slow:
        try:
            ask.waited_for = unknown or _what_it_waits_for(ask)
        except Error as error:
            ask.waited_for = unknown = f"unknown: the database is {db_fault(error)}"
            connection.close()


def _what_it_waits_for(ask: Asking) -> str:
    pid = ask.session_pid()
    if pid is None:
        return CONNECTING
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(wait_event_type || ' ' || wait_event, 'processor'), pg_blocking_pids(pid)"
            " FROM pg_stat_activity WHERE pid = %s",
            [pid],
        )
        event, blockers = cursor.fetchone() or ("nothing that can be seen", [])
    return f"{event}, behind sessions {blockers}" if blockers else event


def _job_id(claim: Claim) -> str:
    started = claim.started
    return str(started.job.pk) if started else ""
