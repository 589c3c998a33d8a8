"""Classifies database errors, and repeats important writes until the database is available.

The class of a database error follows from the driver's SQLSTATE, which is missing if the connection broke. With Django
5.2 and psycopg 3, a fast restart of PostgreSQL gives 57P01. An immediate restart and a refused connection give no
SQLSTATE. An idle-in-transaction timeout (25P03) and a read-only standby (25006) arrive as InternalError, and so does,
without an SQLSTATE, a statement whose session PgBouncer ended before its result.
"""

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, TypeVar

from django.db import Error, InterfaceError, InternalError, OperationalError, connection, transaction
from django.db.models import Model

from jobs.failures import facts_of

logger = logging.getLogger(__name__)
T = TypeVar("T")

UNREACHABLE_STATES = {"57P01", "57P02", "57P03", "57P05", "25006", "25P03", "25P04"}
UNREACHABLE_CLASSES = ("08", "53", "58")
"""Classes of SQLSTATEs: 08 for a broken connection, 53 if disk, memory or connections are used up, and 58 for an error
outside PostgreSQL, such as a disk failure."""
RETRY_STATES = {"40001", "40P01", "55P03"}


class Fault(StrEnum):
    UNREACHABLE = "unreachable"  # reconnect and try again; a COMMIT may have taken effect
    RETRY = "retry"  # deadlock or lock timeout: rolled back, so run it again
    SLOW = "slow"  # statement timeout
    BUG = "bug"


def db_fault(error: Error) -> Fault:
    state = getattr(error.__cause__, "sqlstate", None)
    if not isinstance(error, (OperationalError, InterfaceError, InternalError)):
        return Fault.BUG
    if state in RETRY_STATES:
        return Fault.RETRY
    if state == "57014":
        return Fault.SLOW
    if state is None or state in UNREACHABLE_STATES or state.startswith(UNREACHABLE_CLASSES):
        return Fault.UNREACHABLE
    return Fault.BUG


def fetch(statement: str, parameters: Any = None) -> list[tuple[Any, ...]]:
    """Returns the rows of an SQL statement, or an empty list for a statement without rows."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def insert_or_ignore(row: Model) -> bool:
    """Inserts `row`, whose primary key is set. Returns False if a unique constraint refuses the row, which causes no
    error in PostgreSQL's log. Columns that the database fills in are not read back.
    """
    counts: list[int] = []

    def count(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        outcome = execute(sql, params, many, context)
        counts.append(context["cursor"].rowcount)  # `bulk_create` does not return which rows it ignored
        return outcome

    with connection.execute_wrapper(count):
        type(row)._default_manager.bulk_create([row], ignore_conflicts=True)
    return sum(counts) == 1


def refresh_connection() -> None:
    """Closes this thread's database connection if it is broken or too old, except within a transaction."""
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def drop_connection() -> None:
    """Closes this thread's database connection before a wait for another machine, except within a transaction."""
    if not connection.in_atomic_block:
        connection.close()


@contextmanager
def statements_within(limit_ms: int) -> Iterator[None]:
    """Opens a transaction in which a statement that takes over `limit_ms` raises a django.db.Error of Fault.SLOW."""
    with transaction.atomic():
        fetch(f"SET LOCAL statement_timeout = {limit_ms:d}")
        yield


def persist(write: Callable[[], T], *, give_up: Callable[[], bool], pause_s: float = 0.2) -> T:
    """Runs the database write `write`, which must be safe to repeat, and returns its result. If the database restarts,
    refuses connections, reports a deadlock or is slow, `write` runs again after random pauses of up to 2 s, until
    `give_up()` is true; then the last error is raised. Other errors, and errors within a transaction, are raised at
    once.
    """
    while True:
        try:
            return write()
        except Error as error:
            fault = db_fault(error)
            if fault is Fault.BUG or connection.in_atomic_block or give_up():
                raise
            logger.warning("database write postponed", extra={"fault": fault, **facts_of(error)})
            drop_connection()
            time.sleep(random.uniform(0.05, pause_s))
            pause_s = min(pause_s * 2, 2.0)
