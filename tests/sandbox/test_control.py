"""The control API."""

import pytest

KEY = {"provider": "emailbison", "account": "key-a"}


@pytest.fixture
def control(sandbox, http):
    def make(method, path, **options):
        return http.request(method, sandbox.base_url + "/_control" + path, timeout=10, **options)

    return make


def test_a_fault_is_added_shown_and_cleared(control, call):
    added = control("POST", "/faults", json={"provider": "ghl", "kind": "server_error", "count": 1})
    assert added.status_code == 201
    assert (
        added.json() | {"kind": "server_error", "status": 503, "processed": False, "fired": 0} == added.json()
    )
    assert call("ghl", "GET", "/calendars/").status_code == 503
    [shown] = control("GET", "/state.json").json()["faults"]
    assert (shown["id"], shown["seen"], shown["fired"]) == (added.json()["id"], 1, 1)
    assert control("POST", f"/faults/{shown['id']}/clear").json() == {"cleared": 1}
    assert control("DELETE", f"/faults/{shown['id']}").json() == {"cleared": 0}
    assert control("DELETE", "/faults").json() == {"cleared": 0}


def test_the_state_counts_and_filters(control, call):
    for key in ("key-a", "key-a", "key-b"):
        call("ghl", "GET", "/contacts/Ab3dEf6hIj9kLm2nOp5q", key=key)
    call("clay", "POST", "/table", json={"leadId": "l1"})
    state = control("GET", "/state.json").json()
    calls = [(one["provider"], one["route"], one["status"]) for one in state["requests"]]
    assert calls == [("ghl", "/contacts/{contact_id}", 404)] * 3 + [("clay", "/{table}", 200)]
    assert state["totals"] == {"requests": 4, "sends": 1}
    assert [one["account"] for one in state["accounts"]] == ["key-a", "key-b", "table"]
    mine = control("GET", "/state.json", params={"provider": "ghl", "account": "key-b", "limit": 5}).json()
    assert [one["account"] for one in mine["requests"]] == ["key-b"]
    assert (mine["sends"], len(mine["accounts"])) == ([], 1)


def test_the_newest_sends_are_shown_up_to_the_limit(control, call):
    for number in range(3):
        call("clay", "POST", "/table", json={"leadId": f"lead-{number}"})
    state = control("GET", "/state.json", params={"limit": 1}).json()
    assert (state["totals"]["sends"], [send["to"] for send in state["sends"]]) == (3, ["lead-2"])
    assert control("GET", "/state.json", params={"limit": 0}).json()["requests"] == []


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


def test_a_webhook_is_set_and_used(control, receiver):
    webhook = KEY | {"url": receiver.url, "headers": {"X-Key": "k"}}
    assert control("POST", "/webhooks", json=webhook).json()["headers"] == {"X-Key": "k"}
    event = KEY | {"event": "LEAD_REPLIED", "lead": {"email": "dana@example.com"}, "text": "Hi"}
    told = control("POST", "/emit", json=event).json()
    assert [one["status"] for one in told["deliveries"]] == [200]


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
        ("/webhooks", KEY | {"url": "http://x", "hmac": "perhaps"}, "hmac"),
        ("/webhooks", KEY | {"url": "http://x", "colour": "red"}, "colour"),
        ("/emit", KEY | {"body": "text"}, "body"),
        ("/emit", KEY | {"event": "EMAIL_SENT", "deliver": "x"}, "deliver"),
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
