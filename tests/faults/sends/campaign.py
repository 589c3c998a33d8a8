"""A campaign over sends: a provider that accepts and does not say so, workers that are killed, and a count at the end.

The sandbox is the oracle: what it accepted, by the marker in each message, is compared with what our rows say.
Run it alone, for the long form or another seed: `python -m benchmarks.campaign_sends --help`.
"""

import json
import random
import re
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import asdict, dataclass, field

import psutil

from sandbox import SandboxServer
from sandbox.faults import Fault
from tests.faults.jobs.stage import ROOT, Cluster, Stage
from tests.waiting import PATIENCE_S

MARKER = re.compile(r"<!-- ref:([0-9a-f-]{36}) -->")
REPLY = r"/replies/\d+/reply$"
RECOVERY_LIMIT_S = 600
DRAIN_S_PER_DRAFT = 0.5
"""What kills have left in the queue is worked off after the last one, with the provider's faults still on."""
CALLING_WAIT_S = 3
CALLING = """
SELECT worker.pid FROM jobs_backgroundjob job JOIN jobs_worker worker ON worker.id = job.worker_id
JOIN inbox_outboundsend send ON send.id::text = job.payload->>'send_id'
WHERE job.kind = 'reply.send' AND job.status = 'running' AND send.state = 'intent' AND send.called_at IS NOT NULL
"""


@dataclass
class Plan:
    """`dropped`: share of answers lost after the message was accepted. `timed_out`: share of calls that get no answer
    in time, half of them accepted. Kills are spread over `seconds`, in which the drafts are approved."""

    drafts: int = 100
    dropped: float = 0.10
    timed_out: float = 0.10
    kills: int = 20
    seconds: float = 50
    latency_ms: int = 300
    seed: int = 1
    workers: int = 3


@dataclass
class Report:
    """What happened. The four counts that must be 0 come first."""

    sent_twice: int = 0
    lost: int = 0
    claimed_but_never_accepted: int = 0
    still_going_out: int = 0
    approved: int = 0
    accepted_by_the_provider: int = 0
    sent: int = 0
    reconciled: int = 0
    on_the_list: int = 0
    failed: int = 0
    messages: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    kills: int = 0
    killed_while_calling: int = 0
    attempts: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    recovered_after_s: float = 0.0
    total_s: float = 0.0

    def verdict(self) -> list[str]:
        """What is wrong; empty where all held."""
        names = ("sent_twice", "lost", "claimed_but_never_accepted", "still_going_out")
        wrong = [f"{name}: {getattr(self, name)}" for name in names if getattr(self, name)]
        if self.sent + self.on_the_list + self.failed != self.approved:
            wrong.append("some sends are in no final state")
        if self.messages != self.sent:
            wrong.append(f"{self.messages} messages for {self.sent} sends")
        return wrong

    def print(self) -> None:
        """One line per number."""
        for name, value in asdict(self).items():
            print(f"{name.replace('_', ' '):>28}: {value}")


def run(stage: Stage, sandbox: SandboxServer, plan: Plan) -> Report:
    """Prepare, harm, wait and count."""
    began = time.monotonic()
    for key, body in drive(stage, "prepare", str(plan.drafts), sandbox.base_url)["bodies"]:
        sandbox.ingest("emailbison", key, [body])
    faults = _harm(sandbox, plan)
    cluster = stage.start_cluster(
        workers=plan.workers, ALLOW_LOOPBACK_PROVIDERS="1", EMAILBISON_TIMEOUT_MS="1000", OPENAI_API_KEY=""
    )
    stage.wait(cluster.ready, "a cluster")
    with _start(stage, "approve", str(plan.seconds)) as approving:
        kills, while_calling = _kill_workers(stage, plan)
        assert approving.wait(timeout=plan.seconds + PATIENCE_S) == 0
    recovered = _wait_for_the_end(stage, sandbox, RECOVERY_LIMIT_S + plan.drafts * DRAIN_S_PER_DRAFT)
    report = _count(drive(stage, "report"), sandbox)
    report.killed_while_calling = while_calling
    report.kills, report.faults = kills, {fault.kind: fault.fired for fault in faults}
    report.recovered_after_s, report.total_s = round(recovered, 1), round(time.monotonic() - began, 1)
    return report


def _harm(sandbox: SandboxServer, plan: Plan) -> list[Fault]:
    """Set the provider's faults."""
    common = {"provider": "emailbison", "path": REPLY, "method": "POST"}
    half = plan.timed_out / 2
    return [
        sandbox.fault(kind="latency", ms=plan.latency_ms, jitter_ms=plan.latency_ms, **common),
        sandbox.fault(kind="accept_drop", probability=plan.dropped, seed=plan.seed, **common),
        sandbox.fault(kind="accept_timeout", seconds=3, probability=half, seed=plan.seed + 1, **common),
        sandbox.fault(kind="hang", seconds=3, probability=half, seed=plan.seed + 2, **common),
    ]


def _kill_workers(stage: Stage, plan: Plan) -> tuple[int, int]:
    """SIGKILL a worker at random moments, where possible one that is calling the provider right then.

    Returns how many were killed, and how many of them were calling.
    """
    chance = random.Random(plan.seed)
    moments = sorted(chance.uniform(1, plan.seconds) for _ in range(plan.kills))
    began, while_calling = time.monotonic(), 0
    for moment in moments:
        while time.monotonic() < began + moment:
            stage.clusters[0].keep_alive()
            time.sleep(0.02)
        while_calling += _kill_one(stage, chance)
    return len(moments), while_calling


def _kill_one(stage: Stage, chance: random.Random) -> bool:
    """Kill a worker as soon as there is one; whether it was calling."""
    cluster, patience = stage.clusters[0], time.monotonic() + CALLING_WAIT_S
    while True:
        cluster.keep_alive()
        calling = [pid for (pid,) in stage.query(CALLING)]
        workers = {process.pid: process for process in cluster.find("worker")}
        busy = [workers[pid] for pid in calling if pid in workers]
        with suppress(psutil.NoSuchProcess):
            if busy or (workers and time.monotonic() > patience):
                chance.choice(busy or list(workers.values())).kill()
                return bool(busy)
        time.sleep(0.02)


def _wait_for_the_end(stage: Stage, sandbox: SandboxServer, limit_s: float) -> float:
    """Seconds until every send had ended, or `limit_s`: the count then says what had not."""
    began = time.monotonic()
    while time.monotonic() - began < limit_s and not over(stage, stage.clusters[0], sandbox):
        time.sleep(0.2)
    return time.monotonic() - began


def over(stage: Stage, cluster: Cluster, sandbox: SandboxServer) -> bool:
    """Whether nothing is on its way and nothing that the provider has is still uncertain."""
    cluster.keep_alive()
    states = dict(stage.query("SELECT id::text, state FROM inbox_outboundsend"))
    if "intent" in states.values():
        return False
    accepted = accepted_sends(sandbox)
    return not any(state == "unknown" and accepted[send] for send, state in states.items())


def accepted_sends(sandbox: SandboxServer) -> Counter[str]:
    """How often the provider accepted each send, by the marker in the message."""
    return Counter(MARKER.search(send["text"])[1] for send in sandbox.sends(provider="emailbison"))


def _count(found: dict, sandbox: SandboxServer) -> Report:
    accepted, sends = accepted_sends(sandbox), found["sends"]
    states = Counter(sends.values())
    return Report(
        sent_twice=sum(count - 1 for count in accepted.values()),
        lost=sum(1 for send in accepted if sends.get(send) not in ("sent", "unknown")),
        claimed_but_never_accepted=sum(
            1 for send, state in sends.items() if state == "sent" and not accepted[send]
        ),
        still_going_out=states["intent"],
        approved=len(sends),
        accepted_by_the_provider=len(accepted),
        sent=states["sent"],
        reconciled=found["reconciled"],
        on_the_list=states["unknown"],
        failed=states["failed"],
        messages=len(found["messages"]),
        attempts=found["attempts"],
        reasons=found["reasons"],
    )


def _start(stage: Stage, *arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.faults.sends.driver", *arguments],
        cwd=ROOT,
        env=stage.environment(ALLOW_LOOPBACK_PROVIDERS="1"),
        stdout=subprocess.PIPE,
        text=True,
    )


def drive(stage: Stage, *arguments: str) -> dict:
    output, _ = _start(stage, *arguments).communicate(timeout=300)
    return json.loads(output.strip().splitlines()[-1])
