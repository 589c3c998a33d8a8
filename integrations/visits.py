"""Short visits to the database before and after calls to providers. No connection is held during a call."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections

from jobs.db import drop_connection

CONNECTIONS = 2
"""How many connections the visits of one process may open at the same time, however many threads call providers."""

_places = threading.BoundedSemaphore(CONNECTIONS)


def _refill() -> None:
    """Free all places after a fork.

    The child copies places that other threads held, and has no thread that frees them.
    """
    global _places
    _places = threading.BoundedSemaphore(CONNECTIONS)


os.register_at_fork(after_in_child=_refill)


def refuse_in_transaction() -> None:
    """Raise RuntimeError inside a database transaction, because locks must not be held while waiting for another
    machine.

    The transaction that Django's TestCase and pytest's fixture `db` put around a test does not count.
    """
    for open_connection in connections.all(initialized_only=True):
        if any(not getattr(block, "_from_testcase", False) for block in open_connection.atomic_blocks):
            raise RuntimeError(
                "A provider was called inside a database transaction: call it before or after."
            )


@contextmanager
def visit() -> Iterator[None]:
    """Use the database within the `with` block, and leave the connection as it was: if none was open, it is closed
    again.

    A thread without a connection first waits for one of CONNECTIONS places.
    """
    if connection.connection is not None:
        yield
        return
    with _places:
        try:
            yield
        finally:
            drop_connection()
