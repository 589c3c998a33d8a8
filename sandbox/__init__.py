"""The provider sandbox: a local server that plays every provider over real HTTP (docs/sandbox.md).

This package imports no product code, and of the product only the fire drill (inbox/health/drill.py) imports it.
"""

from sandbox.server import SandboxServer

__all__ = ["SandboxServer"]
