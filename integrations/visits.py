"""Short visits to the database around a call to a provider, never during one."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections

from jobs.db import drop_connection

CONNECTIONS = 2
"""Connections that the visits of one process may have open at once, however many of its threads call providers."""

_places = threading.BoundedSemaphore(CONNECTIONS)


def _refill() -> None:
    """A fork copies a place that another thread held, and no thread of the child would ever give it back."""
    global _places
    _places = threading.BoundedSemaphore(CONNECTIONS)


os.register_at_fork(after_in_child=_refill)


def refuse_in_transaction() -> None:
    """Raise RuntimeError inside a transaction: locks must not be held while another machine thinks.

    The transaction that Django's TestCase (and pytest's `db` fixture) wraps around a test does not count.
    """
    for open_connection in connections.all(initialized_only=True):
        if any(not block._from_testcase for block in open_connection.atomic_blocks):
            raise RuntimeError(
                "A provider was called inside a database transaction: call it before or after."
            )


@contextmanager
def visit() -> Iterator[None]:
    """Use the database and leave the connection as it was found: where none was open, none stays open.

    A thread without a connection waits for one of CONNECTIONS places first.
    """
    if connection.connection is not None:
        yield
        return
    with _places:
        try:
            yield
        finally:
            drop_connection()
