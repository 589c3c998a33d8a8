"""Which of a workspace's accounts to use: one that is switched on and has what its calls need.

A reply is answered by the account that it came to and by no other: to the lead, another one is another sender.
"""

from uuid import UUID

from inbox.models import Message, WebhookDelivery
from integrations import registry, slack
from integrations.models import Integration


class NotAnswerable(Exception):
    """The account that a message came to cannot answer it now; the text is a sentence for people."""


def connected(workspace_id: UUID, provider: str) -> Integration | None:
    """The workspace's account at `provider`; where there are several, the oldest."""
    rows = Integration.objects.filter(workspace_id=workspace_id, provider=provider, enabled=True)
    return next((one for one in rows if usable(one)), None)


def answering(message: Message, provider: str) -> Integration:
    """The account at `provider` that `message` came to.

    Raises NotAnswerable where it is switched off, lacks what its calls need, is gone, or is not known among several.
    """
    label = registry.spec_of(provider).label
    rows = list(Integration.objects.filter(workspace_id=message.workspace_id, provider=provider))
    if not rows:
        raise NotAnswerable(f"{label} is not connected.")
    found = _came_to(message, rows)
    if found is None:
        raise NotAnswerable(
            f"The {label} account that they wrote to is not connected any more, and no other answers for it."
        )
    if not found.enabled:
        raise NotAnswerable(
            f"The {label} account that they wrote to is switched off. Switch it on to answer."
        )
    if not usable(found):
        raise NotAnswerable(f"The {label} account that they wrote to lacks its key. Enter it to answer.")
    return found


def _came_to(message: Message, rows: list[Integration]) -> Integration | None:
    """The one of `rows` that the provider names, else the one whose webhook or list brought the message, else the only
    one that it can be."""
    if registry.source_of(message.source).names_account and message.account_id:
        rows = [one for one in rows if one.external_account_id in (message.account_id, "")]
        named = [one for one in rows if one.external_account_id]
        if named:
            return named[0]
    deliveries = WebhookDelivery.objects.filter(workspace_id=message.workspace_id, message=message)
    brought_by = set(deliveries.values_list("integration_id", flat=True))
    if brought_by:
        rows = [one for one in rows if one.pk in brought_by]
    return rows[0] if len(rows) == 1 else None


def usable(integration: Integration) -> bool:
    """Whether an account has its own credentials, or those of the installation that its provider goes by.

    Credentials that cannot be read count: the account is broken and not absent, and no other one takes its place.
    """
    return registry.spec_of(integration.provider).usable(integration)


def slack_of(workspace_id: UUID) -> Integration | None:
    """The Slack connection to tell people by: one with a channel for notices, or with an incoming webhook.

    One whose secrets cannot be read is named too; a call through it raises SecretsUnreadable.
    """
    found = connected(workspace_id, slack.NAME)
    if found is None or found.is_unreadable or found.config.get("channel"):
        return found
    return found if found.credentials.get("webhook_url") else None
