"""The provider sandbox: a local server that plays every provider over real HTTP (docs/sandbox.md).

It imports no code of the product. In the product only the fire drill (inbox/health/drill.py) and the command that runs
it import it.
"""

from sandbox.server import SandboxServer

__all__ = ["SandboxServer"]
