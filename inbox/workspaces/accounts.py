"""Chooses the workspace's account for a call. The account must be switched on and have the credentials for its calls.

Only the account that received a reply may answer it, because another account would write as another sender.
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
    """Returns the workspace's accounts with their health, oldest first. Functions below take this as `accounts`."""
    return list(Integration.objects.filter(workspace_id=workspace_id).select_related("health"))


def connected(
    workspace_id: UUID, provider: str, accounts: list[Integration] | None = None
) -> Integration | None:
    """Returns the oldest account at `provider` that is switched on and `usable`; None without one."""
    rows = _rows(workspace_id, provider, accounts)
    return next((account for account in rows if account.enabled and usable(account)), None)


def required(workspace_id: UUID, provider: str) -> Integration:
    """Returns the account that `connected` returns. Raises ProviderMisconfigured if it returns None."""
    account = connected(workspace_id, provider)
    if account is None:
        label = registry.spec_of(provider).label
        raise ProviderMisconfigured(f"{label} isn’t connected. Connect it, then retry this job.")
    return account


def answering(message: Message, provider: str, accounts: list[Integration] | None = None) -> Integration:
    """Returns the account at `provider` that received the lead's `message`, and so must answer it.

    Raises NotAnswerable if that account is switched off, lacks its key or was deleted, or if several accounts may have
    received the message.
    """
    label = registry.spec_of(provider).label
    rows = _rows(message.workspace_id, provider, accounts)
    if not rows:
        raise NotAnswerable(f"{label} isn’t connected.")
    account = reached_by(message, rows)
    if account is None:
        raise NotAnswerable(
            f"The {label} account that the lead wrote to is no longer connected. Connect it again to answer."
        )
    if not account.enabled:
        raise NotAnswerable(f"The {label} account that the lead wrote to is off. Turn it on to answer.")
    if not usable(account):
        raise NotAnswerable(f"The {label} account that the lead wrote to has no key. Enter it to answer.")
    return account


def signature_for(message: Message) -> str:
    """Returns the signature of an email that answers `message` from the account that must answer it; "" without one."""
    try:
        account: Integration | None = answering(message, registry.provider_of(message.source))
    except NotAnswerable:
        account = None
    return signature_of(message.workspace, account, message.account_address)


def signature_of(workspace: Workspace, account: Integration | None, address: str) -> str:
    """Returns the signature of emails from `address`: that of the address, of its `account`, or of the workspace, or
    else the name that signs the workspace's answers.
    """
    signatures = account.config.get(SIGNATURES, {}) if account else {}
    signature = signatures.get(address.lower()) or signatures.get("") or workspace.signature
    return str(signature).strip() or workspace.persona_name.strip()


def signed(text: str, signature: str) -> str:
    """Returns `text` with the `signature` below it, unless the text already contains the signature's lines."""
    has_it = f"\n{signature}\n" in f"\n{text.rstrip()}\n"
    return text if has_it or not signature else f"{text.rstrip()}\n\n{signature}"


def _rows(workspace_id: UUID, provider: str, accounts: list[Integration] | None) -> list[Integration]:
    if accounts is None:
        return list(Integration.objects.filter(workspace_id=workspace_id, provider=provider))
    return [account for account in accounts if account.provider == provider]


def with_accounts(messages: QuerySet[Message]) -> QuerySet[Message]:
    """Annotates each message with the ids of the accounts that received it, so that `answering` need not query them."""
    deliveries = WebhookDelivery.objects.filter(workspace_id=OuterRef("workspace_id"), message=OuterRef("pk"))
    return messages.annotate(brought_by=ArraySubquery(deliveries.values("integration_id")))


def reached_by(message: Message, rows: list[Integration]) -> Integration | None:
    """Returns the account of `rows` that received the message: the account that the provider names, else the one whose
    webhook or list contained the message, else the only one. Returns None if no account or several are possible.
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
    """Returns the ids that the account had at its provider before, with the same owner."""
    stated = registry.spec_of(account.provider).former_ids
    return stated(account) if stated else frozenset()


def usable(integration: Integration) -> bool:
    """Whether an account has credentials for its provider: its own, or those of the installation. An account with
    unreadable credentials counts as usable: it is broken but present, so no other account replaces it.
    """
    return registry.spec_of(integration.provider).usable(integration)


def slack_of(workspace_id: UUID) -> Integration | None:
    """Returns the Slack account if it has a channel or webhook for notices, or unreadable secrets; else None."""
    account = connected(workspace_id, slack.NAME)
    if account is None or account.is_unreadable or account.config.get("channel"):
        return account
    return account if account.credentials.get("webhook_url") else None


def slack_for_replies(workspace_id: UUID) -> tuple[Integration, str] | None:
    """Returns the Slack account for notices about replies, and the channel: the one for replies, else the one for all
    notices, else "" for the incoming webhook. Returns None without such an account. As in `slack_of`, an account with
    unreadable secrets counts.
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
    """Returns the name of an account of `provider` for users, such as "LinkedIn". Raises UnknownProvider."""
    return registry.spec_of(provider).known_as


def name_of(account: Integration) -> str:
    """Returns the name of an account for users: "LinkedIn", or "LinkedIn for Dana" if its owner is known."""
    name = known_as(account.provider)
    return f"{name} for {account.name}" if account.name else name
