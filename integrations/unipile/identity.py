"""Whether the person who is logged in at Unipile is still the one whose account was connected.

A reconnect page does not care who logs in on it. LinkedIn's own id of the first owner is remembered, and an account
that comes back with another one is not well again, whatever its calls answer.
"""

from django.db import transaction

from integrations.errors import ANOTHER_ACCOUNT, ProviderAuthError
from integrations.models import Integration
from integrations.unipile.client import Account

OWNER = "owner_id"
STRANGER = "stranger"
"""Keys of `Integration.config`: whose account it is, and whether somebody else was logged in when last looked."""


def verify(integration: Integration, account: Account) -> None:
    """Compare who is logged in, as Unipile has just said, with the first owner, who is remembered.

    Raises ProviderAuthError with the code ANOTHER_ACCOUNT for somebody else.
    """
    known = integration.config.get(OWNER, "")
    stranger = bool(account.owner_id and known and account.owner_id != known)
    if account.owner_id and (not known or stranger != bool(integration.config.get(STRANGER))):
        _remember(integration, {OWNER: known or account.owner_id, STRANGER: stranger})
    if stranger:
        raise ProviderAuthError("unipile", code=ANOTHER_ACCOUNT)


def _remember(integration: Integration, facts: dict[str, object]) -> None:
    with transaction.atomic():
        row = Integration.objects.select_for_update().get(pk=integration.pk)
        row.config = {**row.config, **facts}
        row.save(update_fields=["config", "updated_at"])
    integration.config = row.config


def forget(integration: Integration) -> None:
    """Let the next one who is logged in be the owner (unsaved): for an account id that a person has changed."""
    integration.config = {
        name: value for name, value in integration.config.items() if name not in (OWNER, STRANGER)
    }
