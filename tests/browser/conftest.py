"""A headless Chromium against a live server. A page that logs an error or breaks the content policy fails its test."""

import os
import re
import threading
import time
from pathlib import Path

import pytest
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

from config.static import served
from inbox.models import Membership
from tests import factories
from tests.waiting import PATIENCE_S

# Playwright's own event loop runs in this thread; the ORM calls beside it are plain synchronous ones.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

STATIC = settings.BASE_DIR / "static"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
WITHIN_MS = 1_000 * PATIENCE_S
GRACE_S = 5
expect.set_options(timeout=WITHIN_MS)
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]


def pytest_collection_modifyitems(items):
    for item in items:
        if item.nodeid.startswith("tests/browser/"):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    if not Path(CHROMIUM).exists():
        pytest.fail(
            f"{CHROMIUM} is missing: apt-get install chromium, or name one in CHROMIUM.", pytrace=False
        )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def workspace(transactional_db):
    return factories.make_workspace("Northwind", timezone="America/New_York")


@pytest.fixture
def user(workspace):
    role = Membership.Role.ADMIN
    return factories.make_member(
        workspace, role, email="ana@northwind.example.com", first_name="Ana", last_name="Lindqvist"
    )


@pytest.fixture(scope="session")
def collected(tmp_path_factory):
    """A copy of static/ with scripts and styles as collectstatic writes them."""
    folder = tmp_path_factory.mktemp("collected")
    for source in STATIC.iterdir():
        ours = source.suffix in (".js", ".css")
        body = served(source.name, lambda name: (STATIC / name).read_bytes()) if ours else source.read_bytes()
        (folder / source.name).write_bytes(body)
    return folder


def send_module(route: Route) -> None:
    """Answers with a script as it stands in static/, as the development server does."""
    route.fulfill(path=STATIC / route.request.url.rpartition("/")[2])


@pytest.fixture(scope="session")
def served_requests():
    """The requests that the live server is answering, one thread each."""
    threads: set[threading.Thread] = set()
    receivers = [
        (request_started, lambda **_: threads.add(threading.current_thread())),
        (request_finished, lambda **_: threads.discard(threading.current_thread())),
    ]
    for signal, receiver in receivers:
        signal.connect(receiver, weak=False)
    yield threads
    for signal, receiver in receivers:
        signal.disconnect(receiver)


@pytest.fixture
def open_page(browser: Browser, live_server, served_requests, collected, settings):
    """`open_page(user=None, width=1440, …)`: a new page, logged in as `user`; its errors fail the test at the end,
    without those that have the words `expected`. `modules`: its scripts come one by one, as in development.
    """
    settings.STATICFILES_DIRS = [collected]
    contexts, troubles = [], []

    def note(message: ConsoleMessage, expected: str) -> None:
        if _is_trouble(message) and not (expected and expected in message.text):
            troubles.append(message.text)

    def open_(
        user=None,
        *,
        width: int = 1440,
        height: int = 900,
        expected: str = "",
        modules: bool = False,
        **options,
    ) -> Page:
        context = browser.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": height},
            **{"reduced_motion": "reduce"} | options,
        )
        contexts.append(context)
        if modules:
            context.route(re.compile(r"/static/\w+\.js$"), send_module)
        if user is not None:
            context.add_cookies([_session_cookie(user, live_server.url)])
        context.set_default_timeout(WITHIN_MS)  # for the pages that a test adds, too
        page = context.new_page()
        page.on("console", lambda message: note(message, expected))
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return page

    yield open_
    errors = list(troubles)  # closing a page aborts the requests under way, which htmx logs as errors
    for context in contexts:
        context.close()
    # A request that outlives its page would fail the next test, whose database has no such workspace.
    ends = time.monotonic() + GRACE_S
    here = threading.current_thread()  # a client of the test answers in it
    while any(thread.is_alive() for thread in served_requests - {here}) and time.monotonic() < ends:
        time.sleep(0.02)
    assert errors == []


def _is_trouble(message: ConsoleMessage) -> bool:
    """Chromium and htmx log how our forms say no (409, 422), a link or session that is over (410, 401), and a
    database that is slow or away (503)."""
    expected = r"responded with a status of (401|409|410|422|503) |^Response Status Error Code 503 "
    return message.type == "error" and not re.search(expected, message.text)


def _session_cookie(user, url: str) -> dict:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}
