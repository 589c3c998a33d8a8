"""EmailBison hangs, and more people look at its part of a page than the server has room for: nobody else waits."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests

from inbox.trace import asking
from inbox.workspaces import creation
from inbox.workspaces.creation import webhook_path
from integrations.models import Integration
from sandbox import SandboxServer
from tests import factories
from tests.faults.site import browser_of, reply, web_server
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]

THREADS = 8
VIEWERS = 16


@pytest.fixture
def sandbox():
    with SandboxServer() as server:
        yield server


@pytest.fixture
def place(sandbox):
    """A workspace whose EmailBison is the sandbox: its owner, a lead, and its webhook's address."""
    made = creation.create("Northwind", "ana@northwind.example.com", factories.PASSWORD)
    Integration.objects.filter(workspace=made.workspace, provider="emailbison").update(
        credentials={"api_key": "key-1"}, config={"base_url": sandbox.url("emailbison")}
    )
    lead = factories.make_lead(made.workspace, emailbison_lead_id="7700")
    factories.make_message(lead, "Sure, send times.")
    return made, lead


def test_a_hanging_provider_holds_neither_pages_nor_webhooks(place, sandbox, tmp_path):
    """What waits for the provider waits until the end of the test: whatever is answered before does not wait for it."""
    made, lead = place
    page = f"/w/{made.workspace.pk}/inbox/{lead.pk}/"
    hook = webhook_path("email", made.keys["email"])
    patient = {"application": "tests.faults.patient_site", "EMAILBISON_TIMEOUT_MS": "120000"}
    with (
        web_server(tmp_path / "web.log", processes=1, threads=THREADS, **patient) as server,
        ThreadPoolExecutor(VIEWERS) as people,
    ):
        url = f"http://127.0.0.1:{server.port}"
        browsers = [browser_of(made.admin) for _ in range(VIEWERS)]
        fault = sandbox.fault(provider="emailbison", kind="hang", seconds=10 * PATIENCE_S)
        try:
            looks = [people.submit(partial(get, one, f"{url}{page}history/", htmx=True)) for one in browsers]
            until(lambda: sum(look.done() for look in looks) == VIEWERS - asking.SLOT_COUNT, "others got on")
            others = get(browsers[0], url + page), post(url + hook)
            assert [answer.status_code for answer in others] == [200, 200]
            assert sum(not look.done() for look in looks) == fault.fired == asking.SLOT_COUNT
        finally:
            sandbox.stop()
        answers = [look.result(PATIENCE_S) for look in looks]
    for answer in answers:
        assert (answer.status_code, "EmailBison didn’t respond at" in answer.text) == (200, True)


def get(browser: requests.Session, url: str, *, htmx: bool = False) -> requests.Response:
    headers = {"HX-Request": "true"} if htmx else {}
    return browser.get(url, headers=headers, timeout=3 * PATIENCE_S)


def post(url: str) -> requests.Response:
    headers = {"Content-Type": "application/json"}
    return requests.post(url, reply(880_000), headers=headers, timeout=PATIENCE_S)
