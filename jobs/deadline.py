"""A time budget that is passed down through all calls of one piece of work.

Connecting, sending, reading, retries and pauses all use up the same Deadline. A Deadline also signals cancellation and
shutdown, and raises a different error for each of the three.
"""

import threading
import time
from collections.abc import Callable

from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested

shutdown_requested = threading.Event()
"""Set when the platform asks this process to stop (SIGTERM to the worker). Production code never clears it."""


class Deadline:
    """Ends a piece of work at `ends_at` (monotonic seconds), or as soon as `cancelled()` returns True."""

    __slots__ = ("_ends_at", "_cancelled")

    def __init__(self, ends_at: float, cancelled: Callable[[], bool] | None = None) -> None:
        self._ends_at = ends_at
        self._cancelled = cancelled

    @classmethod
    def after_ms(cls, budget_ms: float, cancelled: Callable[[], bool] | None = None) -> "Deadline":
        return cls(time.monotonic() + budget_ms / 1000, cancelled)

    def within_ms(self, budget_ms: float) -> "Deadline":
        """Returns a Deadline for a part of the work. Its end is never later than this Deadline's."""
        return Deadline(min(self._ends_at, time.monotonic() + budget_ms / 1000), self._cancelled)

    def remaining_s(self) -> float:
        return max(0.0, self._ends_at - time.monotonic())

    def remaining_ms(self) -> float:
        return self.remaining_s() * 1000

    @property
    def expired(self) -> bool:
        return time.monotonic() >= self._ends_at

    def check(self) -> None:
        """Raises ShutdownRequested, Cancelled or DeadlineExceeded, in this order. A shutdown is no timeout."""
        if shutdown_requested.is_set():
            raise ShutdownRequested()
        if self._cancelled is not None and self._cancelled():
            raise Cancelled()
        if self.expired:
            raise DeadlineExceeded()

    def sleep_s(self, seconds: float, granularity_s: float = 0.1) -> None:
        """Sleeps, but raises the errors of `check` within `granularity_s` seconds once the work must stop."""
        until = time.monotonic() + seconds
        while (rest_s := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(rest_s, granularity_s, max(self.remaining_s(), 0.001)))
        self.check()
