"""Reports every finished call once to the log, to the metrics, and to receivers such as health."""

import logging
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from django.dispatch import Signal
from prometheus_client import Counter, Histogram

from integrations.errors import CallOutcome

logger = logging.getLogger(__name__)

CALLS = Counter("holdfast_provider_calls", "Finished calls to providers.", ["provider", "outcome"])
CALL_SECONDS = Histogram(
    "holdfast_provider_call_seconds",
    "How long calls to providers took, including retries and waits.",
    ["provider"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
RETRIES = Counter("holdfast_provider_retries", "Calls to providers that were tried again.", ["provider"])
REFUSALS = Counter(
    "holdfast_provider_refusals",
    "Calls not made, because of an open breaker, throttling or our own rate limit.",
    ["provider", "reason"],
)


def declare(providers: Iterable[str]) -> None:
    """Initialises these providers' counters with zero, because alert rules miss the first event of a new label."""
    for provider in providers:
        for outcome in CallOutcome:
            CALLS.labels(provider, outcome)


@dataclass(frozen=True, slots=True)
class CallReport:
    """The end of one call to a provider. `account` is the provider's name of the account. `code` and `error` contain no
    personal data.

    `said` and `cannot_send` are as in ProviderError. The provider's message `said` is not logged.
    """

    provider: str
    operation: str
    workspace_id: uuid.UUID | None
    integration_id: uuid.UUID | None
    account: str
    outcome: CallOutcome
    duration_ms: int
    attempts: int
    status: int | None = None
    code: str = ""
    error: str = ""
    retry_after_ms: int | None = None
    said: str = ""
    cannot_send: bool = False


finished = Signal()
"""Sent after every finished call, in the caller's thread. Argument: `report`, a CallReport."""
QUIET = {CallOutcome.OK, CallOutcome.CANCELLED, CallOutcome.SHUTDOWN}


def report(call: CallReport) -> None:
    """Logs and counts one finished call, and sends `finished`. An error of a receiver is logged and not raised."""
    CALLS.labels(call.provider, call.outcome).inc()
    CALL_SECONDS.labels(call.provider).observe(call.duration_ms / 1000)
    logger.log(
        logging.INFO if call.outcome in QUIET else logging.WARNING,
        "provider call",
        extra={
            "provider": call.provider,
            "operation": call.operation,
            "outcome": str(call.outcome),
            "status": call.status,
            "code": call.code,
            "error": call.error,
            "duration_ms": call.duration_ms,
            "attempts": call.attempts,
            "workspace_id": str(call.workspace_id or ""),
            "integration_id": str(call.integration_id or ""),
        },
    )
    finished.send_robust(sender=None, report=call)
