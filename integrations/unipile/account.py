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
    """Whether the LinkedIn account has an id at Unipile, and a key of its own or the installation's."""
    return bool(account.external_account_id and (account.has_secrets or installation_key(account)))


def lacks(account: Integration) -> tuple[str, str] | None:
    """The name of the setting that the LinkedIn account at Unipile still needs, with a sentence for people. None if it
    needs none. Raises DecryptionError if its secrets cannot be read.
    """
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
    """The name of the setting that only version 2 of Unipile's API has: an account id that begins with "acc_", or its
    one address for everybody (https://developer.unipile.com/v2.0/docs/migration-from-v1). "" if there is none.
    """
    address = urlsplit(str(account.config.get("base_url") or ""))
    if account.external_account_id.startswith("acc_"):
        return "account_id"
    if "v2" in address.path.split("/") or (address.hostname == "api.unipile.com" and not address.port):
        return "base_url"
    return ""


def own_key() -> str:
    """The installation's Unipile key, or ""."""
    return settings.UNIPILE_API_KEY


def probe(account: Integration, deadline: Deadline) -> None:
    """Make the cheap calls that show whether the LinkedIn account works: read who is logged in, and then the InMail
    balance. Raises ProviderAuthError with the code ANOTHER_ACCOUNT, and records it, if it is not the owner.

    Only the balance needs a live LinkedIn session. Unipile answers /accounts for a disconnected account too.
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
    """Whether the LinkedIn account still counts as broken, although a call succeeded, because
    somebody else than its owner is logged in.
    """
    return bool(account.config.get(identity.STRANGER))


def reconnect(account: Integration, until: datetime, back_url: str, deadline: Deadline) -> str:
    """The address of a page of Unipile on which the owner of the LinkedIn account logs in again.

    It is valid until `until` and leads back to `back_url`.
    """
    return UnipileClient.for_integration(account).reconnect_link(
        expires_at=until, success_url=back_url, failure_url=back_url, deadline=deadline
    )


def check_key(test: Test) -> str:
    """Check that Unipile accepts the key and knows the LinkedIn account, and keep the account in `test.found` for the
    next check. Returns a sentence for people. Raises Wrong if Unipile does not know the account, and the errors of
    integrations.errors.
    """
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
    """Check that the owner of the LinkedIn account is logged in; the first person who is counts as the owner. Returns a
    sentence for people. Raises ProviderAuthError if somebody else is.
    """
    identity.verify(test.account, test.found)
    return f"{test.found.name}." if test.found.name else ""


def check_session(test: Test) -> str:
    """Check that the session of the LinkedIn account is alive. Returns a sentence for people. Raises the errors of
    integrations.errors if it is not.
    """
    balance = UnipileClient.for_integration(test.account).inmail_balance(test.deadline)
    return f"{balance.total} InMail credits."
