"""Probes: one cheap read per account that proves, by working, that its credentials and its connection work.

A probe is an ordinary call, so its outcome reaches health like any other; nothing here writes health itself. It goes
through a breaker that is open, as finding out is what it is for.
"""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from integrations import health, registry
from integrations.breaker import breakers
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.hosts import HostRefused
from integrations.mailboxes import MailboxesLost
from integrations.models import HealthState, Integration, WorkspaceIntegrationHealth
from jobs.deadline import Deadline
from jobs.errors import Cancelled, ShutdownRequested

CHECK_MS = 5_000
EVERY = timedelta(minutes=30)
EVERY_WHILE_BROKEN = timedelta(minutes=5)
BROKEN = (HealthState.DISCONNECTED, HealthState.PROVIDER_DOWN, HealthState.DEGRADED, HealthState.RATE_LIMITED)

UNREADABLE = "Its secrets cannot be read with today’s FIELD_ENCRYPTION_KEYS."
UNREADABLE_FIX = "Put their key back into FIELD_ENCRYPTION_KEYS, or put the secrets in anew under Settings."


def can_prove(integration: Integration) -> bool:
    """Whether a read can show that the account works. Raises DecryptionError where its secrets cannot be read."""
    probe = registry.spec_of(integration.provider).probe
    return bool(probe) and probe.applies(integration)


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found, in a sentence for people."""

    ok: bool
    sentence: str


def probe(integration: Integration, deadline: Deadline) -> Result:
    """Make the read of this account's provider. Raises Cancelled and ShutdownRequested, nothing of the provider's."""
    stated, unreadable = registry.spec_of(integration.provider).probe, look_at_secrets(integration)
    if not stated and not unreadable:
        return Result(True, f"{integration} tells us by its events how it is; there is nothing to call.")
    WorkspaceIntegrationHealth.objects.filter(pk=health.row(integration).pk).update(
        last_probe_at=timezone.now()
    )
    if unreadable:
        return Result(False, f"{integration} did not pass. {UNREADABLE} {UNREADABLE_FIX}")
    breakers.look_again(integration.provider, integration.workspace_id)
    try:
        stated.read(integration, deadline)
    except (Cancelled, ShutdownRequested):
        raise
    except (ProviderMisconfigured, HostRefused, MailboxesLost) as error:
        return Result(False, str(error))
    except ProviderError as error:
        said = str(error).removeprefix(f"{error.provider}: ")
        return Result(False, f"{integration} did not pass: {said}.")
    return Result(True, f"{integration} answered: the credentials and the connection work.")


def look_at_secrets(integration: Integration) -> bool:
    """Whether no configured key opens the account's secrets; its health is brought in line.

    An account that is readable again is well when a call has worked, and at once where no call can show it.
    """
    if health.note_unreadable(integration):
        return True
    if not can_prove(integration):
        health.note_readable(integration)
    return False


def check_now(integration: Integration) -> Result:
    """A probe for somebody who waits for it: at most 5 s."""
    health.forget_successes()
    return probe(integration, Deadline.after_ms(CHECK_MS))


def due() -> list[Integration]:
    """The accounts whose probe is due: every 5 min while broken, every 30 min otherwise."""
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
