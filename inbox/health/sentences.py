"""Writes the sentences about an account for the banner, the health page and the notices. The first sentence contains no
code; pages show codes under "Details".
"""

from datetime import datetime

from django.utils import timezone

from inbox.workspaces.accounts import known_as
from integrations import registry
from integrations.errors import (
    ACCOUNT_SUSPENDED,
    ADDRESS_REFUSED,
    ANOTHER_ACCOUNT,
    CANNOT_SEND,
    MISSING_CREDENTIALS,
    NO_FUNDS,
    NO_NUMBER,
    NUMBER_REFUSED,
    REQUEST_REFUSED,
    SECRETS_UNREADABLE,
    SENDER_DOWN,
    CallOutcome,
)
from integrations.models import HealthState, WorkspaceIntegrationHealth
from integrations.spec import stated
from jobs.durations import MINUTE_S, duration

MESSAGES = {"email": "replies", "sms": "texts", "linkedin": "LinkedIn messages"}
TONES = {
    HealthState.DISCONNECTED: "bad",
    HealthState.NOT_UNDERSTOOD: "bad",
    HealthState.PROVIDER_DOWN: "warn",
    HealthState.RATE_LIMITED: "warn",
    HealthState.DEGRADED: "warn",
    HealthState.QUIET: "warn",
    HealthState.CONNECTED: "ok",
}
RESTRICTED = "account_restricted"
SOMEBODY_ELSE = (ANOTHER_ACCOUNT, "wrong_account", "account_mismatch")
WAY_OUT = (
    "Enter the secrets again in the account’s settings, or ask the operator to restore their key in "
    "FIELD_ENCRYPTION_KEYS."
)
UNSTABLE_AFTER = 3
WHY = {
    REQUEST_REFUSED: "our request was refused",
    ADDRESS_REFUSED: "calls to its address aren’t allowed",
    SECRETS_UNREADABLE: "its stored secrets can’t be read with the current FIELD_ENCRYPTION_KEYS",
    "silence": "nothing has arrived",
    "form": "the provider’s requests are in an unknown format",
    "changed": "a different account was connected",
    "payment_required": "payment is due",
    ACCOUNT_SUSPENDED: "suspended, or its plan has expired",
    SENDER_DOWN: "a sending mailbox is disconnected, but the account’s other mailboxes work",
    NUMBER_REFUSED: "the sending number isn’t registered, or is suspended",
    NO_NUMBER: "the account has no number to send from",
    NO_FUNDS: "the sending balance is used up",
}
"""The texts for our own codes. Providers declare the texts for their codes (`refusals`). Other codes stay unchanged."""


def headline(health: WorkspaceIntegrationHealth, workspace: str) -> str:
    name, owner = known_as(health.provider), health.integration.name
    whose = f" for {owner} ({workspace})" if owner else f" for {workspace}"
    return {
        HealthState.DISCONNECTED: _disconnected(health, name, whose),
        HealthState.PROVIDER_DOWN: f"{name} is having problems on the provider’s side",
        HealthState.DEGRADED: f"{name} refuses to send{whose}"
        if health.reason in CANNOT_SEND
        else f"{name} is slow or responding with errors",
        HealthState.RATE_LIMITED: f"{name} is limiting requests from {workspace}",
        HealthState.NOT_UNDERSTOOD: f"{name} sends requests{whose} that Holdfast doesn’t understand",
        HealthState.QUIET: f"{name} is quieter than usual{whose}",
        HealthState.CONNECTED: f"{name} is back{whose}",
        HealthState.UNKNOWN: f"{name} hasn’t been checked yet",
    }[HealthState(health.state)]


def _disconnected(health: WorkspaceIntegrationHealth, name: str, whose: str) -> str:
    if health.reason == MISSING_CREDENTIALS:
        return f"{name} rejects our access key"
    if health.reason == SECRETS_UNREADABLE:
        return f"{name}’s stored secrets can’t be read{whose}"
    if health.lacks_mailboxes:
        return f"{name}: {health.reason}{whose}"
    if health.reason == RESTRICTED:
        return f"{name} has restricted the account{whose}"
    if health.reason in SOMEBODY_ELSE:
        return f"{name} was reconnected with someone else’s account{whose}"
    return f"{name} is disconnected{whose}"


def why(code: str) -> str:
    """Returns the text for `code`, the stored reason of an account's trouble; the code itself if it has no text."""
    if code in CallOutcome.values:
        return str(CallOutcome(code).label)
    bare = code.removeprefix("errors/")
    return WHY[bare] if bare in WHY else registry.refusals().get(bare, code)


def can_reconnect(health: WorkspaceIntegrationHealth) -> bool:
    """Whether the owner can fix the account by logging in again on the provider's page."""
    return (
        bool(registry.spec_of(health.provider).reconnect)
        and health.state == HealthState.DISCONNECTED
        and health.reason not in (MISSING_CREDENTIALS, SECRETS_UNREADABLE)
    )


def unstable(drops: list[datetime]) -> str:
    """Returns a sentence ("Unstable, 5 drops since 09:00. ") if the account broke at least three times, else ""."""
    if len(drops) < UNSTABLE_AFTER:
        return ""
    first = timezone.localtime(min(drops))
    day = "" if first.date() == timezone.localdate() else f"{first.day} {first:%b} "
    return f"Unstable, {len(drops)} drops since {day}{first:%H:%M}. "


def _stopped(health: WorkspaceIntegrationHealth) -> str:
    spec = registry.spec_of(health.provider)
    if spec.stopped:
        return spec.stopped
    messages = MESSAGES[stated(spec.channel)]
    # Webhooks still work, because a webhook key is found by its hash, without any secret.
    if health.reason == SECRETS_UNREADABLE:
        return f"New {messages} still arrive by webhook, but sending and fetching have stopped"
    if health.lacks_mailboxes:
        return f"New {messages} to this mailbox aren’t arriving, and outgoing messages are on hold"
    return f"New {messages} aren’t arriving"


def effect(health: WorkspaceIntegrationHealth, effects: list[str]) -> str:
    """Returns a text about the work that stops while the account is in trouble, and the remedy; "" without trouble."""
    waits = ", ".join(effects)
    if health.state == HealthState.DISCONNECTED:
        way_out = f" {WAY_OUT}" if health.reason == SECRETS_UNREADABLE else ""
        if not registry.spec_of(health.provider).is_connected_here:
            way_out = f"{_why(health)} Ask the installation’s operator to fix it."
        if health.lacks_mailboxes:
            way_out = f" Reconnect it at {known_as(health.provider)}."
        return f"{_stopped(health)}{'; ' + waits if waits else ''}.{way_out}"
    if health.state == HealthState.DEGRADED and health.reason in CANNOT_SEND:
        return f"{_why(health).lstrip()} Refused messages are marked as not sent."
    if health.state == HealthState.QUIET:
        return "Nothing has arrived for longer than usual, but the credentials still work."
    if health.state == HealthState.NOT_UNDERSTOOD:
        return (
            "The provider’s format has changed, so replies and unsubscribes may be missing. Everything is kept under "
            "Deliveries, Rejected, and processed again once Holdfast supports the new format. Tell the "
            "operator."
        )
    if health.state == HealthState.CONNECTED:
        return ""
    return f"No action needed: Holdfast keeps trying{'. ' + waits[:1].upper() + waits[1:] if waits else ''}."


def _why(health: WorkspaceIntegrationHealth) -> str:
    sentence = why(health.reason)
    return f" {sentence[:1].upper()}{sentence[1:]}.{_words(health)}"


def _words(health: WorkspaceIntegrationHealth) -> str:
    name = known_as(health.provider)
    return f" {name} says: “{health.words.rstrip('.')}”." if health.words else ""


def age(seconds: float) -> str:
    """Returns a time that was `seconds` ago as text: "just now", "8 min ago", "1 day 3 h ago"."""
    return "just now" if seconds < MINUTE_S else f"{duration(seconds)} ago"
