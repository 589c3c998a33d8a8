"""Measures background jobs, compared with procrastinate and plain django-q2 on one PostgreSQL.

`make bench` or `DEBUG=1 python -m benchmarks.jobs [--jobs 1000] [--rounds 3] [--json]`. The systems run in turns and
the median is shown, so that other load on the machine affects all alike. The jobs do nothing, so only the queue is
measured. PostgreSQL is the embedded one, with durable commits.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from tests.campaign.stage import ROOT
from tests.faults.jobs.stage import Cluster, Server, Stage

STOCK = {"HARNESS_STOCK": "1"}
DEAF = {"HARNESS_PATCH": "deaf"}
FLOOD = 5_000
WAITED = (
    "SELECT extract(epoch FROM started_at - run_at)::float8 FROM jobs_backgroundjob WHERE dedupe_key = %s"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--jobs", type=int, default=1_000, help="jobs per drain (default 1000)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--probes", type=int, default=40, help="latency samples per system")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as scratch,
        Server(Path(scratch), durable=True) as server,
    ):
        report = Bench(server, options).run()
    print(json.dumps(report, indent=2) if options.json else text(report))


class Bench:
    """The measurements. Each has a database of its own."""

    def __init__(self, server: Server, options: argparse.Namespace) -> None:
        self._server, self._options, self._number = server, options, 0

    def run(self) -> dict:
        """Make all measurements. Rates are per second, latencies in ms."""
        load = os.getloadavg()[0]
        rates: dict[str, list[float]] = {}
        for turn in range(self._options.rounds):
            for name, measure in self._rates().items():
                rates.setdefault(name, []).append(measure())
                print(
                    f"round {turn + 1}: {name}: {rates[name][-1]:.1f} per second", file=sys.stderr, flush=True
                )
        latencies = {}
        latencies["holdfast, LISTEN/NOTIFY"] = self._latency("holdfast")
        latencies["holdfast, without wake-ups: looks every 0.1 s"] = self._latency("holdfast", **DEAF)
        latencies["django-q2, poll 0.2 s"] = self._latency("django-q2", **STOCK)
        latencies["procrastinate, LISTEN/NOTIFY"] = self._latency("procrastinate")
        return {
            "jobs": self._options.jobs,
            "rounds": self._options.rounds,
            "per_second": {name: round(statistics.median(values), 1) for name, values in rates.items()},
            "latency": latencies,
            "flood": self._flood(),
            "takeover_s": self._takeover(),
            "idle": {
                "holdfast, LISTEN/NOTIFY": self._idle(),
                "holdfast, without its ticks": self._idle(ticks=False),
                "holdfast, without wake-ups: looks every 0.1 s": self._idle(**DEAF),
                "django-q2, poll 0.2 s": self._idle(stock=True, **STOCK),
            },
            "load_before_and_after": [round(load, 1), round(os.getloadavg()[0], 1)],
        }

    def _rates(self) -> dict:
        return {
            "holdfast, one process": lambda: self._drain("holdfast"),
            "procrastinate, one process": lambda: self._drain("procrastinate"),
            "holdfast, qcluster with 1 worker": lambda: self._cluster("holdfast", 1),
            "django-q2, qcluster with 1 worker": lambda: self._cluster("django-q2", 1),
            "holdfast, qcluster with 2 workers": lambda: self._cluster("holdfast", 2),
            "django-q2, qcluster with 2 workers": lambda: self._cluster("django-q2", 2),
            "holdfast, enqueue": lambda: self._enqueue("holdfast"),
            "procrastinate, enqueue": lambda: self._enqueue("procrastinate"),
            "django-q2, enqueue": lambda: self._enqueue("django-q2"),
        }

    def _stage(self) -> Stage:
        self._number += 1
        stage = Stage(self._server, f"bench_{self._number}")
        _act(stage, "schema")
        return stage

    def _drain(self, system: str) -> float:
        """Jobs per second of one worker process that only works."""
        with self._stage() as stage:
            _act(stage, "fill", system, self._options.jobs)
            return self._options.jobs / _act(stage, f"{system}-drain")

    def _enqueue(self, system: str) -> float:
        count = max(self._options.jobs // 3, 50)
        with self._stage() as stage:
            return count / _act(stage, "enqueue", system, count)

    def _cluster(self, system: str, workers: int) -> float:
        """Jobs per second of a whole cluster, from the commit of all jobs to the end of the last one."""
        stock = system == "django-q2"
        with self._stage() as stage:
            cluster = stage.start_cluster(workers=workers, stock=stock, **(STOCK if stock else {}))
            stage.wait(cluster.ready, "the cluster is up")
            _act(stage, "fill", system, self._options.jobs)
            return self._options.jobs / _finish(stage, self._options.jobs, stock)

    def _latency(self, system: str, **extra: str) -> dict[str, float]:
        """The time from the commit of a job to its start, in ms, while workers are idle."""
        with self._stage() as stage:
            if system == "procrastinate":
                command = [sys.executable, "-m", "benchmarks._jobs_worker", "procrastinate-worker"]
                worker = subprocess.Popen(
                    command, cwd=ROOT, env=stage.environment(), stdout=subprocess.DEVNULL
                )
                time.sleep(3)
            else:
                cluster = stage.start_cluster(workers=2, stock=system == "django-q2", **extra)
                stage.wait(cluster.ready, "the cluster is up")
                time.sleep(2)
            try:
                _act(stage, "probe", system, self._options.probes)
                stage.wait(lambda: len(stage.events("start")) == self._options.probes, "all probes ran")
            finally:
                if system == "procrastinate":
                    worker.terminate()
                    worker.wait()
            commits = {line["key"]: line["at"] for line in stage.events("commit")}
            waits = sorted((line["at"] - commits[line["key"]]) * 1000 for line in stage.events("start"))
        return {
            "p50_ms": round(statistics.median(waits), 1),
            "p95_ms": round(waits[int(len(waits) * 0.95)], 1),
        }

    def _flood(self) -> dict[str, float]:
        """How long a workspace's job waits, on an idle cluster and behind 5,000 jobs of 20 ms of another workspace."""
        waited = {}
        with self._stage() as stage:
            cluster = stage.start_cluster()
            stage.wait(cluster.ready, "the cluster is up")
            for name, flood in (("idle_ms", 0), ("behind_flood_ms", FLOOD)):
                if flood:
                    options = ("--workspace", "Flooded", "--prefix", "flood", "--pause-ms", "20", "20")
                    stage.put("harness.sleep", flood, *options)
                stage.put("harness.stamp", 1, "--workspace", "Quiet", "--names", name)
                stage.wait(lambda name=name: stage.value(WAITED, (name,)) is not None, "it started")
                waited[name] = round(stage.value(WAITED, (name,)) * 1000, 1)
        return waited

    def _takeover(self) -> float:
        """Seconds until another host starts the job of a host that was frozen with SIGSTOP."""
        with self._stage() as stage:
            cluster = stage.start_cluster()
            stage.wait(cluster.ready, "the cluster is up")
            stage.put("harness.work", 1, "--names", "slow", "--pause-ms", "4000", "4000")
            stage.wait(lambda: stage.events("start"), "it runs")
            for _, process in cluster.roles():
                process.suspend()
            stopped_at = time.time()
            stage.start_cluster("host-b")
            stage.wait(lambda: len(stage.events("start")) == 2, "the other host has it")
            return round(stage.events("start")[1]["at"] - stopped_at, 1)

    def _idle(self, *, stock: bool = False, ticks: bool = True, **extra: str) -> dict[str, float]:
        """What a cluster of 2 workers uses while it has nothing to do: transactions and processor time."""
        with self._stage() as stage:
            cluster = stage.start_cluster(workers=2, stock=stock, HARNESS_THREADS="32", **extra)
            stage.wait(cluster.ready, "the cluster is up")
            time.sleep(25)  # the schedules are written and their first runs have ended
            if not ticks:
                stage.query("DELETE FROM django_q_schedule RETURNING id")
            self._server.hold_autovacuum()  # its transactions are not the cluster's
            time.sleep(5)
            before, cpu, began = _transactions(stage), _cpu_s(cluster), time.monotonic()
            time.sleep(30)
            seconds = time.monotonic() - began
            return {
                "transactions_per_s": round((_transactions(stage) - before) / seconds, 1),
                "cpu_percent": round((_cpu_s(cluster) - cpu) / seconds * 100, 1),
            }


def _act(stage: Stage, *words: str | int) -> float:
    """Run one act of `_jobs_worker` in a process of its own. Returns the seconds that it reports."""
    command = [sys.executable, "-m", "benchmarks._jobs_worker", *map(str, words)]
    done = subprocess.run(
        command, cwd=ROOT, env=stage.environment(), capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise SystemExit(done.stderr[-2_000:])
    return json.loads(done.stdout.splitlines()[-1])["seconds"]


def _finish(stage: Stage, jobs: int, stock: bool) -> float:
    """Seconds from the commit of the jobs, by the database's clock, until the last one has left the queue."""
    committed = stage.value("SELECT at FROM bench_commit")
    while True:
        left, now = stage.query(
            "SELECT count(*), clock_timestamp() FROM django_q_ormq"
            if stock
            else "SELECT count(*), clock_timestamp() FROM jobs_backgroundjob WHERE status IN ('queued', 'running')"
        )[0]
        if not left:
            return (now - committed).total_seconds()
        time.sleep(0.02)


def _transactions(stage: Stage) -> int:
    stage.query("SELECT pg_stat_clear_snapshot()")
    return stage.value("SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()")


def _cpu_s(cluster: Cluster) -> float:
    total = 0.0
    for _, process in cluster.roles():
        try:
            total += sum(process.cpu_times()[:2])
        except psutil.NoSuchProcess:
            continue
    return total


def text(report: dict) -> str:
    """The report as Markdown tables."""
    rates = report["per_second"]
    lines = [
        f"Median of {report['rounds']} rounds of {report['jobs']} no-op jobs",
        "",
        "| | per second |",
        "|---|---|",
    ]
    lines += [f"| {name} | {rate} |" for name, rate in rates.items()]
    ratio = rates["holdfast, one process"] / rates["procrastinate, one process"]
    cost = rates["procrastinate, enqueue"] / rates["holdfast, enqueue"]
    lines += ["", f"One process: {ratio:.2f} x procrastinate. An enqueue takes {cost:.2f} x the time of its."]
    for workers in ("1 worker", "2 workers"):
        ratio = rates[f"django-q2, qcluster with {workers}"] / rates[f"holdfast, qcluster with {workers}"]
        lines += [f"Cluster with {workers}: bare django-q2 is {ratio:.2f} x ours."]
    lines += ["", "| commit to start, idle workers | p50 ms | p95 ms |", "|---|---|---|"]
    lines += [f"| {name} | {row['p50_ms']} | {row['p95_ms']} |" for name, row in report["latency"].items()]
    lines += ["", "| idle cluster, 2 workers | transactions/s | CPU % |", "|---|---|---|"]
    lines += [
        f"| {name} | {row['transactions_per_s']} | {row['cpu_percent']} |"
        for name, row in report["idle"].items()
    ]
    flood = report["flood"]
    lines += [
        "",
        f"Another workspace's job waits {flood['behind_flood_ms']} ms behind a flood of {FLOOD}, {flood['idle_ms']} ms"
        " on an idle cluster. The aim is 2,000 ms.",
        f"Load of the machine before and after: {report['load_before_and_after']}.",
        f"A silent host's job starts on another after {report['takeover_s']} s. The aim is 30 s.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
