"""Sets and validates the settings of an account: its secrets, its other settings, and the provider's account id."""

from collections.abc import Collection

from integrations import destinations, registry
from integrations.http.hosts import Address, HostRefused, check_url
from integrations.models import Integration

GIVE_AGAIN = "the stored value was for a different address. Enter it again."


class ConnectError(ValueError):
    """A setting of an account is invalid. The message names the setting and says what is allowed."""


def provider_named(name: str) -> str:
    """Returns the provider that `name` or one of its aliases means. Raises ConnectError, which lists all names."""
    name = name.strip().lower()
    for spec in registry.specs().values():
        if name == spec.name or name in spec.aliases:
            return spec.name
    raise ConnectError(f"PROVIDER must be one of: {', '.join(registry.specs())}.")


def account_setting(provider: str) -> str:
    """Returns the setting that holds the provider's own account id; "" if the provider has none."""
    stated = registry.spec_of(provider).account_id
    return stated.name if stated else ""


def apply(integration: Integration, values: dict[str, str]) -> None:
    """Puts `values` (settings and secrets by name) into the account as `put` does, without saving the account.

    Also raises ConnectError for a new address without a new secret, because the stored secret was entered for the old
    address.
    """
    before = destinations.leads_to(integration)
    put(integration, values)
    if missing := secret_for_new_address(integration, before, values):
        raise ConnectError(f"{missing}: {GIVE_AGAIN}")


def secret_for_new_address(integration: Integration, before: Address | str, names: Collection[str]) -> str:
    """Returns the name of the secret that must be entered again because calls no longer go to `before`; else "".

    `names` are the settings that were just entered. A secret that no key can decrypt counts as stored, because the
    operator may restore its key.
    """
    name = registry.spec_of(integration.provider).key or ""
    stored = integration.is_unreadable or bool(integration.credentials.get(name))
    return name if stored and name not in names and destinations.leads_to(integration) != before else ""


def put(integration: Integration, values: dict[str, str]) -> None:
    """Puts settings and secrets into the account without saving the account. An empty value removes a setting, but not
    a secret.

    If the stored secrets can no longer be decrypted, the first new secret replaces all of them. The caller must check
    `secret_for_new_address`. Raises ConnectError for an unknown name, an invalid secret, or a forbidden address.
    """
    spec = registry.spec_of(integration.provider)
    secrets, settings = {field.name for field in spec.secrets}, {field.name for field in spec.settings}
    for name, text in values.items():
        text = text.strip()
        if name == account_setting(spec.name):
            integration.external_account_id = text
        elif name == "name":
            integration.name = text[:120]
        elif name in secrets:
            _check_secret(integration, name, text)
            stored = {} if integration.is_unreadable else integration.credentials
            integration.credentials = {**stored, name: text}
        elif name in settings and not text:
            integration.config = {key: stored for key, stored in integration.config.items() if key != name}
        elif name in settings:
            if name.endswith(("_url", "_uri")):
                _check_url(integration, name, text)
            integration.config = {**integration.config, name: text.rstrip("/")}
        else:
            allowed = ", ".join([*(field.name for field in spec.all_settings), "name"])
            raise ConnectError(f"{spec.name} has no setting “{name}”. It has: {allowed}.")


def _check_secret(integration: Integration, name: str, text: str) -> None:
    if not text or not text.isprintable() or not text.isascii() or " " in text:
        raise ConnectError(f"{name}: empty, or contains a space or line break. Copy it again.")
    if name.endswith("_url"):
        _check_url(integration, name, text)


def _check_url(integration: Integration, name: str, text: str) -> None:
    try:
        check_url(integration.provider, text, integration.workspace_id)
    except HostRefused as refused:
        raise ConnectError(f"{name}: {refused}") from None
