"""Probes an account by a cheap read call, even while its circuit breaker is open, and records the result."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from integrations import registry
from integrations.errors import ADDRESS_REFUSED, SECRETS_UNREADABLE, ProviderError, ProviderMisconfigured
from integrations.health import writer
from integrations.http.breaker import breakers
from integrations.http.hosts import HostRefused
from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_many, spec_about
from jobs.errors import DeadlineExceeded
from jobs.kinds import kind_name

PROBE = kind_name("health.probe", __name__)
CHECK_MS = 5_000
EVERY = timedelta(minutes=30)
EVERY_WHILE_BROKEN = timedelta(minutes=5)
BROKEN = (HealthState.DISCONNECTED, HealthState.PROVIDER_DOWN, HealthState.DEGRADED, HealthState.RATE_LIMITED)

UNREADABLE = "The account’s secrets can’t be read with the current FIELD_ENCRYPTION_KEYS."
UNREADABLE_FIX = (
    "Restore their key in FIELD_ENCRYPTION_KEYS, or enter the secrets again in the account’s settings."
)


def can_prove(integration: Integration) -> bool:
    """Whether a cheap read call can prove that the account works. Raises DecryptionError."""
    probe = registry.spec_of(integration.provider).probe
    return bool(probe and probe.applies(integration))


@dataclass(frozen=True, slots=True)
class ProbeResult:
    ok: bool
    sentence: str


def probe(integration: Integration, deadline: Deadline) -> ProbeResult:
    """Makes the cheap read call, even while the circuit breaker is open. If the provider has no such call, the result
    is `ok`.

    A ProviderError becomes part of the result. Raises Cancelled, ShutdownRequested and DeadlineExceeded.
    """
    stated, unreadable = registry.spec_of(integration.provider).probe, look_at_secrets(integration)
    if not stated and not unreadable:
        return ProbeResult(
            True, f"{integration} reports its state through events, so there’s nothing to check."
        )
    WorkspaceIntegrationHealth.objects.filter(pk=writer.row(integration).pk).update(
        last_probe_at=timezone.now()
    )
    if unreadable or not stated:
        return ProbeResult(False, f"{integration} failed the check. {UNREADABLE} {UNREADABLE_FIX}")
    breakers.look_again(integration.provider, integration.workspace_id)
    try:
        stated.read(integration, deadline)
    except HostRefused as error:  # no call was made, so nothing else records the error
        writer.record(
            integration, writer.Signal(writer.SignalKind.REFUSED, ADDRESS_REFUSED, words=str(error))
        )
        return ProbeResult(False, str(error))
    except (ProviderMisconfigured, writer.MailboxesLost) as error:
        return ProbeResult(False, str(error))
    except ProviderError as error:
        reason = str(error).removeprefix(f"{error.provider}: ")
        return ProbeResult(False, f"{integration} failed the check: {reason}.")
    return ProbeResult(True, f"{integration} responded. The credentials and the connection work.")


def look_at_secrets(integration: Integration) -> bool:
    """Records in the account's health whether a key can decrypt its secrets. Returns True if no key can decrypt the
    secrets.

    An account whose secrets can be decrypted again is healthy after a successful call, or at once if no call can prove
    that.
    """
    if writer.note_unreadable(integration):
        return True
    if not can_prove(integration):
        writer.take_back(integration, SECRETS_UNREADABLE)
    return False


def check_now(integration: Integration) -> ProbeResult:
    """Probes while a user waits, for at most 5 s. The caller must not be in a transaction."""
    writer.forget_successes()
    try:
        return probe(integration, Deadline.after_ms(CHECK_MS))
    except DeadlineExceeded:
        late = (
            f"{integration} didn’t respond in full within {CHECK_MS // 1_000} s. Try again in a few minutes."
        )
        return ProbeResult(False, late)


def due() -> list[Integration]:
    """Returns at most 500 accounts to probe now, oldest first: every 5 minutes while broken, otherwise every 30."""
    now = timezone.now()
    broken = Q(health__state__in=BROKEN)
    late = Q(health__last_probe_at=None) | Q(health__last_probe_at__lt=now - EVERY)
    late |= broken & Q(health__last_probe_at__lt=now - EVERY_WHILE_BROKEN)
    return list(
        Integration.objects.filter(
            late, enabled=True, provider__in=registry.stating("probe"), workspace__drill_of=None
        )
        .exclude(credentials=None)
        .order_by(F("health__last_probe_at").asc(nulls_first=True))[:500]
    )


def enqueue_probe(integration: Integration) -> bool:
    """Enqueues a health check of an account. Returns False if a health check of the account is already waiting.

    A running probe does not count, because it may have called the provider before the event that led to this call.
    """
    return enqueue_probes([integration]) == 1


def enqueue_probes(integrations: Iterable[Integration]) -> int:
    """Enqueues a probe of each account, as `enqueue_probe` does. Returns the number of newly enqueued probes."""
    specs = [spec_about(PROBE, account, "integration_id") for account in integrations]
    return len(enqueue_many(PROBE, specs, anew=True))
