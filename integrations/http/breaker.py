"""Circuit breakers, one for each provider in each workspace, and for each endpoint of programs. All processes share the
breakers' state in a small table.

While a breaker is closed, calls pass. While it is open, calls are refused at once. After some time, or when a user
tests the account, one call at a time may pass as a probe. The result of that call closes the breaker, or opens it again
for twice as long. A Retry-After also stops calls ("throttled"), but needs no probe. Each process counts its own
failures and shares only the resulting state, and calls cost no query: each process rereads the open breakers every
REFRESH_S. If the database cannot be read, all breakers count as closed.
"""

import logging
import os
import threading
import time
import uuid
from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from typing import Any

from django.db import connection

from integrations.errors import CallOutcome, CircuitOpen, ProviderRateLimited
from integrations.models import CircuitBreaker
from integrations.visits import optional_visit

logger = logging.getLogger(__name__)

REFRESH_S = 3.0
OPEN_AFTER_FAILURES = 5
WINDOW = 20
"""The breaker also opens if half of the last WINDOW calls failed."""
OPEN_MS = 60_000
OPEN_MAX_MS = 900_000
PROBE_MS = 130_000
"""Milliseconds after which a probe's claim expires if its process dies. No call takes as long."""
BREAKING = {CallOutcome.TIMEOUT, CallOutcome.UNREACHABLE, CallOutcome.PROVIDER_ERROR}

READ = """
SELECT key, extract(epoch FROM open_until - clock_timestamp()), extract(epoch FROM throttled_until - clock_timestamp())
FROM integrations_circuitbreaker WHERE open_until IS NOT NULL OR throttled_until > clock_timestamp()
"""
OPEN = """
INSERT INTO integrations_circuitbreaker AS b
    (key, provider, workspace_id, opened_at, open_until, open_ms, reason)
VALUES (%(key)s, %(provider)s, %(workspace_id)s, clock_timestamp(),
    clock_timestamp() + %(ms)s * interval '1 ms', %(ms)s, %(reason)s)
ON CONFLICT (key) DO UPDATE SET opened_at = EXCLUDED.opened_at, open_until = EXCLUDED.open_until,
    open_ms = EXCLUDED.open_ms, reason = EXCLUDED.reason, probe_until = NULL
WHERE b.open_until IS NULL
"""
OPEN_AGAIN = """
UPDATE integrations_circuitbreaker SET open_ms = least(open_ms * 2, %(max_ms)s), reason = %(reason)s,
    open_until = clock_timestamp() + least(open_ms * 2, %(max_ms)s) * interval '1 ms', probe_until = NULL
WHERE key = %(key)s AND open_until IS NOT NULL
"""
CLAIM_PROBE = """
UPDATE integrations_circuitbreaker SET probe_until = clock_timestamp() + %(ms)s * interval '1 ms'
WHERE key = %(key)s AND open_until <= clock_timestamp()
    AND (probe_until IS NULL OR probe_until <= clock_timestamp())
"""
RELEASE_PROBE = "UPDATE integrations_circuitbreaker SET probe_until = NULL WHERE key = %(key)s"
CLOSE = """
UPDATE integrations_circuitbreaker
SET opened_at = NULL, open_until = NULL, open_ms = 0, probe_until = NULL, reason = ''
WHERE key = %(key)s AND open_until IS NOT NULL
"""
THROTTLE = """
INSERT INTO integrations_circuitbreaker AS b (key, provider, workspace_id, throttled_until, open_ms, reason)
VALUES (%(key)s, %(provider)s, %(workspace_id)s, clock_timestamp() + %(ms)s * interval '1 ms', 0, '')
ON CONFLICT (key) DO UPDATE SET throttled_until = greatest(b.throttled_until, EXCLUDED.throttled_until)
"""
# A failed probe doubles the time for which the breaker is open. Halving it here keeps frequent tests from prolonging
# it.
END_OPENING = """
UPDATE integrations_circuitbreaker
SET open_until = clock_timestamp(), open_ms = greatest(open_ms / 2, %(ms)s / 2)
WHERE key = %(key)s AND open_until > clock_timestamp()
"""


@dataclass(slots=True)
class CircuitState:
    """A breaker's state when this process last read it. The times are seconds of the monotonic clock; None: closed."""

    open_until: float | None = None
    throttled_until: float = 0.0


@dataclass(slots=True)
class Tally:
    consecutive: int = 0
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def add(self, failed: bool) -> bool:
        """Counts a call to a provider. Returns True if so many calls failed that the circuit breaker should open."""
        self.consecutive = self.consecutive + 1 if failed else 0
        self.recent.append(failed)
        half_failing = len(self.recent) == WINDOW and sum(self.recent) >= WINDOW // 2
        return failed and (self.consecutive >= OPEN_AFTER_FAILURES or half_failing)


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission to make one call. The caller returns it with the call's outcome."""

    provider: str
    workspace_id: uuid.UUID | None
    probe: bool = False
    breaker_id: uuid.UUID | None = None

    @property
    def key(self) -> str:
        return CircuitBreaker.key_of(self.provider, self.breaker_id or self.workspace_id)


class Breakers:
    """The circuit breakers as this process last read them. The only instance is `breakers`."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Resets the state after a fork and between tests."""
        self._lock = threading.Lock()
        self._seen: dict[str, CircuitState] = {}
        self._tallies: defaultdict[str, Tally] = defaultdict(Tally)
        self._read_at = float("-inf")

    def enter(
        self, provider: str, workspace_id: uuid.UUID | None, breaker_id: uuid.UUID | None = None
    ) -> Permit:
        """Returns a Permit for one call, to be passed to `leave`. `breaker_id` names a breaker to use instead of the
        workspace's own. Raises CircuitOpen or ProviderRateLimited.
        """
        permit = Permit(provider, workspace_id, breaker_id=breaker_id)
        self._refresh()
        circuit = self._seen.get(permit.key)
        if circuit is None:
            return permit
        now = time.monotonic()
        if circuit.throttled_until > now:
            wait_ms = round((circuit.throttled_until - now) * 1000)
            raise ProviderRateLimited(provider, code="throttled", retry_after_ms=wait_ms, sent=False)
        if circuit.open_until is None:
            return permit
        if circuit.open_until > now:
            raise CircuitOpen(provider, wait_ms=round((circuit.open_until - now) * 1000))
        if self._write(CLAIM_PROBE, permit, ms=PROBE_MS):
            return replace(permit, probe=True)
        raise CircuitOpen(provider, wait_ms=round(REFRESH_S * 1000))

    def leave(self, permit: Permit, outcome: CallOutcome, retry_after_ms: int | None = None) -> None:
        """Counts the outcome of a permitted call, which may open or close the breaker. Raises nothing."""
        if outcome in (CallOutcome.CANCELLED, CallOutcome.SHUTDOWN):
            if permit.probe:
                self._write(RELEASE_PROBE, permit)
            return
        failed = outcome in BREAKING
        with self._lock:
            opens = self._tallies[permit.key].add(failed)
            if opens:
                del self._tallies[permit.key]
        if failed and permit.probe:
            self._turn(OPEN_AGAIN, permit, "circuit opened again", max_ms=OPEN_MAX_MS, reason=outcome)
        elif opens:
            self._turn(OPEN, permit, "circuit opened", ms=OPEN_MS, reason=outcome)
        elif permit.probe:
            self._turn(CLOSE, permit, "circuit closed")
        if outcome == CallOutcome.RATE_LIMITED and retry_after_ms:
            self._throttle(permit, retry_after_ms)

    def look_again(
        self, provider: str, workspace_id: uuid.UUID | None, breaker_id: uuid.UUID | None = None
    ) -> bool:
        """Lets the next call pass as a probe, to find out whether the provider works. Returns whether the circuit
        breaker was open. Other processes learn of the probe after at most REFRESH_S.
        """
        return self._write(END_OPENING, Permit(provider, workspace_id, breaker_id=breaker_id), ms=OPEN_MS)

    def heard(self, provider: str, workspace_id: uuid.UUID | None) -> None:
        """Lets the next call pass as a probe if the breaker is open, because a webhook has just arrived."""
        self._refresh()
        circuit = self._seen.get(CircuitBreaker.key_of(provider, workspace_id))
        if circuit is not None and circuit.open_until is not None:
            self.look_again(provider, workspace_id)

    def _throttle(self, permit: Permit, wait_ms: int) -> None:
        circuit = self._seen.get(permit.key)
        if circuit is not None and circuit.throttled_until >= time.monotonic() + wait_ms / 1000 - 1:
            return
        self._write(THROTTLE, permit, ms=wait_ms)

    def _turn(self, statement: str, permit: Permit, event: str, **values: Any) -> None:
        if self._write(statement, permit, **values):
            logger.warning(
                event,
                extra={
                    "provider": permit.provider,
                    "workspace_id": str(permit.workspace_id or ""),
                    "reason": str(values.get("reason", "")),
                },
            )

    def _write(self, statement: str, permit: Permit, **values: Any) -> bool:
        """Runs one statement, and rereads the table at the next call. Returns whether a row changed."""
        values |= {"key": permit.key, "provider": permit.provider, "workspace_id": permit.workspace_id}
        changed: bool = False
        with optional_visit("circuit breaker not written", breaker=permit.key), connection.cursor() as cursor:
            cursor.execute(statement, values)
            changed = cursor.rowcount > 0
            self._read_at = float("-inf")
        return changed

    def _refresh(self) -> None:
        with self._lock:
            if time.monotonic() - self._read_at < REFRESH_S:
                return
            self._read_at = time.monotonic()
        rows: list[Any] = []
        with optional_visit("circuit breakers not readable, calls go ahead"), connection.cursor() as cursor:
            cursor.execute(READ)
            rows = cursor.fetchall()
        now = time.monotonic()
        self._seen = {
            key: CircuitState(
                open_until=None if open_s is None else now + float(open_s),
                throttled_until=0.0 if throttled_s is None else now + float(throttled_s),
            )
            for key, open_s, throttled_s in rows
        }


breakers = Breakers()
os.register_at_fork(after_in_child=breakers.forget)
