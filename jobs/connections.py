"""Limits how many database connections a group of threads has at once, and keeps those that are free for the next one.

A thread that has a connection gives it up before it waits for anything but the database. `jobs.db.drop_connection`
before each outside call does that. So no thread waits here for one that waits for it. To open a connection costs
several times what a short visit costs, so what is given up stays open here (`jobs.postgresql` takes and keeps it).
"""

import select
import threading

import psycopg
from django.db import OperationalError

WAIT_S = 30
_of_thread = threading.local()


class Gate:
    """Lets at most `places` threads have a database connection at once. Those kept for the next thread count too."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._kept: list[psycopg.Connection] = []
        self._lock = threading.Lock()

    def enter_with_this_thread(self) -> None:
        """Makes the calling thread wait for its turn here before each connection to the database."""
        _of_thread.gate = self

    def enter(self) -> None:
        """Waits for a turn. Raises OperationalError, as for an unreachable database, after WAIT_S seconds."""
        if not self._places.acquire(timeout=WAIT_S):
            raise OperationalError("All connections of this process are in use.")

    def leave(self) -> None:
        self._places.release()

    def keep(self, connection: psycopg.Connection) -> None:
        """Keeps an open connection for the next thread. Must be called before `leave`."""
        with self._lock:
            self._kept.append(connection)

    def take(self) -> psycopg.Connection | None:
        """The connection that was kept last and that its server has not closed, or None."""
        while True:
            with self._lock:
                if not self._kept:
                    return None
                connection = self._kept.pop()
            if not _spoken_to(connection):
                return connection
            connection.close()

    def close(self) -> None:
        with self._lock:
            idle, self._kept = self._kept, []
        for connection in idle:
            connection.close()


def _spoken_to(connection: psycopg.Connection) -> bool:
    """Whether something has come over a connection that nobody uses: its server ended it, and said why."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def gate_of_this_thread() -> Gate | None:
    return getattr(_of_thread, "gate", None)
