"""Which settings an account of each provider has: what is secret, what is not, and what names the account."""

from collections.abc import Collection

from integrations import destinations, registry
from integrations.hosts import HostRefused, check_url
from integrations.models import Integration

GIVE_AGAIN = "what is stored was given for another address. Give it again for this one."


class ConnectError(ValueError):
    """A setting that cannot be stored. The message names it and says what is possible."""


def provider_named(name: str) -> str:
    """The provider of a provider's or webhook source's name. Raises ConnectError naming all of them."""
    name = name.strip().lower()
    for spec in registry.specs().values():
        if name == spec.name or name in spec.aliases:
            return spec.name
    raise ConnectError(f"PROVIDER must be one of: {', '.join(registry.specs())}.")


def account_setting(provider: str) -> str:
    """The name under which the provider's account id is set; "" where its accounts have none."""
    stated = registry.spec_of(provider).account_id
    return stated.name if stated else ""


def apply(integration: Integration, values: dict[str, str]) -> None:
    """Put `values` into the integration (unsaved); an empty value takes a setting that is no secret away.

    A secret that is put in replaces all that can no longer be read.

    Raises ConnectError for a name that its provider does not have, a secret that cannot be one, an address that calls
    may not go to, and another address without the secret that goes there: one that is stored was given for the old one.
    """
    before = destinations.leads_to(integration)
    put(integration, values)
    if missing := secret_for_new_address(integration, before, values):
        raise ConnectError(f"{missing}: {GIVE_AGAIN}")


def secret_for_new_address(
    integration: Integration, before: destinations.Address | str, given: Collection[str]
) -> str:
    """The name of a stored secret that must be given again, as calls now go elsewhere than `before`; "" for none.

    One that cannot be read today counts: its key may come back. given: the names of settings that have just been given.
    """
    name = registry.spec_of(integration.provider).key or ""
    stored = integration.is_unreadable or bool(integration.credentials.get(name))
    return name if stored and name not in given and destinations.leads_to(integration) != before else ""


def put(integration: Integration, values: dict[str, str]) -> None:
    """As `apply`, one setting at a time: whether a secret may go to a new address is left to the caller."""
    spec = registry.spec_of(integration.provider)
    secrets, settings = {one.name for one in spec.secrets}, {one.name for one in spec.settings}
    for name, value in values.items():
        value = value.strip()
        if name == account_setting(spec.name):
            integration.external_account_id = value
        elif name == "name":
            integration.name = value[:120]
        elif name in secrets:
            _check_secret(spec.name, name, value)
            kept = {} if integration.is_unreadable else integration.credentials
            integration.credentials = {**kept, name: value}
        elif name in settings and not value:
            integration.config = {key: kept for key, kept in integration.config.items() if key != name}
        elif name in settings:
            if name.endswith(("_url", "_uri")):
                _check_url(spec.name, name, value)
            integration.config = {**integration.config, name: value.rstrip("/")}
        else:
            known = ", ".join([*(one.name for one in spec.all_settings), "name"])
            raise ConnectError(f"{spec.name} has no setting “{name}”. It has: {known}.")


def _check_secret(provider: str, name: str, value: str) -> None:
    if not value or not value.isprintable() or not value.isascii() or " " in value:
        raise ConnectError(f"{name}: holds a space, a line break or nothing at all. Copy it again.")
    if name.endswith("_url"):
        _check_url(provider, name, value)


def _check_url(provider: str, name: str, value: str) -> None:
    try:
        check_url(provider, value)
    except HostRefused as refused:
        raise ConnectError(f"{name}: {refused}") from None
