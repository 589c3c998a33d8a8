"""Chooses the workspace's account for a call: it must be switched on and have the credentials for its calls.

Only the account that received a reply may answer it, because another account would be another sender.
"""

from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet

from inbox.models import Message, WebhookDelivery, Workspace
from integrations import registry, slack
from integrations.errors import ProviderMisconfigured
from integrations.models import Integration

SIGNATURES = "signatures"
"""The key of `Integration.config` for signatures by sender address in lower case; "" stands for all other addresses."""


class NotAnswerable(Exception):
    """The account that received a message cannot answer it now. The text is a sentence for users."""


def accounts_of(workspace_id: UUID) -> list[Integration]:
    """All accounts of the workspace with their health, oldest first. Callers pass them as `accounts` below."""
    return list(Integration.objects.filter(workspace_id=workspace_id).select_related("health"))


def connected(
    workspace_id: UUID, provider: str, accounts: list[Integration] | None = None
) -> Integration | None:
    """The oldest usable account at `provider` that is switched on, or None. Unreadable credentials count as usable."""
    rows = _rows(workspace_id, provider, accounts)
    return next((account for account in rows if account.enabled and usable(account)), None)


def required(workspace_id: UUID, provider: str) -> Integration:
    """As `connected`. Raises ProviderMisconfigured if the workspace has no such account."""
    account = connected(workspace_id, provider)
    if account is None:
        label = registry.spec_of(provider).label
        raise ProviderMisconfigured(f"{label} isn’t connected. Connect it, then retry this job.")
    return account


def answering(message: Message, provider: str, accounts: list[Integration] | None = None) -> Integration:
    """The account at `provider` that received the lead's `message`, and so must answer it.

    Raises NotAnswerable if that account is switched off, lacks its key, is deleted, or is one of several possible
    accounts.
    """
    label = registry.spec_of(provider).label
    rows = _rows(message.workspace_id, provider, accounts)
    if not rows:
        raise NotAnswerable(f"{label} isn’t connected.")
    account = reached_by(message, rows)
    if account is None:
        raise NotAnswerable(
            f"The {label} account that they wrote to is no longer connected. Connect it again to answer."
        )
    if not account.enabled:
        raise NotAnswerable(f"The {label} account that they wrote to is off. Turn it on to answer.")
    if not usable(account):
        raise NotAnswerable(f"The {label} account that they wrote to has no key. Enter it to answer.")
    return account


def signature_for(message: Message) -> str:
    """The signature of an email that answers `message`, by the account that must answer it; "" without one."""
    try:
        account: Integration | None = answering(message, registry.provider_of(message.source))
    except NotAnswerable:
        account = None
    return signature_of(message.workspace, account, message.account_address)


def signature_of(workspace: Workspace, account: Integration | None, address: str) -> str:
    """The signature of emails from `address`: its own, else that of its `account`, else that of the workspace."""
    own = account.config.get(SIGNATURES, {}) if account else {}
    return str(own.get(address.lower()) or own.get("") or workspace.signature).strip()


def signed(text: str, signature: str) -> str:
    """Returns `text` with the `signature` below it, unless it already has its lines."""
    has_it = f"\n{signature}\n" in f"\n{text.rstrip()}\n"
    return text if has_it or not signature else f"{text.rstrip()}\n\n{signature}"


def _rows(workspace_id: UUID, provider: str, accounts: list[Integration] | None) -> list[Integration]:
    if accounts is None:
        return list(Integration.objects.filter(workspace_id=workspace_id, provider=provider))
    return [account for account in accounts if account.provider == provider]


def with_accounts(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Reads each message with the accounts that received it, so that `answering` needs no query for them."""
    deliveries = WebhookDelivery.objects.filter(workspace_id=OuterRef("workspace_id"), message=OuterRef("pk"))
    return messages.annotate(brought_by=ArraySubquery(deliveries.values("integration_id")))


def reached_by(message: Message, rows: list[Integration]) -> Integration | None:
    """The account that received the message, or None: the account that the provider names, else the one whose webhook
    or list contained the message, else the only possible one.
    """
    if registry.source_of(message.source).names_account and message.account_id:
        heir = next((row for row in rows if message.account_id in former_ids(row)), None)
        rows = [account for account in rows if account.external_account_id in (message.account_id, "")]
        addressed = [account for account in rows if account.external_account_id]
        if addressed or heir:
            return addressed[0] if addressed else heir
    if "brought_by" in vars(message):
        brought_by = set(vars(message)["brought_by"])
    else:
        deliveries = WebhookDelivery.objects.filter(workspace_id=message.workspace_id, message=message)
        brought_by = set(deliveries.values_list("integration_id", flat=True))
    if brought_by:
        rows = [account for account in rows if account.pk in brought_by]
    return rows[0] if len(rows) == 1 else None


def former_ids(account: Integration) -> frozenset[str]:
    """The earlier ids of the account at its provider, with the same owner."""
    stated = registry.spec_of(account.provider).former_ids
    return stated(account) if stated else frozenset()


def usable(integration: Integration) -> bool:
    """Whether an account has credentials for its provider: its own, or those of the installation. Unreadable
    credentials count: the account is broken but present, so no other account replaces it.
    """
    return registry.spec_of(integration.provider).usable(integration)


def slack_of(workspace_id: UUID) -> Integration | None:
    """The Slack account for notices, with a channel or incoming webhook, or None. Unreadable secrets count as well."""
    account = connected(workspace_id, slack.NAME)
    if account is None or account.is_unreadable or account.config.get("channel"):
        return account
    return account if account.credentials.get("webhook_url") else None


def slack_for_replies(workspace_id: UUID) -> tuple[Integration, str] | None:
    """The Slack account for notices about replies, and their channel: the channel for replies, or that for all notices,
    or "" for the incoming webhook. None if the workspace has no account for this. Unreadable secrets count, as in
    `slack_of`.
    """
    account = connected(workspace_id, slack.NAME)
    if account is None:
        return None
    channel = "" if posts_by_webhook(account) else str(account.config.get("replies_channel") or "")
    if channel or slack_of(workspace_id):
        return account, channel or str(account.config.get("channel") or "")
    return None


def posts_by_webhook(account: Integration) -> bool:
    """Whether this Slack account has only an incoming webhook, which posts to a single channel."""
    if account.is_unreadable:
        return False
    return bool(account.credentials.get("webhook_url") and not account.credentials.get("bot_token"))


def known_as(provider: str) -> str:
    """The name of an account of `provider` for users, such as "LinkedIn". Raises UnknownProvider."""
    return registry.spec_of(provider).known_as


def name_of(account: Integration) -> str:
    """The name of an account for users: "LinkedIn", or "LinkedIn for Dana" if its owner is known."""
    name = known_as(account.provider)
    return f"{name} for {account.name}" if account.name else name
