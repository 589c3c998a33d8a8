"""Pages while the database is away, and while a statement does not end: answered in words, directly and pooled."""

import json
import re
import secrets
from pathlib import Path

import psycopg
import pytest
import requests

from tests.pooling import Pooler
from tests.serving import WebServer
from tests.waiting import PATIENCE_S

pytestmark = [pytest.mark.faults, pytest.mark.crash]

EMAIL, PASSWORD = "ana@northwind.example.com", "correct horse battery staple"
HTMX = {"HX-Request": "true"}


class Place:
    """A web server on a database of its own, and its owner at a browser."""

    def __init__(self, url: str, log: Path) -> None:
        # Under DEBUG Django's own error page, which ours replaces, looks at the query again six times.
        more = {"DEBUG": "1", "SECRET_KEY": secrets.token_urlsafe(50), "PAGE_STATEMENT_TIMEOUT_MS": "1000"}
        more["WEB_CONCURRENCY"] = "1"
        self.server = WebServer(url, log, **more)
        owner = (f"--admin-email={EMAIL}", f"--admin-password={PASSWORD}")
        made = json.loads(self.server.manage("create_workspace", "Northwind", *owner, "--json"))
        self.workspace = f"/w/{made['workspace']['id']}"
        self.hook = made["webhooks"]["email"]["path"]
        self.browser = requests.Session()
        self.browser.trust_env = False

    def get(self, path: str, **options) -> requests.Response:
        return self.browser.get(f"http://127.0.0.1:{self.server.port}{path}", timeout=PATIENCE_S, **options)

    def post(self, path: str, **fields: str) -> requests.Response:
        fields["csrfmiddlewaretoken"] = self.token
        return self.browser.post(f"http://127.0.0.1:{self.server.port}{path}", fields, timeout=PATIENCE_S)

    def log_in(self) -> None:
        page = self.get("/login/").text
        self.token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
        assert self.post("/login/", username=EMAIL, password=PASSWORD, remember="on").status_code == 200
        page = self.get(f"{self.workspace}/inbox/").text
        self.token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]


@pytest.mark.slow(seconds=10)
def test_pages_say_that_the_database_is_away_and_work_when_it_is_back(postgres, tmp_path):
    place = Place(postgres.url(), tmp_path / "web.log")
    with place.server as server:
        place.log_in()
        inbox = f"{place.workspace}/inbox/"
        postgres.stop("fast")
        before = len(server.log.read_text())
        answers = [
            place.get(inbox),
            place.get("/admin/"),
            place.get(f"{place.workspace}/health/banner/", headers=HTMX),
            place.post(f"{place.workspace}/inbox/triage/", do="done"),
            place.post("/login/", username=EMAIL, password=PASSWORD),
        ]
        hook, _ = server.post(place.hook, b"{}", {"Content-Type": "application/json"})
        said = server.log.read_text()[before:]
        postgres.start()
        back = place.get(inbox)
    assert {(answer.status_code, answer.headers.get("Retry-After")) for answer in answers} == {(503, "30")}
    assert "Our database isn’t responding" in answers[0].text
    assert "No stored data is lost" in answers[2].text
    assert "Go back, check whether it was saved" in answers[3].text
    assert PASSWORD not in answers[4].text
    assert said.count("page without its database") == len(answers)
    assert "Traceback" not in said
    assert hook == 503
    assert back.status_code == 200


@pytest.mark.slow(seconds=15)
def test_a_page_ends_through_a_pooler_too_and_leaves_it_no_limit(postgres, tmp_path):
    """With one server session, what a page leaves in it is what the next transaction of anybody finds."""
    with Pooler(postgres, pool=1) as pooler:
        place = Place(pooler.url(), tmp_path / "web.log")
        with place.server, psycopg.connect(postgres.url()) as other:
            place.log_in()
            other.execute("LOCK TABLE inbox_message IN ACCESS EXCLUSIVE MODE")
            search = place.get(f"{place.workspace}/inbox/?view=all&q=thanks+price")
            other.rollback()
            found = place.get(f"{place.workspace}/inbox/?view=all&q=thanks+price")
            with psycopg.connect(pooler.url()) as next_one:
                left = next_one.execute("SHOW statement_timeout").fetchone()
    assert (search.status_code, "This search took too long" in search.text) == (503, True)
    assert found.status_code == 200
    assert left == ("0",)
