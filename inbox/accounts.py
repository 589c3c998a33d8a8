"""Which of a workspace's accounts to use: one that is switched on and has credentials."""

from uuid import UUID

from integrations.models import Integration


def connected(workspace_id: UUID, provider: str, *, account_id: str = "") -> Integration | None:
    """The account at `provider`; where there are several, the one the provider calls `account_id`, else the oldest."""
    usable = [
        one
        for one in Integration.objects.filter(workspace_id=workspace_id, provider=provider, enabled=True)
        if one.credentials
    ]
    named = [one for one in usable if account_id and one.external_account_id == account_id]
    return next(iter(named or usable), None)
