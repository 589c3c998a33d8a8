"""Probes: one cheap read per account that proves, by working, that its credentials and its connection work.

A probe is an ordinary call, so its outcome reaches health like any other; nothing here writes health itself. It goes
through a breaker that is open, as finding out is what it is for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import F, Q
from django.utils import timezone

from integrations import health
from integrations.breaker import breakers
from integrations.calendly.client import CalendlyClient
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import SENDER_DOWN, ProviderAuthError, ProviderError, ProviderMisconfigured
from integrations.ghl.client import GhlClient
from integrations.hosts import HostRefused
from integrations.instantly.client import InstantlyClient
from integrations.models import HealthState, Integration, Provider, WorkspaceIntegrationHealth
from integrations.slack.client import SlackClient
from integrations.slack.errors import CHANNEL
from integrations.smartlead.client import SmartLeadClient
from integrations.unipile import identity
from integrations.unipile.client import UnipileClient
from jobs.deadline import Deadline
from jobs.errors import Cancelled, ShutdownRequested

CHECK_MS = 5_000
EVERY = timedelta(minutes=30)
EVERY_WHILE_BROKEN = timedelta(minutes=5)
BROKEN = (HealthState.DISCONNECTED, HealthState.PROVIDER_DOWN, HealthState.DEGRADED, HealthState.RATE_LIMITED)

UNREADABLE = "Its secrets cannot be read with today’s FIELD_ENCRYPTION_KEYS."
UNREADABLE_FIX = "Put their key back into FIELD_ENCRYPTION_KEYS, or put the secrets in anew under Settings."

Probe = Callable[[Integration, Deadline], object]


def _linkedin(account: Integration, deadline: Deadline) -> None:
    """Who is logged in, which proves nothing, then the balance, which needs a live LinkedIn session: Unipile answers
    /accounts for a disconnected account as well."""
    client = UnipileClient.for_integration(account)
    try:
        identity.verify(account, client.account(deadline))
    except ProviderAuthError as error:
        if (
            error.code == identity.ANOTHER_ACCOUNT
        ):  # the call itself was answered, so nobody else reports this
            health.record(account, health.Signal(health.Kind.REFUSED, error.code))
        raise
    client.inmail_balance(deadline)


def _emailbison(account: Integration, deadline: Deadline) -> None:
    """Whose key it is; and, where a mailbox had refused to send or is said to be lost, how its mailboxes are."""
    client = EmailBisonClient.for_integration(account)
    client.account(deadline)
    known = health.row(account)
    if known.lost_mailboxes or known.reason == SENDER_DOWN:
        down = {one.email.lower() for one in client.sender_emails(deadline) if one.is_down}
        _look_for_mailboxes(account, down)
        if known.reason == SENDER_DOWN and not down:
            health.record(account, health.Signal(health.Kind.WORKED))


def _instantly(account: Integration, deadline: Deadline) -> None:
    """Whose key it is; and, where a mailbox is said to be lost, how its mailboxes are."""
    client = InstantlyClient.for_integration(account)
    client.workspace(deadline)
    if health.row(account).lost_mailboxes:
        _look_for_mailboxes(account, {one.email.lower() for one in client.accounts(deadline) if one.is_down})


def _look_for_mailboxes(account: Integration, down: set[str]) -> None:
    """Compare those that are said to be lost with those that are `down`. Raises MailboxesLost where some are."""
    asked = health.row(account).lost_mailboxes
    if asked and (reason := health.looked_at_mailboxes(account, asked, down)):
        raise MailboxesLost(f"{account} answers, but {reason}.")


class MailboxesLost(Exception):
    """The account works, and some of its senders do not. The message is a sentence for people."""


def _slack(account: Integration, deadline: Deadline) -> None:
    """Whose token it is; and, where Slack had refused the channel, whether the channel is there again."""
    client = SlackClient.for_integration(account)
    client.identity(deadline)
    if health.row(account).reason in CHANNEL and client.is_in_channel(deadline):
        health.record(account, health.Signal(health.Kind.WORKED))


def can_prove(integration: Integration) -> bool:
    """Whether a read can show that the account works: not Clay, and not a Slack that has an incoming webhook alone.

    Raises DecryptionError where its secrets cannot be read."""
    if integration.provider == Provider.SLACK:
        return bool(
            integration.credentials.get("bot_token") or not integration.credentials.get("webhook_url")
        )
    return integration.provider in PROBES


PROBES: dict[str, Probe] = {
    Provider.EMAILBISON: _emailbison,
    Provider.UNIPILE: _linkedin,
    Provider.GHL: lambda account, deadline: GhlClient.for_integration(account).location(deadline),
    Provider.SMARTLEAD: lambda account, deadline: SmartLeadClient.for_integration(account).campaigns(
        deadline
    ),
    Provider.INSTANTLY: _instantly,
    Provider.CALENDLY: lambda account, deadline: CalendlyClient.for_integration(account).me(deadline),
    Provider.SLACK: _slack,
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found, in a sentence for people."""

    ok: bool
    sentence: str


def probe(integration: Integration, deadline: Deadline) -> Result:
    """Make the read of this account's provider. Raises Cancelled and ShutdownRequested, nothing of the provider's."""
    call, unreadable = PROBES.get(integration.provider), look_at_secrets(integration)
    if call is None and not unreadable:
        return Result(True, f"{integration} tells us by its events how it is; there is nothing to call.")
    WorkspaceIntegrationHealth.objects.filter(pk=health.row(integration).pk).update(
        last_probe_at=timezone.now()
    )
    if unreadable:
        return Result(False, f"{integration} did not pass. {UNREADABLE} {UNREADABLE_FIX}")
    breakers.look_again(integration.provider, integration.workspace_id)
    try:
        call(integration, deadline)
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
        Integration.objects.filter(late, enabled=True, provider__in=PROBES, workspace__drill_of=None)
        .exclude(credentials=None)
        .order_by(F("health__last_probe_at").asc(nulls_first=True))[:500]
    )
