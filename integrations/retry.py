"""When a failed call is tried again: the only layer that does (every SDK's own retries are off).

Only calls that may be repeated, only failures that may pass, bounded by attempts, by the Deadline and by a budget per
provider, with full jitter so that a crowd does not come back at once.
"""

import random
import re
import threading
from collections.abc import Callable
from datetime import UTC
from email.utils import parsedate_to_datetime

from django.utils import timezone

from integrations.errors import Outcome, ProviderError

RETRYABLE = {Outcome.TIMEOUT, Outcome.UNREACHABLE, Outcome.RATE_LIMITED, Outcome.PROVIDER_ERROR}
BASE_S = 0.5
CAP_S = 8.0
INLINE_WAIT_S = 10.0
"""The longest Retry-After that is slept through; a longer one is handed up, for the job to be run again then."""
RETRY_AFTER_MAX_MS = 3_600_000


def parse_retry_after_ms(header: str | None) -> int | None:
    """A Retry-After header (RFC 9110 10.2.3: seconds, or an HTTP date) in ms, at most an hour; None for garbage."""
    text = (header or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text):
        wait_ms = float(text) * 1000
    else:
        try:
            when = parsedate_to_datetime(text)
        except (ValueError, TypeError):
            return None
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        wait_ms = max(0.0, (when - timezone.now()).total_seconds() * 1000)
    return round(min(wait_ms, RETRY_AFTER_MAX_MS))


class RetryBudget:
    """Stops retries while a provider mostly fails, so that an outage is not multiplied by them (gRPC A6).

    A bucket of 10: a failure takes 1, a success gives 0.1 back, and at 5 or below nothing is retried. One per
    provider and process; safe to use from many threads.
    """

    FULL = 10.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tokens = self.FULL

    def succeeded(self) -> None:
        with self._lock:
            self._tokens = min(self.FULL, self._tokens + 0.1)

    def failed(self) -> None:
        with self._lock:
            self._tokens = max(0.0, self._tokens - 1)

    @property
    def allows_retry(self) -> bool:
        return self._tokens > self.FULL / 2


def retry_delay_s(
    error: ProviderError,
    *,
    attempt: int,
    max_retries: int,
    idempotent: bool,
    remaining_s: float,
    uniform: Callable[[float, float], float] = random.uniform,
) -> float | None:
    """How long to wait before the next try after `error` ended number `attempt` (from 1); None: do not try again.

    `retry_after_ms` of the error is waited for, and a little longer, where it fits into the time that is left.
    """
    if not idempotent or error.outcome not in RETRYABLE or attempt > max_retries:
        return None
    if error.retry_after_ms is None:
        delay_s = uniform(0, min(CAP_S, BASE_S * 2 ** (attempt - 1)))
    else:
        wait_s = error.retry_after_ms / 1000
        if wait_s > INLINE_WAIT_S:
            return None
        delay_s = wait_s + uniform(0.05, 0.05 + wait_s / 10)
    return delay_s if delay_s < remaining_s else None
