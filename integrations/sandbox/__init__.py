"""The provider sandbox: a local server that plays every provider over real HTTP (docs/sandbox.md).

Product code never imports this package and this package never imports product code.
"""

from integrations.sandbox.server import SandboxServer

__all__ = ["SandboxServer"]
