"""Short visits to the database around a call to a provider, never during one."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, connections

from jobs.db import drop_connection


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
    """Use the database and leave the connection as it was found: where none was open, none stays open."""
    was_open = connection.connection is not None
    try:
        yield
    finally:
        if not was_open:
            drop_connection()
