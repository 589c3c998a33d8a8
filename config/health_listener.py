"""A second, small listener of the web processes, at HEALTH_BIND, that answers `/healthz` and nothing else.

Each web process answers there by a thread of its own. So the platform hears from it while all threads that serve people
wait for a slow database or for slow clients, and does not restart it for that. gunicorn's master opens the socket and
its workers share it: while one is replaced, the others answer.
"""

import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CLIENT_S = 2.0
"""How many seconds a client of this listener has for all of its request, and to take the answer."""


class _Client(socket.socket):
    """The connection to a client, which has CLIENT_S for all of its request. Its handler reads with `recv_into`."""

    def __init__(self, fileno: int) -> None:
        super().__init__(fileno=fileno)
        self._read_until = time.monotonic() + CLIENT_S

    def recv_into(self, *args: Any) -> int:
        left = self._read_until - time.monotonic()
        if left <= 0:
            raise TimeoutError("The client was too slow.")
        self.settimeout(left)
        return super().recv_into(*args)


class _Healthz(BaseHTTPRequestHandler):
    timeout = CLIENT_S

    def do_GET(self) -> None:
        found = self.path.partition("?")[0].rstrip("/") == "/healthz"
        body = b"ok" if found else b"Only /healthz is answered here."
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Writes nothing to the log: the hosting platform sends such a request every few seconds."""


class _Server(ThreadingHTTPServer):
    def __init__(self, listener: socket.socket) -> None:
        super().__init__(listener.getsockname(), _Healthz, bind_and_activate=False)
        self.socket.close()
        self.socket = listener

    def get_request(self) -> tuple[socket.socket, Any]:
        client, address = super().get_request()
        return _Client(client.detach()), address

    def handle_error(self, request: object, client_address: object) -> None:
        """Writes nothing to the log: a client that goes away is no error of ours."""


def open_socket(bind: str) -> socket.socket:
    """Opens a listening socket at `bind`, which is `host:port`. It does not block. Raises OSError if the port is taken
    or the host is no address of this machine, and ValueError for another form.
    """
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host.strip("[]"), int(port)), family=family, backlog=128)
    listener.setblocking(False)  # another worker may take what this one was woken for
    return listener


def serve(listener: socket.socket) -> None:
    """Answers requests on `listener` in a thread of this process until the process ends. Returns at once."""
    threading.Thread(target=_Server(listener).serve_forever, name="healthz", daemon=True).start()
