"""Tests a LinkedIn account at Unipile: whether Unipile knows it, who is logged in, and whether the session is alive."""

from datetime import datetime

from integrations.destinations import installation_key
from integrations.errors import ANOTHER_ACCOUNT, ProviderAuthError, ProviderError
from integrations.health import writer
from integrations.health.checks import Test, Wrong
from integrations.models import Integration
from integrations.unipile import identity, version
from integrations.unipile.client import Account, InMailBalance, UnipileClient
from jobs.deadline import Deadline


def usable(account: Integration) -> bool:
    return bool(account.external_account_id and (account.has_secrets or installation_key(account)))


def lacks(account: Integration) -> tuple[str, str] | None:
    """Returns the missing setting with a sentence for users; None with a key. Raises DecryptionError."""
    if account.credentials.get("api_key") or installation_key(account):
        return None
    return "api_key", "Required. The installation’s key only works with the installation’s URL."


def probe(account: Integration, deadline: Deadline) -> None:
    """Reads who is logged in, then the InMail balance, which is the only call that needs a live LinkedIn session.

    If another person than the owner is logged in, records and raises ProviderAuthError with the code ANOTHER_ACCOUNT.
    """
    client, answer = version.look(account, deadline)
    try:
        identity.verify(account, answer)
    except ProviderAuthError as error:
        if error.code == ANOTHER_ACCOUNT:
            _record(account, error)
        raise
    _balance(account, client, answer, deadline)


def _balance(
    account: Integration, client: UnipileClient, answer: Account, deadline: Deadline
) -> InMailBalance:
    """Returns the InMail balance. Raises an error if the session has ended (version 2 may have an old one)."""
    if answer.status == "disconnected":
        error = ProviderAuthError("unipile", code="disconnected_account")
        _record(account, error)
        raise error
    return client.inmail_balance(deadline)


def _record(account: Integration, error: ProviderAuthError) -> None:
    """Records the error in the account's health. The call itself succeeded, so nothing else records the error."""
    writer.record(account, writer.Signal(writer.SignalKind.REFUSED, error.code))


def stays_broken(account: Integration, _reason: str, _operation: str) -> bool:
    """Whether a person other than the owner is logged in."""
    return bool(account.config.get(identity.STRANGER))


def reconnect(account: Integration, until: datetime, back_url: str, deadline: Deadline) -> str:
    return version.client_of(account, deadline).reconnect_link(until, back_url, deadline)


def check_key(test: Test) -> str:
    """Stores the client and the account in `test.found` for the next checks."""
    try:
        test.found = version.look(test.account, test.deadline)
    except ProviderError as error:
        if error.status == 404:
            raise Wrong(
                "Unipile doesn’t have this account.", "Copy the account ID from Unipile’s dashboard again."
            ) from None
        raise
    number, name = version.number_of(test.account), test.found[1].name
    return f"Unipile lists the account as {name}, in version {number}." if name else ""


def check_owner(test: Test) -> str:
    """Returns the name of the person who is logged in. The first person who was logged in counts as the owner."""
    answer = test.found[1]
    identity.verify(test.account, answer)
    return f"{answer.name}." if answer.name else ""


def check_session(test: Test) -> str:
    client, answer = test.found
    balance = _balance(test.account, client, answer, test.deadline)
    return f"{balance.total} InMail credits."
