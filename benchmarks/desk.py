"""Measures the desk: keys, news, two hundred tabs, what the browser loads, and lists at ten times the messages.

`make bench` or `python -m benchmarks.desk [--messages 10000] [--large 100000] [--against COMMIT] [--json]`.
gunicorn serves it as in production (DEBUG off), over two databases of its own (`manage.py seed_scale`). Requests to
both alternate, so that other load on the machine affects both, and the aim is a ratio. With `--against` the pages of
that commit are asked in turn with today's, over the same database. Keys are measured in Chromium, from the event to the
paint that shows what the key does. The aims in milliseconds are for an idle machine, and the load is printed.
"""

import argparse
import contextlib
import itertools
import json
import os
import re
import secrets
import statistics
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import requests
from cryptography.fernet import Fernet

from benchmarks.search import percentile
from benchmarks.ticks import ROOT, filled
from tests.serving import BEHIND_PROXY, WebServer

AIMS = {"key": 50, "send": 100, "news": 1_000, "ratio": 1.3, "cores": 0.15, "assets": 40_000}
FRONT, TABS, FRONT_S, HIDDEN_S = 20, 200, 0.7, 25
"""The tabs that are played, each in a browser of its own, and how often they ask (static/live.js)."""
QUIET = 2.0
"""The load above which other work on the machine is in the numbers."""
PICK = """
import json, sys
from django.conf import settings
from django.db.models import Count
from django.test import Client
from inbox.models import Lead, Membership, Workspace
from inbox.pages.changes import with_snapshot
workspace = Workspace.objects.exclude(name="Desk").annotate(size=Count("leads")).order_by("-size")[0]
member = with_snapshot().filter(workspace=workspace, role="owner").select_related("user")[0]
client = Client()
client.force_login(member.user)
leads = Lead.objects.filter(workspace=workspace, last_message_at__isnull=False).order_by("-last_message_at")[:40]
print(json.dumps({"session": client.cookies[settings.SESSION_COOKIE_NAME].value, "cookie": settings.SESSION_COOKIE_NAME,
    "workspace": str(workspace.pk), "snapshot": member.snapshot, "leads": [str(lead.pk) for lead in leads]}))
"""
WATCH = """test => {
  const check = new Function("return " + test), before = check();
  window.took = new Promise((resolve) => addEventListener("keydown", ({ timeStamp }) => {
    const painted = new MessageChannel();
    painted.port1.onmessage = () => resolve(performance.now() - timeStamp);
    const look = () => requestAnimationFrame(() => (check() === before ? look() : painted.port2.postMessage(0)));
    look();
  }, { capture: true, once: true }));
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=100_000, help="messages of the other database")
    parser.add_argument(
        "--large-database", help="URL of a migrated database that seed_scale has filled with so many"
    )
    parser.add_argument("--against", metavar="COMMIT", help="measure the pages of this commit beside today's")
    parser.add_argument("--rounds", type=int, default=40, help="requests for each page")
    parser.add_argument("--keys", type=int, default=20, help="how often each key is pressed")
    parser.add_argument("--seconds", type=float, default=25, help="how long the tabs are played")
    parser.add_argument("--only", nargs="*", default=[], help="parts: keys, news, tabs, sizes, pages")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    set_secrets()
    report = run(options)
    print(json.dumps(report, indent=2) if options.json else text(report))


def set_secrets() -> None:
    """Sets the environment's secrets, which all sites of a run share."""
    os.environ |= {
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
    }


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Runs the parts. Times in the report are in ms, sizes in bytes."""
    wanted = options.only or ["keys", "news", "tabs", "sizes", "pages"]
    report: dict[str, Any] = {"load": round(os.getloadavg()[0], 1), "messages": options.messages}
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="holdfast-desk-")))
        small_url = stack.enter_context(filled(options.messages))
        small = stack.enter_context(site(small_url, scratch))
        if "pages" in wanted:
            report["large"] = options.large
            large_url = options.large_database or stack.enter_context(filled(options.large))
            large = stack.enter_context(site(large_url, scratch))
            report["pages"] = pages({"small": small, "large": large}, options.rounds)
            if options.against:
                root = stack.enter_context(checked_out(options.against, scratch))
                before = stack.enter_context(site(small_url, scratch, root))
                report["against"] = pages({"now": small, "before": before}, options.rounds)
        if "sizes" in wanted:
            report["sizes"] = sizes(small)
        if "tabs" in wanted:
            report["tabs"] = tabs(small, options.seconds)
        if {"keys", "news"} & set(wanted):
            report |= in_browser(small, small_url, wanted, options.keys)
    report["load_after"] = round(os.getloadavg()[0], 1)
    return report


class Site:
    """A gunicorn over a seeded database, and what is asked of it."""

    def __init__(self, server: WebServer, root: Path, database_url: str) -> None:
        with psycopg.connect(database_url) as connection:
            self._postgres = psutil.Process(psutil.Process(connection.info.backend_pid).ppid())
        self.server, self.root, self.url = server, root, f"http://127.0.0.1:{server.port}"
        self.known: dict[str, Any] = json.loads(
            server.manage("shell", "--no-imports", "-c", PICK).splitlines()[-1]
        )
        self.inbox = f"/w/{self.known['workspace']}/inbox/"

    def browser(self) -> requests.Session:
        """A session that is logged in, as a browser behind the proxy of production."""
        session = requests.Session()
        session.trust_env = False
        session.headers.update(BEHIND_PROXY)
        session.cookies.set(self.known["cookie"], self.known["session"])
        return session

    def processor_s(self, *, with_database: bool = True) -> float:
        """The processor time that gunicorn and, `with_database`, the backends of its PostgreSQL have used, in s."""
        gunicorn = psutil.Process(self.server.pid)
        backends = self._postgres.children() if with_database else []
        used = 0.0
        for process in [gunicorn, *gunicorn.children(recursive=True), *backends]:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used += times.user + times.system
        return used


@contextlib.contextmanager
def site(url: str, scratch: Path, root: Path = ROOT) -> Iterator[Site]:
    """The product from `root` as production runs it, for the block."""
    keys = tuple(os.environ["FIELD_ENCRYPTION_KEYS"].split(","))
    name = f"web-{secrets.token_hex(4)}"
    environment = {} if root == ROOT else {"STATIC_ROOT": str(scratch / name)}
    server = WebServer(url, scratch / f"{name}.log", fernet_keys=keys, root=root, **environment)
    # Chromium speaks HTTP with it: this is the origin of the forms that it sends.
    server.environment |= {
        "SECRET_KEY": os.environ["SECRET_KEY"],
        "PUBLIC_URL": f"http://127.0.0.1:{server.port}",
        "PAGE_STATEMENT_TIMEOUT_MS": "60000",  # so that a slow page of an earlier commit is measured, too
    }
    if root != ROOT:
        server.manage("collectstatic", "--noinput", "-v0")
    with server:
        yield Site(server, root, url)


@contextlib.contextmanager
def checked_out(commit: str, scratch: Path) -> Iterator[Path]:
    """A folder with the files of `commit`, for the block."""
    root = scratch / "before"
    subprocess.run(["git", "worktree", "add", "--detach", "--quiet", root, commit], cwd=ROOT, check=True)
    try:
        yield root
    finally:
        subprocess.run(["git", "worktree", "remove", "--force", root], cwd=ROOT, check=True)


def pages(sites: dict[str, Site], rounds: int) -> dict[str, Any]:
    """p50 and p95 of the list and of conversations, asked of the sites in turn, and the ratio of the second site's p95
    to the first's.
    """
    browsers = {name: place.browser() for name, place in sites.items()}
    times: dict[str, dict[str, list[float]]] = {
        page: {name: [] for name in sites} for page in ("list", "conversation")
    }
    for number in range(-5, rounds):  # the first ones warm up
        for page, (name, place) in itertools.product(times, sites.items()):
            lead = place.known["leads"][number % len(place.known["leads"])]
            path = place.inbox + ("?view=all" if page == "list" else f"{lead}/?view=all")
            began = time.monotonic()
            answer = browsers[name].get(place.url + path, timeout=60)
            took = (time.monotonic() - began) * 1_000
            answer.raise_for_status()
            if number >= 0:
                times[page][name].append(took)
    report: dict[str, Any] = {}
    for page, times_by_site in times.items():
        rows = {
            name: {"p50": statistics.median(ms), "p95": percentile(ms, 95)}
            for name, ms in times_by_site.items()
        }
        first, second = rows.values()
        report[page] = rows | {"ratio": round(second["p95"] / first["p95"], 2)}
    return report


def sizes(place: Site) -> dict[str, int]:
    """The bytes on the wire of the list's HTML, a conversation's HTML, and the JavaScript and CSS of the list."""
    browser = place.browser()
    browser.headers["Accept-Encoding"] = "gzip, br"

    def size(path: str) -> int:
        answer = browser.get(place.url + path, stream=True, timeout=60)
        answer.raise_for_status()
        return len(answer.raw.read(decode_content=False))

    page = browser.get(place.url + place.inbox, headers={"Accept-Encoding": "gzip"}, timeout=60).text
    assets = re.findall(r'(?:src|href|data-clock)="(/static/[^"]+\.(?:js|css))"', page)
    assets_sizes = {f"asset {Path(path).name}": size(path) for path in dict.fromkeys(assets)}
    lead = place.known["leads"][0]
    return {
        "assets": sum(assets_sizes.values()),
        "list": size(place.inbox),
        "conversation": size(f"{place.inbox}{lead}/"),
    } | assets_sizes


def tabs(place: Site, seconds: float) -> dict[str, float]:
    """The share of a processor that the server uses while TABS tabs, FRONT of them in front, ask for news."""
    over, requests_made, failed = threading.Event(), itertools.count(), itertools.count()
    query = f"/live/?w={place.known['workspace']}~{place.known['snapshot']}"

    def play(number: int) -> None:
        front = number < FRONT
        every, browser = (FRONT_S if front else HIDDEN_S), place.browser()
        at = f"&at={place.known['workspace']}~{place.known['leads'][number]}~0" if front else ""
        over.wait(every * number / TABS if not front else FRONT_S * number / FRONT)
        while not over.is_set():
            answer = browser.get(place.url + query + at, timeout=30)
            next(requests_made)
            if answer.status_code != 200:
                next(failed)
            over.wait(every)

    players = [threading.Thread(target=play, args=(number,)) for number in range(TABS)]
    for player in players:
        player.start()
    time.sleep(3)
    began, used, first = time.monotonic(), place.processor_s(), next(requests_made)
    time.sleep(seconds)
    took, used = time.monotonic() - began, place.processor_s() - used
    count = next(requests_made) - first - 1
    over.set()
    for player in players:
        player.join()
    return {"cores": round(used / took, 3), "requests_per_s": round(count / took, 1), "failed": next(failed)}


def in_browser(place: Site, url: str, wanted: list[str], times: int) -> dict[str, Any]:
    """The parts "keys" and "news", in Chromium, in a workspace of their own."""
    os.environ |= {"DATABASE_URL": url, "DEBUG": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's event loop runs in this thread
    import django

    django.setup()
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS, CHROMIUM

    report = {}
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        desk = Desk(place, chromium, times)
        if "keys" in wanted:
            report["keys"] = desk.keys()
        if "news" in wanted:
            report["news"] = desk.news()
        chromium.close()
    return report


class Desk:
    """A workspace with conversations that wait, and the tab of one of its people."""

    def __init__(self, place: Site, chromium: Any, times: int) -> None:
        from django.conf import settings
        from django.test import Client

        from tests import factories

        self.workspace = factories.make_workspace("Desk")
        self.times = times
        self.leads = []
        for number in range(4 * times + 60):
            lead = factories.make_lead(
                self.workspace, first_name=f"L{number}", needs_reply=True, last_inbound_at=factories.ago(hours=1),
                last_message_at=factories.ago(minutes=60 + number),
            )  # fmt: skip
            factories.make_message(lead)
            self.leads.append(lead)
        client = Client()
        client.force_login(factories.make_member(self.workspace))
        name = settings.SESSION_COOKIE_NAME
        context = chromium.new_context(
            base_url=place.url,
            viewport={"width": 1440, "height": 900},
            extra_http_headers={"X-Forwarded-Proto": "https"},
        )
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": place.url}])
        self.page = context.new_page()
        self.page.goto(f"/w/{self.workspace.pk}/inbox/")
        self.page.locator("#convo[data-lead]").wait_for()

    def keys(self) -> dict[str, Any]:
        """p50 and p95 of each key in ms, and how many keys of a quick row were lost."""
        shown = "document.querySelector('.row > a[aria-current]')?.parentElement.id"
        count, waits = "document.querySelectorAll('.row').length + " + shown, self._until_quiet
        times: dict[str, list[float]] = {"j": [], "k": [], "e": [], "z": [], "open": [], "send": []}
        self.page.locator(".row > a").first.focus()
        for number in range(self.times):
            for key, test in (("j", shown), ("j", shown), ("k", shown), ("e", count), ("z", count)):
                waits()
                times[key].append(self._press(key, test))
            waits()
            if number % 4 == 0:
                times["open"].append(self._opened())
                times["send"].append(self._sent())
        report: dict[str, Any] = {
            key: {"p50": statistics.median(ms), "p95": percentile(ms, 95)} for key, ms in times.items()
        }
        return report | {"lost_of_20": self._lost(20)}

    def _until_quiet(self) -> None:
        self.page.wait_for_load_state("networkidle")

    def _press(self, key: str, test: str) -> float:
        self.page.evaluate(WATCH, test)
        self.page.keyboard.press(key)
        return float(self.page.evaluate("window.took"))

    def _opened(self) -> float:
        """How long a conversation that was not fetched ahead takes from the key to its messages."""
        self.page.reload()
        self._until_quiet()
        self.page.locator(".row > a").nth(20).focus()
        return self._press(
            "Enter", "document.querySelector('#convo:not([aria-busy]) #messages') && convo.dataset.lead"
        )

    def _sent(self) -> float:
        """How long the key that sends takes until the page shows that the message goes out."""
        self.page.locator("#reply").fill("Thursday at one?")
        return self._press(
            "Control+Enter", "Boolean(document.querySelector('form[aria-busy], #answer [data-poll]'))"
        )

    def _lost(self, keys: int) -> int:
        """Presses "done" so often, ten times a second. Returns how many conversations are not done afterwards."""
        from inbox.models import Lead

        self.page.goto(f"/w/{self.workspace.pk}/inbox/")
        self._until_quiet()
        waiting = Lead.objects.filter(workspace=self.workspace, needs_reply=True)
        before = waiting.count()
        self.page.locator(".row > a").first.focus()
        for _ in range(keys):
            began = time.monotonic()
            self.page.keyboard.press("e")
            time.sleep(max(0.0, 0.1 - (time.monotonic() - began)))
        ends = time.monotonic() + 20
        while before - waiting.count() < keys and time.monotonic() < ends:
            self.page.wait_for_timeout(100)
        return keys - (before - waiting.count())

    def news(self) -> dict[str, float]:
        """p50 and p95, in ms, from the commit of a change until the tab in front shows it."""
        from django.utils import timezone

        from inbox.models import Lead

        self.page.goto(f"/w/{self.workspace.pk}/inbox/?view=all")
        self._until_quiet()
        lead, times = self.leads[-1], []
        for number in range(self.times):
            words = f"News {number} of the day"
            # A wait of its own each time, so that commits fall into all parts of the tab's rhythm.
            self.page.wait_for_timeout(200 + 97 * number % 700)
            Lead.objects.filter(pk=lead.pk).update(last_snippet=words, last_message_at=timezone.now())
            began = time.monotonic()
            self.page.get_by_text(words).first.wait_for()
            times.append((time.monotonic() - began) * 1_000)
        return {"p50": statistics.median(times), "p95": percentile(times, 95)}


def text(report: dict[str, Any]) -> str:
    """The report as Markdown."""
    load = max(report["load"], report["load_after"])
    noisy = f"; over {QUIET:.0f}: other work is in these numbers" if load > QUIET else ""
    head = [f"Load {report['load']} to {report['load_after']}{noisy}.", ""]
    return "\n".join(head + table(report) + [""] + sentences(report))


def table(report: dict[str, Any]) -> list[str]:
    """The lines of the report's table: what takes how long."""
    rows = []
    for key, times in report.get("keys", {}).items():
        if isinstance(times, dict):
            aim = {"send": f"{AIMS['send']} ms", "open": ""}.get(key, f"{AIMS['key']} ms")
            rows.append((f"key {key}", times, aim))
    if "news" in report:
        rows.append(("commit until the tab in front shows it", report["news"], f"{AIMS['news']} ms"))
    for part in ("pages", "against"):
        for page, times in report.get(part, {}).items():
            first, second = (name for name in times if name != "ratio")
            rows.append((f"{page}, {first}", times[first], ""))
            rows.append((f"{page}, {second}", times[second], f"ratio {times['ratio']}, aim {AIMS['ratio']}"))
    lines = [f"| {what} | {ms['p50']:.0f} ms | {ms['p95']:.0f} ms | {aim} |" for what, ms, aim in rows]
    return ["| what | p50 | p95 | aim |", "|---|---|---|---|", *lines]


def sentences(report: dict[str, Any]) -> list[str]:
    """What the report says beside its table."""
    lines = []
    if "large" in report:
        lines.append(f"small: {report['messages']:,} messages; large: {report['large']:,}.")
    if "keys" in report:
        lines.append(f"Of 20 keys at ten a second {report['keys']['lost_of_20']} were lost.")
    if figures := report.get("tabs"):
        lines.append(
            f"{TABS} tabs, {FRONT} in front: {figures['cores']} of a processor for {figures['requests_per_s']} requests"
            f" a second ({figures['failed']} failed); the aim is {AIMS['cores']}."
        )
    if figures := report.get("sizes"):
        kb = {name: f"{size / 1_000:.1f} kB" for name, size in figures.items()}
        lines.append(
            f"On the wire: JavaScript and CSS {kb['assets']} (aim {AIMS['assets'] / 1_000:.0f}), the list's HTML"
            f" {kb['list']}, a conversation's {kb['conversation']}."
        )
    return lines


if __name__ == "__main__":
    main()
