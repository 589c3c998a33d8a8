"""The stage: a PostgreSQL of its own, clusters as real processes, and a way to look at both from outside."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import psycopg

from demo.postgres import DATABASE
from tests import template
from tests.campaign import stage
from tests.faults.jobs import outside
from tests.waiting import PATIENCE_S

ENTRY = (sys.executable, "-m", "tests.faults.jobs.entry")
TEMPLATE = "template_harness"


class Server:
    """One embedded server for a test session, with a template database that has the harness's tables too."""

    def __init__(self, directory: Path, *, durable: bool = False) -> None:
        self.directory = directory
        self.postgres = template.server_in(directory, durable=durable)

    def __enter__(self) -> "Server":
        with ExitStack() as stack:
            stack.enter_context(self.postgres)
            self._admin(f'CREATE DATABASE "{TEMPLATE}" TEMPLATE "{DATABASE}"')
            self._putter = subprocess.Popen(
                [*ENTRY, "serve_puts"],
                cwd=stage.ROOT,
                env=_environment(self.postgres.url(TEMPLATE), self.directory / "none"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            self._hear("ready")
            stack.pop_all()
        return self

    def __exit__(self, *exc_info: object) -> None:
        with self._putter:
            self._putter.kill()
        self.postgres.release()

    def put(self, database: str, *arguments: str) -> None:
        """Run the harness's command put_jobs on `database`, in a process that serves all stages."""
        print(json.dumps([database, arguments]), file=self._putter.stdin, flush=True)
        self._hear("done")

    def _hear(self, word: str) -> None:
        assert self._putter.stdout.readline().strip() == word

    def make_database(self, name: str) -> None:
        """Makes a copy of the template."""
        self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        with psycopg.connect(self.postgres.url(name), autocommit=True) as session:
            template.adopt(session)

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


class Stage(stage.Stage):
    """One test's database, ledger and clusters. What has ended stays so, unless `keeps` is set."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(server.directory / name, server.postgres, name, keeps=False)
        self.directory.mkdir()
        server.make_database(name)
        self._server = server
        self.ledger = self.directory / "ledger.jsonl"
        self.extra: dict[str, str] = {}
        """Environment of every process of this stage."""

    @property
    def clusters(self) -> list["Cluster"]:
        return [service for service in self.services.values() if isinstance(service, Cluster)]

    def environment(self, **extra: str) -> dict[str, str]:
        return _environment(self.url, self.ledger) | self.extra | extra

    def begin(self, *arguments: str) -> subprocess.Popen:
        """A management command as a process."""
        return stage.Service(
            [*ENTRY, *arguments], self.environment(), self.directory / "commands.log"
        ).process

    def put(self, kind: str, count: int, *options: str) -> None:
        """Enqueue and wait until it is done."""
        if self.extra:  # the process that serves all stages has another environment
            assert self.begin("put_jobs", kind, str(count), *options).wait(PATIENCE_S) == 0
        else:
            self._server.put(self.database, kind, str(count), *options)

    def start_cluster(
        self, host: str = "host-a", workers: int = 3, stock: bool = False, **extra: str
    ) -> "Cluster":
        """Each worker has one place, unless HARNESS_THREADS says otherwise."""
        if host in self.services:
            self.services[host].kill()
        environment = self.environment(HARNESS_HOST=host, HARNESS_WORKERS=str(workers), **extra)
        cluster = (StockCluster if stock else Cluster)(host, workers, environment, self.directory)
        self.services[host] = cluster
        return cluster

    def states(self) -> Counter[str]:
        return Counter(dict(self.query("SELECT status, count(*) FROM jobs_backgroundjob GROUP BY 1")))

    def unfinished(self) -> int:
        return self.value("SELECT count(*) FROM jobs_backgroundjob WHERE status IN ('queued', 'running')")

    def events(self, event: str) -> list[dict]:
        return [line for line in outside.read(self.ledger) if line["event"] == event]


class Cluster(stage.Service):
    """`manage.py qcluster` as one host."""

    name = "qcluster"

    def __init__(self, host: str, workers: int, environment: dict[str, str], directory: Path) -> None:
        self.host, self.workers = host, workers
        super().__init__([*ENTRY, self.name], environment, directory / f"{host}.log")

    def keep(self) -> None:
        """Starts it again if its parent has ended. What that has left must end by itself."""
        if self.process.poll() is not None:
            self.start()

    def ready(self) -> bool:
        """Every role has a process."""
        roles = Counter(role for role, _ in self.roles())
        return roles["worker"] >= self.workers and roles["monitor"] == roles["dispatcher"] == 1


class StockCluster(Cluster):
    """django-q2's own command, for comparison. Its processes have no names: the order of their start tells them."""

    name = "stock_qcluster"

    def roles(self) -> Iterator[tuple[str, psutil.Process]]:
        helpers = {0: "parent", 1: "sentinel", self.workers + 2: "monitor", self.workers + 3: "dispatcher"}
        for number, process in enumerate(sorted(self.family(), key=lambda process: process.pid)):
            yield helpers.get(number, "worker"), process


def living_processes(ledger: Path) -> list[psutil.Process]:
    """Every process, whoever its parent is, that works for the stage with this ledger."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("HARNESS_LEDGER") == str(ledger) and process.status() != "zombie":
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return [process for process in found if process.pid != os.getpid()]


def _environment(url: str, ledger: Path) -> dict[str, str]:
    return stage.with_path({"DATABASE_URL": url, "DEBUG": "1", "HARNESS_LEDGER": str(ledger)})
