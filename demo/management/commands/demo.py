"""manage.py demo: runs the whole product on this machine, with a sandbox and a recorded day of webhooks."""

import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser, OutputWrapper
from django.db import close_old_connections

from demo import day, seed
from demo.once import AnotherDemo, only_demo
from demo.processes import PortTaken, Processes, require_free
from inbox.models import Draft, WebhookDelivery, Workspace
from inbox.webhooks import recorded_traffic as traffic
from inbox.workspaces.creation import webhook_path
from integrations import registry
from jobs.models import BackgroundJob

TRAFFIC = Path(__file__).resolve().parents[2] / "traffic.jsonl"
TELL_EVERY_S = 10
DAY_IN_S = 120
"""Seconds in which the recorded day is posted, without --exit-after."""
STUCK_S = 60
"""On a slow machine the posting may take longer than planned.

It is given up if nothing is answered for so many seconds.
"""
TRAFFIC_SHARE = 0.6
"""The share of --exit-after in which the webhooks are posted. The rest of the time is for the jobs to finish."""


class Command(BaseCommand):
    help = "Run the product with a provider sandbox and a replayed day of traffic. Ctrl-C stops all of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--sandbox-port", type=int, default=8900)
        parser.add_argument("--exit-after", type=int, metavar="SECONDS", help="Counted from ready.")
        parser.add_argument("--traffic", type=Path, default=TRAFFIC, metavar="FILE")

    def handle(
        self, *, port: int, sandbox_port: int, exit_after: int | None, traffic: Path, **options: Any
    ) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo makes users with a known password: it runs with DEBUG=1 only.")
        demo = Demo(self.stdout, port, sandbox_port, traffic)
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: demo.interrupt())
        try:
            with only_demo():
                require_free(port, "--port")
                require_free(sandbox_port, "--sandbox-port")
                met = demo.run(exit_after)
        except (AnotherDemo, PortTaken) as error:
            raise CommandError(str(error)) from None
        if not met:
            sys.exit(1)


class Demo:
    """One run of the demo: its processes, the posting of the recorded day, and the summary."""

    def __init__(self, out: OutputWrapper, port: int, sandbox_port: int, file: Path) -> None:
        self.out = out
        self.url = f"http://127.0.0.1:{port}"
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self.port, self.sandbox_port, self.file = port, sandbox_port, file
        self.stopping = threading.Event()
        self.interrupted = False
        self.posting: threading.Thread | None = None
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

    def interrupt(self) -> None:
        """Handle Ctrl-C in the demo: stop at the next point where everything can be ended in order."""
        self.interrupted = True
        self.stopping.set()

    def run(self, exit_after: int | None) -> bool:
        """Run the demo until Ctrl-C, or until `exit_after` seconds after everything was ready.

        Returns whether all webhooks got the expected verdict. An interrupted run counts as good. Raises CommandError if
        the recorded traffic cannot be read or a process ends.
        """
        try:
            lines = traffic.read(self.file)
        except (OSError, traffic.TrafficError) as error:
            raise CommandError(str(error)) from None
        self.out.write("Preparing the database …")
        self.out.flush()
        call_command("migrate", interactive=False, verbosity=0)
        workspaces = seed.seed(self.sandbox_url)
        if self.file == TRAFFIC:
            lines = day.moved(lines, workspaces["northwind"].created_at)
        before = traffic.accepted_before(workspaces.values())
        try:
            if self._start():
                self._acquaint(workspaces)
                self._introduce()
                self._replay(lines, workspaces, before, exit_after)
                self._watch(list(workspaces.values()), exit_after)
                self._let_the_day_end()
        finally:
            self.stopping.set()
            self._let_the_posting_end()
            self.out.write("\nStopping …")
            self.processes.stop()
        return self._summary(workspaces, len(lines), bool(before))

    def _start(self) -> bool:
        """Start sandbox, web and worker, and wait as long as it takes until all answer.

        Returns False if Ctrl-C came first.

        Raises CommandError with the last log lines of a process that has ended.
        """
        self.processes.start("sandbox", "manage.py", "sandbox", "--port", str(self.sandbox_port))
        self.processes.start("web", "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi")
        self.processes.start("worker", "manage.py", "qcluster")
        began = told = time.monotonic()
        for name, port, address in (
            ("sandbox", self.sandbox_port, f"{self.sandbox_url}/_control/state.json"),
            ("web", self.port, f"{self.url}/readyz"),
        ):
            while not (_answers(address) and self.processes.listens(name, port)):
                self._check_children()
                if self.stopping.wait(0.2):
                    return False
                if time.monotonic() - told > TELL_EVERY_S:
                    told = time.monotonic()
                    self.out.write(f"Starting: waiting for the {name} process, {told - began:.0f} s so far …")
                    self.out.flush()
        self._check_children()
        return True

    def _check_children(self) -> None:
        if (name := self.processes.dead()) is not None:
            said = self.processes.last_words(name) or "It said nothing."
            raise CommandError(
                f"The {name} process ended. Its last words, of .local/logs/{name}.log:\n{said}"
            )

    def _acquaint(self, workspaces: dict[str, Workspace]) -> None:
        """Tell the sandbox about the accounts, and where it may post webhooks."""
        for label in workspaces:
            named = seed.sandbox_accounts(label)
            for provider, properties in seed.sandbox_properties(label).items():
                self._sandbox("accounts", provider=provider, account=named[provider], properties=properties)
        keys = traffic.Keys(workspaces)
        for label in workspaces:
            for provider, account in seed.sandbox_accounts(label).items():
                source = registry.address_of(provider)
                assert source is not None  # the recorded day has only providers that post webhooks
                key = keys.of(label, source.name, seed.account_id(label, provider))
                url = self.url + webhook_path(source.name, key)
                self._sandbox("webhooks", provider=provider, account=account, url=url)

    def _happen(self, moment: list[traffic.RecordedDelivery]) -> None:
        """Tell the sandbox what its providers are about to tell us, and no earlier.

        A reply that it lists before its webhook comes may be found by the poll, and the webhook is a duplicate then.
        """
        for line in moment:
            provider = registry.webhook_source(line.source).provider
            account = seed.sandbox_accounts(line.workspace).get(provider)
            if line.expect == "accepted" and account:
                self._sandbox("ingest", provider=provider, account=account, bodies=[line.body])

    def _sandbox(self, command: str, **fields: Any) -> None:
        requests.post(f"{self.sandbox_url}/_control/{command}", json=fields, timeout=120).raise_for_status()

    def _introduce(self) -> None:
        self.out.write(f"\nHoldfast      {self.url}/\nDjango admin  {self.url}/admin/")
        self.out.write(
            f"Sandbox       {self.sandbox_url}/_control/state.json\n\nLog in with the password {seed.PASSWORD}:"
        )
        for email, role in seed.people():
            self.out.write(f"  {email:30} {role}")
        self.out.write("")
        self.out.flush()

    def _replay(
        self,
        lines: list[traffic.RecordedDelivery],
        workspaces: dict[str, Workspace],
        before: traffic.Accepted,
        exit_after: int | None,
    ) -> None:
        span_s = exit_after * TRAFFIC_SHARE if exit_after else DAY_IN_S
        day_s = max((line.at_ms for line in lines), default=0) / 1000
        replayer = traffic.Replayer(self.url, workspaces, before=before)
        self.report = replayer.report

        def post() -> None:
            try:
                replayer.run(
                    lines,
                    speed=max(day_s / span_s, 1),
                    stop=self.stopping.is_set,
                    before_moment=self._happen,
                )
            finally:
                close_old_connections()

        self.posting = threading.Thread(target=post, name="traffic", daemon=True)
        self.posting.start()

    def _watch(self, workspaces: list[Workspace], exit_after: int | None) -> None:
        ends = time.monotonic() + exit_after if exit_after else float("inf")
        interactive = self.out.isatty()
        while not self.stopping.wait(1) and time.monotonic() < ends:
            self._check_children()
            line = _status(workspaces)
            self.out.write(f"\r{line}" if interactive else line, ending="" if interactive else "\n")
            self.out.flush()

    def _let_the_day_end(self) -> None:
        """Wait until the whole recorded day is posted.

        A slow machine may need longer than the time that was planned for it.
        """
        posted, since = self.report.posted, time.monotonic()
        while self.posting and self.posting.is_alive() and time.monotonic() - since < STUCK_S:
            self._check_children()
            if self.stopping.wait(0.5):
                return
            if self.report.posted != posted:
                posted, since = self.report.posted, time.monotonic()

    def _let_the_posting_end(self) -> None:
        """Wait until the webhook request that is being sent has its answer, before the web process is stopped."""
        ends = time.monotonic() + STUCK_S
        while (
            self.posting and self.posting.is_alive() and not self.processes.dead() and time.monotonic() < ends
        ):
            self.posting.join(0.2)

    def _summary(self, workspaces: dict[str, Workspace], total: int, again: bool) -> bool:
        report = self.report
        self.out.write(_status(list(workspaces.values())))
        met = report.posted - len(report.unmet)
        known = " (again: what was accepted before is a duplicate now)" if again else ""
        self.out.write(
            f"{report.posted} of {total} recorded requests posted, {met} answered as expected{known}."
        )
        for line, expected, verdict in report.unmet[:10]:
            self.out.write(f"  line {line.number}: expected {expected}, got {verdict} ({line.note})")
        if self.interrupted:
            self.out.write("Stopped. The next start goes on from here.")
        return self.interrupted or not report.unmet


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).status_code == 200
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
