"""The provider sandbox: a local server that simulates every provider over real HTTP (docs/sandbox.md).

It imports no product code. Only the fire drill (inbox/health/drill.py) and the command that runs the sandbox import it.
"""

from sandbox.server import SandboxServer

__all__ = ["SandboxServer"]
