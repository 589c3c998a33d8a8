"""Every fault kind, as the caller sees it and as the provider's state shows it afterwards."""

import http.client
import json
import socket
import time

import pytest
import requests

from tests.waiting import PATIENCE_S, until

ROW = {"leadId": "lead-1"}


@pytest.fixture
def post(sandbox, http):
    """Send one row to a Clay table: the shortest call that leaves a trace."""

    def send(timeout=5, **options):
        return http.post(sandbox.url("clay") + "/table", json=ROW, timeout=timeout, **options)

    return send


def test_latency_delays_and_then_works(sandbox, post):
    sandbox.fault(provider="clay", kind="latency", ms=120)
    started = time.monotonic()
    assert post().status_code == 200
    assert time.monotonic() - started >= 0.12
    assert sandbox.requests()[0]["ms"] >= 120


def test_latencies_add_up_and_leave_room_for_another_fault(sandbox, post):
    sandbox.fault(provider="clay", kind="latency", ms=40)
    sandbox.fault(provider="clay", kind="latency", ms=40)
    sandbox.fault(provider="clay", kind="server_error")
    started = time.monotonic()
    assert post().status_code == 503
    assert time.monotonic() - started >= 0.08


def test_a_caller_that_gives_up_does_not_stop_a_slow_provider(sandbox, post):
    sandbox.fault(provider="clay", kind="latency", ms=600)
    with pytest.raises(requests.ReadTimeout):
        post(timeout=0.05)
    until(sandbox.sends, "the row was taken")
    assert len(sandbox.sends()) == 1


@pytest.mark.parametrize(("kind", "sent"), [("hang", 0), ("accept_timeout", 1)])
def test_hanging_gives_no_byte(sandbox, post, kind, sent):
    sandbox.fault(provider="clay", kind=kind, seconds=5)
    with pytest.raises(requests.ReadTimeout):
        post(timeout=0.15)
    until(sandbox.requests, "the request arrived")
    assert len(sandbox.sends()) == sent
    assert sandbox.requests()[0]["status"] is None


def test_a_hang_ends_by_closing(sandbox, post):
    sandbox.fault(provider="clay", kind="hang", seconds=0.05)
    with pytest.raises(requests.ConnectionError, match="RemoteDisconnected"):
        post()


@pytest.mark.parametrize(("kind", "sent"), [("drop", 0), ("accept_drop", 1)])
def test_dropping_closes_without_an_answer(sandbox, post, kind, sent):
    sandbox.fault(provider="clay", kind=kind)
    with pytest.raises(requests.ConnectionError, match="RemoteDisconnected"):
        post()
    assert len(sandbox.sends()) == sent
    assert [(r["fault"], r["processed"], r["status"]) for r in sandbox.requests()] == [
        (kind, bool(sent), None)
    ]


@pytest.mark.parametrize(("kind", "sent"), [("reset", 0), ("accept_reset", 1)])
def test_resetting_sends_a_rst(sandbox, kind, sent):
    sandbox.fault(provider="clay", kind=kind)
    with socket.create_connection((sandbox.host, sandbox.port), timeout=5) as connection:
        connection.sendall(b"POST /clay/table HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        with pytest.raises(ConnectionResetError):
            connection.recv(100)
    assert len(sandbox.sends()) == sent


def test_a_body_drips_after_its_headers(sandbox, post):
    sandbox.fault(provider="clay", kind="drip_body", interval_ms=150)
    connection = http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=PATIENCE_S)
    connection.request("POST", "/clay/table", json.dumps(ROW))
    response = connection.getresponse()
    first = response.read1(100)
    assert len(first) < len(b'{"success":true}')
    assert first + response.read() == b'{"success":true}'
    connection.close()


def test_a_cut_body_is_shorter_than_promised(sandbox):
    sandbox.fault(provider="clay", kind="cut_body")
    connection = http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=5)
    connection.request("POST", "/clay/table", json.dumps(ROW))
    with pytest.raises(http.client.IncompleteRead):
        connection.getresponse().read()
    connection.close()
    assert len(sandbox.sends()) == 1


def test_half_a_json_is_a_complete_answer(sandbox, post):
    sandbox.fault(provider="clay", kind="half_json", count=1)
    response = post()
    assert (response.status_code, response.text) == (200, '{"succes')
    assert post().json() == {"success": True}, "the connection stays usable"


def test_an_empty_body_keeps_its_content_type(sandbox, post):
    sandbox.fault(provider="clay", kind="empty")
    response = post()
    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Content-Type"] == "application/json"


def test_html_comes_from_a_gateway_that_forwarded_nothing(sandbox, post):
    sandbox.fault(provider="clay", kind="html")
    response = post()
    assert response.status_code == 502
    assert "502 Bad Gateway" in response.text and response.headers["Content-Type"] == "text/html"
    assert sandbox.sends() == []


@pytest.mark.parametrize(
    ("retry_after", "header"), [(5, "5"), ("7", "7"), (0.5, "0.5"), ("soon", "soon"), (None, None)]
)
def test_rate_limits_say_when_to_retry(sandbox, post, retry_after, header):
    sandbox.fault(provider="clay", kind="rate_limit", retry_after=retry_after)
    response = post()
    assert response.status_code == 429
    assert response.headers.get("Retry-After") == header
    assert sandbox.sends() == []


def test_server_errors_take_status_and_retry_after(sandbox, post):
    sandbox.fault(provider="clay", kind="server_error", count=1)
    sandbox.fault(provider="clay", kind="server_error", status=504, retry_after=9)
    assert (post().status_code, post().status_code) == (503, 504)
    assert post().headers["Retry-After"] == "9"


def test_processed_turns_a_clean_failure_into_an_accepted_one(sandbox, post):
    sandbox.fault(provider="clay", kind="server_error", processed=True)
    assert post().status_code == 503
    assert len(sandbox.sends()) == 1


@pytest.mark.parametrize(
    ("provider", "kind", "options", "status", "expected"),
    [
        (
            "unipile",
            "unauthorized",
            {"code": "disconnected_account"},
            401,
            {"type": "errors/disconnected_account"},
        ),
        (
            "unipile",
            "error",
            {"status": 422, "code": "errors/invalid_recipient"},
            422,
            {"type": "errors/invalid_recipient"},
        ),
        ("unipile", "unauthorized", {}, 401, {"type": "errors/missing_credentials"}),
        ("slack", "unauthorized", {}, 200, {"ok": False, "error": "invalid_auth"}),
        ("slack", "error", {"code": "channel_not_found"}, 200, {"ok": False, "error": "channel_not_found"}),
        (
            "ghl",
            "error",
            {"message": "Invalid country calling code"},
            400,
            {"message": "Invalid country calling code"},
        ),
        ("instantly", "unauthorized", {"status": 403}, 403, {"error": "Forbidden"}),
    ],
)
def test_errors_have_the_providers_shape(sandbox, call, provider, kind, options, status, expected):
    sandbox.fault(provider=provider, kind=kind, **options)
    response = call(provider, "GET", "/anything")
    assert response.status_code == status
    assert response.json() | expected == response.json()


def test_a_fault_hits_only_what_it_names(sandbox, call):
    sandbox.fault(provider="ghl", kind="server_error", method="get", path=r"^/locations", account="key-b")
    assert call("ghl", "GET", "/locations/L1").status_code == 200
    assert call("ghl", "GET", "/calendars/", key="key-b").status_code == 200
    assert (
        call("ghl", "POST", "/contacts/upsert", key="key-b", json={"email": "a@example.com"}).status_code
        == 201
    )
    assert call("ghl", "GET", "/locations/L1", key="key-b").status_code == 503


def test_a_unipile_fault_may_name_the_key_or_the_account(sandbox, call):
    sandbox.fault(provider="unipile", kind="server_error", account="uni_1", count=1)
    sandbox.fault(provider="unipile", kind="rate_limit", account="key-b", count=1)
    url = "/api/v1/chats?account_id="
    statuses = [
        call("unipile", "GET", url + account, key=key).status_code
        for account, key in (("uni_2", "key-a"), ("uni_1", "key-a"), ("uni_2", "key-b"), ("uni_1", "key-b"))
    ]
    assert statuses == [200, 503, 429, 200]


def test_any_provider_is_a_star(sandbox, call, post):
    sandbox.fault(provider="*", kind="server_error")
    assert (post().status_code, call("ghl", "GET", "/calendars/").status_code) == (503, 503)


def test_count_and_skip_choose_the_requests(sandbox, post):
    fault = sandbox.fault(provider="clay", kind="server_error", skip=1, count=2)
    assert [post().status_code for _ in range(5)] == [200, 503, 503, 200, 200]
    assert (fault.seen, fault.fired) == (5, 2)


def test_a_seed_makes_the_same_draws(sandbox, post):
    runs = []
    for _ in range(2):
        sandbox.fault(provider="clay", kind="server_error", probability=0.5, seed=11)
        runs.append([post().status_code for _ in range(20)])
        sandbox.clear_faults()
    assert runs[0] == runs[1]
    assert {200, 503} == set(runs[0])


def test_the_first_fault_that_fires_wins_and_spares_the_others(sandbox, post):
    sandbox.fault(provider="clay", kind="rate_limit", count=1)
    other = sandbox.fault(provider="clay", kind="server_error", count=1)
    assert [post().status_code for _ in range(3)] == [429, 503, 200]
    assert other.fired == 1


def test_clearing_one_fault_keeps_the_others(sandbox, post):
    gone = sandbox.fault(provider="clay", kind="rate_limit")
    sandbox.fault(provider="clay", kind="server_error")
    assert sandbox.clear_faults(gone.id) == 1
    assert post().status_code == 503


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"provider": "clay"}, "kind"),
        ({"provider": "clay", "kind": "fire"}, "kind"),
        ({"kind": "drop"}, "provider"),
        ({"provider": "myspace", "kind": "drop"}, "provider"),
        ({"provider": "clay", "kind": "drop", "often": 1}, "often"),
        ({"provider": "clay", "kind": "drop", "path": "("}, "path"),
        ({"provider": "clay", "kind": "drop", "count": "x"}, "count"),
        ({"provider": "clay", "kind": "drop", "probability": 2}, "probability"),
        ({"provider": "clay", "kind": "drop", "status": 99}, "status"),
        ({"provider": ["clay"], "kind": "drop"}, "provider"),
        ({"provider": "clay", "kind": "invalid_json"}, "kind"),
    ],
)
def test_an_unusable_fault_names_its_field(sandbox, http, values, field):
    response = http.post(sandbox.base_url + "/_control/faults", json=values, timeout=5)
    assert response.status_code == 400
    assert response.json()["field"] == field
