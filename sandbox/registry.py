"""Finds the simulated providers: each module of this folder that defines a PLAYER is one."""

import pkgutil
from functools import cache
from importlib import import_module
from pathlib import Path

from sandbox.provider import Provider


@cache
def players() -> dict[str, Provider]:
    """Returns all simulated providers by name."""
    modules = [
        import_module(f"sandbox.{player.name}")
        for player in pkgutil.iter_modules([str(Path(__file__).parent)])
    ]
    return {module.PLAYER.name: module.PLAYER for module in modules if hasattr(module, "PLAYER")}
