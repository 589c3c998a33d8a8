"""Checks that the person who is logged in at Unipile is still the owner of the connected account.

Anybody can log in on a reconnect page. So LinkedIn's id of the first owner is remembered. If somebody else is logged in
later, the account does not count as healthy, whatever its calls answer.
"""

from django.db import transaction

from integrations.errors import ANOTHER_ACCOUNT, ProviderAuthError
from integrations.models import Integration
from integrations.unipile.client import Account

OWNER = "owner_id"
STRANGER = "stranger"
"""Keys of `Integration.config`: the owner's id, and whether somebody else was logged in at the last check."""


def verify(integration: Integration, account: Account) -> None:
    """Compare the person who is logged in with the first one ever seen, who is remembered as the owner.

    Raises ProviderAuthError with the code ANOTHER_ACCOUNT if it is somebody else.
    """
    owner_id = integration.config.get(OWNER, "")
    stranger = bool(account.owner_id and owner_id and account.owner_id != owner_id)
    if account.owner_id and (not owner_id or stranger != bool(integration.config.get(STRANGER))):
        _remember(integration, {OWNER: owner_id or account.owner_id, STRANGER: stranger})
    if stranger:
        raise ProviderAuthError("unipile", code=ANOTHER_ACCOUNT)


def _remember(integration: Integration, facts: dict[str, object]) -> None:
    with transaction.atomic():
        row = Integration.objects.select_for_update().get(pk=integration.pk)
        row.config = {**row.config, **facts}
        row.save(update_fields=["config", "updated_at"])
    integration.config = row.config


def forget(integration: Integration) -> None:
    """For a changed account id: the next person who is logged in becomes the owner. It does not save."""
    integration.config = {
        name: setting for name, setting in integration.config.items() if name not in (OWNER, STRANGER)
    }
