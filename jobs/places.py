"""The places of a worker process: threads that each run one job at a time. Most of a job's time is waiting.

A place has a database connection while it uses the database and none while it waits for a provider. All places together
have at most CONNECTIONS, which stay open for whichever place needs one next. Threads are started when they are needed.
"""

import logging
import threading
import time
from collections.abc import Callable

from jobs.conf import CONNECTIONS
from jobs.connections import Gate
from jobs.db import drop_connection

logger = logging.getLogger(__name__)


class _Place(threading.Thread):
    def __init__(self, places: "Places", number: int) -> None:
        super().__init__(name=f"place-{number}", daemon=True)
        self.woken = threading.Event()
        self._places = places

    def run(self) -> None:
        self._places.gate.enter_with_this_thread()
        while True:
            try:
                self._places.work()
            except Exception:
                # An error in our own code. The jobs that were held go back when their lease expires.
                logger.exception("place interrupted")
                drop_connection()
            if not self._places.rest(self):
                break
        drop_connection()


class Places:
    """The job threads of a worker: up to `count` that run `work`, which returns once no job is due."""

    def __init__(self, count: int, work: Callable[[], object], stopping: Callable[[], bool]) -> None:
        self.gate = Gate(CONNECTIONS)
        self.work = work
        self._count = count
        self._stopping = stopping
        self._lock = threading.Lock()
        self._all: list[_Place] = []
        self._idle: list[_Place] = []
        self._again = False

    def wake(self) -> None:
        """Makes one more thread look for due jobs: an idle one, else a new one."""
        with self._lock:
            if self._stopping():
                return
            if self._idle:
                place = self._idle.pop()
            elif len(self._all) < self._count:
                place = _Place(self, len(self._all) + 1)
                self._all.append(place)
                place.start()
                return
            else:
                self._again = True  # all are busy, so the first one that finds no more work looks again
                return
            place.woken.set()

    def rest(self, place: _Place) -> bool:
        """Waits in the thread `place` until it is woken. Returns False if the process stops."""
        drop_connection()
        with self._lock:
            if self._stopping():
                return False
            if self._again:
                self._again = False
                return True
            place.woken.clear()
            self._idle.append(place)
        place.woken.wait()
        return not self._stopping()

    def finish(self, timeout_s: float) -> bool:
        """Waits up to `timeout_s` seconds until all threads have ended, closes their connections, and returns whether
        all have. `stopping()` must be true by then.
        """
        with self._lock:
            for place in self._idle:
                place.woken.set()
            places = list(self._all)
        ends_at = time.monotonic() + timeout_s
        for place in places:
            place.join(max(0.0, ends_at - time.monotonic()))
        self.gate.close()
        return not any(place.is_alive() for place in places)
