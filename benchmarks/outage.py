"""Measures how much slower pages and webhooks get while EmailBison hangs for 60 s.

`make bench` or `python -m benchmarks.outage [--rounds 3] [--seconds 12] [--json]`. One gunicorn with its own settings
(2 processes of 8 threads), one qcluster, one sandbox. Normal rounds and outage rounds alternate, and ratios are of the
medians over rounds, so that other load on the machine affects both. In every round people keep opening the part of a
conversation that asks EmailBison. They do so in more workspaces than circuit breakers can open in that time, so all
slots for EmailBison hang throughout the outage.
"""

import argparse
import itertools
import json
import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from demo.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from sandbox import SandboxServer

WORKSPACES = 16
FRAGMENTS_PER_S = 4
PAUSE_S = 0.25
"""Seconds between two measured requests of one kind.

The load is low, because jobs wait in the outage, and a page that no longer competes with them would look faster.
"""
REPLY_EVERY = 8
QUIET_S = 40
WARM_UP_S = 8
"""Seconds until all processes have imported, connected and compiled."""
NORMAL, OUTAGE = "normal", "outage"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=12, help="per round (default 12)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="holdfast-bench-") as scratch,
        EmbeddedPostgres(Path(scratch) / "pg") as postgres,
    ):
        os.environ |= {"DATABASE_URL": postgres.url(), "DEBUG": "1", "ALLOW_LOOPBACK_PROVIDERS": "1"}
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
        report = run(Path(scratch), options.rounds, options.seconds)
    print(json.dumps(report, indent=2) if options.json else text(report))


def run(scratch: Path, rounds: int, seconds: float) -> dict:
    """Run all rounds. Latencies in the report are in ms."""
    import django

    django.setup()
    from django.core.management import call_command

    from demo.processes import Processes
    from sandbox import SandboxServer
    from tests.faults.site import web_server

    call_command("migrate", interactive=False, verbosity=0)
    with web_server(scratch / "web.log", processes=2, threads=8) as server, SandboxServer() as sandbox:
        workers = Processes(scratch, {})
        workers.start("worker", "manage.py", "qcluster")
        try:
            bench = Bench(f"http://127.0.0.1:{server.port}", sandbox)
            bench.round(NORMAL, WARM_UP_S)
            bench.results.clear()
            for _ in range(rounds):
                for kind in (NORMAL, OUTAGE):
                    bench.round(kind, seconds)
            return bench.report(rounds, seconds)
        finally:
            workers.stop()


@dataclass
class Round:
    """The latencies of one round in s, by what was requested, and how many requests failed."""

    kind: str
    took: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    failed: int = 0


class Bench:
    """Workspaces whose EmailBison is the sandbox, and people who open their pages."""

    def __init__(self, url: str, sandbox: "SandboxServer") -> None:
        from inbox.workspaces import creation
        from inbox.workspaces.creation import webhook_path
        from integrations.models import Integration
        from tests import factories
        from tests.faults.site import browser_of

        self.results: list[Round] = []
        self._sandbox = sandbox
        self._numbers = itertools.count(900_000)
        places = []
        for number in range(WORKSPACES):
            created = creation.create(f"Bench {number}", "bench@example.com", factories.PASSWORD)
            Integration.objects.filter(workspace=created.workspace, provider="emailbison").update(
                credentials={"api_key": f"key-{number}"}, config={"base_url": sandbox.url("emailbison")}
            )
            lead = factories.make_lead(created.workspace, emailbison_lead_id=str(7_000 + number))
            factories.make_message(lead)
            page = f"{url}/w/{created.workspace.pk}/inbox/{lead.pk}/"
            places.append((page, url + webhook_path("email", created.keys["email"])))
        self._pages = itertools.cycle([page for page, _ in places])
        self._fragments = itertools.cycle([f"{page}history/" for page, _ in places])
        self._hooks = itertools.cycle([hook for _, hook in places])
        self._browsers = [browser_of(created.admin) for _ in range(2)]
        self._cookies = self._browsers[1].cookies.get_dict()

    def round(self, kind: str, seconds: float) -> None:
        """One stretch of traffic, started when nothing of the round before is running."""
        self._let_it_become_quiet()
        if kind == OUTAGE:
            self._sandbox.fault(provider="emailbison", kind="hang", seconds=60)
        done, ends = Round(kind), time.monotonic() + seconds
        self.results.append(done)
        looks: list[threading.Thread] = []
        threads = [
            threading.Thread(target=self._measure, args=(done, "page", self._page, ends)),
            threading.Thread(target=self._measure, args=(done, "webhook", self._hook, ends)),
            threading.Thread(target=self._look, args=(done, ends, looks)),
        ]
        for thread in threads:
            thread.start()
        for thread in itertools.chain(threads, looks):
            thread.join()
        self._sandbox.clear_faults()

    def _measure(self, done: Round, name: str, call: Callable[[], int], ends: float) -> None:
        while time.monotonic() < ends:
            self._time(done, name, call)
            time.sleep(PAUSE_S)

    def _look(self, done: Round, ends: float, looks: list[threading.Thread]) -> None:
        while time.monotonic() < ends:
            looks.append(threading.Thread(target=self._time, args=(done, "fragment", self._fragment)))
            looks[-1].start()
            time.sleep(1 / FRAGMENTS_PER_S)

    def _time(self, done: Round, name: str, call: Callable[[], int]) -> None:
        began = time.monotonic()
        status = call()
        done.took[name].append(time.monotonic() - began)
        done.failed += status != 200

    def _page(self) -> int:
        return self._browsers[0].get(next(self._pages), timeout=60).status_code

    def _fragment(self) -> int:
        return requests.get(
            next(self._fragments), cookies=self._cookies, headers={"HX-Request": "true"}, timeout=60
        ).status_code

    def _hook(self) -> int:
        """Post a webhook: mostly a mail that was sent, sometimes a reply, whose job asks EmailBison.

        Returns the status.
        """
        number = next(self._numbers)
        lead = {"id": number, "email": f"lead{number}@example.org", "first_name": "Dana"}
        if number % REPLY_EVERY:
            mail = {
                "id": number,
                "lead_id": number,
                "email_subject": "Winter work",
                "email_body": "<p>Hi</p>",
            }
            body = {"event": {"type": "EMAIL_SENT"}, "data": {"lead": lead, "scheduled_email": mail}}
        else:
            reply = {"id": number, "from_email_address": lead["email"], "text_body": "Sure, send times."}
            body = {"event": {"type": "LEAD_REPLIED"}, "data": {"lead": lead, "reply": reply}}
        return self._browsers[1].post(next(self._hooks), json=body, timeout=60).status_code

    def _let_it_become_quiet(self) -> None:
        """Wait until all circuit breakers are closed in every process, and no job of the round before hangs."""
        from integrations.http import breaker
        from integrations.models import CircuitBreaker
        from jobs.models import BackgroundJob

        CircuitBreaker.objects.all().delete()
        time.sleep(breaker.REFRESH_S + 0.5)
        ends = time.monotonic() + QUIET_S
        while BackgroundJob.objects.filter(status="running").exists() and time.monotonic() < ends:
            time.sleep(0.5)
        CircuitBreaker.objects.all().delete()

    def report(self, rounds: int, seconds: float) -> dict:
        """The report: medians over the rounds."""
        report: dict = {
            "rounds": rounds,
            "seconds": seconds,
            "failed": sum(each.failed for each in self.results),
        }
        for name in ("page", "webhook", "fragment"):
            report[name] = {
                kind: {
                    "p50_ms": self._median(kind, name, 0.5),
                    "p95_ms": self._median(kind, name, 0.95),
                    "max_ms": round(
                        max(max(each.took[name]) for each in self.results if each.kind == kind) * 1000
                    ),
                }
                for kind in (NORMAL, OUTAGE)
            }
            for part in ("p50", "p95"):
                normal, outage = (report[name][kind][f"{part}_ms"] for kind in (NORMAL, OUTAGE))
                report[name][f"{part}_ratio"] = round(outage / normal, 2)
        return report

    def _median(self, kind: str, name: str, share: float) -> float:
        values = [sorted(each.took[name]) for each in self.results if each.kind == kind]
        return round(statistics.median(took[int(len(took) * share)] for took in values) * 1000, 1)


def text(report: dict) -> str:
    """The report as a table for people."""
    lines = [
        f"EmailBison hangs for 60 s: {report['rounds']} rounds of {report['seconds']:.0f} s, normal and outage in turn",
        f"{'':10}{'':>9}{'p50 ms':>9}{'p95 ms':>9}{'max ms':>9}",
    ]
    for name in ("page", "webhook", "fragment"):
        for kind in (NORMAL, OUTAGE):
            figures = report[name][kind]
            lines.append(f"{name:10}{kind:>9}{figures['p50_ms']:9}{figures['p95_ms']:9}{figures['max_ms']:9}")
        if name != "fragment":
            lines.append(f"{'':10}{'ratio':>9}{report[name]['p50_ratio']:9}{report[name]['p95_ratio']:9}")
    lines.append(
        f"requests that failed: {report['failed']}; the aim is a ratio of at most 1.1 for pages and webhooks"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
