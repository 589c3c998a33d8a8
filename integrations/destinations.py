"""Which address an account's calls go to, and which keys may go there.

A key is for the address that it was given for. The installation's own keys open the accounts of every workspace, so
they go to the address that the operator has set and nowhere else; a workspace's key is asked for again when the
address of its account changes.
"""

from integrations import registry
from integrations.hosts import Address, HostRefused, address_of
from integrations.models import Integration


def default_url(provider: str) -> str:
    """The operator's address of a provider, else the provider's own; "" where there is none."""
    stated = registry.spec_of(provider).base_url
    return stated() if stated else ""


def base_url(integration: Integration) -> str:
    """The account's own base URL, else the default one, without its last slash; "" where there is neither."""
    return str(integration.config.get("base_url") or default_url(integration.provider)).rstrip("/")


def installation_key(integration: Integration) -> str:
    """The installation's own key for an account that has none.

    "" where there is no such key, and where the account's calls go to another address than the operator's.
    """
    own = registry.spec_of(integration.provider).installation_key
    key = own() if own else ""
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
