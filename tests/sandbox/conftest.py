"""A running sandbox for the whole session, forgotten between tests, and something that receives its webhooks."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import requests

from sandbox import SandboxServer
from tests.waiting import until


@pytest.fixture(scope="session")
def _running_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(_running_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    _running_sandbox.reset()
    yield _running_sandbox
    _running_sandbox.reset()


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


Caller = Callable[..., requests.Response]


@pytest.fixture
def call(sandbox: SandboxServer, http: requests.Session) -> Caller:
    """Call a provider: `call("ghl", "GET", "/users/", key="k")`."""

    def make(
        provider: str, method: str, path: str, *, key: str = "key-a", **options: Any
    ) -> requests.Response:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        if provider.startswith("unipile"):
            headers = {"X-API-KEY": key} if key else {}
        headers |= options.pop("headers", {})
        return http.request(method, sandbox.url(provider) + path, headers=headers, timeout=10, **options)

    return make


class Receiver:
    """Our side's webhook address: remembers what came, answers `status` (the first of `statuses` that is left)."""

    def __init__(self) -> None:
        self.received: list[tuple[bytes, dict[str, str]]] = []
        self.statuses: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append(
                    (body, {name.lower(): value for name, value in self.headers.items()})
                )
                self.send_response(receiver.statuses.pop(0) if receiver.statuses else 200)
                self.send_header("Content-Length", "11")
                self.end_headers()
                self.wfile.write(b'{"ok":true}')

            def log_message(self, format: str, *args: Any) -> None:
                """Stay quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hook/?a=1"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body, _ in self.received]

    def wait_for(self, count: int) -> list[dict[str, Any]]:
        """The bodies, once that many have come."""
        until(lambda: len(self.received) >= count, f"{count} webhooks came")
        return self.bodies


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    yield server
    server.close()
