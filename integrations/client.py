"""What the providers' clients share: a session for an integration, its credentials, and reading lists."""

from collections.abc import Mapping
from typing import Any

from integrations import destinations, registry
from integrations.errors import ProviderMisconfigured, SecretsUnreadable
from integrations.http import ProviderSession
from integrations.models import Integration
from integrations.ratelimit import RateLimit


def secrets_of(integration: Integration) -> dict[str, str]:
    """The integration's own credentials. Raises SecretsUnreadable where no configured key opens them: the
    installation's own must not take their place."""
    if integration.is_unreadable:
        raise SecretsUnreadable(integration.provider)
    return integration.credentials


def has_secrets(integration: Integration) -> bool:
    """Whether it has credentials of its own; those that cannot be read count."""
    return bool(integration.credentials)


def required_secret(integration: Integration, name: str) -> str:
    """The credential that calls carry: the integration's own, else the installation's where that may go to its address.

    Raises ProviderMisconfigured naming it, and SecretsUnreadable.
    """
    value = str(secrets_of(integration).get(name) or destinations.installation_key(integration)).strip()
    if not value:
        raise ProviderMisconfigured(
            f"{integration.label}: {name} is not set. Set it in the integration's settings."
        )
    return value


def base_url_of(integration: Integration) -> str:
    """The integration's own base URL, else the default one. Raises ProviderMisconfigured where there is neither."""
    url = destinations.base_url(integration)
    if not url:
        raise ProviderMisconfigured(
            f"{integration.label}: base_url is not set. Set it in the integration's settings."
        )
    return url


def session_for(
    integration: Integration, *, base_url: str, headers: Mapping[str, str] | None = None, **options: Any
) -> ProviderSession:
    """The ProviderSession of an integration, under its provider's limit; `options` are ProviderSession's own fields."""
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
    """The objects of a list answer: a bare array, or an array under `data` or one of `names`, at most nested twice.

    Raises ValueError where there is none (ProviderSession turns that into ProviderFault).
    """
    for _ in range(3):
        if isinstance(data, list):
            return [item for item in data if isinstance(item, dict)]
        if not isinstance(data, dict):
            break
        data = next((data[name] for name in (*names, "data") if name in data), None)
    raise ValueError("no list in the answer")
