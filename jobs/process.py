"""Who this process is, as a worker: its id in the ledger, and whether it has been asked to stop.

A worker of a cluster is told its id by the sentinel. Any other process that drains (a test, a shell) makes itself one.
"""

import os
import socket
import time
from collections.abc import Callable
from uuid import UUID

from jobs.ids import uuid7


def _nothing() -> None:
    pass


class WorkerProcess:
    """This process's identity and whether it stops. A signal handler sets the stop flag, so it takes no lock."""

    def __init__(
        self,
        worker_id: UUID | None = None,
        *,
        begin: Callable[[], None] = _nothing,
        beat: Callable[[], None] = _nothing,
        rest: Callable[[], None] = _nothing,
        abandon: Callable[[], None] = _nothing,
    ) -> None:
        self.id = worker_id or uuid7()
        self.pid = os.getpid()
        self.name = f"{socket.gethostname()}:{self.pid}"[:120]
        self.begin, self.beat, self.rest = begin, beat, rest
        """Called as a drain begins, twice a second while it lives, and as it ends: the watchdog looks at them."""
        self.abandon = abandon
        """Called when the lease is gone and the job does not stop: ends the process in a cluster, else nothing."""
        self._stop_asked_at: float | None = None

    def ask_to_stop(self) -> None:
        """Claim nothing more; running jobs get their grace period from now."""
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()

    @property
    def stopping(self) -> bool:
        return self._stop_asked_at is not None

    def stopping_for_s(self) -> float:
        """Seconds since the stop was asked for; 0 where it was not."""
        return 0.0 if self._stop_asked_at is None else time.monotonic() - self._stop_asked_at


_current: WorkerProcess | None = None


def current() -> WorkerProcess:
    """This process's WorkerProcess; a forked child never uses its parent's."""
    global _current
    if _current is None or _current.pid != os.getpid():
        _current = WorkerProcess()
    return _current


def become(process: WorkerProcess) -> None:
    """Make `process` this process's identity."""
    global _current
    _current = process
