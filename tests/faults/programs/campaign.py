"""A campaign over the API: programs repeat every write until it is answered, receivers hang, drop, answer 500 and 410,
the provider loses answers, and workers, web servers and PostgreSQL are killed. `checker` then counts.

`test_campaign` runs the short form. The long one is `make campaign-programs`: 2,000 sends, and some 14,000 events for
each of two receivers.
"""

import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import SandboxServer
from tests.faults.jobs.stage import Server, Stage
from tests.faults.programs import checker
from tests.faults.programs.clients import Http, Poller, Writer
from tests.faults.sends import driver
from tests.inbox.events.receiver import Receiver

TAGS = ("Interested", "Objection", "Neutral")
WRITERS = 6
ROLES = ("worker", "worker", "worker", "dispatcher", "monitor", "sentinel", "parent")
HARMS = ("cluster", "cluster", "cluster", "web", "web", "server")
TURNS = [204] * 36 + [500, 500, "drop", "drop"]
RECOVERY_LIMIT_S = 900
CLOCK = """
WITH breakers AS (DELETE FROM integrations_circuitbreaker WHERE provider = 'receiver'),
     holds AS (UPDATE integrations_webhookendpoint SET held_until = NULL WHERE held_until IS NOT NULL)
UPDATE integrations_webhookattempt SET due_at = now()
WHERE finished_at IS NULL AND token IS NULL AND number > 1 AND due_at > now()
"""
"""Lets the waits between attempts pass, which are three days long."""
WAITING = "SELECT count(*) FROM integrations_webhookattempt WHERE finished_at IS NULL"
CUT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass
class Plan:
    """`sends`: one to each lead, between two tags. `kills` and `restarts` (of PostgreSQL) begin as programs begin to
    write, `pause_s` after each other on average."""

    sends: int = 2_000
    kills: int = 60
    restarts: int = 6
    pause_s: float = 6
    hangs: int = 6
    gone: int = 3
    dropped: float = 0.05
    seed: int = 1


LONG = Plan()


@dataclass
class Report:
    """What happened; `wrong` must be empty."""

    wrong: list[str] = field(default_factory=list)
    sends: dict[str, int] = field(default_factory=dict)
    accepted_by_the_provider: int = 0
    events: int = 0
    delivered: dict[str, int] = field(default_factory=dict)
    delivered_again: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    harm: dict[str, int] = field(default_factory=dict)
    recovered: int = 0
    wrote_s: float = 0.0
    settled_s: float = 0.0


class Campaign:
    """One run. Its parts share the stage and the programs."""

    def __init__(self, stage: Stage, sandbox: SandboxServer, plan: Plan) -> None:
        self.stage, self.sandbox, self.plan = stage, sandbox, plan
        self.dice, self.report, self.harm = random.Random(plan.seed), Report(), Counter[str]()

    def run(self) -> Report:
        """Prepare, write while things break, wait, and count."""
        self.stage.keeps = True
        prepared = driver.drive(self.stage, "program", self.sandbox.base_url)
        environment = {"ALLOW_LOOPBACK_PROVIDERS": "1", "WEB_CONCURRENCY": "2", "WEB_THREADS": "8"}
        port = self.stage.serve_web(self.stage.environment(**environment))
        base = f"http://127.0.0.1:{port}/api/v1"
        self.http = Http(base, prepared["token"])
        turns = (
            self.dice.choices(TURNS, k=self.plan.sends) + ["hang"] * self.plan.hangs + [410] * self.plan.gone
        )
        self.dice.shuffle(turns)
        self.stage.wait(self._endpoints, "the web server")
        with Receiver(*turns) as bad, Receiver() as good:
            self.receivers = {"bad": bad, "good": good}
            for name, receiver in self.receivers.items():
                body = {"url": receiver.url, "events": ["*"], "includeText": False}
                self.http.write("webhook-endpoints/", body, f"endpoint-{name}")
            self._play(base, prepared)
        self.report.harm = dict(self.harm)
        return self.report

    def _play(self, base: str, prepared: dict) -> None:
        poller = Poller(Http(base, prepared["token"]))
        poller.start()
        prepared_leads = driver.drive(self.stage, "leads", prepared["workspace"], str(self.plan.sends))
        for key, body in prepared_leads["bodies"]:
            self.sandbox.ingest("emailbison", key, [body])
        self._lose_answers()
        self.stage.start_cluster(
            workers=2,
            HARNESS_THREADS="6",
            ALLOW_LOOPBACK_PROVIDERS="1",
            EMAILBISON_TIMEOUT_MS="1000",
            OPENAI_API_KEY="",
        )
        began = time.monotonic()
        writers = self._writers(base, prepared["token"], prepared_leads["leads"])
        self._break_things(writers)
        self.report.wrote_s = round(time.monotonic() - began, 1)
        self._settle(poller)
        self.report.settled_s = round(time.monotonic() - began - self.report.wrote_s, 1)
        self._count(poller, writers)

    def _lose_answers(self) -> None:
        common = {"provider": "emailbison", "path": driver.REPLY, "method": "POST"}
        self.sandbox.fault(kind="latency", ms=50, jitter_ms=100, **common)
        self.sandbox.fault(kind="accept_drop", probability=self.plan.dropped, seed=self.plan.seed, **common)

    def _writers(self, base: str, token: str, leads: list[str]) -> list[Writer]:
        self.written = {lead: [TAGS[i % 3], TAGS[(i + 1 + i % 2) % 3]] for i, lead in enumerate(leads)}
        scripts = [
            [
                (f"leads/{lead}/tag/", {"tag": before}, f"before-{lead}"),
                (
                    "sends/",
                    {"lead": lead, "channel": "email", "text": f"Hi, this is for {lead}."},
                    f"send-{lead}",
                ),
                (f"leads/{lead}/tag/", {"tag": after}, f"after-{lead}"),
            ]
            for lead, (before, after) in self.written.items()
        ]
        writers = [
            Writer(Http(base, token), scripts[number::WRITERS], self.plan.seed + number)
            for number in range(WRITERS)
        ]
        for writer in writers:
            writer.start()
        return writers

    def _break_things(self, writers: list[Writer]) -> None:
        """Harms until the writers are through and every harm was done."""
        harms = self.dice.choices(HARMS, k=self.plan.kills) + ["restart"] * self.plan.restarts
        self.dice.shuffle(harms)
        while harms or any(writer.is_alive() for writer in writers):
            self.stage.pause(self.dice.uniform(0, 2 * self.plan.pause_s) if harms else 0.5)
            if harms:
                self._break(harms.pop())
            self._look_after()

    def _break(self, harm: str) -> None:
        if harm == "restart":
            self.stage.restart_postgres(self.dice)
        elif harm == "server":
            self.stage.query(CUT)
        elif harm == "web":
            harm = self._kill_web()
        else:
            cluster, harm = self.stage.clusters[0], self.dice.choice(ROLES)
            cluster.kill(self.stage.victim(cluster, harm, self.dice))
        self.harm[harm] += 1

    def _kill_web(self) -> str:
        web = self.stage.services["web"]
        children = web.family()[1:]
        if children and self.dice.random() > 0.3:
            web.kill(self.dice.choice(children))
            return "web process"
        web.kill()
        self.stage.wait(self._endpoints, "the web server again")
        return "web server"

    def _endpoints(self) -> dict | None:
        return self.http.get("webhook-endpoints/")

    def _look_after(self) -> None:
        """Lets time pass, and switches on an endpoint that is off."""
        self.stage.query(CLOCK)
        for endpoint in (self._endpoints() or {"data": []})["data"]:
            if endpoint["disabledAt"]:
                self.report.recovered += 1
                path = f"webhook-endpoints/{endpoint['id']}/recover/"
                self.http.write(path, {}, f"recover-{self.report.recovered}")

    def _settle(self, poller: Poller) -> None:
        try:
            self.stage.wait(self._is_over, "all ended", RECOVERY_LIMIT_S)
        except TimeoutError as error:
            self.report.wrong.append(str(error))
        poller.ended.set()
        poller.join()
        self.stage.wait(poller.ask, "all events are pulled")

    def _is_over(self) -> bool:
        """Whether nothing is on its way, and nothing that the provider has is still uncertain."""
        self._look_after()
        states = dict(self.stage.query("SELECT id::text, state FROM inbox_outboundsend"))
        if "intent" in states.values() or self.stage.value(WAITING):
            return False
        accepted = driver.accepted_sends(self.sandbox)
        return not any(state == "unknown" and accepted[send] for send, state in states.items())

    def _count(self, poller: Poller, writers: list[Writer]) -> None:
        answers = {
            key: bodies
            for writer in writers
            for key, bodies in writer.answers.items()
            if key.startswith("send-")
        }
        rows = self.stage.query("SELECT id::text FROM inbox_event WHERE type <> 'endpoint.test'")
        evidence = checker.Evidence(
            answers=answers,
            sends=dict(self.stage.query("SELECT id::text, state FROM inbox_outboundsend")),
            accepted=driver.accepted_sends(self.sandbox),
            written=self.written,
            ledger={pk for (pk,) in rows},
            pulled=poller.events,
            received={name: one.accepted_events for name, one in self.receivers.items()},
        )
        report = self.report
        report.wrong += [line for writer in writers for line in writer.wrong] + checker.wrong(evidence)
        report.sends = dict(Counter(evidence.sends.values()))
        report.accepted_by_the_provider, report.events = len(evidence.accepted), len(rows)
        for name, events in evidence.received.items():
            report.delivered[name] = len({event["id"] for event in events})
            report.delivered_again[name] = len(events) - report.delivered[name]
        statuses: Counter[int] = sum((writer.counts for writer in writers), Counter())
        report.requests = {str(status or "none"): count for status, count in sorted(statuses.items())}


def play(directory: Path, plan: Plan) -> tuple[Report, list[str]]:
    """The long form. Returns what happened, and what is wrong of it."""
    with Server(directory) as server, Stage(server, "campaign") as stage, SandboxServer() as sandbox:
        report = Campaign(stage, sandbox, plan).run()
    return report, report.wrong
