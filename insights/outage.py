"""The database while it is away: short visits, two retries, and after three failed visits no further model call.

What counts as away, or as worth another try, is `jobs.db`'s to say. Everything else is a defect and raised at once.
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

logger = logging.getLogger(__name__)
T = TypeVar("T")

RETRIES = 2
FAILURES_TO_OPEN = 3
PAUSES_S = ((0.25, 1.0), (1.0, 3.0))
"""Bounds of the random pause before the first and the second retry."""
PASSING = (Fault.UNREACHABLE, Fault.RETRY)


class DatabaseUnreachable(OperationalError):
    """Several visits in a row failed: stop, and go on at the next run. Without a SQLSTATE, so it is unreachable."""


class Outage:
    """What the visits of one piece of work have seen, shared by its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures = 0
        self.retries = 0

    @property
    def open(self) -> bool:
        return self._failures >= FAILURES_TO_OPEN

    def check(self) -> None:
        """Raise DatabaseUnreachable where it makes no sense to begin anything."""
        if self.open:
            raise DatabaseUnreachable(f"{self._failures} visits to the database failed in a row.")

    def visit(self, work: Callable[[], T]) -> T:
        """Run `work` on a connection that is let go again, at most 1 + RETRIES times.

        `work` must be one transaction or one statement that may be repeated. Raises DatabaseUnreachable without
        trying once FAILURES_TO_OPEN visits in a row have failed, the last error of a visit that failed, and every
        error that another try would not change at once.
        """
        for pause in (*PAUSES_S, None):
            self.check()
            try:
                with visit():
                    result = work()
            except Error as error:
                fault = db_fault(error)
                drop_connection()
                if fault not in PASSING:
                    raise
                if pause is None:
                    self._count(fault)
                    raise
                with self._lock:
                    self.retries += 1
                time.sleep(random.uniform(*pause))
            else:
                with self._lock:
                    self._failures = 0
                return result
        raise AssertionError("the last pause raises")

    def _count(self, fault: Fault) -> None:
        with self._lock:
            self._failures += 1
            failures = self._failures
        logger.warning("visit to the database failed", extra={"fault": fault, "in_a_row": failures})
