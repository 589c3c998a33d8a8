"""EmailBison hangs, and more people look at its part of a page than the server has room for: nobody else waits."""

import itertools
import threading
import time
from dataclasses import dataclass
from functools import partial

import pytest
import requests

from inbox import workspaces
from inbox.views import history
from inbox.workspaces import webhook_path
from integrations.models import Integration
from integrations.sandbox import SandboxServer
from tests import factories
from tests.faults.site import browser_of, web_server

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

THREADS = 8
VIEWERS = 16
SLACK_S = 0.25
numbers = itertools.count(880_000)


@dataclass
class Answer:
    """One request: when it was over, how long it took (s), and what came."""

    ended_at: float
    took_s: float
    status: int
    text: str


@pytest.fixture
def sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def place(sandbox):
    """A workspace whose EmailBison is the sandbox: its owner, a lead, and its webhook's address."""
    made = workspaces.create("Northwind", "ana@northwind.example.com", factories.PASSWORD)
    Integration.objects.filter(workspace=made.workspace, provider="emailbison").update(
        credentials={"api_key": "key-1"}, config={"base_url": sandbox.url("emailbison")}
    )
    lead = factories.make_lead(made.workspace, emailbison_lead_id="7700")
    factories.make_message(lead, "Sure, send times.")
    return made, lead


def test_a_hanging_provider_holds_neither_pages_nor_webhooks(place, sandbox, tmp_path):
    made, lead = place
    page = f"/w/{made.workspace.pk}/inbox/{lead.pk}/"
    hook = webhook_path("email", made.keys["email"])
    with web_server(tmp_path / "web.log", processes=1, threads=THREADS) as server:
        url = f"http://127.0.0.1:{server.port}"
        browsers = [browser_of(made.admin) for _ in range(VIEWERS)]
        get(browsers[0], url + page)  # the first page of a process compiles its templates
        fault = sandbox.fault(provider="emailbison", kind="hang", seconds=60)
        fragments = Crowd([partial(get, one, f"{url}{page}history/", htmx=True) for one in browsers])
        wait_until(lambda: fault.fired == history.SLOT_COUNT)
        others = get(browsers[0], url + page), post(url + hook)
        waited = [answer for answer in fragments.answers() if answer.took_s > 2]
        assert [answer.status for answer in others] == [200, 200]
        assert max(answer.ended_at for answer in others) < min(answer.ended_at for answer in waited)
    assert len(waited) == history.SLOT_COUNT
    for answer in fragments.answers():
        assert (answer.status, "EmailBison did not answer at" in answer.text) == (200, True)
        assert answer.took_s <= history.BUDGET_MS / 1000 + SLACK_S


def get(browser: requests.Session, url: str, *, htmx: bool = False) -> Answer:
    return timed(lambda: browser.get(url, headers={"HX-Request": "true"} if htmx else {}, timeout=30))


def post(url: str) -> Answer:
    return timed(lambda: requests.post(url, json=reply_of(next(numbers)), timeout=30))


def timed(call) -> Answer:
    began = time.monotonic()
    response = call()
    ended = time.monotonic()
    return Answer(ended, ended - began, response.status_code, response.text)


def reply_of(number: int) -> dict:
    """A reply as EmailBison tells of it."""
    return {
        "event": {"type": "LEAD_REPLIED"},
        "data": {
            "lead": {"id": 7700, "email": "dana@example.org"},
            "reply": {"id": number, "from_email_address": "dana@example.org", "text_body": "Yes."},
        },
    }


def wait_until(condition) -> None:
    ends = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.01)


class Crowd:
    """Threads that do `calls` at once."""

    def __init__(self, calls) -> None:
        self._results: list[Answer] = []
        self._threads = [
            threading.Thread(target=lambda call=call: self._results.append(call())) for call in calls
        ]
        for thread in self._threads:
            thread.start()

    def answers(self) -> list[Answer]:
        for thread in self._threads:
            thread.join(30)
        assert len(self._results) == len(self._threads)
        return self._results
