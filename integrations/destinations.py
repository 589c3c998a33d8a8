"""Decides which address an account's calls go to, and which keys may be sent there.

A key may only go to the address for which it was given. The installation's keys open accounts of every workspace, so
they go only to the address that the operator has set. If the address of an account changes, the workspace must give its
key again.
"""

from integrations import registry
from integrations.http.hosts import Address, HostRefused, address_of
from integrations.models import Integration


def default_url(provider: str) -> str:
    """The base URL for accounts that have none of their own, or ""."""
    stated = registry.spec_of(provider).base_url
    return stated() if stated else ""


def base_url(integration: Integration) -> str:
    """The base URL of the account's calls: its own, else the default one, or "". It has no slash at the end."""
    return str(integration.config.get("base_url") or default_url(integration.provider)).rstrip("/")


def installation_key(integration: Integration) -> str:
    """The installation's API key, or "" if the account's calls go to another address than the operator's."""
    read_key = registry.spec_of(integration.provider).installation_key
    key = read_key() if read_key else ""
    default = default_url(integration.provider)
    return key if default and leads_to(integration) == _leads_to(integration.provider, default) else ""


def leads_to(integration: Integration) -> Address | str:
    """Scheme, host and port of the account's calls, or the URL's text if calls may not have it."""
    return _leads_to(integration.provider, base_url(integration))


def _leads_to(provider: str, url: str) -> Address | str:
    try:
        return address_of(provider, url)
    except HostRefused:
        return url
