"""Which of a workspace's accounts to use: one that is switched on and has what its calls need."""

from uuid import UUID

from django.conf import settings

from integrations.destinations import installation_key
from integrations.models import Integration, Provider


def connected(workspace_id: UUID, provider: str, *, account_id: str = "") -> Integration | None:
    """The account at `provider`; where there are several, the one the provider calls `account_id`, else the oldest."""
    rows = Integration.objects.filter(workspace_id=workspace_id, provider=provider, enabled=True)
    able = [one for one in rows if usable(one)]
    named = [one for one in able if account_id and one.external_account_id == account_id]
    return next(iter(named or able), None)


def usable(integration: Integration) -> bool:
    """Whether an account has its own credentials, or those of the installation that its provider goes by.

    Credentials that cannot be read count: the account is broken and not absent, and no other one takes its place.
    """
    if integration.provider == Provider.CLAY:  # a table's address is all that it has
        own = integration.config.get("linkedin_table_url") or integration.config.get("phone_table_url")
        return bool(own or settings.CLAY_LINKEDIN_TABLE_WEBHOOK_URL or settings.CLAY_PHONE_TABLE_WEBHOOK_URL)
    if integration.provider == Provider.SLACK and not integration.credentials:
        return bool(installation_key(integration) and integration.config.get("channel"))
    if integration.provider == Provider.UNIPILE:
        return bool(
            integration.external_account_id and (integration.credentials or installation_key(integration))
        )
    return bool(integration.credentials)


def slack_of(workspace_id: UUID) -> Integration | None:
    """The Slack connection to tell people by: one with a channel for notices, or with an incoming webhook.

    One whose secrets cannot be read is named too; a call through it raises SecretsUnreadable.
    """
    slack = connected(workspace_id, Provider.SLACK)
    if slack is None or slack.is_unreadable or slack.config.get("channel"):
        return slack
    return slack if slack.credentials.get("webhook_url") else None
