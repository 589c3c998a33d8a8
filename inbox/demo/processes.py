"""The demo's child processes: started together, watched, and stopped in the order that loses nothing."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

PR_SET_PDEATHSIG = 1
STOP_GRACE_S = 15
LAST_LINES = 5


class PortTaken(Exception):
    """Something listens there already."""


def require_free(port: int, option: str) -> None:
    """Raises PortTaken, with the option that picks another port, where something listens on loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise PortTaken(
                f"Port {port} is taken by another program. Choose another with {option}."
            ) from None


@dataclass
class Processes:
    """Children by name, in the order of their start; each writes its own log file in `logs`."""

    logs: Path
    env: dict[str, str]
    running: dict[str, subprocess.Popen] = field(default_factory=dict)
    _wrote_before: dict[str, int] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a Python child (`command` follows the interpreter). It ends when this process dies."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            self._wrote_before[name] = log.tell()
            self.running[name] = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.env},
                # A group of its own: Ctrl-C in the terminal reaches the demo alone, which stops the rest in order.
                process_group=0,
                preexec_fn=_die_with_parent,
            )

    def dead(self) -> str | None:
        """The name of a child that has ended by itself."""
        return next((name for name, child in self.running.items() if child.poll() is not None), None)

    def last_words(self, name: str) -> str:
        """The last lines that the child has written to its log since its start; empty where it wrote none."""
        with (self.logs / f"{name}.log").open("rb") as log:
            log.seek(self._wrote_before[name])
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join([line for line in lines if line.strip()][-LAST_LINES:])

    def listens(self, name: str, port: int) -> bool:
        """Whether the child, or a child of it, listens on `port`: what answers there may be somebody else's."""
        with contextlib.suppress(psutil.Error):
            child = psutil.Process(self.running[name].pid)
            return any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
                for process in (child, *child.children(recursive=True))
                for connection in process.net_connections("tcp")
            )
        return False

    def stop(self) -> None:
        """SIGTERM to each, the last started first; SIGKILL to the group of one that does not end in time."""
        for child in reversed(self.running.values()):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        ends = time.monotonic() + STOP_GRACE_S
        for child in reversed(self.running.values()):
            try:
                child.wait(max(0.1, ends - time.monotonic()))
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
