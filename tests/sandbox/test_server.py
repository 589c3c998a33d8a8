"""The sandbox as an HTTP server: connections, bodies, stopping."""

import http.client
import socket
import threading

import pytest
import requests

from sandbox import SandboxServer
from sandbox.provider import Provider
from tests.waiting import PATIENCE_S, until


def raw(sandbox: SandboxServer, request: bytes) -> bytes:
    """Send bytes, return everything that comes back until the server closes."""
    with socket.create_connection((sandbox.host, sandbox.port), timeout=5) as connection:
        connection.sendall(request)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    return answer


def test_a_played_provider_that_does_not_say_what_an_account_contains_stops_the_start():
    class Storeless(Provider):
        name = "storeless"
        error = None

    with pytest.raises(TypeError, match="new_data"):
        Storeless()


def test_one_connection_serves_many_requests(sandbox):
    connection = http.client.HTTPConnection(sandbox.host, sandbox.port, timeout=5)
    local_ports = set()
    for _ in range(3):
        connection.request("GET", "/ghl/calendars/", headers={"Authorization": "Bearer k"})
        response = connection.getresponse()
        response.read()
        assert response.status == 200
        local_ports.add(connection.sock.getsockname())
    connection.close()
    assert len(local_ports) == 1


def test_pipelined_requests_are_answered_in_order(sandbox):
    one = b"GET /ghl/calendars/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n\r\n"
    last = b"GET /nobody/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = raw(sandbox, one + one + last)
    assert [answer.count(b"HTTP/1.1 200"), answer.count(b"HTTP/1.1 404")] == [2, 1]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: many", b"400"),
        (b"Content-Length: 99999999999", b"413"),
        (b"Transfer-Encoding: chunked\r\n\r\n0", b"411"),
    ],
)
def test_unreadable_bodies_are_refused_and_the_connection_ends(sandbox, head, status):
    answer = raw(sandbox, b"POST /clay/t HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
    assert answer.split(b" ")[1] == status


def test_http_1_0_closes_after_the_answer(sandbox):
    answer = raw(sandbox, b"GET /ghl/calendars/ HTTP/1.0\r\nAuthorization: Bearer k\r\n\r\n")
    assert b"200 OK" in answer and b"Connection: close" in answer


def test_an_unknown_provider_and_an_unknown_call_are_404(sandbox, call):
    assert call("nobody", "GET", "/x").status_code == 404
    response = call("emailbison", "GET", "/api/nothing")
    assert response.status_code == 404
    assert response.json()["data"]["success"] is False


@pytest.mark.parametrize(
    ("provider", "path"),
    [
        ("emailbison", "/api/users"),
        ("unipile", "/api/v1/accounts/uni_acc_nw1"),
        ("ghl", "/calendars/"),
        ("openai", "/v1/models"),
        ("smartlead", "/api/v1/campaigns"),
        ("instantly", "/api/v2/campaigns"),
        ("calendly", "/users/me"),
    ],
)
def test_no_credential_is_401_in_the_providers_shape(call, provider, path):
    response = call(provider, "GET", path, key="")
    assert response.status_code == 401
    assert isinstance(response.json(), dict)


def test_a_handler_that_fails_is_a_500_and_not_a_dead_connection(sandbox, call, caplog):
    call("ghl", "GET", "/calendars/")
    sandbox.state.account("ghl", "key-a").data.contacts = None
    response = call("ghl", "GET", "/contacts/Ab3dEf6hIj9kLm2nOp5q")
    assert response.status_code == 500
    assert "sandbox handler failed" in caplog.text


def test_stop_does_not_wait_for_hanging_requests():
    server = SandboxServer()
    server.start()
    server.fault(provider="ghl", kind="hang", seconds=10 * PATIENCE_S)
    outcome = []

    def hang() -> None:
        try:
            requests.get(
                server.url("ghl") + "/calendars/", headers={"Authorization": "Bearer k"}, timeout=PATIENCE_S
            )
        except requests.ConnectionError as exc:
            outcome.append(exc)

    threads = [threading.Thread(target=hang) for _ in range(5)]
    for thread in threads:
        thread.start()
    until(lambda: len(server.requests()) == 5, "all hang")
    server.stop()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(outcome) == 5


def test_a_stopped_sandbox_is_unreachable_and_comes_back_with_its_state():
    server = SandboxServer()
    url = server.start() + "/clay/table"
    assert requests.post(url, json={"leadId": "1"}, timeout=5).status_code == 200
    server.stop()
    with pytest.raises(requests.ConnectionError):
        requests.post(url, json={"leadId": "2"}, timeout=5)
    server.start()
    assert requests.post(url, json={"leadId": "3"}, timeout=5).status_code == 200
    server.stop()
    assert [send["to"] for send in server.sends()] == ["1", "3"]


def test_a_taken_port_is_an_error():
    with SandboxServer() as first, pytest.raises(OSError, match="in use"):
        SandboxServer(port=first.port).start()


def test_memory_is_bounded(sandbox, monkeypatch):
    monkeypatch.setattr("sandbox.state.LIMIT", 3)
    sandbox.reset()
    with requests.Session() as session:
        for number in range(5):
            session.post(sandbox.url("clay") + "/t", json={"leadId": str(number)}, timeout=5)
    assert [send["to"] for send in sandbox.sends()] == ["2", "3", "4"]
    assert len(sandbox.requests()) == 3
    assert len(sandbox.state.account("clay", "t").data.rows) == 3
    assert sandbox.state.totals() == {"requests": 5, "sends": 5}


def test_many_threads_lose_no_send(sandbox):
    def send(worker: int) -> None:
        with requests.Session() as session:
            for number in range(25):
                row = {"leadId": f"{worker}-{number}"}
                assert session.post(sandbox.url("clay") + "/t", json=row, timeout=5).status_code == 200

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({send["to"] for send in sandbox.sends()}) == 200
    assert len({send["id"] for send in sandbox.sends()}) == 200
