"""A provider more than the registry has lines for, as long as a test runs: its account, addresses and sandbox work."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager

from django.urls import clear_url_caches

from integrations import registry
from sandbox.provider import Provider
from sandbox.registry import players


@contextmanager
def declared(*packages: str, player: Provider | None = None) -> Iterator[None]:
    """With lines for `packages`; `player` plays the provider in the sandbox."""
    lines = [*registry.PROVIDERS]
    registry.PROVIDERS += packages
    if player is not None:
        players()[player.name] = player
    _read_anew()
    try:
        yield
    finally:
        registry.PROVIDERS[:] = lines
        if player is not None:
            del players()[player.name]
        _read_anew()


def _read_anew() -> None:
    registry.forget()
    for name in (
        "inbox.webhooks.urls",
        "config.urls",
    ):  # the webhooks' addresses are made from the declarations
        importlib.reload(importlib.import_module(name))
    clear_url_caches()
