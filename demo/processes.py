"""The demo's child processes: starts and watches them, and stops them in the order that loses nothing."""

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
LEFT_S = 60
"""How many seconds the processes of a demo that was killed have to end."""
LAST_LINES = 5


class PortTaken(Exception):
    """Another program already listens on a port that the demo needs."""


def require_free(port: int, option: str) -> None:
    """Check that nothing listens on `port` here. What a killed demo of this folder left behind is waited for.

    Raises PortTaken, whose text names the `option` to change it.
    """
    ends = time.monotonic() + LEFT_S
    while not _is_free(port):
        if time.monotonic() > ends or not _is_left(port):
            raise PortTaken(f"Port {port} is taken by another program. Choose another with {option}.")
        time.sleep(0.2)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _is_left(port: int) -> bool:
    """Whether a process that was started in this folder listens on `port`, or has ended just now."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            listens = {
                one.laddr.port for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN
            }
            if port in listens:
                return Path(process.cwd()) == Path.cwd()
    return _is_free(port)


@dataclass
class Processes:
    """The demo's child processes by name, in the order in which they were started.

    Each writes a log file of its own in the folder `logs`.
    """

    logs: Path
    env: dict[str, str]
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _wrote_before: dict[str, int] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> None:
        """Start a Python child process of the demo; `command` is what follows the interpreter's name. It writes to the
        end of its log, <name>.log.

        The child ends when this process ends.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / f"{name}.log").open("ab") as log:
            self._wrote_before[name] = log.tell()
            self.running[name] = subprocess.Popen(
                [sys.executable, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.env},
                # The child gets a process group of its own. So Ctrl-C in the terminal reaches only the demo, which then
                # stops its children in order.
                process_group=0,
                preexec_fn=_die_with_parent,
            )

    def dead(self) -> str | None:
        """The name of a child process that has ended by itself, or None."""
        return next((name for name, child in self.running.items() if child.poll() is not None), None)

    def last_words(self, name: str) -> str:
        """The last lines (at most LAST_LINES, none of them blank) that the child process `name` has written to its log
        since it was started, or "".
        """
        with (self.logs / f"{name}.log").open("rb") as log:
            log.seek(self._wrote_before[name])
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join([line for line in lines if line.strip()][-LAST_LINES:])

    def listens(self, name: str, port: int) -> bool:
        """Whether the child process `name`, or a child of it, listens on `port`.

        Without this, an answer might come from another program.
        """
        with contextlib.suppress(psutil.Error):
            child = psutil.Process(self.running[name].pid)
            return any(
                connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
                for process in (child, *child.children(recursive=True))
                for connection in process.net_connections("tcp")
            )
        return False

    def stop(self) -> None:
        """Send SIGTERM to each of the demo's child processes, the last started first, and wait until all have ended.

        A child that has not ended after STOP_GRACE_S seconds is killed with its group.
        """
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
