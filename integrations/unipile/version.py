"""Decides which version of Unipile's API an account is called with: the version at which the account exists.

Each version of Unipile's API has its own accounts, URLs and ids. The answer is stored with the URL and account id that
it applies to, so Unipile is asked again if either changes.
"""

from integrations import destinations
from integrations.errors import ProviderRejected
from integrations.models import Integration
from integrations.unipile import identity
from integrations.unipile.client import Account, UnipileClient
from integrations.unipile.v2.client import UnipileV2Client
from jobs.deadline import Deadline

CLIENTS: dict[int, type[UnipileClient]] = {1: UnipileClient, 2: UnipileV2Client}
VERSION = "version"
"""The key of `Integration.config` under which the version is stored."""


def client_of(integration: Integration, deadline: Deadline) -> UnipileClient:
    """Returns a client of the account's version; asks Unipile if none is stored. Raises the errors of `look`."""
    number = number_of(integration)
    return CLIENTS[number].for_integration(integration) if number else look(integration, deadline)[0]


def number_of(integration: Integration) -> int:
    """Returns the stored version; 0 if Unipile has not been asked since the URL or the id changed."""
    answer = integration.config.get(VERSION) or {}
    return int(answer["number"]) if answer.get("of") == _subject(integration) else 0


def look(integration: Integration, deadline: Deadline) -> tuple[UnipileClient, Account]:
    """Reads the account from the version at which it exists. If no version is stored, stores the one that has the
    account, and also stores the account's owner, by whom messages of the account's former id are recognised.

    Raises ProviderRejected with the status 404 if neither version has the account, the errors of calls, and those of
    `identity.verify`.
    """
    # The account ids of version 2 begin with this prefix. The prefix only decides which version is asked first.
    likely = 2 if integration.external_account_id.startswith("acc_") else 1
    client = CLIENTS[number_of(integration) or likely].for_integration(integration)
    if number_of(integration):
        return client, client.account(deadline)
    try:
        account, number = client.account(deadline), likely
    except ProviderRejected as refusal:
        if refusal.status != 404:
            raise
        client, number = CLIENTS[3 - likely].for_integration(integration), 3 - likely
        account = client.account(deadline)
    identity.verify(integration, account)
    identity.remember(integration, {VERSION: {"number": number, "of": _subject(integration)}})
    return client, account


def _subject(integration: Integration) -> str:
    return f"{destinations.base_url(integration)} {integration.external_account_id}"
