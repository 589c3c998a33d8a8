"""What the campaign runs on: PostgreSQL, PgBouncer, a web process, a worker cluster and a model, all of its own."""

import json
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psycopg

from integrations.visits import CONNECTIONS
from jobs.conf import CONNECTIONS as PLACES_CONNECTIONS
from jobs.conf import PROCESSES
from tests.campaign import stage
from tests.campaign.stage import POOL
from tests.serving import free_port

SECRET = "cron-secret-of-the-campaign"
MAX_CONNECTIONS = 40
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


class Stage(stage.Stage):
    """The stage of all campaigns, with few connections, and with the model in a process of its own."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        super().__init__(directory, clients=400)
        self.plan, self.seen = plan, Seen()
        self.web_port, self.sandbox_port = free_port(), free_port()
        self.done, self.over = threading.Event(), threading.Event()
        self.quiet = threading.Lock()
        self.hogs: list[psycopg.Connection] = []

    def __enter__(self) -> "Stage":
        super().__enter__()
        self.rows(f"ALTER SYSTEM SET max_connections = {MAX_CONNECTIONS}")
        self.postgres.restart()
        seed = ["manage.py", "shell", "-v0", "-c", SEED % asdict(self.plan)]
        self.workspace = json.loads(
            self.run(seed, self.environment("setup") | {"DATABASE_URL": self.postgres.url()})
        )
        web = ["-m", "gunicorn", "-w1", "--threads=4", f"-b127.0.0.1:{self.web_port}", "config.wsgi"]
        self.serve("web", web, self.environment("web"))
        # As docs/operations.md has it where web and workers share a machine; the model is elsewhere altogether.
        sandbox = ["manage.py", "sandbox", f"--port={self.sandbox_port}"]
        self.serve("sandbox", sandbox, self.environment("sandbox"), nice=10)
        self.serve("worker", ["manage.py", "qcluster"], self.environment("worker"), nice=10)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.over.set()
        for hog in self.hogs:
            with suppress(psycopg.Error):
                hog.close()
        super().__exit__(*exc_info)

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox_port}"

    def environment(self, name: str) -> dict[str, str]:
        return {
            "DATABASE_URL": f"{self.pooler.url()}?application_name={name}",
            "DEBUG": "1",
            "ALLOW_LOOPBACK_PROVIDERS": "1",
            "CRON_SECRET": SECRET,
            "OPENAI_API_KEY": "key-openai",
            "OPENAI_BASE_URL": f"{self.sandbox_url}/openai/v1",
            "INSIGHTS_CONTEXT_PACK_CRON_LIMIT": "20",
        }

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
