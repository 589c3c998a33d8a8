"""Which settings an account of each provider has: what is secret, what is not, and what names the account."""

from collections.abc import Collection

from integrations import destinations
from integrations.hosts import HostRefused, check_url
from integrations.models import Integration, Provider

SECRETS = {
    Provider.EMAILBISON: ("api_key",),
    Provider.GHL: ("api_key",),
    Provider.UNIPILE: ("api_key",),
    Provider.SMARTLEAD: ("api_key",),
    Provider.INSTANTLY: ("api_key",),
    Provider.CLAY: ("callback_secret",),
    Provider.CALENDLY: ("api_key", "signing_key"),
    Provider.SLACK: ("bot_token", "webhook_url"),
}
PLAIN = {
    Provider.EMAILBISON: ("base_url",),
    Provider.GHL: ("base_url",),
    Provider.UNIPILE: ("base_url",),
    Provider.SMARTLEAD: ("base_url",),
    Provider.INSTANTLY: ("base_url",),
    Provider.CLAY: ("linkedin_table_url", "phone_table_url"),
    Provider.CALENDLY: ("base_url", "event_type_uri"),
    Provider.SLACK: ("base_url", "channel", "review_channel"),
}
ACCOUNT = {
    Provider.EMAILBISON: "workspace_id",
    Provider.GHL: "location_id",
    Provider.UNIPILE: "account_id",
}
"""The name under which each provider's account id is set; kept in `external_account_id`."""

GIVE_AGAIN = "what is stored was given for another address. Give it again for this one."

ALIASES = {"email": Provider.EMAILBISON, "linkedin": Provider.UNIPILE, "ghl/sms": Provider.GHL}


class ConnectError(ValueError):
    """A setting that cannot be stored. The message names it and says what is possible."""


def provider_named(name: str) -> str:
    """The provider of a provider's or webhook source's name. Raises ConnectError naming all of them."""
    name = name.strip().lower()
    if name in ALIASES:
        return ALIASES[name]
    if name in Provider.values:
        return name
    raise ConnectError(f"PROVIDER must be one of: {', '.join(Provider.values)}.")


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
    name = destinations.SENT.get(integration.provider, "")
    stored = integration.is_unreadable or bool(integration.credentials.get(name))
    return name if stored and name not in given and destinations.leads_to(integration) != before else ""


def put(integration: Integration, values: dict[str, str]) -> None:
    """As `apply`, one setting at a time: whether a secret may go to a new address is left to the caller."""
    provider = integration.provider
    for name, value in values.items():
        value = value.strip()
        if name == ACCOUNT.get(provider):
            integration.external_account_id = value
        elif name == "name":
            integration.name = value[:120]
        elif name in SECRETS[provider]:
            _check_secret(provider, name, value)
            kept = {} if integration.is_unreadable else integration.credentials
            integration.credentials = {**kept, name: value}
        elif name in PLAIN[provider] and not value:
            integration.config = {key: kept for key, kept in integration.config.items() if key != name}
        elif name in PLAIN[provider]:
            if name.endswith(("_url", "_uri")):
                _check_url(provider, name, value)
            integration.config = {**integration.config, name: value.rstrip("/")}
        else:
            known = [ACCOUNT.get(provider), *SECRETS[provider], *PLAIN[provider], "name"]
            raise ConnectError(
                f"{provider} has no setting “{name}”. It has: {', '.join(filter(None, known))}."
            )


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
