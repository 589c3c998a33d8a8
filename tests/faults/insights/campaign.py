"""Packs are built while PostgreSQL restarts, is short of connections, and stands behind PgBouncer.

    python -m tests.faults.insights.campaign [--packs 30] [--threads 20, at most 60] [--latency-ms 200] [--restarts 2]

A real web process, a real worker cluster and PgBouncer (transaction mode) work against a PostgreSQL of their own and
a model with latency, 10 % errors and 5 % answers that are no JSON. Prints what it saw; `test_campaign` judges it.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
import psycopg
import psycopg.rows
import requests

from config.postgres import EmbeddedPostgres
from config.postgres_user import run_as_server
from integrations.visits import CONNECTIONS
from jobs.conf import DEFAULT_WORKERS

ROOT = Path(__file__).resolve().parents[3]
SECRET = "cron-secret-of-the-campaign"
MAX_CONNECTIONS = 40
POOL = 12
LEFT = POOL + 4
"""Connections of MAX_CONNECTIONS that are not used up by others."""
BUDGET = DEFAULT_WORKERS * (1 + CONNECTIONS) + 4
"""Of the worker cluster: per worker the lease keeper's and the visits' (its own is let go meanwhile), and the cluster's
own processes. Its pools ask DEFAULT_WORKERS x 4 models at once, for which 1 : 1 would be more.
"""
HELD_MS = 150


@dataclass
class Plan:
    packs: int = 30
    threads: int = 20
    latency_ms: int = 200
    restarts: int = 2
    seconds: int = 240


@dataclass
class Seen:
    """What the campaign saw. Times in ms; `held` and `samples` are looks at pg_stat_activity."""

    statuses: dict[str, int] = field(default_factory=dict)
    unexplained: int = 0
    read: int = 0
    failed_threads: int = 0
    paid_twice: int = 0
    model_calls: int = 0
    restarts: int = 0
    seconds: float = 0.0
    most_connections: int = 0
    budget: int = BUDGET
    samples: int = 0
    held: int = 0
    web_p95_before: float = 0.0
    web_p95_during: float = 0.0
    cpu_percent: float = 0.0
    web_requests: int = 0
    web_errors: int = 0
    cron_503: int = 0
    cron_200: int = 0


class Stage:
    """The processes of one campaign, in a directory that may be thrown away."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self.directory, self.plan, self.seen = directory, plan, Seen()
        self.postgres = EmbeddedPostgres(directory / "pg")
        self.processes: list[subprocess.Popen] = []
        self.bouncer_port, self.web_port, self.sandbox_port = _free_port(), _free_port(), _free_port()
        self.over = threading.Event()
        self.hogs: list[psycopg.Connection] = []

    def __enter__(self) -> "Stage":
        self.postgres.acquire()
        self.run(f"ALTER SYSTEM SET max_connections = {MAX_CONNECTIONS}")
        self.postgres.restart()
        self.manage("migrate", "-v0", url=self.postgres.url())
        self._start_bouncer()
        self.workspace = json.loads(
            self.manage("shell", "-v0", "-c", SEED % asdict(self.plan), url=self.postgres.url())
        )
        self.start(
            "gunicorn", "-w1", "--threads=4", f"-b127.0.0.1:{self.web_port}", "config.wsgi", name="web"
        )
        # Elsewhere the model and the workers are other machines: here they give way to the web process.
        self.start("manage.py", "sandbox", f"--port={self.sandbox_port}", name="sandbox", nice=10)
        self.start("manage.py", "qcluster", name="worker", nice=10)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.over.set()
        for process in reversed(self.processes):
            _end(process)
        for hog in self.hogs:
            with suppress(psycopg.Error):
                hog.close()
        self.postgres.release()

    def run(self, statement: str) -> list[tuple]:
        """Rows, straight from PostgreSQL, patient with a restart."""
        until = time.monotonic() + 30
        while True:
            try:
                with psycopg.connect(
                    self.postgres.url(), autocommit=True, connect_timeout=3, application_name="campaign"
                ) as connection:
                    cursor = connection.execute(statement)
                    return cursor.fetchall() if cursor.description else []
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def environment(self, name: str, url: str = "") -> dict[str, str]:
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        bounced = f"postgresql://holdfast@127.0.0.1:{self.bouncer_port}/holdfast?application_name={name}"
        return kept | {
            "DATABASE_URL": url or bounced,
            "DEBUG": "1",
            "ALLOW_LOOPBACK_PROVIDERS": "1",
            "CRON_SECRET": SECRET,
            "OPENAI_API_KEY": "key-openai",
            "OPENAI_BASE_URL": f"{self.sandbox_url}/openai/v1",
            "INSIGHTS_CONTEXT_PACK_CRON_LIMIT": "20",
            "PYTHONUNBUFFERED": "1",
        }

    def manage(self, *arguments: str, url: str) -> str:
        with (self.directory / "setup.log").open("ab") as log:
            return subprocess.run(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT,
                env=self.environment("setup", url),
                check=True,
                timeout=180,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            ).stdout

    def start(self, program: str, *arguments: str, name: str, nice: int = 0) -> None:
        module = [program] if program.endswith(".py") else ["-m", program]
        with (self.directory / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *module, *arguments],
                cwd=ROOT,
                env=self.environment(name),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        psutil.Process(process.pid).nice(nice)
        self.processes.append(process)

    def _start_bouncer(self) -> None:
        """PgBouncer runs as the server's user, who alone may use its socket."""
        prefix, identity = run_as_server(self.postgres.data_dir)
        settings = self.postgres.socket_dir / "pgbouncer.ini"
        settings.write_text(
            BOUNCER.format(socket=self.postgres.socket_dir, port=self.bouncer_port, pool=POOL)
        )
        settings.chmod(0o644)
        with (self.directory / "pgbouncer.log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [*prefix, "pgbouncer", str(settings)],
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd="/",
                    **identity,
                )
            )

    def clients(self) -> int:
        """Connections that the worker cluster has open to PgBouncer."""
        with psycopg.connect(
            f"postgresql://holdfast@127.0.0.1:{self.bouncer_port}/pgbouncer", autocommit=True
        ) as console:
            rows = console.cursor(row_factory=psycopg.rows.dict_row).execute("SHOW CLIENTS").fetchall()
            return sum(row["application_name"] == "worker" for row in rows)

    def use_up_connections(self) -> None:
        """Hold what others would: all but LEFT of MAX_CONNECTIONS."""
        self.hogs = [hog for hog in self.hogs if not hog.closed and _alive(hog)]
        while len(self.hogs) < MAX_CONNECTIONS - LEFT:
            with suppress(psycopg.Error):
                self.hogs.append(
                    psycopg.connect(self.postgres.url(), autocommit=True, application_name="hog")
                )
                continue
            break


BOUNCER = """[databases]
holdfast = host={socket} port=5432 dbname=holdfast user=holdfast
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {pool}
max_client_conn = 200
server_login_retry = 1
server_connect_timeout = 3
query_wait_timeout = 5
ignore_startup_parameters = extra_float_digits
"""

SEED = """
import json
from datetime import timedelta
from django.test import Client
from django.utils import timezone
from inbox.models import Campaign, Membership
from tests import factories
from insights.models import ContextPack
KINDS = [(30, "Meeting Requested", None), (50, "Interested", 3), (60, "Objection", None)]  # the quotas
at = timezone.now() - timedelta(hours=1)
workspace = factories.make_workspace("Campaign")
for number in range(%(packs)d):
    campaign = factories.make_campaign(workspace)
    for place in range(%(threads)d):
        tag, score = next(kind for upto, *kind in KINDS if place < upto)
        lead = factories.make_lead(workspace, campaign=campaign, tag=tag, score=score, last_message_at=at)
        factories.make_message(lead, "Worth a chat?", direction="outbound", source="emailbison_sent", sent_at=at)
        factories.make_message(lead, sent_at=at)
    pack = ContextPack.objects.create(workspace=workspace, question=f"What works in {number}?", window="D7",
        window_from=at - timedelta(days=7), window_to=timezone.now(), scope_key=str(number))
    pack.campaigns.set([campaign])
client = Client()
client.force_login(factories.make_member(workspace, Membership.Role.ADMIN))
print(json.dumps({"id": str(workspace.pk), "cookie": client.cookies["sessionid"].value}))
"""


def run(plan: Plan, directory: Path) -> Seen:
    """Run the campaign and return what was seen."""
    with Stage(directory, plan) as stage:
        seen = stage.seen
        _wait(lambda: _get(stage, "/healthz").status_code == 200, 60)
        _measure(stage, lambda count: count < 10)  # warm
        before = _measure(stage, lambda count: count < 80)
        seen.web_p95_before = _p95(before)
        _break_model(stage)
        stage.use_up_connections()
        psutil.cpu_percent()
        began = time.monotonic()
        watchers = [threading.Thread(target=watch, args=[stage]) for watch in (_watch, _ask_cron, _disturb)]
        for watcher in watchers:
            watcher.start()
        during = _measure(stage, lambda _: not _finished(stage) and time.monotonic() - began < plan.seconds)
        seen.cpu_percent = psutil.cpu_percent()
        seen.seconds = round(time.monotonic() - began, 1)
        stage.over.set()
        for watcher in watchers:
            watcher.join(30)
        seen.web_p95_during, seen.web_requests = _p95(during), len(during)
        _count(stage)
        return seen


def _break_model(stage: Stage) -> None:
    for fault in (
        {"kind": "latency", "ms": stage.plan.latency_ms},
        {"kind": "server_error", "probability": 0.1, "seed": 1},
        {"kind": "invalid_json", "probability": 0.05, "seed": 2},
    ):
        url = f"{stage.sandbox_url}/_control/faults"
        requests.post(url, json={"provider": "openai"} | fault, timeout=10).raise_for_status()


def _watch(stage: Stage) -> None:
    """Look at PostgreSQL and PgBouncer from outside until it is over."""
    statement = (
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%' AND application_name IN"
        f" ('worker', 'web') AND now() - state_change > interval '{HELD_MS} ms'"
    )
    while not stage.over.is_set():
        with suppress(psycopg.Error):
            stage.seen.most_connections = max(stage.seen.most_connections, stage.clients())
            stage.seen.held += stage.run(statement)[0][0] > 0
            stage.seen.samples += 1
        stage.over.wait(0.1)


def _ask_cron(stage: Stage) -> None:
    while not stage.over.is_set():
        with suppress(requests.RequestException):
            answer = requests.post(
                f"http://127.0.0.1:{stage.web_port}/api/cron/insights/context-packs/",
                headers={"x-cron-secret": SECRET},
                timeout=60,
            )
            stage.seen.cron_200 += answer.status_code == 200
            stage.seen.cron_503 += answer.status_code == 503
        stage.over.wait(2)


def _disturb(stage: Stage) -> None:
    """Restart PostgreSQL, once fast and once immediately, and take the free connections again."""
    for number in range(stage.plan.restarts):
        if stage.over.wait(6):
            return
        stage.postgres.restart("fast" if number % 2 == 0 else "immediate")
        stage.seen.restarts += 1
        stage.use_up_connections()


def _measure(stage: Stage, going: Callable[[int], bool]) -> list[float]:
    """Milliseconds of requests for the inbox page, about twenty a second; errors are counted apart."""
    times: list[float] = []
    while going(len(times)):
        began = time.monotonic()
        with suppress(requests.RequestException):
            if _get(stage, f"/w/{stage.workspace['id']}/inbox/").status_code == 200:
                times.append((time.monotonic() - began) * 1000)
                time.sleep(0.05)
                continue
        stage.seen.web_errors += 1
        time.sleep(0.2)
    return times


def _get(stage: Stage, path: str) -> requests.Response:
    return requests.get(
        f"http://127.0.0.1:{stage.web_port}{path}",
        cookies={"sessionid": stage.workspace["cookie"]},
        timeout=20,
        allow_redirects=False,
    )


_checked = 0.0


def _finished(stage: Stage) -> bool:
    global _checked
    if time.monotonic() - _checked < 1:
        return False
    _checked = time.monotonic()
    open_ = "SELECT count(*) FROM insights_contextpack WHERE status IN ('PENDING', 'RUNNING')"
    return stage.run(open_)[0][0] == 0


def _count(stage: Stage) -> None:
    seen = stage.seen
    seen.statuses = dict(stage.run("SELECT status, count(*) FROM insights_contextpack GROUP BY 1"))
    seen.unexplained = stage.run(
        "SELECT count(*) FROM insights_contextpack WHERE status = 'FAILED' AND error = ''"
    )[0][0]
    threads = dict(stage.run("SELECT status, count(*) FROM insights_packthread GROUP BY 1"))
    seen.read, seen.failed_threads = threads.get("done", 0), threads.get("failed", 0)
    # An answer that came and was of use is paid for; more of those than readings means that one was paid for again.
    good = stage.run(
        "SELECT count(*) FROM integrations_aicall WHERE feature = 'read_conversation' AND outcome = 'ok'"
    )[0][0]
    seen.paid_twice = max(0, good - seen.read)
    state = requests.get(f"{stage.sandbox_url}/_control/state.json", timeout=10).json()
    seen.model_calls = state["totals"]["requests"]


def _p95(times: list[float]) -> float:
    return round(statistics.quantiles(times, n=20)[-1], 1) if len(times) > 1 else 0.0


def _alive(connection: psycopg.Connection) -> bool:
    with suppress(psycopg.Error):
        connection.execute("SELECT 1")
        return True
    return False


def _wait(condition: Callable[[], bool], seconds: float) -> None:
    until = time.monotonic() + seconds
    while True:
        with suppress(requests.RequestException):
            if condition():
                return
        if time.monotonic() > until:
            raise TimeoutError("The web process does not answer.")
        time.sleep(0.2)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end(process: subprocess.Popen) -> None:
    """End a process we started, and its children."""
    with suppress(psutil.NoSuchProcess):
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(8)
        for member in family:
            with suppress(psutil.NoSuchProcess):
                member.kill()
    with suppress(ProcessLookupError):
        process.kill()
    process.wait(10)


@contextmanager
def workplace() -> Iterator[Path]:
    """A directory that PostgreSQL's user may enter, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="holdfast-insights-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name, value in asdict(Plan()).items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    with workplace() as directory:
        seen = run(Plan(**vars(parser.parse_args())), directory)
    print(json.dumps(asdict(seen), indent=2))
    return 0 if seen.unexplained == 0 and not {"PENDING", "RUNNING"} & seen.statuses.keys() else 1


if __name__ == "__main__":
    sys.exit(main())
