"""Lists the providers, and derives every table of providers from their declarations, which have no defaults."""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module

from integrations.spec import CHANNELS, Counts, MessageSource, ProviderSpec, WebhookSource

PROVIDERS = [
    "integrations.emailbison",
    "integrations.ghl",
    "integrations.unipile",
    "integrations.smartlead",
    "integrations.instantly",
    "integrations.clay",
    "integrations.calendly",
    "integrations.slack",
    "integrations.openai",
]
"""The package of each provider. The package's `spec.py` declares SPEC. Pages list the providers in this order."""


class UnknownProvider(LookupError):
    """No provider with this name is declared."""


class UnknownSource(LookupError):
    """No source of messages or webhooks with this name is declared."""


@cache
def specs() -> Mapping[str, ProviderSpec]:
    """Returns all declarations by the provider's name. Raises spec.Incomplete."""
    return {spec.name: spec for spec in _declared()}


def _declared() -> list[ProviderSpec]:
    return [import_module(f"{package}.spec").SPEC.spec() for package in PROVIDERS]


def spec_of(provider: str) -> ProviderSpec:
    """Returns the declaration of the provider. Raises UnknownProvider."""
    if provider in specs():
        return specs()[provider]
    raise UnknownProvider(f"No provider is called “{provider}”: integrations/registry.py has no line for it.")


@cache
def stating(capability: str) -> tuple[str, ...]:
    """Returns the names of the providers that have `capability` (a field of ProviderSpec), in PROVIDERS' order."""
    return tuple(name for name, spec in specs().items() if getattr(spec, capability))


def labels(capability: str = "name") -> dict[str, str]:
    """Returns the labels of the providers that have `capability` (a field of ProviderSpec), by name."""
    return {name: specs()[name].label for name in stating(capability)}


@cache
def message_sources() -> Mapping[str, MessageSource]:
    return {source.name: source for spec in specs().values() for source in spec.sources or ()}


def source_of(name: str) -> MessageSource:
    """Returns the source of messages with this name. Raises UnknownSource."""
    if name in message_sources():
        return message_sources()[name]
    raise UnknownSource(f"No provider declares messages of the source “{name}”.")


@cache
def counting_as(counts: Counts) -> tuple[str, ...]:
    """Returns the message sources whose messages count as `counts`: answers, steps of campaigns, or bounces."""
    return tuple(name for name, source in message_sources().items() if source.counts is counts)


@cache
def provider_of(source: str) -> str:
    """Returns the provider that a source of messages belongs to. Raises UnknownSource."""
    return next(name for name, spec in specs().items() if source_of(source) in (spec.sources or ()))


@cache
def webhook_sources() -> Mapping[str, WebhookSource]:
    """Returns all webhook addresses by source name, the name under which their requests are stored."""
    return {source.name: source for spec in specs().values() for source in spec.webhooks or ()}


@cache
def keyed_sources() -> Mapping[str, WebhookSource]:
    """Returns the webhook addresses that contain a workspace's own key, by source name."""
    return {name: source for name, source in webhook_sources().items() if source.keyed}


def webhook_source(name: str) -> WebhookSource:
    """Returns the webhook address with this source name. Raises UnknownSource."""
    if name in webhook_sources():
        return webhook_sources()[name]
    raise UnknownSource(f"No provider declares webhooks of the source “{name}”.")


@cache
def address_of(provider: str) -> WebhookSource | None:
    """Returns the provider's webhook address that contains a workspace's own key, or None."""
    return next(
        (source for source in keyed_sources().values() if source.provider == spec_of(provider).name), None
    )


@cache
def refusals() -> Mapping[str, str]:
    """Returns the texts for users by providers' own error codes. `problems` reports a code with two texts."""
    return {code: words for spec in specs().values() for code, words in spec.refusals.items()}


def ledger_source(provider: str) -> str:
    """Returns the webhook source under which messages from the provider's list are stored. Raises UnknownSource."""
    source = address_of(provider) or next(iter(spec_of(provider).webhooks or ()), None)
    if source is None:
        raise UnknownSource(f"{provider} posts no webhooks, so nothing from its list can be stored.")
    return source.name


def forget() -> None:
    """Clears the caches of the declarations, for tests that add a provider."""
    for function in globals().values():
        if hasattr(function, "cache_clear"):
            function.cache_clear()


def problems() -> list[str]:
    """Returns contradictions between the providers' declarations as sentences; [] if none. Raises spec.Incomplete."""
    declared = _declared()
    lines: list[str] = []
    for kind, names in (
        ("providers", [name for spec in declared for name in (spec.name, *spec.aliases)]),
        ("sources of messages", [source.name for spec in declared for source in spec.sources or ()]),
        ("webhook addresses", [source.name for spec in declared for source in spec.webhooks or ()]),
    ):
        lines += [f"Two {kind} are called “{name}”." for name in sorted(set(names)) if names.count(name) > 1]
    meanings: dict[str, str] = {}
    for spec in declared:
        for code, words in spec.refusals.items():
            if meanings.setdefault(code, words) != words:
                lines.append(f"{spec.name}: the code “{code}” has other words at another provider.")
    return lines + [f"{spec.name}: {fault}" for spec in declared for fault in _faults(spec)]


NEEDS = {
    "carrier": ("channel", "sends"),
    "newer": ("carrier",),
    "opens_channel": ("carrier",),
    "sources": ("channel",),
    "sends": ("carrier",),
    "pauses_follow_ups": ("carrier",),
    "stop_campaign": ("sources",),
    "replies": ("webhooks", "sources", "poll_every"),
    "sent": ("webhooks", "sources", "poll_every"),
    "bounces": ("webhooks", "sources", "poll_every"),
    "opt_outs": ("webhooks", "poll_every"),
    "appointments": ("webhooks", "poll_every"),
}
"""For each capability, the capabilities that it requires."""


def _faults(spec: ProviderSpec) -> list[str]:
    sources, webhooks = spec.sources or (), spec.webhooks or ()
    names = {source.name for source in sources}
    faults = [
        f"{name} is empty. Use NONE instead." for name in ("webhooks", "sources") if getattr(spec, name) == ()
    ]
    too_long = [
        name for name in (spec.name, *names, *(webhook.name for webhook in webhooks)) if len(name) > 20
    ]
    faults += [f"the name “{name}” is longer than 20 characters." for name in too_long]
    if spec.channel and spec.channel not in CHANNELS:
        faults.append(f"channel is “{spec.channel}”; it must be one of {', '.join(CHANNELS)}.")
    faults += _webhook_faults(spec, webhooks)
    faults += [
        f"“{source.name}” stores bounces as “{source.bounces}”, which the provider does not declare."
        for source in sources
        if source.bounces and source.bounces not in names
    ]
    faults += [
        f"{name} is stated without {need}."
        for name, required in NEEDS.items()
        for need in required
        if getattr(spec, name) and not getattr(spec, need)
    ]
    if not (spec.channel or spec.stopped):
        faults.append("channel or stopped must say what stops while an account is disconnected.")
    return faults


def _webhook_faults(spec: ProviderSpec, webhooks: Iterable[WebhookSource]) -> list[str]:
    faults = []
    for webhook in webhooks:
        address = f"the webhook address “{webhook.name}”"
        if not (webhook.keyed or webhook.signature):
            faults.append(f"{address} has neither a key nor a signature.")
        if webhook.provider != spec.name:
            faults.append(f"{address} is declared as {webhook.provider}’s.")
        if webhook.sample and not webhook.keyed:
            faults.append(f"{address} needs a key, so that its sample can be posted.")
    return faults
