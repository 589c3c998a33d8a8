"""Limits the database connections of a group of threads, and keeps free connections for the next thread.

A thread gives up its connection before it waits for anything else (`jobs.db.drop_connection`), so threads that wait for
a connection cannot deadlock. A new connection costs several times as much as a short query, so `jobs.postgresql` keeps
connections open for reuse.
"""

import select
import threading

import psycopg
from django.db import OperationalError

WAIT_S = 30
_of_thread = threading.local()


class Gate:
    """Lets at most `places` threads have a database connection at once. Connections kept for reuse count too."""

    def __init__(self, places: int) -> None:
        self._places = threading.BoundedSemaphore(places)
        self._kept: list[psycopg.Connection] = []
        self._lock = threading.Lock()

    def enter_with_this_thread(self) -> None:
        """Makes the calling thread wait for this gate before it connects to the database."""
        _of_thread.gate = self

    def enter(self) -> None:
        """Waits until the thread may have a database connection. After WAIT_S seconds, raises the OperationalError of
        an unreachable database.
        """
        if not self._places.acquire(timeout=WAIT_S):
            raise OperationalError("All connections of this process are in use.")

    def leave(self) -> None:
        self._places.release()

    def keep(self, connection: psycopg.Connection) -> None:
        """Keeps an open connection for the next thread; call this before `leave`."""
        with self._lock:
            self._kept.append(connection)

    def take(self) -> psycopg.Connection | None:
        """Returns the last kept connection that the database server has not closed, or None."""
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
    """Whether an unused connection has received something, which means that the server has ended it."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def gate_of_this_thread() -> Gate | None:
    return getattr(_of_thread, "gate", None)
