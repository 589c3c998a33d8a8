"""Checks that the person who is logged in at Unipile is still the owner of the connected account.

Anybody can log in on a reconnect page. So the LinkedIn id of the account's first owner is stored. If another person is
logged in later, the account does not count as healthy, whatever its calls return. If the account gets another id, as
with version 2, its owner is still the person to whom leads have written.
"""

from django.db import transaction

from integrations.errors import ANOTHER_ACCOUNT, ProviderAuthError
from integrations.models import Integration
from integrations.unipile.client import Account

OWNER = "owner_id"
STRANGER = "stranger"
OWNERS = "owners"
"""Keys of `Integration.config`: the owner's LinkedIn id, whether another person was logged in at the last check, and
the owner at the time of each id that the account has had at Unipile.
"""


def verify(integration: Integration, account: Account) -> None:
    """Compares the person who is logged in with the stored owner. The first person ever seen is stored as the owner.

    Raises ProviderAuthError with the code ANOTHER_ACCOUNT if the two ids differ.
    """
    owner_id = integration.config.get(OWNER, "")
    stranger = bool(account.owner_id and owner_id and account.owner_id != owner_id)
    facts: dict[str, object] = {}
    if account.owner_id and (not owner_id or stranger != bool(integration.config.get(STRANGER))):
        facts = {OWNER: owner_id or account.owner_id, STRANGER: stranger}
    owners, number = integration.config.get(OWNERS) or {}, integration.external_account_id
    if account.owner_id and not stranger and owners.get(number) != account.owner_id:
        facts[OWNERS] = owners | {number: account.owner_id}
    if facts:
        remember(integration, facts)
    if stranger:
        raise ProviderAuthError("unipile", code=ANOTHER_ACCOUNT)


def remember(integration: Integration, facts: dict[str, object]) -> None:
    """Stores `facts` in the account's `config`, whose other keys may change at the same time."""
    with transaction.atomic():
        row = Integration.objects.select_for_update().get(pk=integration.pk)
        row.config = {**row.config, **facts}
        row.save(update_fields=["config", "updated_at"])
    integration.config = row.config


def former_ids(integration: Integration) -> frozenset[str]:
    """Returns the other ids at Unipile that the account's current owner has had."""
    owners = integration.config.get(OWNERS) or {}
    owner_id = owners.get(integration.external_account_id)
    ids = (number for number, person in owners.items() if person == owner_id)
    return frozenset(ids) - {integration.external_account_id}


def forget(integration: Integration) -> None:
    """Forgets the owner, because the account id has changed: the next person to log in is the owner. Does not save."""
    integration.config = {
        name: setting for name, setting in integration.config.items() if name not in (OWNER, STRANGER)
    }
