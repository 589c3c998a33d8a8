"""Tests a LinkedIn account at Unipile: whether Unipile knows it, who is logged in, and whether the session is alive."""

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from integrations.destinations import installation_key
from integrations.errors import ANOTHER_ACCOUNT, ProviderAuthError, ProviderError
from integrations.health import writer
from integrations.health.checks import Test, Wrong
from integrations.models import Integration
from integrations.unipile import identity
from integrations.unipile.client import UnipileClient
from jobs.deadline import Deadline


def usable(account: Integration) -> bool:
    return bool(account.external_account_id and (account.has_secrets or installation_key(account)))


def lacks(account: Integration) -> tuple[str, str] | None:
    """Raises DecryptionError if its secrets cannot be read."""
    if name := speaks_version_2(account):
        return name, VERSION_2
    if account.credentials.get("api_key") or installation_key(account):
        return None
    return "api_key", "Needed: the installation’s own key is for the installation’s address only."


VERSION_2 = (
    "This is of Unipile’s version 2, which this product does not speak. Connect an account of version 1: its address "
    "names a server and a port, such as https://api8.unipile.com:13851."
)


def speaks_version_2(account: Integration) -> str:
    """The setting that only version 2 of the API has: an id "acc_…", or its one address for everybody; or "".

    Source: https://developer.unipile.com/v2.0/docs/migration-from-v1
    """
    address = urlsplit(str(account.config.get("base_url") or ""))
    if account.external_account_id.startswith("acc_"):
        return "account_id"
    if "v2" in address.path.split("/") or (address.hostname == "api.unipile.com" and not address.port):
        return "base_url"
    return ""


def own_key() -> str:
    return settings.UNIPILE_API_KEY


def probe(account: Integration, deadline: Deadline) -> None:
    """Read who is logged in, then the InMail balance, which alone needs a live LinkedIn session.

    Raises ProviderAuthError with the code ANOTHER_ACCOUNT, and records it, if it is not the owner.
    """
    client = UnipileClient.for_integration(account)
    try:
        identity.verify(account, client.account(deadline))
    except ProviderAuthError as error:
        if error.code == ANOTHER_ACCOUNT:  # the call itself succeeded, so nothing else records this
            writer.record(account, writer.Signal(writer.SignalKind.REFUSED, error.code))
        raise
    client.inmail_balance(deadline)


def stays_broken(account: Integration, _reason: str, _operation: str) -> bool:
    """Somebody else than the owner is logged in."""
    return bool(account.config.get(identity.STRANGER))


def reconnect(account: Integration, until: datetime, back_url: str, deadline: Deadline) -> str:
    return UnipileClient.for_integration(account).reconnect_link(
        expires_at=until, success_url=back_url, failure_url=back_url, deadline=deadline
    )


def check_key(test: Test) -> str:
    """Keeps the account in `test.found` for the next check."""
    try:
        test.found = UnipileClient.for_integration(test.account).account(test.deadline)
    except ProviderError as error:
        if error.status == 404:
            raise Wrong(
                "Unipile does not know this account.", "Copy the account’s id from Unipile’s dashboard again."
            ) from None
        raise
    return f"Unipile knows the account as {test.found.name}." if test.found.name else ""


def check_owner(test: Test) -> str:
    """The first person who is logged in counts as the owner."""
    identity.verify(test.account, test.found)
    return f"{test.found.name}." if test.found.name else ""


def check_session(test: Test) -> str:
    balance = UnipileClient.for_integration(test.account).inmail_balance(test.deadline)
    return f"{balance.total} InMail credits."
