"""Clients that begin a request and send no more hold neither the site nor the door that a platform asks at.

The web server has one process with four threads, and there are more slow clients than that.
"""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
import requests

from tests.serving import BEHIND_PROXY, WebServer, free_port
from tests.waiting import PATIENCE_S, until

pytestmark = [pytest.mark.faults, pytest.mark.crash]

THREADS = 4
PROXY = "".join(f"{name}: {value}\r\n" for name, value in BEHIND_PROXY.items())
HEADERS = f"GET /login/ HTTP/1.1\r\n{PROXY}X-Slow: "
BODY = f"POST /login/ HTTP/1.1\r\n{PROXY}Content-Length: 1000\r\n\r\nusername="
WRONG = "k" * 43


def web_server(postgres, log, *, cut_off_after_s: float) -> WebServer:
    return WebServer(
        postgres.url(),
        log,
        application="tests.faults.slow_site",
        WEB_CONCURRENCY="1",
        WEB_THREADS=str(THREADS),
        HEALTH_BIND=f"127.0.0.1:{free_port()}",
        SLOW_CLIENT_S=str(cut_off_after_s),
    )


@contextmanager
def clients_of(server: WebServer, *begun: str) -> Iterator[list[socket.socket]]:
    """Connections that have each sent the beginning of a request."""
    with ExitStack() as stack:
        clients = []
        for words in begun:
            client = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), PATIENCE_S))
            client.sendall(words.encode())
            clients.append(client)
        yield clients


def get(server: WebServer, path: str) -> requests.Response:
    return requests.get(f"http://127.0.0.1:{server.port}{path}", headers=BEHIND_PROXY, timeout=PATIENCE_S)


def at_the_health_port(server: WebServer, path: str) -> tuple[int, str]:
    answer = requests.get(f"http://{server.environment['HEALTH_BIND']}{path}", timeout=PATIENCE_S)
    return answer.status_code, answer.text


def post(path: str, more: str = "") -> str:
    return f"POST {path} HTTP/1.1\r\n{PROXY}Content-Length: 1000\r\nConnection: close\r\n{more}\r\n"


@pytest.mark.long
def test_what_slow_clients_can_hold_and_what_not(postgres, tmp_path):
    """Nobody is cut off here, so whoever waits for slow clients waits until they are gone."""
    with (
        web_server(postgres, tmp_path / "web.log", cut_off_after_s=3_600) as server,
        ThreadPoolExecutor(1) as other,
    ):
        made = json.loads(server.manage("create_workspace", "W", "--admin-email=ana@example.com", "--json"))
        begun = (
            post(f"/api/webhooks/email/{WRONG}/"),
            post("/api/webhooks/email/", f"X-Webhook-Secret: {WRONG}\r\n"),
            post(made["webhooks"]["email"]["path"]),
        )
        with clients_of(server, *begun) as (wrong, wrong_header, right):
            for client in (wrong, wrong_header):
                assert client.recv(64).startswith(b"HTTP/1.1 401 "), "its body is not waited for"
            right.sendall(b" " * 1000)
            assert right.recv(64).startswith(b"HTTP/1.1 400 ")
        with clients_of(server, *[HEADERS, BODY] * THREADS):
            page = other.submit(get, server, "/login/")
            assert [at_the_health_port(server, "/healthz") for _ in range(3)] == [(200, "ok")] * 3
            assert at_the_health_port(server, "/login/")[0] == 404
            assert not page.done(), "slow clients hold every thread"
        assert page.result().status_code == 200


def test_slow_clients_are_cut_off_and_the_site_answers_on(postgres, tmp_path):
    with (
        web_server(postgres, tmp_path / "web.log", cut_off_after_s=1) as server,
        clients_of(server, *[HEADERS, BODY] * THREADS) as clients,
    ):
        assert get(server, "/login/").status_code == 200
        until(lambda: not any(map(is_open, clients)), "each slow client is cut off")
    assert "Traceback" not in server.log.read_text()


def is_open(client: socket.socket) -> bool:
    client.setblocking(False)
    try:
        return client.recv(65_536) != b""
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
