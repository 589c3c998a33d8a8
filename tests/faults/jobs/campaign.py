"""Jobs with effects, clusters as two hosts, and a nemesis that kills, stops and restarts at random.

`make campaign-jobs` runs the long form. No job may be lost, left in the queue or wedged, and none done twice.
"""

import random
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from jobs.conf import LEASE_S
from tests.faults.jobs.stage import Server, Stage
from tests.waiting import PATIENCE_S

ROLES = ("worker", "worker", "worker", "monitor", "dispatcher", "sentinel", "parent")
RECOVERY_LIMIT_S = 30
"""Judged in the long form alone: how long it takes depends on the machine."""
ALLOWED_FAILURES = {
    "jobs.errors.PermanentError"
}  # a send that was interrupted and not found: a person decides


@dataclass
class Plan:
    """What a campaign does. Kills and restarts are spread over `seconds`, in which the jobs are enqueued."""

    jobs: int = 500
    kills: int = 30
    restarts: int = 2
    stops: int = 1
    seconds: float = 45
    seed: int = 1
    hosts: tuple[str, ...] = ("host-a", "host-b")
    workers: int = 3
    threads: int = 8
    """Places of each worker: what a kill takes away at once."""
    stock: bool = False
    """Bare django-q2 under the same harm, for comparison."""


LONG = Plan(jobs=5_000, kills=200, restarts=20, seconds=400)


@dataclass
class Report:
    """What happened. The five counts that must be 0 come first."""

    lost: int = 0
    left_in_queue: int = 0
    sent_twice: int = 0
    booked_twice: int = 0
    wedged: int = 0
    succeeded: int = 0
    interrupted_sends: int = 0
    other_failures: dict[str, int] = field(default_factory=dict)
    starts: int = 0
    kills: dict[str, int] = field(default_factory=dict)
    restarts: int = 0
    stops: int = 0
    parents_started_again: int = 0
    recovered_after_s: float = 0.0
    total_s: float = 0.0

    def verdict(self) -> list[str]:
        """What is wrong; empty where all held."""
        names = ("lost", "left_in_queue", "sent_twice", "booked_twice", "wedged")
        wrong = [f"{name}: {getattr(self, name)}" for name in names if getattr(self, name)]
        if self.other_failures:
            wrong.append(f"failures: {self.other_failures}")
        return wrong


class Nemesis:
    """Random harm from one seed. It knows processes and the server, nothing of the product."""

    def __init__(self, stage: Stage, plan: Plan) -> None:
        self._stage, self._chance = stage, random.Random(plan.seed)
        self.kills: Counter[str] = Counter()
        self.restarts = self.stops = 0
        self._stopped: list[threading.Thread] = []
        moments = sorted(self._chance.uniform(1, plan.seconds) for _ in range(plan.kills))
        acts = [(at, self._kill) for at in moments]
        acts += [(plan.seconds * (n + 1) / (plan.restarts + 1), self._restart) for n in range(plan.restarts)]
        acts += [(plan.seconds * (n + 0.5) / max(plan.stops, 1), self._stop) for n in range(plan.stops)]
        self._acts = sorted(acts, key=lambda act: act[0])

    def run(self) -> None:
        """Do all of it; returns when the last stopped process has been continued."""
        began = time.monotonic()
        for at, act in self._acts:
            self._stage.pause(began + at - time.monotonic())
            act()
        for thread in self._stopped:
            self._stage.wait(lambda thread=thread: not thread.is_alive(), "a stopped process goes on")

    def _victim(self, *roles: str) -> tuple[str, psutil.Process]:
        """A random process of a random role."""
        cluster, role = self._chance.choice(self._stage.clusters), self._chance.choice(roles)
        return role, self._stage.victim(cluster, role, self._chance)

    def _kill(self) -> None:
        while True:
            role, victim = self._victim(*ROLES)
            with suppress(psutil.NoSuchProcess):
                victim.kill()
                self.kills[role] += 1
                return

    def _stop(self) -> None:
        """SIGSTOP a worker until its lease is long over, then SIGCONT."""
        _, victim = self._victim("worker")

        def later() -> None:
            with suppress(psutil.NoSuchProcess):
                victim.suspend()
                time.sleep(LEASE_S + 5)
                victim.resume()

        self._stopped.append(threading.Thread(target=later))
        self._stopped[-1].start()
        self.stops += 1

    def _restart(self) -> None:
        self._stage.restart_postgres(self._chance)
        self.restarts += 1


def run(stage: Stage, plan: Plan) -> Report:
    """Play `plan` on a fresh stage."""
    began, stage.keeps = time.monotonic(), True
    extra = {"HARNESS_STOCK": "1"} if plan.stock else {"HARNESS_THREADS": str(plan.threads)}
    for host in plan.hosts:
        stage.start_cluster(host, plan.workers, plan.stock, **extra)
    for cluster in stage.clusters:
        stage.wait(cluster.ready, f"{cluster.host} is up")
    options = ("--seconds", str(plan.seconds), "--seed", str(plan.seed))
    command = ("put_tasks", "work") if plan.stock else ("put_jobs", "harness.work")
    producer = stage.begin(*command, str(plan.jobs), *options)
    nemesis = Nemesis(stage, plan)
    nemesis.run()
    last_fault = time.monotonic()
    report = Report(kills=dict(nemesis.kills), restarts=nemesis.restarts, stops=nemesis.stops)
    assert producer.wait(PATIENCE_S) == 0
    _recover(stage, plan, report, last_fault)
    (_count_tasks if plan.stock else _count)(stage, plan, report)
    report.parents_started_again = sum(cluster.starts - 1 for cluster in stage.clusters)
    report.total_s = round(time.monotonic() - began, 1)
    return report


def _recover(stage: Stage, plan: Plan, report: Report, last_fault: float) -> None:
    def left() -> int:
        return stage.value("SELECT count(*) FROM django_q_ormq") if plan.stock else stage.unfinished()

    with suppress(TimeoutError):
        stage.wait(lambda: not left(), "all jobs ended", RECOVERY_LIMIT_S + 2 * PATIENCE_S)
    report.recovered_after_s = round(time.monotonic() - last_fault, 1)
    report.left_in_queue = left()
    probes = 20  # a cluster that works no more shows here, even where nothing was left to do
    if plan.stock:
        assert stage.begin("put_tasks", "stamp", str(probes), "--prefix", "probe").wait(PATIENCE_S) == 0
    else:
        stage.put("harness.stamp", probes, "--prefix", "probe")

    def started() -> int:
        return len({line["key"] for line in stage.events("start") if line["key"].startswith("probe")})

    with suppress(TimeoutError):
        stage.wait(lambda: started() == probes, "the probes start")
    report.wedged = probes - started()


def _count_tasks(stage: Stage, plan: Plan, report: Report) -> None:
    sends = Counter(line["key"] for line in stage.events("send"))
    report.succeeded = len(sends)
    report.lost = plan.jobs - len(sends)
    report.sent_twice = sum(count > 1 for count in sends.values())
    report.starts = len([line for line in stage.events("start") if line["key"].startswith("job-")])


def _count(stage: Stage, plan: Plan, report: Report) -> None:
    states = dict(
        stage.query("SELECT dedupe_key, status FROM jobs_backgroundjob WHERE kind = 'harness.work'")
    )
    sends = Counter(line["key"] for line in stage.events("send"))
    bookings = Counter(dict(stage.query("SELECT job_key, count(*) FROM harness_booking GROUP BY 1")))
    succeeded = [key for key, status in states.items() if status == "succeeded"]
    report.succeeded = len(succeeded)
    report.lost = plan.jobs - len(states) + sum(not sends[key] or not bookings[key] for key in succeeded)
    report.sent_twice = sum(count > 1 for count in sends.values())
    report.booked_twice = sum(count > 1 for count in bookings.values())
    report.starts = len([line for line in stage.events("start") if line["key"].startswith("job-")])
    failures = dict(
        stage.query(
            "SELECT last_error_class || ': ' || last_error, count(*) FROM jobs_backgroundjob"
            " WHERE kind = 'harness.work' AND status = 'failed' GROUP BY 1"
        )
    )
    for what, count in failures.items():
        if what.partition(":")[0] in ALLOWED_FAILURES:
            report.interrupted_sends += count
        else:
            report.other_failures[what] = count


def play(directory: Path, plan: Plan) -> tuple[Report, list[str]]:
    """The long form. Returns what happened, and what is wrong of it."""
    with Server(directory) as server, Stage(server, "campaign") as stage:
        report = run(stage, plan)
    wrong = report.verdict()
    if report.recovered_after_s > RECOVERY_LIMIT_S:
        wrong.append(f"recovered only after {report.recovered_after_s:.1f} s")
    return report, wrong
