"""The state of a worker process. The sentinel assigns a worker's id; a process without a cluster makes its own."""

import os
import socket
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import count
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from jobs.ids import uuid7


class WorkerProcess:
    """The state of a process that runs jobs. It uses no lock, because a signal handler asks it to stop."""

    def __init__(
        self,
        worker_id: UUID | None = None,
        *,
        slot: Any = None,
        most_places: int = 1,
    ) -> None:
        self.id = worker_id or uuid7()
        self.pid = os.getpid()
        self.name = f"{socket.gethostname()}:{self.pid}"[:120]
        self.slot = slot or SimpleNamespace(places=most_places)
        """The numbers by which the sentinel watches the process (jobs.cluster.board.Slot). `places` is how many jobs it
        may run at once now; the number falls while the machine is starved."""
        self._most_places = most_places
        self.wake_place: Callable[[], None] | None = None
        """Lets one more place claim jobs. None if this process has no places."""
        self.batches: defaultdict[str, int] = defaultdict(lambda: 1)
        """The jobs per claim, by lane. The number grows while claims are full and their jobs are quick."""
        self.claims = count(1)
        self.suspect = threading.Lock()
        """Held by the place that runs jobs that may kill the worker, so that only one place does so at a time."""
        self.retired = False
        self._stop_asked_at: float | None = None

    def resize(self, places: int) -> None:
        """Sets the number of places, between 1 and the number at the start. Running jobs continue."""
        self.slot.places = min(max(places, 1), self._most_places)

    def ask_to_stop(self) -> None:
        """Stops this process from claiming jobs. A second call does not give running jobs more time."""
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()

    def retire(self) -> None:
        """Makes this process stop because one of its threads is stuck. The sentinel starts a new worker."""
        self.retired = True
        self.ask_to_stop()

    @property
    def stopping(self) -> bool:
        return self._stop_asked_at is not None

    def stopping_for_s(self) -> float:
        return 0.0 if self._stop_asked_at is None else time.monotonic() - self._stop_asked_at


_current: WorkerProcess | None = None


def current() -> WorkerProcess:
    """Returns the state of this process. A forked child gets a state of its own, not that of its parent."""
    global _current
    if _current is None or _current.pid != os.getpid():
        _current = WorkerProcess()
    return _current


def become(process: WorkerProcess) -> None:
    global _current
    _current = process
