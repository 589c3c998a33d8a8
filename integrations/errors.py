"""The errors of calls to providers.

The class of an error says whether to retry, and `sent` says whether a message left.

Each class is also a TransientError or a PermanentError of jobs.errors, so `jobs.retries.decide` needs to know nothing
of providers. An error's text names the provider, the outcome, the HTTP status, the provider's error code, and its words
as `integrations.provider_words` has cleaned them. It has nothing else, because a body or a URL may contain keys and
people's words. The text is for pages and rows; a log gets only the class.
"""

import re
from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from jobs.errors import Cancelled, PermanentError, ShutdownRequested, Snooze, TransientError
from jobs.retries import full_second

SAYING = ", saying "
"""In an error's text, our words are before this and the provider's words after it."""
RATE_LIMIT_PAUSE_MS = 30_000
"""How long to leave a provider alone that answers "too many calls" without saying for how long."""

SENDER_DOWN, NUMBER_REFUSED, NO_NUMBER, NO_FUNDS = "sender_down", "number_refused", "no_number", "no_funds"
CANNOT_SEND = {SENDER_DOWN, NUMBER_REFUSED, NO_NUMBER, NO_FUNDS}
"""Codes of refusals that concern our sender (`cannot_send`): the account answers, but cannot send."""

ACCOUNT_SUSPENDED = "account_suspended"
SUSPENDED = re.compile(
    r"\b(?:workspace|subscription|plan|trial|location|organi[sz]ation)\b.{0,40}"
    r"\b(?:suspended|expired|inactive|cancel+ed|deactivated|ended|past due)\b",
    re.I | re.S,
)
"""Refusals of any provider that concern the whole account: nothing works until a person acts."""


MISSING_CREDENTIALS, ANOTHER_ACCOUNT = "missing_credentials", "another_account"
"""Codes of refusals of any provider: it does not accept our key, or somebody has logged in with another account."""
REQUEST_REFUSED, ADDRESS_REFUSED = "request_refused", "address_refused"
"""Codes of our own: the provider accepts our key but not our request; or calls may not go to the account's address."""
SECRETS_UNREADABLE = "secrets_unreadable"
"""Code of our own: no configured key can decrypt the account's stored secrets."""
UNREADABLE_PAUSE = timedelta(minutes=5)


class CallOutcome(models.TextChoices):
    """How a call to a provider ended. People read the label."""

    OK = "ok", "ok"
    TIMEOUT = "timeout", "our time ran out"
    CANCELLED = "cancelled", "cancelled by the caller"
    SHUTDOWN = "shutdown", "interrupted by shutdown"
    UNREACHABLE = "unreachable", "not reachable"
    RATE_LIMITED = "rate_limited", "rate limited"
    AUTH = "auth", "credentials refused"
    REJECTED = "rejected", "request refused"
    PROVIDER_ERROR = "provider_error", "provider failed"


def safe_code(code: object) -> str:
    """An error code of 1 to 64 of the characters A-Z, a-z, 0-9 and `_./:-`, else "": it may be a person's words."""
    text = str(code or "")
    return text if re.fullmatch(r"[A-Za-z0-9_./:-]{1,64}", text) else ""


class ProviderError(Exception):
    """A call to a provider failed. Base of the errors that say how.

    provider: our name of it, such as "ghl". status: the HTTP status, None if there was no answer. code: the provider's
    error code, or one of ours. retry_after_ms: how long the provider, or our own limit, wants us to wait. said: the
    provider's own words, cleaned. cannot_send: the refusal concerns our sender, not the request. sent: whether a
    message went out, for callers that send one. False: it did not, and sending again is safe. None: nobody knows, so
    never just send it again. True: it went out, and something after it failed.
    """

    outcome: CallOutcome

    def __init__(
        self,
        provider: str,
        *,
        status: int | None = None,
        code: str = "",
        retry_after_ms: int | None = None,
        sent: bool | None = None,
        words: str = "",
        cannot_send: bool = False,
    ) -> None:
        self.provider = provider
        self.status = status
        self.code = safe_code(code)
        self.retry_after_ms = retry_after_ms
        self.sent = sent
        self.said = words if words != self.code else ""
        self.cannot_send = cannot_send
        notes = [f"HTTP {status}" if status else "", self.code]
        detail = ", ".join(note for note in notes if note)
        text = f"{provider}: {self.outcome.label}" + (f" ({detail})" if detail else "")
        Exception.__init__(self, f"{text}{SAYING}“{self.said.rstrip('.')}”" if self.said else text)


class ProviderTimeout(ProviderError, TransientError):
    """Our own time for a call to a provider ran out before the answer was complete."""

    outcome = CallOutcome.TIMEOUT


class ProviderUnreachable(ProviderError, TransientError):
    """A provider did not answer: name resolution or the connection failed, or our circuit breaker is open."""

    outcome = CallOutcome.UNREACHABLE


class CircuitOpen(ProviderUnreachable, Snooze):
    """Our circuit breaker held a call back. A job waits until `run_at` and uses no attempt."""

    reason = "The provider does not answer, so calls wait"

    def __init__(self, provider: str, *, wait_ms: int) -> None:
        super().__init__(provider, code="circuit_open", retry_after_ms=wait_ms, sent=False)
        self.run_at = full_second(timezone.now() + timedelta(milliseconds=wait_ms))


class ProviderRateLimited(ProviderError, TransientError, Snooze):
    """Too many calls. A job waits until `run_at`, `retry_after_ms` or RATE_LIMIT_PAUSE_MS from now."""

    outcome = CallOutcome.RATE_LIMITED
    reason = "rate limited"

    def __init__(self, provider: str, **details: Any) -> None:
        super().__init__(provider, **details)
        wait_ms = RATE_LIMIT_PAUSE_MS if self.retry_after_ms is None else self.retry_after_ms
        self.run_at = full_second(timezone.now() + timedelta(milliseconds=wait_ms))


class ProviderFault(ProviderError, TransientError):
    """The provider failed: a 5xx status, an incomplete answer, or one that differs from its documentation."""

    outcome = CallOutcome.PROVIDER_ERROR


class ProviderAuthError(ProviderError, PermanentError):
    """The provider refuses our credentials or the account, so a person must act."""

    outcome = CallOutcome.AUTH


class SecretsUnreadable(ProviderError, Snooze):
    """No configured key can decrypt the account's secrets. No call is made; a job waits for a person."""

    outcome = CallOutcome.AUTH
    reason = "The account's secrets cannot be read"

    def __init__(self, provider: str) -> None:
        super().__init__(provider, code=SECRETS_UNREADABLE, sent=False)
        self.run_at = full_second(timezone.now() + UNREADABLE_PAUSE)

    def __str__(self) -> str:
        return f"{self.provider}: the account's secrets cannot be read with today’s FIELD_ENCRYPTION_KEYS"


class ProviderRejected(ProviderError, PermanentError):
    """The provider understood the request and refuses it. It would refuse the same request again."""

    outcome = CallOutcome.REJECTED


class CallCancelled(Cancelled):
    """The caller gave up during a call. `sent`: True, False, or None if nobody knows."""

    def __init__(self, sent: bool | None) -> None:
        super().__init__("cancelled during a provider call")
        self.sent = sent


class CallInterrupted(ShutdownRequested):
    """The platform stopped this process during a call. `sent` as in CallCancelled."""

    def __init__(self, sent: bool | None) -> None:
        super().__init__("shutdown during a provider call")
        self.sent = sent


class ProviderMisconfigured(PermanentError):
    """A setting is missing that this call needs; the message names it. It says nothing about the provider's state."""

    sent = False


UNUSABLE = (ProviderAuthError, ProviderMisconfigured)
"""The account cannot be asked until a person acts."""
OUT_OF_REACH = (ProviderTimeout, ProviderUnreachable, ProviderFault)
"""The provider has not answered, or has failed."""
