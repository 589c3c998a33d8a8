"""Packs are built while PostgreSQL restarts, is short of connections, and stands behind PgBouncer.

A web process, a worker cluster and PgBouncer (transaction mode) work against a PostgreSQL of their own and a model with
latency, 10 % errors and 5 % answers that are no JSON. Every pack must end, and one that failed must say why.
`make campaign-insights` runs the long form; it reads at most 60 threads for each pack.
"""

import json
import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
import psycopg
from psycopg.rows import dict_row

from integrations.visits import CONNECTIONS
from jobs.conf import CONNECTIONS as PLACES_CONNECTIONS
from jobs.conf import DISPATCHER_CONNECTIONS, PROCESSES
from tests.campaign.players import request
from tests.campaign.stage import POOL, PooledStage
from tests.serving import free_port

HELD_MS = 150
WARM_S, NORMAL_S, BUSY_S = 2.0, 2.5, 6.0
SETTLE_S = 0.5
"""After the model's usual latency: what was answered before the stall is written by then."""
SECRET = "cron-secret-of-the-campaign"
MAX_CONNECTIONS = 40
LEFT = POOL + 4
"""Connections of MAX_CONNECTIONS that are not used up by others."""
BUDGET = PROCESSES * (2 + PLACES_CONNECTIONS + CONNECTIONS) + 1 + DISPATCHER_CONNECTIONS + 1
"""Of each worker: the lease keeper's, the ticks', the places' and the visits'. Of the dispatcher: its main thread's,
and those of the others. One that stores the ticks' results. An ear that finds a pooler keeps none.

Each pack asks 4 models at once, for which 1 : 1 would be more.
"""


@dataclass
class Plan:
    packs: int = 30
    threads: int = 20
    latency_ms: int = 200
    restarts: int = 2
    seconds: int = 900


LONG = Plan(threads=60, latency_ms=2_000, restarts=2, seconds=1_200)


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


class Stage(PooledStage):
    """The stage with few connections, and with the model in a process of its own: it is elsewhere altogether."""

    def __init__(self, directory: Path, plan: Plan) -> None:
        super().__init__(directory, clients=400)
        self.plan, self.seen = plan, Seen()
        self.sandbox_port = free_port()
        self.done, self.over = threading.Event(), threading.Event()
        self.quiet = threading.Lock()
        self.hogs: list[psycopg.Connection] = []

    def __enter__(self) -> Self:
        super().__enter__()
        self.query(f"ALTER SYSTEM SET max_connections = {MAX_CONNECTIONS}")
        self.postgres.restart()
        seed = ["manage.py", "shell", "-v0", "-c", SEED % asdict(self.plan)]
        self.workspace = json.loads(self.run(seed, self.environment("setup") | {"DATABASE_URL": self.url}))
        self.web_port = self.serve_web(self.environment("web") | {"WEB_CONCURRENCY": "1", "WEB_THREADS": "4"})
        # As docs/operations.md has it where web and workers share a machine.
        sandbox = ["manage.py", "sandbox", f"--port={self.sandbox_port}"]
        self.serve("sandbox", sandbox, self.environment("sandbox"), nice=10)
        self.serve("worker", ["manage.py", "qcluster"], self.environment("worker"), nice=10)
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.over.set()
        self.let_connections_go()
        super().__exit__(*exc_info)

    def environment(self, name: str) -> dict[str, str]:
        return {
            "DATABASE_URL": f"{self.pooler.url()}?application_name={name}",
            "DEBUG": "1",
            "ALLOW_LOOPBACK_PROVIDERS": "1",
            "CRON_SECRET": SECRET,
            "OPENAI_API_KEY": "key-openai",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{self.sandbox_port}/openai/v1",
            "INSIGHTS_CONTEXT_PACK_CRON_LIMIT": "20",
        }

    def model(self, method: str, path: str, body: object = None) -> Any:
        """The answer of the model's controls."""
        return request(self.sandbox_port, method, f"/_control/{path}", body)[1]

    def break_model(self, **fault: object) -> int:
        """Adds a fault. Returns its id."""
        return self.model("POST", "faults", {"provider": "openai"} | fault)["id"]

    def answers(self, path: str) -> bool:
        """Whether the page comes."""
        cookie = {"Cookie": f"sessionid={self.workspace['cookie']}"}
        return request(self.web_port, "GET", path, headers=cookie)[0] == 200

    def use_up_connections(self) -> None:
        """Hold what others would: all but LEFT of MAX_CONNECTIONS."""
        self.let_connections_go()
        with suppress(psycopg.Error):
            while len(self.hogs) < MAX_CONNECTIONS - LEFT:
                self.hogs.append(
                    psycopg.connect(self.postgres.url(), autocommit=True, application_name="hog")
                )

    def let_connections_go(self) -> None:
        while self.hogs:
            self.hogs.pop().close()


def run(plan: Plan, directory: Path) -> Seen:
    """Run the campaign and return what was seen."""
    with Stage(directory, plan) as stage:
        seen = stage.seen
        stage.wait(lambda: stage.answers("/healthz"), "the web server")
        stage.wait(lambda: stage.model("GET", "state.json"), "the model")
        _measure(stage, WARM_S)
        stage.break_model(kind="latency", ms=plan.latency_ms)
        stage.break_model(kind="server_error", probability=0.1, seed=1)
        stage.break_model(kind="invalid_json", probability=0.05, seed=2)
        stage.use_up_connections()
        psutil.cpu_percent()
        began = time.monotonic()
        with ThreadPoolExecutor(3) as pool:
            watchers = [pool.submit(watch, stage) for watch in (_watch, _ask_cron, _disturb)]
            try:
                normal, busy = _measure_in_turn(stage, began + plan.seconds)
            finally:
                stage.over.set()
            seen.cpu_percent = psutil.cpu_percent()
            seen.seconds = round(time.monotonic() - began, 1)
            for watcher in watchers:
                watcher.result()
        seen.web_p50_normal, seen.web_p95_normal, seen.web_requests_normal = *_quantiles(normal), len(normal)
        seen.web_p50_busy, seen.web_p95_busy, seen.web_requests_busy = *_quantiles(busy), len(busy)
        _count(stage)
        return seen


def _measure_in_turn(stage: Stage, until: float) -> tuple[list[float], list[float]]:
    """Pages while every model call stalls, and while packs are read, in turn until the packs are over.

    So whatever else the machine does is in both: their ratio is what reading packs costs the pages.
    """
    normal: list[float] = []
    busy: list[float] = []
    latency_s = stage.plan.latency_ms / 1000
    while not stage.done.is_set() and time.monotonic() < until:
        if stage.quiet.acquire(timeout=0.5):
            try:
                stall = stage.break_model(kind="latency", ms=1000 * (latency_s + SETTLE_S + NORMAL_S))
                time.sleep(latency_s + SETTLE_S)
                normal += _measure(stage, NORMAL_S)
                stage.model("POST", f"faults/{stall}/clear")
            finally:
                stage.quiet.release()
            time.sleep(latency_s)
        busy += _measure(stage, BUSY_S)
    return normal, busy


def _watch(stage: Stage) -> None:
    """Look at PostgreSQL and PgBouncer from outside until it is over, over connections that stay."""
    held = (
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%%' AND application_name IN"
        f" ('worker', 'web') AND now() - state_change > interval '{HELD_MS} ms'"
    )
    open_ = "SELECT count(*) FROM insights_contextpack WHERE status IN ('PENDING', 'RUNNING')"
    while not stage.over.is_set():
        with (
            suppress(psycopg.Error),
            psycopg.connect(stage.url, autocommit=True, application_name="campaign") as server,
            psycopg.connect(
                stage.pooler.url("pgbouncer"), autocommit=True, prepare_threshold=None, row_factory=dict_row
            ) as console,
        ):
            while not stage.over.wait(0.1):
                clients, ports = console.execute("SHOW CLIENTS").fetchall(), _ports(stage.pooler.port)
                workers = [
                    row for row in clients if row["application_name"] == "worker" and row["port"] in ports
                ]
                stage.seen.most_connections = max(stage.seen.most_connections, len(workers))
                stage.seen.held += server.execute(held).fetchone()[0] > 0
                stage.seen.samples += 1
                if server.execute(open_).fetchone()[0] == 0:
                    stage.done.set()
        stage.over.wait(0.1)


def _ports(pooler: int) -> set[int]:
    """The clients' ends of the connections that both sides have: PgBouncer lists those that wait also once closed."""
    sockets = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()]
    established = [f"0100007F:{pooler:04X}", "01"]  # the other end, and the state
    return {int(local[-4:], 16) for _, local, *remote in sockets if remote[:2] == established}


def _ask_cron(stage: Stage) -> None:
    while not stage.over.is_set():
        with stage.quiet:
            path, headers = "/api/cron/insights/context-packs/", {"x-cron-secret": SECRET}
            status, _, _ = request(stage.web_port, "POST", path, headers=headers)
            stage.seen.cron_200 += status == 200
            stage.seen.cron_503 += status == 503
        stage.over.wait(2)


def _disturb(stage: Stage) -> None:
    """Restart PostgreSQL, once fast and once immediately, and take the free connections again."""
    for number in range(stage.plan.restarts):
        if stage.over.wait(6):
            return
        with stage.quiet:
            stage.postgres.restart("fast" if number % 2 == 0 else "immediate")
            stage.seen.restarts += 1
            stage.use_up_connections()


def _measure(stage: Stage, seconds: float) -> list[float]:
    """Milliseconds of requests for the inbox page, about twenty a second; errors are counted apart."""
    times: list[float] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        if stage.answers(f"/w/{stage.workspace['id']}/inbox/"):
            times.append((time.monotonic() - began) * 1000)
            time.sleep(0.03)
        else:
            stage.seen.web_errors += 1
            time.sleep(0.2)
    return times


def _count(stage: Stage) -> None:
    seen = stage.seen
    seen.statuses = dict(stage.query("SELECT status, count(*) FROM insights_contextpack GROUP BY 1"))
    seen.unexplained = stage.value(
        "SELECT count(*) FROM insights_contextpack WHERE status = 'FAILED' AND error = ''"
    )
    threads = dict(stage.query("SELECT status, count(*) FROM insights_packthread GROUP BY 1"))
    seen.read, seen.failed_threads = threads.get("done", 0), threads.get("failed", 0)
    # An answer that came and was of use is paid for; more of those than readings means that one was paid for again.
    good = stage.value(
        "SELECT count(*) FROM integrations_aicall WHERE feature = 'read_conversation' AND outcome = 'ok'"
    )
    seen.paid_twice = max(0, good - seen.read)
    seen.model_calls = stage.model("GET", "state.json")["totals"]["requests"]


def _quantiles(times: list[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    cuts = statistics.quantiles(times, n=20) if len(times) > 1 else [0.0] * 19
    return round(cuts[9], 1), round(cuts[18], 1)


def play(directory: Path, plan: Plan) -> tuple[Seen, list[str]]:
    """Returns what was seen, and what is wrong of it."""
    seen = run(plan, directory)
    ended = sum(seen.statuses.get(status, 0) for status in ("COMPLETE", "FAILED"))
    promises = {
        f"packs ended: {ended}": ended == sum(seen.statuses.values()) == plan.packs,
        f"packs failed without an error: {seen.unexplained}": seen.unexplained == 0,
        f"restarts: {seen.restarts}": seen.restarts == plan.restarts,
        "a thread was neither read nor failed": seen.read + seen.failed_threads == plan.packs * plan.threads,
        f"connections: {seen.most_connections}": seen.most_connections <= seen.budget,
        # A transaction held over model calls would be in almost every look; one of a starved process is in some.
        f"looks with an idle transaction: {seen.held}": seen.held <= seen.samples / 4,
        # An immediate restart can take back what was paid for.
        f"paid for twice: {seen.paid_twice}": seen.paid_twice <= plan.restarts * 4,
        f"looks: {seen.samples}": seen.samples > 50,
        "no page was answered while packs were read": seen.web_requests_busy > 0,
    }
    return seen, [promise for promise, holds in promises.items() if not holds]


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
