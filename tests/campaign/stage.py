"""The stage of all campaigns: PostgreSQL, PgBouncer, web servers and workers as real processes, each of which can be
harmed.
"""

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg

from demo.postgres import DATABASE, EmbeddedPostgres
from tests import template
from tests.pooling import Pooler
from tests.serving import free_port
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]
COMMAND_S = 600
"""A command of a product starts it anew, which took 120 s at a load of 50."""
POOL, CLIENTS = 12, 48
"""Sessions that PgBouncer has at PostgreSQL, and that it gives to clients. The product needs 38: 8 for the threads of
each web process, 9 for each worker, and 4 for the cluster."""


@contextmanager
def workplace(keep: Path | None = None) -> Iterator[Path]:
    """A directory that PostgreSQL's user may enter: `keep`, or one that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="holdfast-campaign-") as scratch:
        directory = keep or Path(scratch)
        directory.mkdir(exist_ok=True)
        directory.chmod(0o755)
        yield directory


def with_path(environment: dict[str, str]) -> dict[str, str]:
    """The environment of a service: of this process's it has the PATH and the language, and nothing else."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return inherited | {"PYTHONUNBUFFERED": "1"} | environment


class Service:
    """A command and its children, started again by `keep` as a service manager does."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], log: Path, nice: int = 0) -> None:
        self.command, self.environment, self.log, self.nice = command, with_path(environment), log, nice
        self.starts = 0
        self.start()

    def start(self) -> None:
        self.starts += 1
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        if self.nice:
            psutil.Process(self.process.pid).nice(self.nice)

    def keep(self) -> None:
        """Starts it again if it has ended, after it has ended what is left of it."""
        if self.process.poll() is not None:
            self.kill()
            self.start()

    def family(self) -> list[psutil.Process]:
        """The process and all below it, the oldest first."""
        with suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            return [parent, *parent.children(recursive=True)]
        return []

    def roles(self) -> Iterator[tuple[str, psutil.Process]]:
        """Each process of a cluster of workers, whose names have their roles."""
        for number, process in enumerate(self.family()):
            with suppress(psutil.NoSuchProcess):
                name = process.name()
                if number == 0 or name.startswith("q-"):
                    yield name.removeprefix("q-") if number else "parent", process

    def find(self, role: str) -> list[psutil.Process]:
        return [process for its_role, process in self.roles() if its_role == role]

    def kill(self, *processes: psutil.Process) -> None:
        """Sends SIGKILL to `processes`, or to all that there are, also to those whose parent has ended."""
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        if not processes:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(PATIENCE_S)

    def stop(self) -> int:
        """Sends SIGTERM to the parent. Returns its exit code."""
        self.process.terminate()
        return self.process.wait(PATIENCE_S)


class Stage:
    """A database, and the services that work on it, which are gone after the block.

    `keeps`: whether services that have ended are started again while somebody waits.
    """

    def __init__(
        self, directory: Path, postgres: EmbeddedPostgres, database: str = DATABASE, *, keeps: bool = True
    ) -> None:
        self.directory, self.postgres, self.database, self.keeps = directory, postgres, database, keeps
        self.services: dict[str, Service] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.clear()

    @property
    def url(self) -> str:
        return self.postgres.url(self.database)

    def clear(self) -> None:
        """Ends the services."""
        for service in self.services.values():
            service.kill()
        self.services = {}

    def serve(self, name: str, command: list[str], environment: dict[str, str], nice: int = 0) -> Service:
        """Starts a Python command as a service."""
        log = self.directory / f"{name}.log"
        self.services[name] = Service([sys.executable, *command], environment, log, nice)
        return self.services[name]

    def serve_web(self, environment: dict[str, str], port: int | None = None) -> int:
        """Starts the product's web server. Returns its port."""
        port = port or free_port()
        command = ["-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
        self.serve("web", command, environment | {"BIND": f"127.0.0.1:{port}"})
        return port

    def run(self, command: list[str], environment: dict[str, str]) -> str:
        """What a Python command prints."""
        with (self.directory / "commands.log").open("ab") as log:
            return subprocess.run(
                [sys.executable, *command],
                cwd=ROOT,
                env=with_path(environment),
                check=True,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                timeout=COMMAND_S,
            ).stdout

    def query(
        self, statement: str, parameters: Sequence[Any] = (), database: str = ""
    ) -> list[tuple[Any, ...]]:
        """Rows, straight from PostgreSQL, patient with one that does not answer."""
        url = self.postgres.url(database or self.database)

        def ask() -> list[list[tuple[Any, ...]]]:
            with (
                suppress(psycopg.OperationalError),
                psycopg.connect(
                    url, autocommit=True, connect_timeout=3, application_name="campaign"
                ) as session,
            ):
                cursor = session.execute(statement, parameters or None)
                return [cursor.fetchall() if cursor.description else []]
            return []

        return self.wait(ask, statement)[0]

    def value(self, statement: str, parameters: Sequence[Any] = ()) -> Any:
        return self.query(statement, parameters)[0][0]

    def wait(self, condition: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
        """What `condition()` gives once it is true. Raises TimeoutError.

        What it waits for needs the processor too: it looks a sixth of the time at most, or once a second.
        """
        ends = time.monotonic() + patience_s
        while True:
            began = time.monotonic()
            if answer := condition():
                return answer
            if began > ends:
                raise TimeoutError(f"not in {patience_s} s: {what}")
            if self.keeps:
                self.keep()
            time.sleep(min(max(0.05, 5 * (time.monotonic() - began)), 1))

    def pause(self, seconds: float) -> None:
        """Lets time pass, in which services are kept."""
        ends = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() >= ends, "a pause", seconds + PATIENCE_S)

    def keep(self) -> None:
        """Starts every service again that has ended."""
        for service in self.services.values():
            service.keep()

    def victim(self, service: Service, role: str, dice: random.Random) -> psutil.Process:
        """A random process of a role, which is waited for while its service is just being started."""
        return dice.choice(self.wait(lambda: service.find(role), f"a {role}"))

    def restart_postgres(self, dice: random.Random) -> None:
        """Stops PostgreSQL fast or at once, and starts it up to 2 s later."""
        self.postgres.stop(dice.choice(("fast", "immediate")))
        time.sleep(dice.uniform(0, 2))
        self.postgres.start()


class PooledStage(Stage):
    """A stage with a PostgreSQL of its own, migrated already, and a PgBouncer in front of it."""

    def __init__(self, directory: Path, clients: int = CLIENTS) -> None:
        super().__init__(directory, template.server_in(directory))
        self.pooler = Pooler(self.postgres, POOL, {"max_client_conn": str(clients)})

    def __enter__(self) -> Self:
        self.postgres.acquire()
        self.pooler.__enter__()
        with psycopg.connect(self.url, autocommit=True) as session:
            template.adopt(session)
        return self

    def __exit__(self, *exc_info: object) -> None:
        super().__exit__(*exc_info)
        self.pooler.__exit__()
        self.postgres.release()


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
