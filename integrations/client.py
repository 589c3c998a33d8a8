"""Helpers that all provider clients use: an account's session and credentials, and reading list answers."""

from collections.abc import Mapping
from typing import Any

from integrations import destinations, registry
from integrations.errors import ProviderMisconfigured, SecretsUnreadable
from integrations.http.ratelimit import RateLimit
from integrations.http.session import ProviderSession
from integrations.models import Integration


def secrets_of(integration: Integration) -> dict[str, str]:
    """The provider account's own credentials by name; {} if it has none. Raises SecretsUnreadable if no configured key
    can decrypt them. The installation's credentials must not be used then: they may open another account.
    """
    if integration.is_unreadable:
        raise SecretsUnreadable(integration.provider)
    credentials: dict[str, str] = integration.credentials
    return credentials


def has_secrets(integration: Integration) -> bool:
    """Whether the provider account has credentials of its own, even if they cannot be read. Decrypts nothing."""
    return integration.has_secrets


def required_secret(integration: Integration, name: str) -> str:
    """The credential `name` that calls to the provider carry: the account's own, else the
    installation's if it may go to this address.

    Raises ProviderMisconfigured if there is none, and SecretsUnreadable if it cannot be decrypted.
    """
    value = str(secrets_of(integration).get(name) or destinations.installation_key(integration)).strip()
    if not value:
        raise ProviderMisconfigured(
            f"{integration.label}: {name} is not set. Set it in the integration's settings."
        )
    return value


def base_url_of(integration: Integration) -> str:
    """The base URL of calls with this account: its own, else the provider's default. Raises
    ProviderMisconfigured if there is neither.
    """
    url = destinations.base_url(integration)
    if not url:
        raise ProviderMisconfigured(
            f"{integration.label}: base_url is not set. Set it in the integration's settings."
        )
    return url


def session_for(
    integration: Integration, *, base_url: str, headers: Mapping[str, str] | None = None, **options: Any
) -> ProviderSession:
    """A ProviderSession (which makes the HTTP calls) for the account, under its provider's rate limit.

    `options` are other fields of ProviderSession.
    """
    limit = registry.spec_of(integration.provider).call_limit
    if limit:
        key = f"{integration.provider}:{integration.external_account_id or integration.pk}"
        options["rate_limit"] = RateLimit(key, limit.calls, limit.window_s)
    return ProviderSession(
        provider=integration.provider,
        base_url=base_url,
        headers=headers or {},
        workspace_id=integration.workspace_id,
        integration_id=integration.pk,
        account=integration.external_account_id,
        **options,
    )


def items_of(data: Any, *names: str) -> list[dict[str, Any]]:
    """The JSON objects of an API answer that is a list: a bare array, or an array under `data` or one of `names`,
    nested at most twice. Items that are no objects are left out.

    Raises ValueError if there is no list. ProviderSession turns that into ProviderFault.
    """
    for _ in range(3):
        if isinstance(data, list):
            return [item for item in data if isinstance(item, dict)]
        if not isinstance(data, dict):
            break
        data = next((data[name] for name in (*names, "data") if name in data), None)
    raise ValueError("no list in the answer")
