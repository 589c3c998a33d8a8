"""Protects the work of insights from database failures: each short visit to the database is retried twice.

After three failed visits in a row, no more model calls are made. `jobs.db` decides which errors a retry may fix.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from django.db import Error, OperationalError

from integrations.visits import visit
from jobs.db import Fault, db_fault, drop_connection
from jobs.failures import facts_of

logger = logging.getLogger(__name__)
T = TypeVar("T")

RETRIES = 2
FAILURES_TO_OPEN = 3
PAUSES_S = ((0.25, 1.0), (1.0, 3.0))
"""Limits in seconds of the random pause before the first and the second retry."""
PASSING = (Fault.UNREACHABLE, Fault.RETRY)


class DatabaseUnreachable(OperationalError):
    """Several visits to the database have failed in a row, so the work stops and continues in the next run.

    It has no SQLSTATE, so `jobs.db` treats it as an unreachable database.
    """


class Outage:
    """Counts failed visits to the database during one piece of work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self.retries = 0

    @property
    def open(self) -> bool:
        """Whether so many visits to the database have failed in a row that the work should stop."""
        return self._failures >= FAILURES_TO_OPEN

    def check(self) -> None:
        """Raises DatabaseUnreachable if the last FAILURES_TO_OPEN visits to the database have failed."""
        if self.open:
            raise DatabaseUnreachable(f"{self._failures} queries failed in a row.")

    def visit(self, work: Callable[[], T]) -> T:
        """Runs `work` on a database connection that is closed afterwards, and returns its result.

        The database work is tried 1 + RETRIES times, with pauses of up to 3 seconds. `work` must be one transaction or
        one statement, and safe to repeat. After FAILURES_TO_OPEN failed visits in a row, raises DatabaseUnreachable
        without trying. Otherwise raises the error of the last try, or at once an error that no retry can fix.
        """
        for pause in (*PAUSES_S, None):
            self.check()
            try:
                with visit():
                    outcome = work()
            except Error as error:
                fault = db_fault(error)
                drop_connection()
                if fault not in PASSING:
                    raise
                if pause is None:
                    self._count(fault, error)
                    raise
                with self._lock:
                    self.retries += 1
                time.sleep(random.uniform(*pause))
            else:
                with self._lock:
                    self._failures = 0
                return outcome
        raise AssertionError("the last pause raises")

    def _count(self, fault: Fault, error: Error) -> None:
        with self._lock:
            self._failures += 1
            failures = self._failures
        context = {"fault": fault, "in_a_row": failures}
        logger.warning("visit to the database failed", extra=context | facts_of(error))
