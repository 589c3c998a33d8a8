"""manage.py demo: the whole product on this machine, fed with a recorded day of traffic (contract, Commands)."""

import signal
import sys
import threading
import time
from pathlib import Path

import requests
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections

from inbox import traffic
from inbox.demo import seed
from inbox.demo.processes import PortTaken, Processes, require_free
from inbox.models import Draft, WebhookDelivery, Workspace
from inbox.workspaces import webhook_path
from integrations.registry import SOURCES
from jobs.models import BackgroundJob

TRAFFIC = Path(__file__).resolve().parents[2] / "demo" / "traffic.jsonl"
READY_TIMEOUT_S = 60
DAY_IN_S = 120
"""How long the recorded day takes without --exit-after."""
OVERTIME_S = 60
TRAFFIC_SHARE = 0.6
"""The part of --exit-after in which the traffic is posted; the rest is for the jobs to finish."""


class Command(BaseCommand):
    help = "Run the product with a provider sandbox and a replayed day of traffic. Ctrl-C stops all of it."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--sandbox-port", type=int, default=8900)
        parser.add_argument("--exit-after", type=int, metavar="SECONDS", help="Counted from ready.")
        parser.add_argument("--traffic", type=Path, default=TRAFFIC, metavar="FILE")

    def handle(self, *, port, sandbox_port, exit_after, traffic: Path, **options) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo makes users with a known password: it runs with DEBUG=1 only.")
        try:
            require_free(port, "--port")
            require_free(sandbox_port, "--sandbox-port")
        except PortTaken as error:
            raise CommandError(str(error)) from None
        demo = Demo(self.stdout, port, sandbox_port, traffic)
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: demo.stopping.set())
        met = demo.run(exit_after)
        if not met:
            sys.exit(1)


class Demo:
    """One run of the demo."""

    def __init__(self, out, port: int, sandbox_port: int, file: Path) -> None:
        self.out = out
        self.url = f"http://127.0.0.1:{port}"
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self.port, self.sandbox_port, self.file = port, sandbox_port, file
        self.stopping = threading.Event()
        self.replayed = threading.Event()
        self.report = traffic.Report()
        self.processes = Processes(
            settings.BASE_DIR / ".local" / "logs",
            {
                "BIND": f"127.0.0.1:{port}",
                "PUBLIC_URL": self.url,
                "OPENAI_BASE_URL": f"{self.sandbox_url}/openai/v1",
                "OPENAI_API_KEY": "demo-key",
                "SLACK_BASE_URL": f"{self.sandbox_url}/slack/api",
            },
        )

    def run(self, exit_after: int | None) -> bool:
        """Run until Ctrl-C, or for `exit_after` seconds from ready. Returns whether all verdicts were as expected."""
        try:
            lines = traffic.read(self.file)
        except (OSError, traffic.TrafficError) as error:
            raise CommandError(str(error)) from None
        call_command("migrate", interactive=False, verbosity=0)
        workspaces = seed.seed(self.sandbox_url)
        repeat = traffic.seen_before(workspaces.values())
        try:
            self._start()
            self._acquaint(lines, workspaces)
            self._introduce()
            self._replay(lines, workspaces, repeat, exit_after)
            self._watch(list(workspaces.values()), exit_after)
            self._let_the_day_end()
        finally:
            self.stopping.set()
            self.replayed.wait(5)
            self.out.write("\nStopping …")
            self.processes.stop()
        return self._summary(workspaces, len(lines), repeat)

    def _start(self) -> None:
        self.processes.start("sandbox", "manage.py", "sandbox", "--port", str(self.sandbox_port))
        self.processes.start("web", "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi")
        self.processes.start("worker", "manage.py", "qcluster")
        ends = time.monotonic() + READY_TIMEOUT_S
        for address in (f"{self.sandbox_url}/_control/state.json", f"{self.url}/readyz"):
            while not _answers(address):
                self._check_children()
                if self.stopping.is_set():
                    return
                if time.monotonic() > ends:
                    raise CommandError(f"{address} did not answer in {READY_TIMEOUT_S} s; see .local/logs/.")
                time.sleep(0.2)

    def _check_children(self) -> None:
        if (name := self.processes.dead()) is not None:
            raise CommandError(f"The {name} process ended. Its last words are in .local/logs/{name}.log.")

    def _acquaint(self, lines: list[traffic.Line], workspaces: dict[str, Workspace]) -> None:
        """Let the sandbox know what its providers are about to tell us, and where it may tell us more."""
        for label in workspaces:
            named = seed.sandbox_accounts(label)
            for provider, properties in seed.sandbox_properties(label).items():
                self._sandbox("accounts", provider=provider, account=named[provider], properties=properties)
            mine = [
                line
                for line in lines
                if (line.workspace, line.source, line.expect) == (label, "email", "accepted")
            ]
            account = seed.api_key(label)
            self._sandbox(
                "ingest", provider="emailbison", account=account, bodies=[line.body for line in mine]
            )
        for (label, source), key in traffic.keys_of(workspaces).items():
            for provider, account in seed.sandbox_accounts(label).items():
                if SOURCES[source].provider == provider:
                    url = self.url + webhook_path(source, key)
                    self._sandbox("webhooks", provider=provider, account=account, url=url)

    def _sandbox(self, command: str, **fields) -> None:
        requests.post(f"{self.sandbox_url}/_control/{command}", json=fields, timeout=30).raise_for_status()

    def _introduce(self) -> None:
        self.out.write(f"\nHoldfast      {self.url}/\nDjango admin  {self.url}/admin/")
        self.out.write(
            f"Sandbox       {self.sandbox_url}/_control/\n\nLog in with the password {seed.PASSWORD}:"
        )
        for email, role in seed.people():
            self.out.write(f"  {email:30} {role}")
        self.out.write("")
        self.out.flush()

    def _replay(self, lines, workspaces, repeat: bool, exit_after: int | None) -> None:
        span_s = exit_after * TRAFFIC_SHARE if exit_after else DAY_IN_S
        day_s = max((line.at_ms for line in lines), default=0) / 1000
        replayer = traffic.Replayer(self.url, workspaces, repeat=repeat)
        self.report = replayer.report

        def post() -> None:
            try:
                replayer.run(lines, speed=max(day_s / span_s, 1), stop=self.stopping.is_set)
            finally:
                close_old_connections()
                self.replayed.set()

        threading.Thread(target=post, name="traffic", daemon=True).start()

    def _watch(self, workspaces: list[Workspace], exit_after: int | None) -> None:
        ends = time.monotonic() + exit_after if exit_after else float("inf")
        interactive = self.out.isatty()
        while not self.stopping.wait(1) and time.monotonic() < ends:
            self._check_children()
            line = _status(workspaces)
            self.out.write(f"\r{line}" if interactive else line, ending="" if interactive else "\n")
            self.out.flush()

    def _let_the_day_end(self) -> None:
        """On a slow machine the day is not over in its time: it is posted to its end before all is stopped."""
        ends = time.monotonic() + OVERTIME_S
        while not (self.stopping.is_set() or self.replayed.wait(0.5)) and time.monotonic() < ends:
            self._check_children()

    def _summary(self, workspaces, total: int, repeat: bool) -> bool:
        report = self.report
        self.out.write(_status(list(workspaces.values())))
        met = report.posted - len(report.unmet)
        again = " (again: what was accepted before is a duplicate now)" if repeat else ""
        self.out.write(
            f"{report.posted} of {total} recorded requests posted, {met} answered as expected{again}."
        )
        for line, verdict in report.unmet[:10]:
            self.out.write(f"  line {line.number}: expected {line.expect}, got {verdict} ({line.note})")
        return not report.unmet


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code == 200
    except requests.RequestException:
        return False


def _status(workspaces: list[Workspace]) -> str:
    deliveries = WebhookDelivery.objects.filter(workspace__in=workspaces)
    jobs = BackgroundJob.objects.filter(workspace__in=workspaces)
    drafts = Draft.objects.filter(workspace__in=workspaces, status=Draft.Status.PENDING)
    duplicates = deliveries.filter(verdict=WebhookDelivery.Verdict.DUPLICATE)
    return (
        f"received {deliveries.count():4}   duplicates {duplicates.count():3}   "
        f"jobs done {jobs.filter(status='succeeded').count():4}   drafts waiting {drafts.count():3}"
    )
