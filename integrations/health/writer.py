"""Writes the health of accounts. No other module writes WorkspaceIntegrationHealth.

Signals come from finished calls, providers' reports, probes and silence. A pure function computes the next state. A
state changes by an UPDATE on the version that was read, so fifty workers that report one outage make one change. Only a
successful call makes a broken account healthy.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.dispatch import Signal as DjangoSignal
from django.utils import timezone

from integrations import registry
from integrations.errors import CANNOT_SEND, SECRETS_UNREADABLE, CallOutcome
from integrations.http.call_reports import CallReport
from integrations.models import (
    HealthState,
    HealthTransition,
    Integration,
    WorkspaceIntegrationHealth,
)
from integrations.models.health import lost
from integrations.visits import visit

logger = logging.getLogger(__name__)

DEGRADED_AFTER = 3
"""Failures in a row after which users see that the provider has trouble. A single slow response is not shown."""
DOWN_AFTER = 6
SUCCESS_EVERY_S = 20
"""The interval, in seconds, at which each process writes the successes of a healthy account."""
DEFAULT_PAUSE = timedelta(seconds=60)
TRIES = 8
MAILBOXES_KEPT = 500

changed = DjangoSignal()
"""Sent after commit when a state has changed. Arguments: `health`, and `before`, the previous state."""


class SignalKind(StrEnum):
    WORKED = "worked"  # a call succeeded, which proves that the account works
    REFUSED = "refused"  # the provider rejects the credentials or the account: a person must act
    CANNOT_SEND = "cannot_send"  # the account responds but its sender cannot send: a person must act
    SLOWED = "slowed"  # HTTP status 429
    TROUBLE = "trouble"  # timeout, unreachable, 5xx: a problem of the provider
    DOWN = "down"  # the provider reports that it cannot reach the account
    SILENT = "silent"  # nothing has arrived for longer than is usual for this account
    HEARD = "heard"  # an event arrived
    UNCLEAR = "unclear"  # arriving events have a form that we do not understand
    UNDERSTOOD = "understood"  # an event arrived that we understand
    READABLE = "readable"  # the stored secrets can be decrypted again, and nothing else was wrong


@dataclass(frozen=True, slots=True)
class Signal:
    """An observation about an account: its kind and its reason.

    `until` (aware) is the time until which the provider wants no calls, for SLOWED. `words` are the provider's own
    words, cleaned. `logged` replaces a `reason` that names somebody in logs.
    """

    kind: SignalKind
    reason: str = ""
    until: datetime | None = None
    words: str = ""
    logged: str = ""


SAYS_NOTHING_OF_CALLS = (
    SignalKind.SILENT,
    SignalKind.UNCLEAR,
    SignalKind.UNDERSTOOD,
    SignalKind.READABLE,
)
HEALED_BY = {
    # A successful call does not prove that events arrive or can be understood.
    SignalKind.WORKED: set(HealthState) - {HealthState.QUIET, HealthState.NOT_UNDERSTOOD},
    SignalKind.UNDERSTOOD: {HealthState.NOT_UNDERSTOOD},
}
STATE_OF = {
    SignalKind.CANNOT_SEND: HealthState.DEGRADED,  # reading still works, and so do other mailboxes
    SignalKind.SLOWED: HealthState.RATE_LIMITED,
    SignalKind.UNCLEAR: HealthState.NOT_UNDERSTOOD,
}
SIGNAL_OF = {
    CallOutcome.OK: SignalKind.WORKED,
    CallOutcome.AUTH: SignalKind.REFUSED,
    CallOutcome.RATE_LIMITED: SignalKind.SLOWED,
    CallOutcome.TIMEOUT: SignalKind.TROUBLE,
    CallOutcome.UNREACHABLE: SignalKind.TROUBLE,
    CallOutcome.PROVIDER_ERROR: SignalKind.TROUBLE,
}
"""The outcomes that say something about the account, unlike a rejected request, a cancellation or a shutdown."""


def decide(state: str, kind: SignalKind, failures: int) -> str:
    """Returns the health state after a signal. `failures` counts the failed calls in a row, including this one."""
    if kind is SignalKind.REFUSED:
        return HealthState.DISCONNECTED
    if kind in HEALED_BY:
        return HealthState.CONNECTED if state in HEALED_BY[kind] else state
    if state == HealthState.DISCONNECTED:
        return state  # only a successful call ends this state
    if kind is SignalKind.DOWN or (kind is SignalKind.TROUBLE and failures >= DOWN_AFTER):
        return HealthState.PROVIDER_DOWN
    if state in (HealthState.PROVIDER_DOWN, HealthState.NOT_UNDERSTOOD):
        return state  # the present state is worse than the new state
    if kind in STATE_OF:
        return STATE_OF[kind]
    if kind is SignalKind.TROUBLE:
        return HealthState.DEGRADED if failures >= DEGRADED_AFTER else state
    if state not in (HealthState.CONNECTED, HealthState.QUIET, HealthState.UNKNOWN):
        return state
    if kind is SignalKind.SILENT:
        return HealthState.QUIET
    return HealthState.CONNECTED


def row(integration: Integration) -> WorkspaceIntegrationHealth:
    """Returns the account's health row, and creates it if it does not exist."""
    health, _ = WorkspaceIntegrationHealth.objects.get_or_create(
        integration=integration,
        defaults={
            "workspace_id": integration.workspace_id,
            "provider": integration.provider,
            "since": timezone.now(),
        },
    )
    return health


def record(integration: Integration, signal: Signal, *, at: datetime | None = None) -> str | None:
    """Records a signal at `at` (aware, by default now). Returns the new health state if this call changed the state."""
    at = at or timezone.now()
    for _ in range(TRIES):
        health = row(integration)
        failures = health.consecutive_failures + 1 if signal.kind is SignalKind.TROUBLE else 0
        state = decide(health.state, signal.kind, failures)
        if state == health.state:
            _note(health, signal, at)
            return None
        if _move(health, state, signal, at):
            return state
    logger.error("health kept changing", extra={"integration_id": str(integration.pk)})
    return None


def lose_mailbox(integration: Integration, mailbox: str, *, at: datetime) -> None:
    """Records that the provider lost a mailbox. If the whole account is disconnected, its reason stays."""
    with transaction.atomic():
        health = WorkspaceIntegrationHealth.objects.select_for_update().get(pk=row(integration).pk)
        whole = health.state == HealthState.DISCONNECTED and not health.lacks_mailboxes
        if mailbox not in health.lost_mailboxes and len(health.lost_mailboxes) < MAILBOXES_KEPT:
            health.lost_mailboxes = [*health.lost_mailboxes, mailbox]
            health.save(update_fields=["lost_mailboxes"])
        if not whole:
            record(integration, _lacking(health.lost_mailboxes), at=at)


class MailboxesLost(Exception):
    """The account works, but some of its mailboxes are disconnected. The message is a sentence for users."""


def look_for_mailboxes(integration: Integration, read: Callable[[], Iterable[Any]]) -> None:
    """If mailboxes were reported lost, reads all mailboxes (with `email` and `is_down`), and clears those that are no
    longer down. Raises MailboxesLost if some mailboxes are still disconnected.
    """
    looked_at = row(integration).lost_mailboxes
    if not looked_at:
        return
    down = {mailbox.email.lower() for mailbox in read() if mailbox.is_down}
    with transaction.atomic():
        health = WorkspaceIntegrationHealth.objects.select_for_update().get(pk=row(integration).pk)
        health.lost_mailboxes = [box for box in health.lost_mailboxes if box in down or box not in looked_at]
        health.save(update_fields=["lost_mailboxes"])
        signal = _lacking(health.lost_mailboxes) if health.lost_mailboxes else Signal(SignalKind.WORKED)
        record(integration, signal)
    if signal.reason:
        raise MailboxesLost(f"{integration} responds, but {signal.reason}.")


def _lacking(mailboxes: list[str]) -> Signal:
    return Signal(SignalKind.REFUSED, lost(mailboxes), logged="mailbox_disconnected")


def note_unreadable(integration: Integration) -> bool:
    """Returns whether no configured key can decrypt the account's secrets, and then records it as disconnected."""
    if not integration.is_unreadable:
        return False
    health = row(integration)
    if (health.state, health.reason) != (HealthState.DISCONNECTED, SECRETS_UNREADABLE):
        record(integration, Signal(SignalKind.REFUSED, SECRETS_UNREADABLE))
    return True


def take_back(integration: Integration, reason: str) -> None:
    """Marks an account as connected if it was disconnected only for `reason`, because no call can prove its end."""
    for _ in range(TRIES):
        health = WorkspaceIntegrationHealth.objects.filter(integration=integration).first()
        if health is None or (health.state, health.reason) != (HealthState.DISCONNECTED, reason):
            return
        if _move(health, HealthState.CONNECTED, Signal(SignalKind.READABLE), timezone.now()):
            return


def start_over(integration: Integration) -> None:
    """Resets the health to unknown, because the row now belongs to another account at the provider."""
    WorkspaceIntegrationHealth.objects.filter(integration=integration).update(lost_mailboxes=[])
    for _ in range(TRIES):
        health = row(integration)
        if health.state == HealthState.UNKNOWN or _move(
            health, HealthState.UNKNOWN, Signal(SignalKind.SILENT, "changed"), timezone.now()
        ):
            return


def _facts(signal: Signal, at: datetime) -> dict[str, Any]:
    if signal.kind is SignalKind.WORKED:
        return {"last_success_at": at, "consecutive_failures": 0, "blocked_until": None}
    if signal.kind is SignalKind.HEARD:
        return {"last_received_at": at}
    if signal.kind in SAYS_NOTHING_OF_CALLS:
        return {}
    facts: dict[str, Any] = {"last_failure_at": at, "last_failure": signal.reason[:64]}
    if signal.kind is SignalKind.TROUBLE:
        facts["consecutive_failures"] = F("consecutive_failures") + 1
    if signal.kind is SignalKind.SLOWED:
        facts["blocked_until"] = signal.until or at + DEFAULT_PAUSE
    return facts


def _note(health: WorkspaceIntegrationHealth, signal: Signal, at: datetime) -> None:
    facts = _facts(signal, at)
    still_refused = signal.kind is SignalKind.CANNOT_SEND and health.state == HealthState.DEGRADED
    if signal.kind is SignalKind.REFUSED or still_refused:  # the reason may have changed
        facts |= {"reason": signal.reason[:64], "words": signal.words[:200]}
    if facts:
        WorkspaceIntegrationHealth.objects.filter(pk=health.pk).update(**facts)


def _move(health: WorkspaceIntegrationHealth, state: str, signal: Signal, at: datetime) -> bool:
    before = health.state
    move = {"state": state, "since": at, "version": F("version") + 1}
    move |= {"reason": signal.reason[:64], "words": signal.words[:200]}
    if state == HealthState.CONNECTED:
        # Stores how long the account was down. Users see this time, and the backfill starts from it.
        move |= {"recovered_from": before, "recovered_at": at, "down_since": health.since}
        move |= {"imported_messages": None, "muted_at": None}
    with transaction.atomic():
        moved = WorkspaceIntegrationHealth.objects.filter(pk=health.pk, version=health.version).update(
            **_facts(signal, at) | move
        )
        if not moved:
            return False
        HealthTransition.objects.create(
            health=health, before=before, after=state, reason=signal.reason[:64], at=at
        )
        health.refresh_from_db()
        transaction.on_commit(lambda: changed.send(sender=None, health=health, before=before), robust=True)
    logger.warning(
        "integration health changed",
        extra={
            "workspace_id": str(health.workspace_id),
            "integration_id": str(health.integration_id),
            "provider": health.provider,
            "before": before,
            "after": state,
            "reason": signal.logged or signal.reason,
        },
    )
    return True


_healthy_until: dict[UUID, float] = {}


def observe(report: CallReport, **_arguments: Any) -> None:
    """Receives `call_reports.finished` and records the call. Each process writes successful calls of a healthy account
    at most once in SUCCESS_EVERY_S seconds.

    If the thread had no database connection during the call, it has none afterwards.
    """
    kind = SignalKind.CANNOT_SEND if report.cannot_send else SIGNAL_OF.get(report.outcome)
    if kind is None or report.integration_id is None or _unobserved.get():
        return
    if kind is SignalKind.WORKED and report.operation in (registry.spec_of(report.provider).no_proof or ()):
        return
    if kind is SignalKind.WORKED and _healthy_until.get(report.integration_id, 0) > time.monotonic():
        return
    with visit():
        integration = Integration.objects.filter(pk=report.integration_id).first()
        if integration is None or (kind is SignalKind.WORKED and not _is_proof(integration, report)):
            return
        record(integration, _signal(report, kind))
    if kind is SignalKind.WORKED:
        _healthy_until[report.integration_id] = time.monotonic() + SUCCESS_EVERY_S
    else:
        _healthy_until.pop(report.integration_id, None)


def _is_proof(integration: Integration, report: CallReport) -> bool:
    """Whether a successful call proves that the account works. It proves nothing while mailboxes are disconnected. If
    the account could not send, only a call that sends is a proof.
    """
    health, spec = row(integration), registry.spec_of(integration.provider)
    if health.lost_mailboxes:
        return False
    if health.reason in CANNOT_SEND:
        return report.operation in (spec.sends or ())
    still_broken = spec.still_broken
    return not (still_broken and still_broken(integration, health.reason, report.operation))


def _signal(report: CallReport, kind: SignalKind) -> Signal:
    until = None
    if kind is SignalKind.SLOWED and report.retry_after_ms:
        until = timezone.now() + timedelta(milliseconds=report.retry_after_ms)
    return Signal(kind, report.code or str(report.outcome), until, report.said)


def forget_successes() -> None:
    """Makes this process write the next successful call of each account at once."""
    _healthy_until.clear()


_unobserved: ContextVar[bool] = ContextVar("unobserved", default=False)


@contextmanager
def unobserved() -> Iterator[None]:
    """Stops recording this thread's calls, because a test of new credentials says nothing about the stored ones."""
    token = _unobserved.set(True)
    try:
        yield
    finally:
        _unobserved.reset(token)
