"""Which address an account's calls go to, and which keys may go there.

A key is for the address that it was given for. The installation's own keys open the accounts of every workspace, so
they go to the address that the operator has set and nowhere else; a workspace's key is asked for again when the
address of its account changes.
"""

from django.conf import settings

from integrations.hosts import Address, HostRefused, address_of
from integrations.models import Integration, Provider

BASE_URLS = {
    Provider.SMARTLEAD: "https://server.smartlead.ai/api/v1",
    Provider.INSTANTLY: "https://api.instantly.ai/api/v2",
    Provider.CALENDLY: "https://api.calendly.com",
}
"""Of the providers whose address no operator sets."""
SENT = {
    Provider.EMAILBISON: "api_key",
    Provider.GHL: "api_key",
    Provider.UNIPILE: "api_key",
    Provider.SMARTLEAD: "api_key",
    Provider.INSTANTLY: "api_key",
    Provider.CALENDLY: "api_key",
    Provider.SLACK: "bot_token",
}
"""The secret of each provider that every call to its base URL carries; the other secrets stay here."""


def default_url(provider: str) -> str:
    """The operator's address of a provider, else the provider's own; "" where there is none."""
    operators = {
        Provider.EMAILBISON: settings.EMAILBISON_BASE_URL,
        Provider.UNIPILE: settings.UNIPILE_DSN,
        Provider.GHL: settings.GHL_BASE_URL,
        Provider.SLACK: settings.SLACK_BASE_URL,
    }
    return operators.get(provider, "") or BASE_URLS.get(provider, "")


def base_url(integration: Integration) -> str:
    """The account's own base URL, else the default one, without its last slash; "" where there is neither."""
    return str(integration.config.get("base_url") or default_url(integration.provider)).rstrip("/")


def installation_key(integration: Integration) -> str:
    """The installation's own key for an account that has none.

    "" where there is no such key, and where the account's calls go to another address than the operator's.
    """
    key = {Provider.UNIPILE: settings.UNIPILE_API_KEY, Provider.SLACK: settings.SLACK_BOT_TOKEN}.get(
        integration.provider, ""
    )
    default = default_url(integration.provider)
    return key if default and leads_to(integration) == _leads_to(integration.provider, default) else ""


def leads_to(integration: Integration) -> Address | str:
    """Scheme, host and port of the account's calls; where its address is none, the text that is stored."""
    return _leads_to(integration.provider, base_url(integration))


def _leads_to(provider: str, url: str) -> Address | str:
    try:
        return address_of(provider, url)
    except HostRefused:
        return url
