"""Sets up an installation from deploy/, upgrades it under load, rolls it back, and restores its dump on another server.

The installation has two web processes behind nginx with TLS, two workers, PgBouncer, Redis, and PostgreSQL with three
roles. The sandbox simulates the providers. All the time, EmailBison's webhooks arrive, and a simulated person opens
pages and approves drafts. The exit code is 0 only if nothing was lost, failed or sent twice, and if every error was a
503 with Retry-After.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from cryptography.fernet import Fernet

from deploy.rehearsal import product
from deploy.rehearsal.machine import (
    DEPLOY,
    Failed,
    Machine,
    Server,
    start_nginx,
    start_pooler,
    start_redis,
    wait_for,
)
from deploy.rehearsal.product import Installation
from deploy.rehearsal.visitors import Crowd, Person, Provider
from sandbox import SandboxServer

PASSWORD = "correct horse battery staple"
LEFT = """
SELECT count(*) FROM jobs_backgroundjob
WHERE status = 'running' OR (status = 'queued' AND run_at <= now() + interval '2 s')
"""


class Rehearsal:
    """The rehearsal. `wrong` lists what failed in its parts, and `table` has the lines of the result."""

    def __init__(self, stack: ExitStack, home: Path, before: str) -> None:
        self.machine = Machine(home)
        stack.callback(self.machine.stop_all)
        self.sandbox = stack.enter_context(SandboxServer())
        self.before, self.wrong, self.table = before, list[str](), list[tuple[str, object]]()

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        print(f"{name} …", flush=True)
        yield
        self.table.append((name, f"{time.monotonic() - began:.0f} s, load {os.getloadavg()[0]:.1f}"))

    def play(self) -> None:
        """Runs all parts. Raises Failed if the rehearsal cannot continue."""
        with self.part("bring it up"):
            self._bring_up()
        with Crowd((self.provider, 0.8), (self.person, 0.5)) as crowd:
            time.sleep(5)
            with self.part("upgrade under load"):
                self._upgrade()
            time.sleep(5)
            with self.part("go back under load"):
                self._go_to(self.releases[0])
            time.sleep(5)
            with self.part("upgrade again under load"):
                self._go_to(self.releases[1])
            with self.part("dump under load"):
                dump = self._dump()
            time.sleep(5)
        self.wrong += crowd.broken
        self._let_jobs_end(self.server)
        self._judge(self.server, "before the loss")
        with self.part("restore elsewhere"):
            self._restore(dump)
        self._judge(self.elsewhere, "after the restore")
        self._judge_visitors()

    def _bring_up(self) -> None:
        machine = self.machine
        self.server = Server(machine, "postgres")
        pooler, self.redis = start_pooler(machine, self.server), start_redis(machine)
        roles = {role: self.server.url(role, port=pooler) for role in ("web", "worker")}
        roles["owner"] = self.server.url("owner")
        self.settings = product.settings_for(machine, self.sandbox.base_url, self.redis, "https://localhost")
        self.installation = Installation(machine, "first", self.settings, roles)
        self.url, self.certificate = start_nginx(machine, self.installation.webs)
        self.releases = [
            product.release_of(machine, "before", self.before),
            product.release_of(machine, "today", ""),
        ]
        self.installation.switch_to(self.releases[0])
        self._migrate_and_collect()
        self.installation.restart_all()
        made = json.loads(
            self.installation.manage(
                *("create_workspace", "Northwind", "--admin-email=owner@example.com"),
                *(f"--admin-password={PASSWORD}", "--json"),
            )
        )
        workspace, hook = made["workspace"]["id"], made["webhooks"]["email"]
        given = (f"base_url={self.sandbox.url('emailbison')}", "api_key=key-northwind")
        pairs = [word for one in given for word in ("--set", one)]
        self.installation.manage("connect_integration", workspace, "emailbison", *pairs)
        address = f"{self.url}{hook['path']}"
        self.provider = Provider(self.sandbox, "key-northwind", address, self.certificate)
        self.person = Person(self.url, self.certificate, self.server, workspace, PASSWORD)

    def _migrate_and_collect(self) -> None:
        self.installation.manage("migrate", "-v0", role="owner")
        self.installation.manage("collectstatic", "--noinput", "-v0")

    def _upgrade(self) -> None:
        """Upgrades as docs/upgrading.md describes: migrates, then restarts one process after the other."""
        self.installation.switch_to(self.releases[1])
        self._migrate_and_collect()
        self.installation.restart_all()
        self._ask_doctor(self.installation)

    def _ask_doctor(self, installation: Installation) -> None:
        """Records the failures that `manage.py doctor` reports, except late lanes, which depend on the machine."""
        said = installation.manage("doctor", "--no-providers", check=False)
        broken = [line for line in said.splitlines() if line.startswith("FAIL") and "lane " not in line]
        self.wrong += [
            f"doctor: {line}" for line in broken or ([] if "ok    schema" in said else [said[-500:]])
        ]

    def _go_to(self, release: Path) -> None:
        """Switches all processes to another release. The schema of the database stays as it is."""
        self.installation.switch_to(release)
        self.installation.restart_all()

    def _dump(self) -> Path:
        self.installation.manage("backup", str(self.machine.home / "dumps"), role="owner")
        [dump] = (self.machine.home / "dumps").glob("*.dump")
        return dump

    def _restore(self, dump: Path) -> None:
        """Restores the dump on another server as docs/operations.md describes. All changes since the dump are lost."""
        listed = dump.with_suffix(".json")
        self.installation.stop()
        self.elsewhere = Server(self.machine, "elsewhere")
        self.elsewhere.restore(dump)
        roles = {role: self.elsewhere.url(role) for role in ("owner", "web", "worker")}
        restored = Installation(self.machine, "restored", self.settings, roles)
        restored.webs = self.installation.webs
        restored.switch_to(self.releases[1])
        said = restored.manage("check_restore", str(listed))
        self.table.append(("check_restore", said.strip().splitlines()[-1]))
        try:
            restored.manage(
                "check_restore", str(listed), FIELD_ENCRYPTION_KEYS=Fernet.generate_key().decode()
            )
        except Failed as failed:
            if "no key at hand opens" not in str(failed):
                raise
        else:
            self.wrong.append("check_restore missed that the keys were lost")
        sent = len(self._sent())
        restored.restart_all()
        self.person.on(self.elsewhere)
        # Some drafts were approved after the dump. They wait again, and the person approves them again.
        wait_for(lambda: self._approve_all() and not self._drafts(), "every draft is approved again", 1.0)
        wait_for(
            lambda: restored.ready(restored.webs[0]).get("sends_held"), "readyz says that sends are held"
        )
        time.sleep(5)
        if (now := len(self._sent())) != sent:
            self.wrong.append(f"{now - sent} messages went out before anybody said what was lost")
        restored.manage("restored", "--since", json.loads(listed.read_text())["made_at"])
        known = "SELECT count(*) FROM inbox_outboundsend WHERE state = 'sent'"
        # Replies after the dump are fetched and drafted again. A send that the provider lacks stays unknown.
        wait_for(
            lambda: self._approve_all() and self.elsewhere.rows(known) == [(sent,)],
            "every lost message is found at the provider",
            1.0,
        )
        if now := len(self._sent()) - sent:
            self.wrong.append(f"{now} messages went out again after the restore")
        self._ask_doctor(restored)
        restored.stop()

    def _approve_all(self) -> bool:
        self.person.approve(100)
        return True

    def _drafts(self) -> int:
        return int(self.elsewhere.rows("SELECT count(*) FROM inbox_draft WHERE status = 'pending'")[0][0])

    def _sent(self) -> list[dict[str, object]]:
        return list(self.sandbox.sends(provider="emailbison"))

    def _let_jobs_end(self, server: Server) -> None:
        still = [0.0]

        def ended() -> bool:
            still[0] = still[0] + 0.5 if server.rows(LEFT) == [(0,)] else 0.0
            return still[0] >= 4

        wait_for(ended, "jobs end", 0.5)

    def _judge(self, server: Server, when: str) -> None:
        verdicts = dict(server.rows("SELECT verdict, count(*) FROM inbox_webhookdelivery GROUP BY 1"))
        stored = {found for (found,) in server.rows("SELECT external_id FROM inbox_message")}
        states = dict(server.rows("SELECT state, count(*) FROM inbox_outboundsend GROUP BY 1"))
        jobs = dict(server.rows("SELECT status, count(*) FROM jobs_backgroundjob GROUP BY 1"))
        self.table += [
            (f"deliveries {when}", words(verdicts)),
            (f"sends {when}", words(states)),
            (f"jobs {when}", words(jobs)),
        ]
        if verdicts.get("failed"):
            self.wrong.append(f"{when}: {verdicts['failed']} deliveries failed")
        if jobs.get("failed"):
            self.wrong.append(f"{when}: {jobs['failed']} jobs failed")
        if server is self.server and (lost := self.provider.told - stored):
            self.wrong.append(f"{when}: {len(lost)} of {len(self.provider.told)} replies were lost")
        if not verdicts.get("accepted") or not states.get("sent"):
            self.wrong.append(f"{when}: nothing was taken in or sent, so nothing was tried")

    def _judge_visitors(self) -> None:
        told = Counter(str(one["to"]) for one in self._sent())
        twice = {address: count for address, count in told.items() if count > 1}
        self.table += [
            ("webhooks", words(self.provider.counts.answers)),
            ("pages", words(self.person.counts.answers)),
            ("messages that the provider took", f"{len(self._sent())}, {len(twice)} of them twice"),
        ]
        if twice:
            self.wrong.append(f"{len(twice)} messages went out twice")
        for counts in (self.provider.counts, self.person.counts):
            self.wrong += counts.wrong


def words(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"


def release_before() -> str:
    """Returns the newest release's commit. If git lacks it, returns "", which stands for the files of this checkout."""
    lines = (DEPLOY / "RELEASES").read_text(encoding="utf-8").splitlines()
    commits = [line.split()[-1] for line in lines if line and not line.startswith("#")]
    return commits[-1] if commits and product.has(commits[-1]) else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="deploy/rehearse", description=__doc__.split("\n")[0])
    parser.add_argument(
        "--before", metavar="COMMIT", help="the release before; else the newest of deploy/RELEASES"
    )
    parser.add_argument("--keep", type=Path, help="a new folder in which logs and settings stay")
    options = parser.parse_args()
    home = options.keep or Path(tempfile.mkdtemp(prefix="holdfast-rehearse-"))
    home.mkdir(exist_ok=True)
    home.chmod(0o755)  # PostgreSQL and PgBouncer are not root
    before = options.before or release_before()
    print(f"The release before: {before or 'none in git here, so this one is restarted in turn'}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("Stopped."))  # to stop all started processes
    with ExitStack() as stack:
        rehearsal = Rehearsal(stack, home.resolve(), before)
        try:
            rehearsal.play()
        except Failed as failed:
            rehearsal.wrong.append(str(failed))
    for name, value in rehearsal.table:
        print(f"{name:>32} | {value}")
    for line in rehearsal.wrong[:20]:
        print(f"WRONG: {line}")
    if rehearsal.wrong:
        print(f"{len(rehearsal.wrong)} found; logs in {home}/log")
    else:
        print("all held")
        if options.keep is None:
            shutil.rmtree(home)
    return bool(rehearsal.wrong)


if __name__ == "__main__":
    sys.exit(main())
