"""Decides whether and when to repeat a failed call. Nothing else repeats calls, except jobs that run again."""

import random
import re
import threading
from datetime import UTC
from email.utils import parsedate_to_datetime

from django.utils import timezone
from tenacity import RetryCallState, wait_random_exponential

from integrations.errors import CallOutcome, ProviderError

RETRYABLE = {
    CallOutcome.TIMEOUT,
    CallOutcome.UNREACHABLE,
    CallOutcome.RATE_LIMITED,
    CallOutcome.PROVIDER_ERROR,
}
BACKOFF = wait_random_exponential(multiplier=0.5, max=8)
"""The delay is random: up to 0.5 s before the first retry, then up to twice as long each time, at most 8 s."""
INLINE_WAIT_MS = 10_000
"""The longest Retry-After for which a call itself waits. A longer one raises the error, so the job runs later."""
RETRY_AFTER_MAX_MS = 3_600_000


def parse_retry_after_ms(header: str | None) -> int | None:
    """Parses a Retry-After header (RFC 9110 10.2.3: seconds or HTTP date) into ms, at most an hour; else None."""
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
    """Stops retries while most calls to a provider fail, so that retries do not multiply an outage (gRPC A6).

    The budget of a provider has at most 10 tokens. A failed call takes one token, and a successful call gives back 0.1.
    With 5 tokens or fewer, no call is retried. The class is thread-safe.
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


def may_pass(ending: object) -> bool:
    """Whether another try may soon succeed: `ending` is a RETRYABLE error, with a wait of at most INLINE_WAIT_MS."""
    return (
        isinstance(ending, ProviderError)
        and ending.outcome in RETRYABLE
        and (ending.retry_after_ms or 0) <= INLINE_WAIT_MS
    )


def wait_s(state: RetryCallState, error: ProviderError) -> float:
    """Returns the seconds until the next attempt: the provider's delay plus up to a tenth, or else BACKOFF."""
    if error.retry_after_ms is None:
        return BACKOFF(state)
    return error.retry_after_ms / 1000 + random.uniform(0.05, 0.05 + error.retry_after_ms / 10_000)
