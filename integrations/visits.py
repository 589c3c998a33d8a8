"""Short uses of the database before and after calls to providers. No connection is held during a call."""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, connection, connections

from jobs.db import drop_connection

logger = logging.getLogger(__name__)
CONNECTIONS = 2
"""The maximum number of connections that a process opens for visits at a time, however many threads call providers."""

_places = threading.BoundedSemaphore(CONNECTIONS)


def _refill() -> None:
    """Resets the semaphore in a forked child, because the parent's threads that hold it do not exist there."""
    global _places
    _places = threading.BoundedSemaphore(CONNECTIONS)


os.register_at_fork(after_in_child=_refill)


def refuse_in_transaction() -> None:
    """Raises RuntimeError in a transaction (except a test's), so that no lock is held while a call waits."""
    for open_connection in connections.all(initialized_only=True):
        if any(not getattr(block, "_from_testcase", False) for block in open_connection.atomic_blocks):
            raise RuntimeError(
                "A provider was called inside a transaction. Call it before or after the transaction."
            )


@contextmanager
def visit() -> Iterator[None]:
    """A block that uses the database. If no connection was open, waits for one of CONNECTIONS, and closes it."""
    if connection.connection is not None:
        yield
        return
    with _places:
        try:
            yield
        finally:
            drop_connection()


@contextmanager
def optional_visit(warning: str, **facts: object) -> Iterator[None]:
    """A block that uses the database as `visit`. If that fails, logs `warning` with `facts` and raises nothing."""
    try:
        with visit():
            yield
    except Error:
        logger.warning(warning, extra=facts, exc_info=True)
        drop_connection()
