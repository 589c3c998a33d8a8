"""What a worker process knows about itself. The sentinel gives a cluster's worker its id; others make their own."""

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
    """What a process that runs jobs knows about itself. A signal handler sets that it must stop, so no lock is used."""

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
        """The numbers by which the sentinel watches the process, as in jobs.cluster.board.Slot. `places` is how many
        jobs it runs at once now: fewer while the machine is starved."""
        self._most_places = most_places
        self.wake_place: Callable[[], None] | None = None
        """Lets one more place look for work. None if this process has no places."""
        self.batches: defaultdict[str, int] = defaultdict(lambda: 1)
        """How many jobs a claim takes, by lane. It grows while claims are full and their jobs quick."""
        self.claims = count(1)
        self.suspect = threading.Lock()
        """Held by the place that works on jobs of which one may kill its worker: one of them at a time."""
        self.retired = False
        self._stop_asked_at: float | None = None

    def resize(self, places: int) -> None:
        """Gives this process so many places, at least one, at most those it was made with. Running jobs go on."""
        self.slot.places = min(max(places, 1), self._most_places)

    def ask_to_stop(self) -> None:
        """Makes this process claim no more jobs. A second call does not lengthen the time that running jobs have."""
        if self._stop_asked_at is None:
            self._stop_asked_at = time.monotonic()

    def retire(self) -> None:
        """Makes this process stop by itself, as one of its threads is stuck. The sentinel starts another."""
        self.retired = True
        self.ask_to_stop()

    @property
    def stopping(self) -> bool:
        return self._stop_asked_at is not None

    def stopping_for_s(self) -> float:
        return 0.0 if self._stop_asked_at is None else time.monotonic() - self._stop_asked_at


_current: WorkerProcess | None = None


def current() -> WorkerProcess:
    """This process as one that runs jobs. A forked child does not get its parent's."""
    global _current
    if _current is None or _current.pid != os.getpid():
        _current = WorkerProcess()
    return _current


def become(process: WorkerProcess) -> None:
    global _current
    _current = process
