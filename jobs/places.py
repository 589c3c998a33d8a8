"""The places of a worker process: threads that each run one job at a time, and mostly wait.

A place holds a database connection only while it uses the database. All places share at most CONNECTIONS, which stay
open for the next place that needs one. Threads start on demand.
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
                # The error is in our own code. The jobs that the place held become free when their lease expires.
                logger.exception("place interrupted")
            if not self._places.rest(self):
                break


class Places:
    """Up to `count` threads that call `work`, which returns once no job is due."""

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
        """Makes one more thread claim jobs: an idle one, or else a new one."""
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
                self._again = True  # all are busy, so the first one to run out of work claims again
                return
            place.woken.set()

    def rest(self, place: _Place) -> bool:
        """Waits in the thread `place` until it is woken. Returns False if the process is stopping."""
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
        """Waits up to `timeout_s` seconds for all threads to end, and closes the kept connections. `stopping()` must be
        true. Returns whether all threads have ended.
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
