"""How a LinkedIn account is at Unipile: whether Unipile knows it, who is logged in, and whether the session lives."""

from datetime import datetime

from django.conf import settings

from integrations import health
from integrations.checks import Test, Wrong
from integrations.destinations import installation_key
from integrations.errors import ANOTHER_ACCOUNT, ProviderAuthError, ProviderError
from integrations.models import Integration
from integrations.unipile import identity
from integrations.unipile.client import UnipileClient
from jobs.deadline import Deadline


def usable(account: Integration) -> bool:
    return bool(account.external_account_id and (account.credentials or installation_key(account)))


def lacks(account: Integration) -> tuple[str, str] | None:
    if account.credentials.get("api_key") or installation_key(account):
        return None
    return "api_key", "Needed: the installation’s own key is for the installation’s address only."


def own_key() -> str:
    return settings.UNIPILE_API_KEY


def probe(account: Integration, deadline: Deadline) -> None:
    """Who is logged in, which proves nothing, then the balance, which needs a live LinkedIn session: Unipile answers
    /accounts for a disconnected account as well."""
    client = UnipileClient.for_integration(account)
    try:
        identity.verify(account, client.account(deadline))
    except ProviderAuthError as error:
        if error.code == ANOTHER_ACCOUNT:  # the call itself was answered, so nobody else reports this
            health.record(account, health.Signal(health.Kind.REFUSED, error.code))
        raise
    client.inmail_balance(deadline)


def stays_broken(account: Integration, _reason: str, _operation: str) -> bool:
    """Whatever works while somebody else is logged in works for them."""
    return bool(account.config.get(identity.STRANGER))


def reconnect(account: Integration, until: datetime, back_url: str, deadline: Deadline) -> str:
    return UnipileClient.for_integration(account).reconnect_link(
        expires_at=until, success_url=back_url, failure_url=back_url, deadline=deadline
    )


def check_key(test: Test) -> str:
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
    identity.verify(test.account, test.found)
    return f"{test.found.name}." if test.found.name else ""


def check_session(test: Test) -> str:
    balance = UnipileClient.for_integration(test.account).inmail_balance(test.deadline)
    return f"{balance.total} InMail credits."
