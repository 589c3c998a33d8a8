"""How a call to a provider may end other than well: one small tree whose classes carry the decision.

Retry or give up is the base class (`TransientError` and `PermanentError` of jobs.errors), so `jobs.outcomes.decide`
needs no knowledge of providers. Whether a message left is `sent`. Texts name the provider, the outcome, the HTTP
status, the provider's own error code and its words as `integrations.said` leaves them, and nothing else: a body or a
URL may hold keys and people's words. They are for pages and rows; a log gets the class.
"""

import re
from datetime import timedelta
from typing import Any

from django.db import models
from django.utils import timezone

from jobs.errors import Cancelled, PermanentError, ShutdownRequested, Snooze, TransientError
from jobs.outcomes import full_second

SAYING = ", saying "
"""In an error's text: after it come the provider's words, before it ours."""
RATE_LIMIT_PAUSE_MS = 30_000
"""How long to stay away from a provider that says "too many calls" and not for how long."""

SENDER_DOWN, NUMBER_REFUSED, NO_NUMBER, NO_FUNDS = "sender_down", "number_refused", "no_number", "no_funds"
CANNOT_SEND = {SENDER_DOWN, NUMBER_REFUSED, NO_NUMBER, NO_FUNDS}
"""Codes of refusals that are our own sender's matter (`cannot_send`): the account answers, but does not send."""

ACCOUNT_SUSPENDED = "account_suspended"
SUSPENDED = re.compile(
    r"\b(?:workspace|subscription|plan|trial|location|organi[sz]ation)\b.{0,40}"
    r"\b(?:suspended|expired|inactive|cancel+ed|deactivated|ended|past due)\b",
    re.I | re.S,
)
"""Refusals, of any provider, that are the whole account's: nothing works until somebody acts."""


MISSING_CREDENTIALS, ANOTHER_ACCOUNT = "missing_credentials", "another_account"
"""Refusals, of any provider: our key is not taken, or somebody else is logged in than whose account it is."""
SECRETS_UNREADABLE = "secrets_unreadable"
"""Our own code: no configured key opens what is stored of an account."""
UNREADABLE_PAUSE = timedelta(minutes=5)


class Outcome(models.TextChoices):
    """What became of a call. The label is what people read."""

    OK = "ok", "ok"
    TIMEOUT = "timeout", "our time ran out"
    CANCELLED = "cancelled", "cancelled by the caller"
    SHUTDOWN = "shutdown", "interrupted by shutdown"
    UNREACHABLE = "unreachable", "not reachable"
    RATE_LIMITED = "rate_limited", "rate limited"
    AUTH = "auth", "credentials refused"
    REJECTED = "rejected", "request refused"
    PROVIDER_ERROR = "provider_error", "provider failed"


def safe_code(value: object) -> str:
    """A provider's error code reduced to what can be no one's words: up to 64 word characters, "" otherwise."""
    text = str(value or "")
    return text if re.fullmatch(r"[A-Za-z0-9_./:-]{1,64}", text) else ""


class ProviderError(Exception):
    """A call failed.

    provider: our name of it, such as "ghl". status: HTTP status, None without an answer. code: the provider's own
    error code, or one of ours. retry_after_ms: how long the provider (or our own limit) wants us to stay away.
    sent: what a caller that sends something must know. False: it did not go out, sending again is safe. None: it may
    have gone out, never send again blindly. True: it went out, though what came after failed.
    """

    outcome: Outcome

    def __init__(
        self,
        provider: str,
        *,
        status: int | None = None,
        code: str = "",
        retry_after_ms: int | None = None,
        sent: bool | None = None,
        said: str = "",
        cannot_send: bool = False,
    ) -> None:
        self.provider = provider
        self.status = status
        self.code = safe_code(code)
        self.retry_after_ms = retry_after_ms
        self.sent = sent
        self.said = said if said != self.code else ""
        self.cannot_send = cannot_send
        notes = [f"HTTP {status}" if status else "", self.code]
        detail = ", ".join(note for note in notes if note)
        text = f"{provider}: {self.outcome.label}" + (f" ({detail})" if detail else "")
        Exception.__init__(self, f"{text}{SAYING}“{self.said.rstrip('.')}”" if self.said else text)


class ProviderTimeout(ProviderError, TransientError):
    """Our own time ran out before the answer was complete."""

    outcome = Outcome.TIMEOUT


class ProviderUnreachable(ProviderError, TransientError):
    """No answer: name resolution, connection or the link failed, or our circuit breaker is open."""

    outcome = Outcome.UNREACHABLE


class ProviderRateLimited(ProviderError, TransientError, Snooze):
    """Too many calls, says the provider or our own limit: a job waits for its turn, which costs it no attempt.

    run_at: when to try again, after `retry_after_ms`, or RATE_LIMIT_PAUSE_MS where nobody said.
    """

    outcome = Outcome.RATE_LIMITED
    reason = "rate limited"

    def __init__(self, provider: str, **details: Any) -> None:
        super().__init__(provider, **details)
        wait_ms = RATE_LIMIT_PAUSE_MS if self.retry_after_ms is None else self.retry_after_ms
        self.run_at = full_second(timezone.now() + timedelta(milliseconds=wait_ms))


class ProviderFault(ProviderError, TransientError):
    """The provider failed: 5xx, half an answer, or an answer that is not what its documentation says."""

    outcome = Outcome.PROVIDER_ERROR


class ProviderAuthError(ProviderError, PermanentError):
    """The provider refuses our credentials or the account: a person has to act."""

    outcome = Outcome.AUTH


class SecretsUnreadable(ProviderError, Snooze):
    """No configured key opens the account's stored secrets: nothing is called, and a job waits for a person."""

    outcome = Outcome.AUTH
    reason = "The account's secrets cannot be read"

    def __init__(self, provider: str) -> None:
        super().__init__(provider, code=SECRETS_UNREADABLE, sent=False)
        self.run_at = full_second(timezone.now() + UNREADABLE_PAUSE)

    def __str__(self) -> str:
        return f"{self.provider}: the account's secrets cannot be read with today’s FIELD_ENCRYPTION_KEYS"


class ProviderRejected(ProviderError, PermanentError):
    """The provider understood the request and refuses it: the same request will be refused again."""

    outcome = Outcome.REJECTED


class CallCancelled(Cancelled):
    """The caller gave up while the call was under way. `sent` as in ProviderError."""

    def __init__(self, sent: bool | None) -> None:
        super().__init__("cancelled during a provider call")
        self.sent = sent


class CallInterrupted(ShutdownRequested):
    """The platform stopped while the call was under way. `sent` as in ProviderError."""

    def __init__(self, sent: bool | None) -> None:
        super().__init__("shutdown during a provider call")
        self.sent = sent


class ProviderMisconfigured(PermanentError):
    """Something must be set up before this call can be made; the message names it. Says nothing of the provider."""

    sent = False
