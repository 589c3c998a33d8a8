"""Deadline: the one object that carries a time budget through every call below it.

A budget is passed down, never hoped for: connect, send, headers, body, retries and sleeps of one piece of work all
draw from the same Deadline. It also carries the two other reasons to stop, cancellation and shutdown, so that the
three can always be told apart.
"""

import threading
import time
from collections.abc import Callable

from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested

shutdown_requested = threading.Event()
"""Set once per process when the platform asks it to stop (SIGTERM to the worker); never cleared in production."""


class Deadline:
    """A point on the monotonic clock by which the work must be over.

    `cancelled` is an optional callable returning True once the caller no longer wants the result; it is asked only
    at checkpoints, so it may be cheap but need not be free.
    """

    __slots__ = ("_ends_at", "_cancelled")

    def __init__(self, ends_at: float, cancelled: Callable[[], bool] | None = None) -> None:
        self._ends_at = ends_at
        self._cancelled = cancelled

    @classmethod
    def after_ms(cls, budget_ms: float, cancelled: Callable[[], bool] | None = None) -> "Deadline":
        """A Deadline `budget_ms` milliseconds from now."""
        return cls(time.monotonic() + budget_ms / 1000, cancelled)

    def within_ms(self, budget_ms: float) -> "Deadline":
        """A child Deadline: `budget_ms` from now, but never later than this one; it shares the cancellation."""
        return Deadline(min(self._ends_at, time.monotonic() + budget_ms / 1000), self._cancelled)

    def remaining_s(self) -> float:
        """Seconds left, never below 0."""
        return max(0.0, self._ends_at - time.monotonic())

    def remaining_ms(self) -> float:
        """Milliseconds left, never below 0."""
        return self.remaining_s() * 1000

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self._ends_at

    def check(self) -> None:
        """Raise the reason to stop, if there is one.

        Raises ShutdownRequested, Cancelled or DeadlineExceeded, in this order: a process that is stopping must not
        report its hand-back as a timeout.
        """
        if shutdown_requested.is_set():
            raise ShutdownRequested()
        if self._cancelled is not None and self._cancelled():
            raise Cancelled()
        if self.expired:
            raise DeadlineExceeded()

    def sleep_s(self, seconds: float, granularity_s: float = 0.1) -> None:
        """Sleep up to `seconds`, waking early with check()'s exception when there is a reason to stop."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, granularity_s, max(self.remaining_s(), 0.001)))
        self.check()
