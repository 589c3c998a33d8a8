"""What the campaign runs on: PostgreSQL, PgBouncer, a web process, a worker cluster and a model, all of its own."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil
import psycopg

from integrations.visits import CONNECTIONS
from jobs.conf import CONNECTIONS as PLACES_CONNECTIONS
from jobs.conf import PROCESSES
from tests import template
from tests.pooling import Pooler
from tests.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[3]
SECRET = "cron-secret-of-the-campaign"
MAX_CONNECTIONS = 40
POOL = 12
LEFT = POOL + 4
"""Connections of MAX_CONNECTIONS that are not used up by others."""
BUDGET = PROCESSES * (2 + PLACES_CONNECTIONS + CONNECTIONS) + 4
"""Of each worker: the lease keeper's, the ticks', the places' and the visits'. Of the cluster: three of its dispatcher
(looks, sweeps, schedules) and one that stores the ticks' results. An ear that finds a pooler keeps none.

Each pack asks 4 models at once, for which 1 : 1 would be more.
"""


@dataclass
class Plan:
    packs: int = 30
    threads: int = 20
    latency_ms: int = 200
    restarts: int = 2
    seconds: int = 900


@dataclass
class Seen:
    """What the campaign saw. Times in ms; `held` and `samples` are looks at pg_stat_activity.

    `web_…_normal` is of windows in which every model call stalls, `web_…_busy` of those between them, in the same run.
    """

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
    web_p50_normal: float = 0.0
    web_p50_busy: float = 0.0
    web_p95_normal: float = 0.0
    web_p95_busy: float = 0.0
    web_requests_normal: int = 0
    web_requests_busy: int = 0
    cpu_percent: float = 0.0
    web_errors: int = 0
    cron_503: int = 0
    cron_200: int = 0


class Stage:
    """The processes of one campaign, in a directory that may be thrown away."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        self.directory, self.plan, self.seen = directory, plan, Seen()
        self.postgres = template.server_in(directory)
        self.processes: list[subprocess.Popen] = []
        self.pooler = Pooler(self.postgres, POOL)
        self.web_port, self.sandbox_port = _free_port(), _free_port()
        self.done, self.over = threading.Event(), threading.Event()
        self.quiet = threading.Lock()
        self.hogs: list[psycopg.Connection] = []

    def __enter__(self) -> "Stage":
        self.postgres.acquire()
        self.run(f"ALTER SYSTEM SET max_connections = {MAX_CONNECTIONS}")
        self.postgres.restart()
        self.processes.append(self.pooler.start(self.directory / "pgbouncer.log"))
        self.workspace = json.loads(
            self.manage("shell", "-v0", "-c", SEED % asdict(self.plan), url=self.postgres.url())
        )
        self.start(
            "gunicorn", "-w1", "--threads=4", f"-b127.0.0.1:{self.web_port}", "config.wsgi", name="web"
        )
        # As docs/operations.md has it where web and workers share a machine; the model is elsewhere altogether.
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
        until = time.monotonic() + PATIENCE_S
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
        bounced = f"{self.pooler.url()}?application_name={name}"
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

    @property
    def console_url(self) -> str:
        """PgBouncer's console."""
        return self.pooler.url("pgbouncer")

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


def _alive(connection: psycopg.Connection) -> bool:
    with suppress(psycopg.Error):
        connection.execute("SELECT 1")
        return True
    return False


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
