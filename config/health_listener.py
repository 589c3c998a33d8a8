"""A second, small listener of the web processes at HEALTH_BIND, which serves `/healthz` and the full `/readyz`.

A thread of its own answers even while all other threads wait for a slow database or slow clients, so the hosting
platform does not restart the process. gunicorn's workers share the socket: while one is replaced, the others answer.
"""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from jobs import stalls

READY_S = 3.0
"""The longest wait for a statement of `/readyz`, in seconds."""
CLIENT_S = 2.0
"""Seconds that a client has to send its whole request, and to receive the response."""


class _Client(socket.socket):
    """A client's connection to the health listener, limited to CLIENT_S seconds for the whole request. Only
    `recv_into` checks the limit, because http.server reads with no other method.
    """

    def __init__(self, fileno: int) -> None:
        super().__init__(fileno=fileno)
        self._read_until = time.monotonic() + CLIENT_S

    def recv_into(self, *args: Any) -> int:
        remaining_s = self._read_until - time.monotonic()
        if remaining_s <= 0:
            raise TimeoutError("The client was too slow.")
        self.settimeout(remaining_s)
        return super().recv_into(*args)


class _Healthz(BaseHTTPRequestHandler):
    timeout = CLIENT_S

    def do_GET(self) -> None:
        path = self.path.partition("?")[0].rstrip("/")
        status, kind, body = 404, "text/plain", b"Only /healthz and /readyz are answered here."
        if path == "/healthz":
            status, body = 200, b"ok"
        elif path == "/readyz":
            status, kind, body = _readiness()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing, because the hosting platform requests the health page every few seconds."""


def _readiness() -> tuple[int, str, bytes]:
    """The response of `/readyz`. The thread's database connection is closed, because the thread ends."""
    from django.db import connection

    from config.views import readiness

    try:
        with stalls.request_limit(READY_S):
            status, answer = readiness()
    finally:
        connection.close()
    return status, "application/json", json.dumps(answer).encode()


class _Server(ThreadingHTTPServer):
    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), _Healthz, bind_and_activate=False)
        self.socket.close()
        self.socket = listener

    def get_request(self) -> tuple[socket.socket, Any]:
        client, address = super().get_request()
        return _Client(client.detach()), address

    def handle_error(self, request: object, client_address: object) -> None:
        """Logs nothing, because a client that disconnects is not an error of ours."""


def open_socket(bind: str) -> socket.socket:
    """Opens a non-blocking listening socket at `host:port`. Raises ValueError for an address in another form, and
    OSError if the port is in use or the host is not an address of this machine.
    """
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host.strip("[]"), int(port)), family=family, backlog=128)
    listener.setblocking(False)  # another worker may have accepted the connection first
    return listener


def serve(listener: socket.socket) -> None:
    """Starts a thread that answers health requests on `listener` until the process ends."""
    threading.Thread(target=_Server(listener).serve_forever, name="healthz", daemon=True).start()
