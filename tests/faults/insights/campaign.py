"""Packs are built while PostgreSQL restarts, is short of connections, and stands behind PgBouncer.

    python -m tests.faults.insights.campaign [--packs 30] [--threads 20, at most 60] [--latency-ms 200] [--restarts 2]

A real web process, a real worker cluster and PgBouncer (transaction mode) work against a PostgreSQL of their own and
a model with latency, 10 % errors and 5 % answers that are no JSON. Prints what it saw; `test_campaign` judges it.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

import psutil
import psycopg
import requests
from psycopg.rows import dict_row

from tests.faults.insights.stage import SECRET, Plan, Seen, Stage
from tests.waiting import PATIENCE_S

HELD_MS = 150
WARM_S, NORMAL_S, BUSY_S = 2.0, 2.5, 6.0
SETTLE_S = 0.5
"""After the model's usual latency: what was answered before the stall is written by then."""


def run(plan: Plan, directory: Path) -> Seen:
    """Run the campaign and return what was seen."""
    with Stage(directory, plan) as stage:
        seen = stage.seen
        _wait(lambda: _get(stage, "/healthz").status_code == 200)
        _measure(stage, WARM_S)
        for fault in (
            {"kind": "latency", "ms": plan.latency_ms},
            {"kind": "server_error", "probability": 0.1, "seed": 1},
            {"kind": "invalid_json", "probability": 0.05, "seed": 2},
        ):
            _break_model(stage, fault)
        stage.use_up_connections()
        psutil.cpu_percent()
        began = time.monotonic()
        watchers = [threading.Thread(target=watch, args=[stage]) for watch in (_watch, _ask_cron, _disturb)]
        for watcher in watchers:
            watcher.start()
        normal, busy = _measure_in_turn(stage, began + plan.seconds)
        seen.cpu_percent = psutil.cpu_percent()
        seen.seconds = round(time.monotonic() - began, 1)
        stage.over.set()
        for watcher in watchers:
            watcher.join(PATIENCE_S)
        seen.web_p50_normal, seen.web_p95_normal, seen.web_requests_normal = *_quantiles(normal), len(normal)
        seen.web_p50_busy, seen.web_p95_busy, seen.web_requests_busy = *_quantiles(busy), len(busy)
        _count(stage)
        return seen


def _break_model(stage: Stage, fault: dict[str, object]) -> int:
    """Add a fault; its id."""
    answer = requests.post(
        f"{stage.sandbox_url}/_control/faults", json={"provider": "openai"} | fault, timeout=10
    )
    answer.raise_for_status()
    return answer.json()["id"]


def _measure_in_turn(stage: Stage, until: float) -> tuple[list[float], list[float]]:
    """Pages while every model call stalls, and while packs are read, in turn until the packs are over.

    So whatever else the machine does is in both: their ratio is what reading packs costs the pages.
    """
    normal: list[float] = []
    busy: list[float] = []
    latency_s = stage.plan.latency_ms / 1000
    while not stage.done.is_set() and time.monotonic() < until:
        if stage.quiet.acquire(timeout=0.5):
            with suppress(requests.RequestException), _lock_held(stage.quiet):
                stall = _break_model(
                    stage, {"kind": "latency", "ms": 1000 * (latency_s + SETTLE_S + NORMAL_S)}
                )
                time.sleep(latency_s + SETTLE_S)
                normal += _measure(stage, NORMAL_S)
                requests.post(f"{stage.sandbox_url}/_control/faults/{stall}/clear", timeout=60)
            time.sleep(latency_s)
        busy += _measure(stage, BUSY_S)
    return normal, busy


@contextmanager
def _lock_held(lock: threading.Lock) -> Iterator[None]:
    try:
        yield
    finally:
        lock.release()


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
            psycopg.connect(stage.postgres.url(), autocommit=True, application_name="campaign") as server,
            psycopg.connect(
                stage.console_url, autocommit=True, prepare_threshold=None, row_factory=dict_row
            ) as console,
        ):
            while not stage.over.wait(0.1):
                clients = console.execute("SHOW CLIENTS").fetchall()
                workers = sum(row["application_name"] == "worker" for row in clients)
                stage.seen.most_connections = max(stage.seen.most_connections, workers)
                stage.seen.held += server.execute(held).fetchone()[0] > 0
                stage.seen.samples += 1
                if server.execute(open_).fetchone()[0] == 0:
                    stage.done.set()
        stage.over.wait(0.1)


def _ask_cron(stage: Stage) -> None:
    while not stage.over.is_set():
        with suppress(requests.RequestException), stage.quiet:
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
        with suppress(requests.RequestException):
            if _get(stage, f"/w/{stage.workspace['id']}/inbox/").status_code == 200:
                times.append((time.monotonic() - began) * 1000)
                time.sleep(0.03)
                continue
        stage.seen.web_errors += 1
        time.sleep(0.2)
    return times


def _get(stage: Stage, path: str) -> requests.Response:
    return requests.get(
        f"http://127.0.0.1:{stage.web_port}{path}",
        cookies={"sessionid": stage.workspace["cookie"]},
        timeout=60,
        allow_redirects=False,
    )


def _count(stage: Stage) -> None:
    seen = stage.seen
    seen.statuses = dict(stage.rows("SELECT status, count(*) FROM insights_contextpack GROUP BY 1"))
    seen.unexplained = stage.rows(
        "SELECT count(*) FROM insights_contextpack WHERE status = 'FAILED' AND error = ''"
    )[0][0]
    threads = dict(stage.rows("SELECT status, count(*) FROM insights_packthread GROUP BY 1"))
    seen.read, seen.failed_threads = threads.get("done", 0), threads.get("failed", 0)
    # An answer that came and was of use is paid for; more of those than readings means that one was paid for again.
    good = stage.rows(
        "SELECT count(*) FROM integrations_aicall WHERE feature = 'read_conversation' AND outcome = 'ok'"
    )[0][0]
    seen.paid_twice = max(0, good - seen.read)
    state = requests.get(f"{stage.sandbox_url}/_control/state.json", timeout=60).json()
    seen.model_calls = state["totals"]["requests"]


def _quantiles(times: list[float]) -> tuple[float, float]:
    """Median and 95th percentile."""
    cuts = statistics.quantiles(times, n=20) if len(times) > 1 else [0.0] * 19
    return round(cuts[9], 1), round(cuts[18], 1)


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while True:
        with suppress(requests.RequestException):
            if condition():
                return
        if time.monotonic() > until:
            raise TimeoutError("The web process does not answer.")
        time.sleep(0.2)


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
