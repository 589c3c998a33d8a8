"""The stage: a PostgreSQL of its own, clusters as real processes, and a way to look at both from outside."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from demo.postgres import DATABASE
from tests import template
from tests.faults.jobs import outside
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[3]
TEMPLATE = "template_harness"
FINAL = ("succeeded", "failed", "cancelled")


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
                [sys.executable, "-m", "tests.faults.jobs.entry", "serve_puts"],
                cwd=ROOT,
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

    def new_database(self, name: str) -> str:
        """A fresh copy of the template; its URL."""
        self._admin(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}"')
        with psycopg.connect(self.postgres.url(name), autocommit=True) as session:
            template.adopt(session)
        return self.postgres.url(name)

    def hold_autovacuum(self) -> None:
        """From now on PostgreSQL cleans no table by itself: for counts of what others do."""
        self._admin("ALTER SYSTEM SET autovacuum = off")
        self._admin("SELECT pg_reload_conf()")

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self.postgres.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


class Stage:
    """One test's database, ledger and clusters. Every process it started is gone after the block."""

    def __init__(self, server: Server, name: str) -> None:
        self.postgres = server.postgres
        self._server, self._name = server, name
        self.url = server.new_database(name)
        self.directory = server.directory / name
        self.directory.mkdir()
        self.ledger = self.directory / "ledger.jsonl"
        self.clusters: list[Cluster] = []
        self.extra: dict[str, str] = {}
        """Environment of every process of this stage."""

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *exc_info: object) -> None:
        for cluster in self.clusters:
            cluster.destroy()

    def environment(self, **extra: str) -> dict[str, str]:
        return _environment(self.url, self.ledger) | self.extra | extra

    def run(self, *arguments: str, **extra: str) -> subprocess.Popen:
        """A management command as a process."""
        return _spawn(arguments, self.environment(**extra), self.directory / "commands.log")

    def put(self, kind: str, count: int, *options: str) -> None:
        """Enqueue and wait until it is done."""
        if self.extra:  # the process that serves all stages has another environment
            assert self.run("put_jobs", kind, str(count), *options).wait(timeout=120) == 0
        else:
            self._server.put(self._name, kind, str(count), *options)

    def start_cluster(
        self, host: str = "host-a", workers: int = 3, stock: bool = False, **extra: str
    ) -> "Cluster":
        """Each worker has one place, unless HARNESS_THREADS says otherwise."""
        cluster = (StockCluster if stock else Cluster)(self, host, workers, extra)
        self.clusters.append(cluster)
        return cluster

    def query(self, statement: str, parameters: tuple = ()) -> list[tuple]:
        """Rows, patient with a server that is restarting."""
        until = time.monotonic() + PATIENCE_S
        while True:
            try:
                with psycopg.connect(self.url, autocommit=True, connect_timeout=3) as connection:
                    cursor = connection.execute(statement, parameters)
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def value(self, statement: str, parameters: tuple = ()) -> Any:
        return self.query(statement, parameters)[0][0]

    def states(self) -> Counter[str]:
        return Counter(dict(self.query("SELECT status, count(*) FROM jobs_backgroundjob GROUP BY 1")))

    def unfinished(self) -> int:
        return self.value("SELECT count(*) FROM jobs_backgroundjob WHERE status IN ('queued', 'running')")

    def events(self, event: str) -> list[dict]:
        return [line for line in outside.read(self.ledger) if line["event"] == event]

    def wait(self, condition: Callable[[], Any], what: str) -> None:
        """Until `condition()` holds. Fails the test, saying `what`, where it never does.

        What it waits for needs the processor too: it looks a sixth of the time at most.
        """
        ends = time.monotonic() + PATIENCE_S
        while True:
            began = time.monotonic()
            if condition():
                return
            assert began < ends, f"not in {PATIENCE_S} s: {what}; {self.states()}"
            time.sleep(max(0.05, 5 * (time.monotonic() - began)))


class Cluster:
    """`manage.py qcluster` as one host, started again when its parent dies, as a platform does."""

    command = ("qcluster",)

    def __init__(self, stage: Stage, host: str, workers: int, extra: dict[str, str]) -> None:
        self.stage, self.host, self.workers, self.extra = stage, host, workers, extra
        self.log = stage.directory / f"{host}.log"
        self.starts = 0
        self.start()

    def start(self) -> None:
        self.starts += 1
        environment = self.stage.environment(
            HARNESS_HOST=self.host, HARNESS_WORKERS=str(self.workers), **self.extra
        )
        self.process = _spawn(self.command, environment, self.log)

    def keep_alive(self) -> None:
        """Start it again if its parent is gone."""
        if self.process.poll() is not None:
            self.start()

    def ready(self) -> bool:
        """Every role has a process."""
        roles = Counter(role for role, _ in self.roles())
        return roles["worker"] >= self.workers and roles["monitor"] == roles["dispatcher"] == 1

    def roles(self) -> Iterator[tuple[str, psutil.Process]]:
        """Every living process with its role."""
        try:
            parent = psutil.Process(self.process.pid)
            yield "parent", parent
            for sentinel in parent.children():
                if sentinel.name() == "q-sentinel":
                    yield "sentinel", sentinel
                    for child in sentinel.children():
                        yield child.name().removeprefix("q-"), child
        except psutil.NoSuchProcess:
            return

    def find(self, role: str) -> list[psutil.Process]:
        return [process for its_role, process in self.roles() if its_role == role]

    def stop(self, timeout_s: float = PATIENCE_S) -> int:
        """SIGTERM to the parent; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=timeout_s)

    def destroy(self) -> None:
        """End whatever is left, by pid, children first so that nobody is started again."""
        victims = [process for _, process in self.roles()]
        for victim in reversed(victims):
            with suppress(psutil.NoSuchProcess, ProcessLookupError):
                victim.send_signal(signal.SIGKILL)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=PATIENCE_S)


class StockCluster(Cluster):
    """django-q2's own command, for comparison. Its processes have no names: the order of their start tells them."""

    command = ("stock_qcluster",)

    def roles(self) -> Iterator[tuple[str, psutil.Process]]:
        try:
            parent = psutil.Process(self.process.pid)
            yield "parent", parent
            for sentinel in parent.children():
                yield "sentinel", sentinel
                children = sorted(sentinel.children(), key=lambda child: child.pid)
                for number, child in enumerate(children):
                    helpers = {self.workers: "monitor", self.workers + 1: "dispatcher"}
                    yield helpers.get(number, "worker"), child
        except psutil.NoSuchProcess:
            return


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


def _spawn(arguments: tuple[str, ...], environment: dict[str, str], log: Path) -> subprocess.Popen:
    """A harness process in a group of its own, as a service manager starts it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.faults.jobs.entry", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _environment(url: str, ledger: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"DATABASE_URL": url, "DEBUG": "1", "HARNESS_LEDGER": str(ledger), "PYTHONUNBUFFERED": "1"}
