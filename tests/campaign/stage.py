"""The stage: one PostgreSQL, a PgBouncer, a web server and workers, each of which can be harmed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from demo.postgres import DATABASE, EmbeddedPostgres
from tests import template
from tests.pooling import Pooler
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
COMMAND_S = 600
"""A command of a product starts it anew, which took 120 s at a load of 50."""
POOL, CLIENTS = 12, 48
"""Sessions that PgBouncer has at PostgreSQL, and that it gives to clients. The product needs 38: 8 for the threads of
each web process, 9 for each worker, and 4 for the cluster."""


class Service:
    """A command and its children, started again by `keep` as a service manager does."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path, nice: int = 0) -> None:
        self.command, self.environment, self.log, self.nice = command, environment, log, nice
        self.process: subprocess.Popen[bytes] | None = None

    def keep(self) -> None:
        """Starts it if it does not run, after it has ended what is left of it."""
        if self.process is None or self.process.poll() is not None:
            self.kill()
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    [sys.executable, *self.command],
                    cwd=ROOT,
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            psutil.Process(self.process.pid).nice(self.nice)

    def family(self) -> list[psutil.Process]:
        """The process and all below it, the oldest first."""
        with suppress(psutil.NoSuchProcess):
            if self.process is not None:
                parent = psutil.Process(self.process.pid)
                return [parent, *parent.children(recursive=True)]
        return []

    def kill(self, *processes: psutil.Process) -> None:
        """Sends SIGKILL to `processes`, or to all that there are, also to those whose parent has ended."""
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if not processes and self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE_S)


class Stage:
    """The servers. `services` are those of the product that plays just now."""

    def __init__(self, directory: Path, clients: int = CLIENTS) -> None:
        self.directory = directory
        self.postgres = template.server_in(directory)
        self.pooler = Pooler(self.postgres, POOL, {"max_client_conn": str(clients)})
        self.services: dict[str, Service] = {}

    def __enter__(self) -> "Stage":
        self.postgres.acquire()
        self._pooling = self.pooler.start(self.directory / "pgbouncer.log")
        with psycopg.connect(self.postgres.url(), autocommit=True) as session:
            template.adopt(session)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.clear()
        self._pooling.terminate()
        self._pooling.wait(PATIENCE_S)
        self.postgres.release()

    def clear(self) -> None:
        """Ends the services."""
        for service in self.services.values():
            service.kill()
        self.services = {}

    def serve(self, name: str, command: list[str], environment: dict[str, str], nice: int = 0) -> None:
        """Starts a service."""
        log = self.directory / f"{name}.log"
        self.services[name] = Service(command, _with_path(environment), log, nice)
        self.services[name].keep()

    def run(self, command: list[str], environment: dict[str, str]) -> str:
        """What a command prints."""
        with (self.directory / "commands.log").open("ab") as log:
            return subprocess.run(
                [sys.executable, *command],
                cwd=ROOT,
                env=_with_path(environment),
                check=True,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                timeout=COMMAND_S,
            ).stdout

    def rows(self, statement: str, database: str = DATABASE) -> list[tuple[Any, ...]]:
        """Rows, straight from PostgreSQL, patient with one that does not answer."""

        def ask() -> list[list[tuple[Any, ...]]]:
            url = self.postgres.url(database)
            with (
                suppress(psycopg.OperationalError),
                psycopg.connect(
                    url, autocommit=True, connect_timeout=3, application_name="campaign"
                ) as session,
            ):
                cursor = session.execute(statement)
                return [cursor.fetchall() if cursor.description else []]
            return []

        return self.wait(ask, statement)[0]

    def wait(self, condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
        """What `condition()` gives once it is true. Keeps the services running meanwhile."""
        ends = time.monotonic() + patience_s
        while not (answer := condition()):
            if time.monotonic() > ends:
                raise TimeoutError(f"not in {patience_s} s: {what}")
            self.keep()
            time.sleep(0.1)
        return answer

    def keep(self) -> None:
        """Starts every service again that has ended."""
        for service in self.services.values():
            service.keep()


def _with_path(environment: dict[str, str]) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return inherited | {"PYTHONUNBUFFERED": "1"} | environment


@contextmanager
def frozen(postgres: EmbeddedPostgres) -> Iterator[None]:
    """No process of the server runs within the block. The kernel still takes connections for it."""
    parent = postgres.postmaster()
    assert parent is not None
    stopped = [parent]
    try:
        parent.suspend()  # first: it starts no more children then
        stopped += parent.children(recursive=True)
        for process in stopped[1:]:
            with suppress(psutil.NoSuchProcess):
                process.suspend()
        yield
    finally:
        for process in stopped:
            with suppress(psutil.NoSuchProcess):
                process.resume()
