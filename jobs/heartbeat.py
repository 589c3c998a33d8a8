"""LeaseKeeper: the thread beside a drain that renews its leases and carries the reasons to stop to the running job.

It also gives waiting jobs back when the one before them takes long, and tells the sentinel that the worker is alive.
A drain that ends within a second never makes it open a connection.
"""

import logging
import threading
import time
from collections.abc import Callable
from uuid import UUID

from django.db import Error, connection

from jobs import deadline, ledger
from jobs.conf import GIVE_BACK_AFTER_MS, HEARTBEAT_S, LEASE_S, SHUTDOWN_GRACE_S
from jobs.db import db_fault
from jobs.errors import LeaseLost
from jobs.process import WorkerProcess

logger = logging.getLogger(__name__)

BEAT_S = 0.5
ABANDON_AFTER_S = 2.0
"""How long a job may go on after its lease has run out unrenewed, before its process is ended."""


class LeaseKeeper:
    """Keeps one claim at a time alive. The main thread says what it holds; the thread renews and listens."""

    def __init__(self, me: WorkerProcess) -> None:
        self._me = me
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread: threading.Thread | None = None
        self._token: UUID | None = None
        self._valid_until = 0.0
        self._renewed_at = 0.0
        self._running: UUID | None = None
        self._running_since = 0.0
        self._lost = False
        self._cancelled = False
        self._given_back = False

    def __enter__(self) -> "LeaseKeeper":
        self._me.begin()
        self._thread = threading.Thread(target=self._run, name="lease-keeper", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._done.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self._me.rest()

    def hold(self, token: UUID, asked_at: float) -> None:
        """Keep this claim from now on. `asked_at` is the monotonic time before the claim was sent."""
        with self._lock:
            self._token, self._valid_until, self._renewed_at = token, asked_at + LEASE_S, asked_at
            self._running, self._given_back = None, False

    def drop(self) -> None:
        """The claim is worked off."""
        with self._lock:
            self._token = self._running = None

    def run(self, job_id: UUID) -> Callable[[], bool]:
        """`job_id` starts. Returns what its Deadline asks: True once cancelled; raises LeaseLost once taken over."""
        with self._lock:
            self._running, self._running_since = job_id, time.monotonic()
            self._lost = self._cancelled = False

        def cancelled() -> bool:
            if self._lost or self.expired():
                raise LeaseLost()
            return self._cancelled

        return cancelled

    def rest(self) -> None:
        """The running job has ended."""
        with self._lock:
            self._running = None

    def expired(self) -> bool:
        """Whether the lease has run out by this host's monotonic clock, which also runs while a process is stopped."""
        return time.monotonic() > self._valid_until

    @property
    def cancel_requested(self) -> bool:
        return self._cancelled

    def _run(self) -> None:
        try:
            while not self._done.wait(BEAT_S):
                self._me.beat()
                if self._me.stopping_for_s() > SHUTDOWN_GRACE_S:
                    deadline.shutdown_requested.set()
                self._look_after_claim()
        finally:
            connection.close()

    def _look_after_claim(self) -> None:
        now = time.monotonic()
        with self._lock:
            token, running = self._token, self._running
            running_ms = (now - self._running_since) * 1000 if running else 0
            renew = now - self._renewed_at >= HEARTBEAT_S
            give_back = running is not None and running_ms > GIVE_BACK_AFTER_MS and not self._given_back
        if token is None:
            return
        try:
            if give_back:
                ledger.give_back(token, self._me.id)
                self._given_back = True
            if renew:
                self._renew(token, running)
        except Error as error:
            logger.warning(
                "lease not renewed", extra={"fault": db_fault(error), "worker_id": str(self._me.id)}
            )
            connection.close()
        if running is not None and now > self._valid_until + ABANDON_AFTER_S and self._running == running:
            logger.error("lease ran out under a running job", extra={"job_id": str(running)})
            self._me.abandon()

    def _renew(self, token: UUID, running: UUID | None) -> None:
        asked_at = time.monotonic()
        held = ledger.renew(token, self._me.id)
        with self._lock:
            if self._token != token:
                return
            self._renewed_at, self._valid_until = asked_at, asked_at + LEASE_S
            if running is None or self._running != running:
                return
            self._lost = running not in held
            self._cancelled = held.get(running, False)
        if self._lost:
            logger.warning("job was taken over", extra={"job_id": str(running)})
