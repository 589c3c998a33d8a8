"""What a database error means, and how work that must not be lost waits for the database to come back.

PostgreSQL says why in the SQLSTATE of the driver's error; where the link itself broke there is none. Observed with
Django 5.2 and psycopg 3: a fast restart is 57P01, an immediate one and a refused connection carry no SQLSTATE, an
idle-in-transaction timeout (25P03) and a read-only standby (25006) arrive as InternalError.
"""

import logging
import random
import time
from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from django.db import Error, InterfaceError, InternalError, OperationalError, connection

logger = logging.getLogger(__name__)
T = TypeVar("T")

UNREACHABLE_STATES = {"57P01", "57P02", "57P03", "57P05", "53300", "25006", "25P03", "25P04"}
RETRY_STATES = {"40001", "40P01", "55P03"}
STALE_PLAN = "RevalidateCachedQuery"
"""Where PostgreSQL says that the columns of a statement it kept have changed; it has no SQLSTATE of its own."""


class Fault(StrEnum):
    """What to do about a database error."""

    UNREACHABLE = "unreachable"  # reconnect and try again; whether a COMMIT took effect is unknown
    RETRY = "retry"  # deadlock, lock timeout, a plan a migration has overtaken: rolled back, run it again
    SLOW = "slow"  # statement timeout
    BUG = "bug"


def db_fault(error: Error) -> Fault:
    """Classify a `django.db.Error`."""
    state = getattr(error.__cause__, "sqlstate", None)
    if state == "0A000" and error.__cause__.diag.source_function == STALE_PLAN:
        return Fault.RETRY
    if not isinstance(error, (OperationalError, InterfaceError, InternalError)):
        return Fault.BUG
    if state in RETRY_STATES:
        return Fault.RETRY
    if state == "57014":
        return Fault.SLOW
    if state is None:
        return Fault.BUG if isinstance(error, InternalError) else Fault.UNREACHABLE
    if state in UNREACHABLE_STATES or state.startswith("08"):
        return Fault.UNREACHABLE
    return Fault.BUG


def refresh_connection() -> None:
    """Between two pieces of work: drop this thread's connection if it is broken or too old.

    As Django's close_old_connections, which would also close under an open transaction (a test's).
    """
    if not connection.in_atomic_block:
        connection.close_if_unusable_or_obsolete()


def drop_connection() -> None:
    """Close this thread's connection, unless a transaction of the caller is open on it (as in tests)."""
    if not connection.in_atomic_block:
        connection.close()


def persist(write: Callable[[], T], *, give_up: Callable[[], bool], pause_s: float = 0.2) -> T:
    """Run `write`, waiting out a database that restarts, refuses or deadlocks, until `give_up()` is true.

    For writes that may be repeated (all of ours are fenced by a token). Pauses grow to 2 s with full jitter, so that
    a restart is met by a trickle of connections and not by a busy loop. Raises the last error after giving up, and
    any other kind of error at once.
    """
    while True:
        try:
            return write()
        except Error as error:
            fault = db_fault(error)
            if fault is Fault.BUG or give_up():
                raise
            logger.warning("database write postponed", extra={"fault": fault})
            drop_connection()
            time.sleep(random.uniform(0.05, pause_s))
            pause_s = min(pause_s * 2, 2.0)
