"""The errors of calls to providers.

The class of an error says whether to retry. `sent` says whether a message went out.

Each error class is also a TransientError or a PermanentError of jobs.errors, so `jobs.retries.decide` does not depend
on providers. An error's text contains the provider, the outcome, the HTTP status, the provider's error code, and the
provider's message as `integrations.provider_words` cleans it. The text contains nothing else, because a body or a URL
may contain keys and personal data. The text is shown on pages and stored in rows; logs contain only the class.
"""

import re
from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from jobs.errors import Cancelled, PermanentError, ShutdownRequested, Snooze, TransientError
from jobs.retries import full_second

SAYING = ", saying "
"""Separates our words from the provider's words in an error's text."""
RATE_LIMIT_PAUSE_MS = 30_000
"""The pause of calls if the provider answers "too many calls" and does not say how long to wait."""

SENDER_DOWN, NUMBER_REFUSED, NO_NUMBER, NO_FUNDS = "sender_down", "number_refused", "no_number", "no_funds"
INVALID_ID = "invalid_id"
"""Our own code: an id in the request isn't one of the provider's, so no call was made."""
CANNOT_SEND = {SENDER_DOWN, NUMBER_REFUSED, NO_NUMBER, NO_FUNDS}
"""Codes of refusals that concern our sender (`cannot_send`): the account responds but cannot send."""

ACCOUNT_SUSPENDED = "account_suspended"
SUSPENDED = re.compile(
    r"\b(?:workspace|subscription|plan|trial|location|organi[sz]ation)\b.{0,40}"
    r"\b(?:suspended|expired|inactive|cancel+ed|deactivated|ended|past due)\b",
    re.I | re.S,
)
"""Matches refusals that concern the whole account, at any provider: no call works until a person acts."""


MISSING_CREDENTIALS, ANOTHER_ACCOUNT = "missing_credentials", "another_account"
"""Refusal codes for any provider: it rejects our key, or somebody has logged in with another account."""
REQUEST_REFUSED, ADDRESS_REFUSED = "request_refused", "address_refused"
"""Our own codes: the provider accepts our key but not our request, or the account's address may not be called."""
SECRETS_UNREADABLE = "secrets_unreadable"
"""Our own code: no configured key can decrypt the account's stored secrets."""
UNREADABLE_PAUSE = timedelta(minutes=5)


class CallOutcome(models.TextChoices):
    """The outcome of a call to a provider. The labels are for people."""

    OK = "ok", "ok"
    TIMEOUT = "timeout", "timed out"
    CANCELLED = "cancelled", "cancelled"
    SHUTDOWN = "shutdown", "interrupted by shutdown"
    UNREACHABLE = "unreachable", "unreachable"
    RATE_LIMITED = "rate_limited", "rate limited"
    AUTH = "auth", "credentials refused"
    REJECTED = "rejected", "request refused"
    PROVIDER_ERROR = "provider_error", "provider failed"


def safe_code(code: object) -> str:
    """Returns a `code` of 1 to 64 characters A-Z, a-z, 0-9 and `_./:-`, else "", as it may be personal data."""
    text = str(code or "")
    return text if re.fullmatch(r"[A-Za-z0-9_./:-]{1,64}", text) else ""


class ProviderError(Exception):
    """A call to a provider failed. ProviderError is the base class of the specific errors of providers.

    - `provider`: our name of the provider, such as "ghl".
    - `status`: the HTTP status; None if there was no response.
    - `code`: the provider's error code, or one of ours.
    - `retry_after_ms`: how long the provider, or our own limit, asks us to wait.
    - `said`: the provider's own words, cleaned. `detail`: status and code in brackets, or "".
    - `cannot_send`: whether the refusal concerns our sender instead of the request.
    - `sent`: for calls that send a message, whether the message went out. False: it did not, so sending again is safe.
      None: nobody knows, so the message must not simply be sent again. True: it went out, and a later step failed.
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
        detail = ", ".join(filter(None, (f"HTTP {status}" if status else "", self.code)))
        self.detail = f" ({detail})" if detail else ""
        text = f"{provider}: {self.outcome.label}{self.detail}"
        Exception.__init__(self, f"{text}{SAYING}“{self.said.rstrip('.')}”" if self.said else text)


class ProviderTimeout(ProviderError, TransientError):
    """Our time limit for a call expired before the response was complete."""

    outcome = CallOutcome.TIMEOUT


class ProviderUnreachable(ProviderError, TransientError):
    """The provider did not respond: name resolution or the connection failed, or our circuit breaker is open."""

    outcome = CallOutcome.UNREACHABLE


class CircuitOpen(ProviderUnreachable, Snooze):
    """Our circuit breaker refused a call. A job waits until `run_at` and uses no attempt."""

    reason = "The provider isn’t responding, so calls are on hold"

    def __init__(self, provider: str, *, wait_ms: int) -> None:
        super().__init__(provider, code="circuit_open", retry_after_ms=wait_ms, sent=False)
        self.run_at = full_second(timezone.now() + timedelta(milliseconds=wait_ms))


class ProviderRateLimited(ProviderError, TransientError, Snooze):
    """Too many calls. A job waits until `run_at`: `retry_after_ms` or RATE_LIMIT_PAUSE_MS from now."""

    outcome = CallOutcome.RATE_LIMITED
    reason = "rate limited"

    def __init__(self, provider: str, **details: Any) -> None:
        super().__init__(provider, **details)
        wait_ms = RATE_LIMIT_PAUSE_MS if self.retry_after_ms is None else self.retry_after_ms
        self.run_at = full_second(timezone.now() + timedelta(milliseconds=wait_ms))


class ProviderFault(ProviderError, TransientError):
    """The provider failed: a 5xx status, or a response that is incomplete or contradicts its documentation."""

    outcome = CallOutcome.PROVIDER_ERROR


class ProviderAuthError(ProviderError, PermanentError):
    """The provider rejects our credentials or the account, so a person must act."""

    outcome = CallOutcome.AUTH


class SecretsUnreadable(ProviderError, Snooze):
    """No configured key can decrypt the account's secrets. No call is made, and jobs wait for a person."""

    outcome = CallOutcome.AUTH
    reason = "The account’s secrets can’t be read"

    def __init__(self, provider: str) -> None:
        super().__init__(provider, code=SECRETS_UNREADABLE, sent=False)
        self.run_at = full_second(timezone.now() + UNREADABLE_PAUSE)

    def __str__(self) -> str:
        return f"{self.provider}: the account’s secrets can’t be read with the current FIELD_ENCRYPTION_KEYS"


class ProviderRejected(ProviderError, PermanentError):
    """The provider understood the request and rejects it. The provider would reject the same request again."""

    outcome = CallOutcome.REJECTED


class CallCancelled(Cancelled):
    """The caller cancelled a call while it was running. `sent` is True, False, or None if unknown."""

    def __init__(self, sent: bool | None) -> None:
        super().__init__("cancelled during a provider call")
        self.sent = sent


class CallInterrupted(ShutdownRequested):
    """The platform stopped this process during a call. `sent` is True, False, or None if unknown."""

    def __init__(self, sent: bool | None) -> None:
        super().__init__("shutdown during a provider call")
        self.sent = sent


class ProviderMisconfigured(PermanentError):
    """A setting that the call needs is missing; the message names it. This says nothing about the provider's state."""

    sent = False


UNUSABLE = (ProviderAuthError, ProviderMisconfigured)
"""Errors after which the account cannot be called until a person acts."""
OUT_OF_REACH = (ProviderTimeout, ProviderUnreachable, ProviderFault)
"""Errors of a provider that has not responded, or has failed."""
