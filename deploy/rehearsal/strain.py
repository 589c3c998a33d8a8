"""The parts that the rehearsals under strain share: an installation from the files of deploy/, and its measurements."""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from deploy.rehearsal import product
from deploy.rehearsal.machine import Failed, Machine, Server, start_pooler, wait_for
from deploy.rehearsal.product import Installation

PASSWORD = "correct horse battery staple"
BEHIND_PROXY = {"X-Forwarded-Proto": "https", "Host": "localhost"}


class Findings:
    """The result of a rehearsal: `table` has a line for each measurement, and `wrong` those that missed their limit."""

    def __init__(self) -> None:
        self.table: list[tuple[str, str]] = []
        self.wrong: list[str] = []

    def note(self, name: str, value: str, *, holds: bool = True) -> None:
        """Adds a measurement to the table, prints it, and also adds it to `wrong` if it missed its limit (`holds`
        False).
        """
        line = f"{name}: {value}, load {os.getloadavg()[0]:.1f}"
        print(line, flush=True)
        self.table.append((name, value))
        if not holds:
            self.wrong.append(line)


class Site:
    """An installation: PostgreSQL and, as systemd's units start them, two gunicorns of two processes with eight
    threads.
    """

    def __init__(self, stack: ExitStack, home: Path, *, pooled: bool = False) -> None:
        self.machine = Machine(home)
        stack.callback(self.machine.stop_all)
        self.server = Server(self.machine, "postgres")
        port = start_pooler(self.machine, self.server) if pooled else None
        roles = {"owner": self.server.url("owner")}
        roles |= {role: self.server.url(role, port=port) for role in ("web", "worker")}
        nobody = "http://127.0.0.1:9"
        settings = product.settings_for(self.machine, nobody, "", "https://localhost")
        settings |= {"WEB_CONCURRENCY": "2", "WEB_THREADS": "8"}
        self.installation = Installation(self.machine, "site", settings, roles)
        self.installation.switch_to(product.release_of(self.machine, "today", ""))
        self.installation.manage("migrate", "-v0", role="owner")
        self.installation.manage("collectstatic", "--noinput", "-v0")
        made = json.loads(
            self.installation.manage(
                *("create_workspace", "Northwind", "--admin-email=owner@example.com"),
                *(f"--admin-password={PASSWORD}", "--json"),
            )
        )
        self.workspace, self.hook = made["workspace"]["id"], made["webhooks"]["email"]["path"]
        self.port = self.installation.webs[0]
        self.health_port = 10_000 + self.port
        for number, web in enumerate(self.installation.webs):
            self.installation.restart(f"web-{number}", "holdfast-web@.service", web)
            wait_for(lambda web=web: self.installation.is_ready(web), "web is ready")  # type: ignore[misc]


def at(share: float, values: Sequence[float]) -> float:
    """Returns a percentile: the value that a `share` (0 to 1) of `values` does not exceed; 0 without any values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def told(seconds: Sequence[float]) -> str:
    """Describes times that are given in seconds: their number, and their p50, p95, p99 and longest in milliseconds."""
    shares = ", ".join(
        f"{name} {at(share, seconds) * 1000:.0f}"
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("longest", 1.0))
    )
    return f"{len(seconds)} in ms: {shares}"


def run(name: str, about: str, play: Callable[[ExitStack, Path, Findings], None]) -> int:
    """Runs the rehearsal `play` in its own folder, prints its table. Returns 0 if all measurements kept their
    limits.
    """
    parser = argparse.ArgumentParser(prog=name, description=about)
    parser.add_argument("--keep", type=Path, help="a new folder in which logs and settings stay")
    keep = parser.parse_args().keep
    home = keep or Path(tempfile.mkdtemp(prefix="holdfast-strain-"))
    home.mkdir(exist_ok=True)
    home.chmod(0o755)  # PostgreSQL and PgBouncer are not root
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # to stop all started processes
    found = Findings()
    with ExitStack() as stack:
        try:
            play(stack, home.resolve(), found)
        except Failed as failed:
            found.wrong.append(str(failed))
    for line, value in found.table:
        print(f"{line:>44} | {value}")
    for line in found.wrong:
        print(f"WRONG: {line}")
    if found.wrong:
        print(f"{len(found.wrong)} found; logs in {home}")
    else:
        print("all held")
        if keep is None:
            shutil.rmtree(home)
    return bool(found.wrong)
