"""The release before at work on the schema of this one, and then beside it: `make rehearse [RELEASE=commit]`.

A deployment migrates first; until the last process has been replaced, the release before goes on with what it knows of
the schema. So: the code of RELEASE makes its database and runs; today's code migrates under it; RELEASE makes another
workspace, takes the recorded day's webhooks of every source, sends what a person approves, shows its pages and works
its jobs off; then this code does the same beside it. Both talk to a provider sandbox. Needs git's history.

Before that, a database that all releases migrated in turn must end as a new one, and one that is too old is refused.

Exit code 0 only where nobody got a 5xx, no delivery failed on our side, and no job was ever ended by the database.
"""

import argparse
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter, deque
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urldefrag

import psycopg
import requests
from cryptography.fernet import Fernet

from demo.postgres import EmbeddedPostgres
from jobs.schema_version import OLDEST
from tests import schema
from tests.serving import free_port

ROOT = Path(__file__).resolve().parents[2]
RELEASES = ROOT / "deploy" / "RELEASES"
TRAFFIC = (Path("demo") / "traffic.jsonl", Path("tests") / "fixtures" / "traffic.jsonl")
"""Where a release keeps the recorded day: today's, and those before."""
ACCOUNTS = Path("tests") / "fixtures" / "workspaces.json"
PASSWORD = secrets.token_urlsafe(12)
ACCOUNT_ID = {"emailbison": "workspace_id", "ghl": "location_id", "unipile": "account_id"}
TELL_EVERY_S = 15
STILL_S, STUCK_S = 5, 180
"""Jobs are done once nothing was due for STILL_S; nothing happening for STUCK_S while something is due is a finding."""
ENOUGH_APPROVED = 3
FAST = "a fast replay may"
"""In the note of a line whose verdict needs the day's own pace."""
SHOWN = 5
"""So many lines of the recorded day are told of one by one."""
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
KEEP = """
from inbox.models import Lead, Membership, Mention, Note, SavedView, Snippet
member = Membership.objects.get(workspace__name="Another")
both = {"workspace": member.workspace, "owner": member.user}
lead = Lead.objects.create(workspace=member.workspace, email="lead@example.com")
note = Note.objects.create(workspace=member.workspace, lead=lead, author=member.user, text="A note")
Mention.objects.create(note=note, membership=member)
SavedView.objects.create(**both, name="A view")
Snippet.objects.create(**both, name="A snippet", text="Words")
"""
DELETE = """
from inbox.models import Membership, User, Workspace
Membership.objects.get(workspace__name="Another").delete()
User.objects.get(email="another@example.com").delete()
Workspace.objects.get(name="Another").delete()
"""
OF_THE_DATABASE = ("django.db.", "psycopg.", "IntegrityError", "ProgrammingError", "DataError")


class Failed(Exception):
    """The rehearsal cannot go on; the message says why."""


class Release:
    """One checked-out release: its commands, and its processes with their logs."""

    def __init__(self, name: str, tree: Path, environment: dict[str, str], logs: Path) -> None:
        self.name, self.tree, self.logs = name, tree, logs
        self.web_port = free_port()
        self.url = f"http://127.0.0.1:{self.web_port}"
        self.environment = environment | {"BIND": f"127.0.0.1:{self.web_port}", "PUBLIC_URL": self.url}
        self._running: list[subprocess.Popen] = []

    def manage(self, *arguments: str, check: bool = True) -> str:
        """What a management command prints. Raises Failed where it fails, unless `check` is off."""
        words = f"{self.name}: manage.py {arguments[0]}"
        say(f"{words} …")
        process = subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=self.tree,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        while True:
            try:
                printed, errors = process.communicate(timeout=TELL_EVERY_S)
                break
            except subprocess.TimeoutExpired:
                say(f"{words} goes on")
        if check and process.returncode:
            raise Failed(f"{self.name}: manage.py {' '.join(arguments)}\n{(printed + errors)[-2_000:]}")
        return printed

    def start(self, process: str, *command: str) -> None:
        with (self.logs / f"{self.name}-{process}.log").open("ab") as log:
            self._running.append(
                subprocess.Popen(
                    [sys.executable, *command],
                    cwd=self.tree,
                    env=self.environment,
                    stdout=log,
                    stderr=log,
                )
            )

    def start_product(self) -> None:
        """Web and worker; returns once the web answers."""
        say(f"{self.name}: web and worker start …")
        self.start("web", "-m", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi")
        self.start("worker", "manage.py", "qcluster")
        self.wait_for(f"{self.url}/readyz")

    def wait_for(self, url: str) -> None:
        """Until `url` answers. Raises Failed where a process of this release ends."""
        while True:
            if any(process.poll() is not None for process in self._running):
                raise Failed(f"{self.name}: a process ended; see {self.logs}")
            try:
                if requests.get(url, timeout=10).ok:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.3)

    def stop(self) -> None:
        for process in reversed(self._running):
            process.terminate()
        for process in self._running:
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Visitor:
    """The workspaces' owner at a browser, in front of one release."""

    def __init__(self, url: str, email: str) -> None:
        self.url, self.answers = url, Counter()
        self.broken: list[str] = []
        self._session = requests.Session()
        self._session.trust_env = False
        self._get("/login/")
        self._post("/login/", username=email, password=PASSWORD)

    def look_around(self, workspace: str) -> int:
        """Follow every link of the workspace, one of each kind of page. How many pages that were."""
        home = f"/w/{workspace}/"
        ahead, seen = deque([f"{home}inbox/"]), set()
        while ahead:
            path = ahead.popleft()
            kind = UUID.sub("id", path.partition("?")[0])
            if kind in seen:
                continue
            seen.add(kind)
            page = self._get(path)
            if "html" in page.headers.get("Content-Type", ""):
                links = (urldefrag(link)[0] for link in re.findall(r'href="([^"]+)"', page.text))
                ahead.extend(link.replace("&amp;", "&") for link in links if link.startswith(home))
        return len(seen)

    def approve(self, workspace: str, draft: str, text: str) -> None:
        """Send a draft as it stands."""
        self._post(f"/w/{workspace}/drafts/{draft}/", do="send", text=text)

    def _get(self, path: str) -> requests.Response:
        return self._note("GET", path, self._session.get(self.url + path, timeout=60))

    def _post(self, path: str, **fields: str) -> requests.Response:
        fields["csrfmiddlewaretoken"] = self._session.cookies["csrftoken"]
        answer = self._session.post(self.url + path, fields, headers={"Referer": self.url}, timeout=60)
        return self._note("POST", path, answer)

    def _note(self, method: str, path: str, answer: requests.Response) -> requests.Response:
        self.answers[answer.status_code] += 1
        if answer.status_code != 200:  # redirects were followed
            self.broken.append(f"{method} {path}: {answer.status_code}")
        return answer


class Rehearsal:
    """One database, seen from outside, and what was found wrong with what happened on it."""

    def __init__(self, database: str) -> None:
        self.wrong: list[str] = []
        self.workspaces: dict[str, str] = {}
        self._database = psycopg.connect(database, autocommit=True)

    def close(self) -> None:
        self._database.close()

    def rows(self, statement: str) -> list[tuple]:
        return self._database.execute(statement).fetchall()

    def set_up(self, release: Release, sandbox: str) -> None:
        """The recorded workspaces, made by `release`, with every account at the sandbox."""
        accounts = json.loads((release.tree / ACCOUNTS).read_text())
        for label, facts in accounts.items():
            options = ["--admin-email=owner@example.com", f"--timezone={facts['timezone']}", "--json"]
            password = [] if self.workspaces else [f"--admin-password={PASSWORD}"]
            made = json.loads(release.manage("create_workspace", label.capitalize(), *options, *password))
            self.workspaces[label] = made["workspace"]["id"]
            for provider in facts.keys() - {"timezone"}:
                known = facts[provider].get(ACCOUNT_ID.get(provider, ""))
                key = known if provider == "unipile" else f"key-of-{label}"
                settings = [f"base_url={sandbox}/{provider}", f"api_key={key}"]
                settings += [f"{ACCOUNT_ID[provider]}={known}"] if known else []
                pairs = [part for setting in settings for part in ("--set", setting)]
                release.manage("connect_integration", made["workspace"]["id"], provider, *pairs)

    def have(self, release: Release, *command: str) -> None:
        """Has `release` run a management command, and notes where it fails."""
        try:
            release.manage(*command)
        except Failed as failed:
            self.wrong.append(str(failed))

    def play(self, release: Release, *, again: bool) -> None:
        """The day's webhooks, the pages, and what a person approves; then the jobs."""
        pairs = [f"{label}={workspace}" for label, workspace in self.workspaces.items()]
        options = ["--url", release.url, *(["--repeat"] if again else [])]
        recorded = next(release.tree / path for path in TRAFFIC if (release.tree / path).exists())
        command = ("replay_traffic", str(recorded), "--map", *pairs, *options)
        said = release.manage(*command, check=False).strip().splitlines() or ["nothing was replayed"]
        say(f"{release.name}: {said[-1]}")
        # The second time they meet rows of the other release, whose verdicts may have been others.
        told = [line for line in said[:-1] if FAST not in line]
        unmet = [line for line in told if not again or re.search(r"got (status 5|unreachable|failed)", line)]
        self.wrong += [f"{release.name}: {line}" for line in unmet[:SHOWN]]
        if len(unmet) > SHOWN or "posted" not in said[-1]:
            self.wrong.append(f"{release.name}: {len(unmet)} in all; {said[-1]}")
        self._let_jobs_end(release)
        self._visit(release)
        self._let_jobs_end(release)

    def _visit(self, release: Release) -> None:
        say(f"{release.name}: a person approves drafts and opens pages …")
        visitor = Visitor(release.url, "owner@example.com")
        waiting = self.rows(
            "SELECT workspace_id::text, id::text, text FROM inbox_draft WHERE status = 'pending'"
            f" ORDER BY created_at LIMIT {ENOUGH_APPROVED}"
        )
        before = self._sends()
        for workspace, draft, text in waiting:
            visitor.approve(workspace, draft, text)
        approved = self._sends() - before
        pages = sum(visitor.look_around(workspace) for workspace in self.workspaces.values())
        say(f"{release.name}: {approved} drafts approved, {pages} pages opened")
        self.wrong += [f"{release.name}: {broken}" for broken in visitor.broken]
        if not approved:
            self.wrong.append(f"{release.name}: none of {len(waiting)} drafts could be approved")

    def _sends(self) -> int:
        return self.rows("SELECT count(*) FROM inbox_outboundsend")[0][0]

    def _let_jobs_end(self, release: Release) -> None:
        still_since = changed_at = told_at = time.monotonic()
        last: list[tuple] = []
        while time.monotonic() - still_since < STILL_S:
            time.sleep(0.5)
            due = self.rows(
                "SELECT 1 FROM jobs_backgroundjob WHERE status = 'running'"
                " OR (status = 'queued' AND run_at <= now() + interval '2 s') LIMIT 1"
            )
            now = self.rows(
                "SELECT status, count(*), sum(attempts) FROM jobs_backgroundjob GROUP BY 1 ORDER BY 1"
            )
            still_since = time.monotonic() if due else still_since
            changed_at, last = (time.monotonic(), now) if now != last else (changed_at, last)
            if time.monotonic() - told_at > TELL_EVERY_S:
                told_at = time.monotonic()
                say(f"{release.name}: jobs go on: {numbers(now)}")
            if time.monotonic() - changed_at > STUCK_S:
                raise Failed(f"{release.name}: jobs are due and nothing happens: {now}; see {release.logs}")
        say(f"{release.name}: jobs have ended: {numbers(last)}")

    def judge(self) -> list[str]:
        """What is wrong; empty where all held."""
        verdicts = dict(self.rows("SELECT verdict, count(*) FROM inbox_webhookdelivery GROUP BY 1"))
        ended = self.rows(
            "SELECT kind, attempt.outcome, attempt.error_class, count(*) FROM jobs_jobattempt attempt"
            " JOIN jobs_backgroundjob job ON job.id = attempt.job_id WHERE attempt.error_class <> ''"
            " GROUP BY 1, 2, 3 ORDER BY 4 DESC"
        )
        print("deliveries:", ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
        for kind, outcome, error, count in ended:
            print(f"attempts: {count} {kind} {outcome} by {error}")
        if not verdicts.get("accepted"):
            self.wrong.append("no delivery was accepted")
        if failed := verdicts.get("failed"):
            self.wrong.append(f"{failed} of {sum(verdicts.values())} deliveries failed on our side")
        self.wrong += [
            f"{count} attempts of {kind} were ended by {error}"
            for kind, _, error, count in ended
            if any(part in error for part in OF_THE_DATABASE)
        ]
        return self.wrong


def say(words: str) -> None:
    """Print what happens now, with the time."""
    print(f"{time.strftime('%H:%M:%S')}  {words}", flush=True)


def numbers(jobs: list[tuple]) -> str:
    return ", ".join(f"{count} {status}" for status, count, _ in jobs)


def check_out(commit: str, into: Path) -> Path:
    """The files of `commit`. Raises Failed where git does not have it."""
    into.mkdir()
    archive = into.with_suffix(".tar")
    git = ["git", "-C", str(ROOT), "archive", f"--output={archive}", commit]
    done = subprocess.run(git, capture_output=True, text=True)
    if done.returncode:
        raise Failed(f"RELEASE={commit}: git has no such commit here: {done.stderr.strip()}")
    shutil.unpack_archive(archive, into, filter="data")
    return into


def environment_for(database: str, sandbox: str) -> dict[str, str]:
    """What both releases have in common: the database, the secrets, and the sandbox as their providers."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {
        "DATABASE_URL": database,
        "DEBUG": "1",
        "ALLOW_LOOPBACK_PROVIDERS": "1",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        "OPENAI_BASE_URL": f"{sandbox}/openai/v1",
        "OPENAI_API_KEY": "key-openai",
        "SLACK_BASE_URL": f"{sandbox}/slack/api",
        "PYTHONUNBUFFERED": "1",
    }


def migrate_through_all(
    postgres: EmbeddedPostgres, environment: dict[str, str], directory: Path
) -> list[str]:
    """What is wrong with a database that every release has migrated in turn, and then this code: it must end as a new
    one does. Before the oldest release that can be upgraded this code must refuse it.
    """
    wrong, is_too_old = [], True
    urls = {name: postgres.url(name) for name in ("upgraded", "new")}
    with psycopg.connect(postgres.url(), autocommit=True) as server:
        for name in urls:
            server.execute(f"CREATE DATABASE {name}")
    today = Release("today", ROOT, environment | {"DATABASE_URL": urls["upgraded"]}, directory)
    for version, commit in (line.split() for line in RELEASES.read_text().splitlines() if line[0] != "#"):
        tree = check_out(commit, directory / version)
        Release(version, tree, today.environment, directory).manage("migrate", "-v0")
        is_too_old = is_too_old and version != OLDEST
        try:
            if is_too_old:
                today.manage("migrate", "-v0")
                wrong.append(f"today: a database of {version} was not refused")
        except Failed as failed:
            wrong += [] if f"of release {OLDEST} first" in str(failed) else [str(failed)]
    today.manage("migrate", "-v0")
    Release("today", ROOT, environment | {"DATABASE_URL": urls["new"]}, directory).manage("migrate", "-v0")
    with psycopg.connect(urls["upgraded"]) as upgraded, psycopg.connect(urls["new"]) as new:
        differing = schema.differences(schema.read(upgraded), schema.read(new))
    # Django never renames a permission, so rows of before keep the words of their release.
    return wrong + [line for line in differing if line[2:].partition(":")[0] != "permissions"]


def rehearse(commit: str, directory: Path) -> list[str]:
    """What went wrong; empty where all held. Raises Failed where it could not be played to its end."""
    with ExitStack() as stack:
        postgres = stack.enter_context(EmbeddedPostgres(directory / "pg"))
        sandbox_port = free_port()
        sandbox = f"http://127.0.0.1:{sandbox_port}"
        environment = environment_for(postgres.url(), sandbox)
        before = Release("before", check_out(commit, directory / "before"), environment, directory)
        today = Release("today", ROOT, environment, directory)
        schemas = migrate_through_all(postgres, environment, directory)
        before.manage("migrate", "-v0")
        rehearsal = Rehearsal(postgres.url())
        stack.callback(rehearsal.close)
        for release in (today, before):
            stack.callback(release.stop)
        before.start("sandbox", "manage.py", "sandbox", f"--port={sandbox_port}")
        before.wait_for(f"{sandbox}/_control/state.json")
        rehearsal.set_up(before, sandbox)
        before.start_product()
        today.manage("migrate", "-v0")
        rehearsal.play(before, again=False)
        # A workspace that was not there before the migration.
        rehearsal.have(before, "create_workspace", "Another", "--admin-email=another@example.com")
        today.start_product()
        rehearsal.play(today, again=True)
        rehearsal.have(today, "shell", "-c", KEEP)
        rehearsal.have(before, "shell", "-c", DELETE)
        return schemas + rehearsal.judge()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("release", metavar="COMMIT", help="the release before")
    parser.add_argument("--keep", type=Path, help="a new directory in which logs and database stay")
    options = parser.parse_args()
    directory = options.keep or Path(tempfile.mkdtemp(prefix="holdfast-rehearsal-"))
    directory.mkdir(exist_ok=True)
    directory.chmod(0o755)  # PostgreSQL's user may not be this one
    try:
        wrong = rehearse(options.release, directory.resolve())
    except Failed as failed:
        wrong = [str(failed)]
        options.keep = directory
    for line in wrong:
        print(f"WRONG: {line}")
    if options.keep is None:
        shutil.rmtree(directory)
    print("all held" if not wrong else f"{len(wrong)} found")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
