"""Decides to which address the calls of an account go, and which keys may be sent to that address.

A key may be sent only to the address for which it was entered. The installation's keys open accounts of every
workspace, so they are sent only to the address that the operator has set. If an account's address changes, the
workspace must enter its key again.
"""

from integrations import registry
from integrations.http.hosts import Address, HostRefused, address_of
from integrations.models import Integration


def default_url(provider: str) -> str:
    """Returns the base URL for accounts without their own, or ""."""
    stated = registry.spec_of(provider).base_url
    return stated() if stated else ""


def base_url(integration: Integration) -> str:
    """Returns the base URL of the account's calls, its own or the default one, without a trailing slash; or ""."""
    return str(integration.config.get("base_url") or default_url(integration.provider)).rstrip("/")


def installation_key(integration: Integration) -> str:
    """Returns the installation's API key; "" if the account's calls do not go to the operator's address."""
    read_key = registry.spec_of(integration.provider).installation_key
    key = read_key() if read_key else ""
    default = default_url(integration.provider)
    return key if default and leads_to(integration) == _leads_to(integration.provider, default) else ""


def leads_to(integration: Integration) -> Address | str:
    """Returns the scheme, host and port of the account's calls, or the URL as text if calls to it are not allowed."""
    return _leads_to(integration.provider, base_url(integration))


def _leads_to(provider: str, url: str) -> Address | str:
    try:
        return address_of(provider, url)
    except HostRefused:
        return url
