"""The players: each module here that has a PLAYER plays a provider, under the first segment of its address."""

import pkgutil
from functools import cache
from importlib import import_module

import sandbox
from sandbox.provider import Provider


@cache
def players() -> dict[str, Provider]:
    """Every player by its name."""
    modules = [import_module(f"sandbox.{found.name}") for found in pkgutil.iter_modules(sandbox.__path__)]
    return {module.PLAYER.name: module.PLAYER for module in modules if hasattr(module, "PLAYER")}
