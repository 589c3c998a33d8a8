"""Runs the test of an account that a user starts on a page: read-only calls, which also update its health."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import capfirst

from integrations import registry
from integrations.errors import (
    ANOTHER_ACCOUNT,
    MISSING_CREDENTIALS,
    CallOutcome,
    ProviderError,
    ProviderMisconfigured,
)
from integrations.health import probes, writer
from integrations.http.breaker import breakers
from integrations.models import Integration
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded

TEST_MS = 5_000

OK, BAD, WARN, NOT_TRIED = "ok", "bad", "warn", ""


@dataclass(frozen=True, slots=True)
class Check:
    """One line in the result of an account's test. `tone` is ok, bad or warn, or "" if the check did not run."""

    label: str
    tone: str
    said: str = ""
    fix: str = ""


class Wrong(Exception):
    """The provider's response is not as it should be. `said` is the problem and `fix` the remedy, as sentences."""

    def __init__(self, sentence: str, fix: str) -> None:
        super().__init__(sentence)
        self.said, self.fix = sentence, fix


@dataclass
class Test:
    """The running test of an account. `found` is the response to the first call, for later checks."""

    account: Integration
    deadline: Deadline
    found: Any = field(default=None)


def run(account: Integration) -> list[Check]:
    """Runs an account's checks, for at most TEST_MS in total. After one fails, the others are "Not tested."

    The caller must not be in a transaction. The calls are made even while the circuit breaker is open, and are recorded
    in the account's health. Raises Cancelled and ShutdownRequested.
    """
    writer.forget_successes()
    breakers.look_again(account.provider, account.workspace_id)
    test, lines = Test(account, Deadline.after_ms(TEST_MS)), []
    if ended := probes.look_at_secrets(account):
        lines.append(Check("Stored secrets", BAD, probes.UNREADABLE, probes.UNREADABLE_FIX))
    for label, check in registry.spec_of(account.provider).checks:
        line = Check(label, NOT_TRIED, "Not tested.") if ended else _line(test, label, check)
        ended = ended or line.tone == BAD
        lines.append(line)
    return lines


def _line(test: Test, label: str, check: Callable[[Test], str]) -> Check:
    drop_connection()  # reporting the previous call may have opened a connection
    try:
        return Check(label, OK, check(test))
    except Wrong as wrong:
        return Check(label, BAD, wrong.said, wrong.fix)
    except ProviderMisconfigured as error:
        fix = "" if " Set it in " in str(error) else "Change it in the account’s settings."
        return Check(label, BAD, str(error), fix)
    except DeadlineExceeded:
        return Check(label, BAD, "No response within 5 s.", _wait(test.account))
    except ProviderError as error:
        words = f": “{error.said}”" if error.said else ""
        sentence = f"{capfirst(str(error.outcome.label))}{error.detail}{words}."
        return Check(label, BAD, sentence, _fix(test.account, error))


def _fix(account: Integration, error: ProviderError) -> str:
    spec = registry.spec_of(account.provider)
    new_key = f"Create a new key in {spec.key_made_at}, and enter it in the account’s settings."
    if error.code == ANOTHER_ACCOUNT:
        return "Someone else logged in. Reconnect, and log in as this account’s owner."
    if spec.key_made_at and error.code == MISSING_CREDENTIALS:
        return new_key
    if spec.key_made_at and error.code == "missing_scope":
        return f"Add the missing permission to the key in {spec.key_made_at}."
    if error.outcome == CallOutcome.AUTH and spec.reconnect:
        return "Choose Reconnect, or send the account’s owner a link."
    if error.outcome == CallOutcome.AUTH and spec.key_made_at:
        return new_key
    if error.outcome == CallOutcome.AUTH and spec.installation_key:
        return "The installation’s operator manages this key. Ask them to fix it."
    if error.outcome == CallOutcome.RATE_LIMITED:
        return "The account is fine. Test again in a few minutes."
    if error.outcome == CallOutcome.REJECTED:
        return "Compare the ID and URL in the account’s settings with the provider’s."
    return _wait(account)


def _wait(account: Integration) -> str:
    name = account.label
    return f"The problem is at {name} or on the network. Test again in a few minutes."


def same_account(account_id: str, wanted: str) -> None:
    """Raises Wrong if the key belongs to an account other than `wanted`. An account with an unknown id passes."""
    if wanted and account_id and account_id != wanted:
        raise Wrong(
            f"The key belongs to account {account_id}, but this is account {wanted}.",
            "Use the right account’s key, or change the ID in the account’s settings.",
        )
