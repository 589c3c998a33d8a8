"""The one writer of WorkspaceIntegrationHealth.

Signals come from everywhere (finished calls, the provider's own word, probes, silence); the decision is a pure
function, and a change of state is a conditional UPDATE on the version that was seen: fifty workers that report one
outage make one transition. A broken account heals by proof only, which is a call that worked.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.dispatch import Signal as DjangoSignal
from django.utils import timezone

from integrations import registry
from integrations.errors import CANNOT_SEND, SECRETS_UNREADABLE, Outcome
from integrations.models import (
    HealthState,
    HealthTransition,
    Integration,
    WorkspaceIntegrationHealth,
)
from integrations.models.health import lost
from integrations.outcomes import CallReport

logger = logging.getLogger(__name__)

DEGRADED_AFTER = 3
"""Failures in a row before people see that the provider has trouble: one slow answer is no news."""
DOWN_AFTER = 6
SUCCESS_EVERY_S = 20
"""A healthy account's successes are written once in this time per process."""
DEFAULT_PAUSE = timedelta(seconds=60)
TRIES = 8
MAILBOXES_KEPT = 500

changed = DjangoSignal()
"""Sent after commit. Arguments: `health`, `before` (its state until then)."""


class Kind(StrEnum):
    """What somebody found out about an account."""

    WORKED = "worked"  # a call succeeded, which is proof
    REFUSED = "refused"  # credentials or the account itself are refused: a person has to act
    CANNOT_SEND = (
        "cannot_send"  # the account answers, and refuses to send for our sender's sake: a person has to act
    )
    SLOWED = "slowed"  # 429
    TROUBLE = "trouble"  # timeout, unreachable, 5xx: never the customer's fault
    DOWN = "down"  # the provider itself says that it cannot reach the account
    SILENT = "silent"  # nothing arrived for longer than this account's rhythm
    HEARD = "heard"  # something arrived
    READABLE = "readable"  # its stored secrets can be read again, and nothing else was the matter


@dataclass(frozen=True, slots=True)
class Signal:
    """`until`: how long the provider wants to be left alone, for SLOWED. `words`: the provider's own, scrubbed.
    `logged`: what the log says of a reason that names somebody."""

    kind: Kind
    reason: str = ""
    until: datetime | None = None
    words: str = ""
    logged: str = ""


SIGNAL_OF = {
    Outcome.OK: Kind.WORKED,
    Outcome.AUTH: Kind.REFUSED,
    Outcome.RATE_LIMITED: Kind.SLOWED,
    Outcome.TIMEOUT: Kind.TROUBLE,
    Outcome.UNREACHABLE: Kind.TROUBLE,
    Outcome.PROVIDER_ERROR: Kind.TROUBLE,
}
"""Outcomes that say something about the account. A rejected request, a cancellation or a shutdown says nothing."""


def decide(state: str, kind: Kind, failures: int) -> str:
    """The state after `kind`, where `failures` calls in a row (this one included) have had trouble."""
    if kind is Kind.WORKED:
        # A call says nothing of what does not arrive; only something that arrives does.
        return state if state == HealthState.QUIET else HealthState.CONNECTED
    if kind is Kind.REFUSED:
        return HealthState.DISCONNECTED
    if state == HealthState.DISCONNECTED:
        return state  # only proof ends it
    if kind is Kind.CANNOT_SEND:  # what can be read goes on, and so do the account's other senders
        return state if state == HealthState.PROVIDER_DOWN else HealthState.DEGRADED
    if kind is Kind.SLOWED:
        return state if state == HealthState.PROVIDER_DOWN else HealthState.RATE_LIMITED
    if kind is Kind.DOWN or (kind is Kind.TROUBLE and failures >= DOWN_AFTER):
        return HealthState.PROVIDER_DOWN
    if kind is Kind.TROUBLE:
        troubled = failures >= DEGRADED_AFTER and state != HealthState.PROVIDER_DOWN
        return HealthState.DEGRADED if troubled else state
    if kind is Kind.SILENT:
        return HealthState.QUIET if state in (HealthState.CONNECTED, HealthState.UNKNOWN) else state
    return HealthState.CONNECTED if state in (HealthState.QUIET, HealthState.UNKNOWN) else state


def row(integration: Integration) -> WorkspaceIntegrationHealth:
    """The health row of `integration`, made on first sight."""
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
    """Write what `signal` says. Returns the new state where this call made the transition, else None.

    `at` is the time of the event (default: now). May run inside a transaction; `changed` is sent after commit.
    """
    at = at or timezone.now()
    for _ in range(TRIES):
        health = row(integration)
        failures = health.consecutive_failures + 1 if signal.kind is Kind.TROUBLE else 0
        state = decide(health.state, signal.kind, failures)
        if state == health.state:
            _note(health, signal, at)
            return None
        if _move(health, state, signal, at):
            return state
    logger.error("health kept changing", extra={"integration_id": str(integration.pk)})
    return None


def lose_mailbox(integration: Integration, mailbox: str, *, at: datetime) -> None:
    """The provider says that it has lost one of the account's senders; a look alone finds it again.

    An account that is disconnected as a whole stays so for that reason.
    """
    with transaction.atomic():
        health = WorkspaceIntegrationHealth.objects.select_for_update().get(pk=row(integration).pk)
        whole = health.state == HealthState.DISCONNECTED and not health.lacks_mailboxes
        if mailbox not in health.lost_mailboxes and len(health.lost_mailboxes) < MAILBOXES_KEPT:
            health.lost_mailboxes = [*health.lost_mailboxes, mailbox]
            health.save(update_fields=["lost_mailboxes"])
        if not whole:
            record(integration, _lacking(health.lost_mailboxes), at=at)


def looked_at_mailboxes(integration: Integration, looked_at: list[str], broken: set[str]) -> str:
    """Of the senders that were `looked_at`, the provider lists `broken` as such. Returns the reason if any are."""
    with transaction.atomic():
        health = WorkspaceIntegrationHealth.objects.select_for_update().get(pk=row(integration).pk)
        left = [one for one in health.lost_mailboxes if one in broken or one not in looked_at]
        health.lost_mailboxes = left
        health.save(update_fields=["lost_mailboxes"])
        signal = _lacking(left) if left else Signal(Kind.WORKED)
        record(integration, signal)
    return signal.reason


def _lacking(mailboxes: list[str]) -> Signal:
    return Signal(Kind.REFUSED, lost(mailboxes), logged="mailbox_disconnected")


def note_unreadable(integration: Integration) -> bool:
    """Whether no configured key opens the account's secrets. Then a person has to act, and its health says so."""
    if not integration.is_unreadable:
        return False
    if not _is_unreadable(row(integration)):
        record(integration, Signal(Kind.REFUSED, SECRETS_UNREADABLE))
    return True


def note_readable(integration: Integration) -> None:
    """End the state of an account that was down for unreadable secrets alone, and that no call can prove."""
    for _ in range(TRIES):
        health = WorkspaceIntegrationHealth.objects.filter(integration=integration).first()
        if health is None or not _is_unreadable(health):
            return
        if _move(health, HealthState.CONNECTED, Signal(Kind.READABLE), timezone.now()):
            return


def _is_unreadable(health: WorkspaceIntegrationHealth) -> bool:
    return health.state == HealthState.DISCONNECTED and health.reason == SECRETS_UNREADABLE


def start_over(integration: Integration) -> None:
    """Nothing is known any more: the integration has become another account."""
    WorkspaceIntegrationHealth.objects.filter(integration=integration).update(lost_mailboxes=[])
    for _ in range(TRIES):
        health = row(integration)
        if health.state == HealthState.UNKNOWN or _move(
            health, HealthState.UNKNOWN, Signal(Kind.SILENT, "changed"), timezone.now()
        ):
            return


def _facts(signal: Signal, at: datetime) -> dict:
    """The columns that every signal writes, changed state or not."""
    if signal.kind is Kind.WORKED:
        return {"last_success_at": at, "consecutive_failures": 0, "blocked_until": None}
    if signal.kind is Kind.HEARD:
        return {"last_received_at": at}
    if signal.kind in (Kind.SILENT, Kind.READABLE):
        return {}
    facts = {"last_failure_at": at, "last_failure": signal.reason[:64]}
    if signal.kind is Kind.TROUBLE:
        facts["consecutive_failures"] = F("consecutive_failures") + 1
    if signal.kind is Kind.SLOWED:
        facts["blocked_until"] = signal.until or at + DEFAULT_PAUSE
    return facts


def _note(health: WorkspaceIntegrationHealth, signal: Signal, at: datetime) -> None:
    facts = _facts(signal, at)
    still_refused = signal.kind is Kind.CANNOT_SEND and health.state == HealthState.DEGRADED
    if signal.kind is Kind.REFUSED or still_refused:  # perhaps for another reason
        facts |= {"reason": signal.reason[:64], "words": signal.words[:200]}
    if facts:
        WorkspaceIntegrationHealth.objects.filter(pk=health.pk).update(**facts)


def _move(health: WorkspaceIntegrationHealth, state: str, signal: Signal, at: datetime) -> bool:
    before = health.state
    move = {"state": state, "since": at, "version": F("version") + 1}
    move |= {"reason": signal.reason[:64], "words": signal.words[:200]}
    if state == HealthState.CONNECTED:
        # Known from now on: how long it was down, for people and for the backfill.
        move |= {
            "recovered_from": before,
            "recovered_at": at,
            "down_since": health.since,
            "imported_messages": None,
        }
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


def observe(report: CallReport) -> None:
    """Take a finished call as a signal. Successes of an account that is well cost few writes."""
    kind = Kind.CANNOT_SEND if report.cannot_send else SIGNAL_OF.get(report.outcome)
    if kind is None or report.integration_id is None or _unobserved.get():
        return
    if kind is Kind.WORKED and report.operation in (registry.spec_of(report.provider).no_proof or ()):
        return
    if kind is Kind.WORKED and _healthy_until.get(report.integration_id, 0) > time.monotonic():
        return
    integration = Integration.objects.filter(pk=report.integration_id).first()
    if integration is None or (kind is Kind.WORKED and not _is_proof(integration, report)):
        return
    record(integration, _signal(report, kind))
    if kind is Kind.WORKED:
        _healthy_until[report.integration_id] = time.monotonic() + SUCCESS_EVERY_S
    else:
        _healthy_until.pop(report.integration_id, None)


def _is_proof(integration: Integration, report: CallReport) -> bool:
    """Not of mailboxes that the provider has lost; of an account that refused to send, only where a message went out;
    and where the provider says more about it (`spec.still_broken`), as it says."""
    health, spec = row(integration), registry.spec_of(integration.provider)
    if health.lost_mailboxes:
        return False
    if health.reason in CANNOT_SEND:
        return report.operation in (spec.sends or ())
    still_broken = spec.still_broken
    return not (still_broken and still_broken(integration, health.reason, report.operation))


def _signal(report: CallReport, kind: Kind) -> Signal:
    until = None
    if kind is Kind.SLOWED and report.retry_after_ms:
        until = timezone.now() + timedelta(milliseconds=report.retry_after_ms)
    return Signal(kind, report.code or str(report.outcome), until, report.said)


def forget_successes() -> None:
    """Write the next success at once, whatever this process believes."""
    _healthy_until.clear()


_unobserved: ContextVar[bool] = ContextVar("unobserved", default=False)


@contextmanager
def unobserved() -> Iterator[None]:
    """Calls of this thread are not taken as signals meanwhile: a test of new credentials says nothing of the old."""
    token = _unobserved.set(True)
    try:
        yield
    finally:
        _unobserved.reset(token)
