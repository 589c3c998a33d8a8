"""The control API and its page."""

from html.parser import HTMLParser

import pytest

KEY = {"provider": "emailbison", "account": "key-a"}


@pytest.fixture
def control(sandbox, http):
    def make(method, path, **options):
        return http.request(method, sandbox.base_url + "/_control" + path, timeout=10, **options)

    return make


def test_a_fault_is_added_listed_and_cleared(control, call):
    added = control("POST", "/faults", json={"provider": "ghl", "kind": "server_error", "count": 1})
    assert added.status_code == 201
    assert (
        added.json() | {"kind": "server_error", "status": 503, "processed": False, "fired": 0} == added.json()
    )
    assert call("ghl", "GET", "/calendars/").status_code == 503
    [listed] = control("GET", "/faults").json()["faults"]
    assert (listed["id"], listed["seen"], listed["fired"]) == (added.json()["id"], 1, 1)
    assert control("DELETE", f"/faults/{listed['id']}").json() == {"cleared": 1}
    assert control("DELETE", "/faults").json() == {"cleared": 0}


def test_the_state_counts_by_route_and_filters(control, call):
    for key in ("key-a", "key-a", "key-b"):
        call("ghl", "GET", "/contacts/Ab3dEf6hIj9kLm2nOp5q", key=key)
    call("clay", "POST", "/table", json={"leadId": "l1"})
    state = control("GET", "/state.json").json()
    assert state["counts"] == [
        {"provider": "clay", "method": "POST", "route": "/{table}", "status": 200, "n": 1},
        {"provider": "ghl", "method": "GET", "route": "/contacts/{contact_id}", "status": 404, "n": 3},
    ]
    assert state["totals"] == {"requests": 4, "sends": 1}
    assert [one["account"] for one in state["accounts"]] == ["key-a", "key-b", "table"]
    mine = control("GET", "/state.json", params={"provider": "ghl", "account": "key-b", "limit": 5}).json()
    assert [one["account"] for one in mine["requests"]] == ["key-b"]
    assert (mine["sends"], len(mine["accounts"])) == ([], 1)


def test_sends_and_requests_are_searched(control, call):
    for number in range(3):
        call("clay", "POST", "/table", json={"leadId": f"lead-{number}"})
    found = control("GET", "/sends.json", params={"provider": "clay", "contains": "lead-1"}).json()
    assert (found["total"], found["sends"][0]["to"]) == (1, "lead-1")
    last = control("GET", "/sends.json", params={"limit": 1}).json()
    assert (last["total"], [send["to"] for send in last["sends"]]) == (3, ["lead-2"])
    assert control("GET", "/requests.json", params={"path": "/table", "limit": 0}).json() == {
        "total": 3,
        "requests": [],
    }


def test_an_account_is_set_and_read(control, call):
    set_to = control(
        "POST", "/accounts/ghl/key-a", json={"status": "revoked", "properties": {"location_id": "L1"}}
    )
    expected = {
        "provider": "ghl",
        "account": "key-a",
        "status": "revoked",
        "properties": {"location_id": "L1"},
    }
    assert set_to.json() == expected
    assert control("GET", "/accounts/ghl/key-a").json() == expected
    assert call("ghl", "GET", "/calendars/").status_code == 401


def test_a_webhook_is_set_used_and_removed(control, receiver):
    webhook = KEY | {"url": receiver.url, "headers": {"X-Key": "k"}, "attempts": 2}
    assert control("POST", "/webhooks", json=webhook).json()["attempts"] == 2
    event = KEY | {"event": "LEAD_REPLIED", "lead": {"email": "dana@example.com"}, "text": "Hi", "copies": 2}
    told = control("POST", "/emit", json=event).json()
    assert [one["status"] for one in told["deliveries"]] == [200, 200]
    assert control("DELETE", "/webhooks/emailbison/key-a").json() == {"removed": True}
    assert control("POST", "/emit", json=event).json()["deliveries"] == []


def test_what_happened_is_ingested(control, call):
    body = {"data": {"lead": {"id": 5, "email": "dana@example.com"}}}
    assert control("POST", "/ingest", json=KEY | {"body": body}).json() == {"learned": 1}
    assert control("POST", "/ingest", json=KEY | {"bodies": [body, body]}).json() == {"learned": 2}
    assert call("emailbison", "GET", "/api/leads/5").json()["data"]["email"] == "dana@example.com"


def test_reset_forgets_everything(control, call):
    call("clay", "POST", "/table", json={})
    control("POST", "/faults", json={"provider": "*", "kind": "drop", "count": 0})
    control("POST", "/accounts/ghl/key-a", json={"status": "revoked"})
    control("POST", "/answers", json={"schema": "s", "answer": {}})
    assert control("POST", "/reset").json() == {"reset": True}
    state = control("GET", "/state.json").json()
    assert state.pop("totals") == {"requests": 0, "sends": 0}
    assert not any(state.values())


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/accounts/ghl/key-a", {"status": "sleepy"}, "status"),
        ("/accounts/ghl/key-a", {"properties": []}, "properties"),
        ("/accounts/ghl/key-a", {"colour": "red"}, "colour"),
        ("/accounts/myspace/key-a", {"status": "ok"}, "provider"),
        ("/accounts", {"provider": "ghl"}, "account"),
        ("/webhooks", KEY | {"url": "ftp://x"}, "url"),
        ("/webhooks", KEY, "url"),
        ("/webhooks", KEY | {"url": "http://x", "attempts": "many"}, "attempts"),
        ("/webhooks", KEY | {"url": "http://x", "echo": "perhaps"}, "echo"),
        ("/webhooks", KEY | {"url": "http://x", "colour": "red"}, "colour"),
        ("/emit", KEY | {"body": "text"}, "body"),
        ("/emit", KEY | {"event": "EMAIL_SENT", "copies": "x"}, "copies"),
        ("/emit", {"account": "key-a"}, "provider"),
        ("/ingest", KEY, "bodies"),
        ("/ingest", KEY | {"bodies": [1]}, "bodies"),
        ("/answers", {"schema": "s"}, "answer"),
        ("/answers", {"schema": "s", "answer": {}, "often": 1}, "often"),
    ],
)
def test_a_wrong_command_names_its_field(control, path, body, field):
    refused = control("POST", path, json=body)
    assert (refused.status_code, refused.json()["field"]) == (400, field)


def test_a_body_that_is_no_object_is_refused(control):
    assert control("POST", "/faults", data=b"[1]").status_code == 400
    assert control("POST", "/faults", data=b"{").status_code == 400
    assert control("GET", "/nothing").status_code == 404


def test_a_command_from_another_origin_is_refused(control, sandbox):
    assert control("POST", "/reset", headers={"Origin": "http://evil.example.com"}).status_code == 403
    assert control("POST", "/reset", headers={"Origin": sandbox.base_url}).status_code == 200


def test_forms_do_the_same_and_lead_back_to_the_page(control, receiver, sandbox):
    forms = [
        (
            "/faults",
            {"provider": "ghl", "kind": "latency", "path": "", "count": "2", "probability": "1", "ms": "5"},
        ),
        ("/accounts", {"provider": "unipile", "account": "uni_1", "status": "disconnected"}),
        ("/webhooks", KEY | {"url": receiver.url, "secret": ""}),
        ("/emit", KEY | {"event": "LEAD_REPLIED", "lead.email": "d@example.com", "text": "Hi"}),
    ]
    for path, form in forms:
        answer = control("POST", path, data=form, allow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/_control/"), path
    state = sandbox.summary()
    assert [(fault["kind"], fault["count"], fault["ms"]) for fault in state["faults"]] == [
        ("latency", 2, 5.0)
    ]
    assert ("uni_1", "disconnected") in [(one["account"], one["status"]) for one in state["accounts"]]
    assert receiver.bodies[0]["data"]["lead"]["email"] == "d@example.com"


class Page(HTMLParser):
    """Collects what the page's policy would refuse, and its forms' targets."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []
        self.actions: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.refused += [tag] if tag in ("script", "style", "iframe") else []
        self.refused += [name for name in named if name == "style" or name.startswith("on")]
        self.actions += [named["action"] or ""] if tag == "form" else []


def test_the_page_shows_the_state_escaped_and_keeps_its_policy(control, call, sandbox):
    call("clay", "POST", "/table", json={"leadId": "<script>alert(1)</script>"})
    fault = sandbox.fault(provider="ghl", kind="drop")
    response = control("GET", "/")
    page = Page()
    page.feed(response.text)
    assert page.refused == []
    assert f"/_control/faults/{fault.id}/clear" in page.actions
    assert "&lt;script&gt;alert(1)" in response.text
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert control("GET", "/control.css").headers["Content-Type"].startswith("text/css")
