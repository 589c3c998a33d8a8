"""The sandbox as an HTTP/1.1 server with keep-alive and one thread per connection. `stop` closes every connection.

Faults need the bare socket, so this module reads bodies and writes responses itself. http.server parses request lines
and headers. A request's body needs a Content-Length.
"""

import contextlib
import http.server
import logging
import socket
import sys
import threading
import time
import urllib.parse
from typing import Any, Self

from sandbox import control
from sandbox.core import Sandbox, Visit
from sandbox.state import now_iso
from sandbox.web import Request, Response, json_response
from sandbox.wire import Wire, WireClosed, spoil, transmit

logger = logging.getLogger(__name__)

BODY_LIMIT = 16 * 1024 * 1024
IDLE_S = 300


class SandboxServer(Sandbox):
    """The sandbox as an HTTP server. Port 0 means any free port. `stop` keeps the state, and a later `start` uses the
    same port again. As a context manager, the server runs during the `with` block.
    """

    def __init__(self, port: int = 0, host: str = "127.0.0.1") -> None:
        super().__init__()
        self.host = host
        self.port = port
        self._httpd: _HTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def url(self, provider: str) -> str:
        """Returns the base URL of a simulated provider."""
        return f"{self.base_url}/{provider}"

    def start(self) -> str:
        """Starts the server and returns its base URL. Raises OSError if the port is in use."""
        self._httpd = _HTTPServer((self.host, self.port), self)
        self.port = self._httpd.server_address[1]
        self.outbox.open()
        self._thread = threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.05}, name="sandbox", daemon=True
        )
        self._thread.start()
        return self.base_url

    def stop(self) -> None:
        """Stops the server and closes every connection, even those that hang. It may be called twice."""
        if self._httpd is None or self._thread is None:
            return
        self.outbox.stop()
        self._httpd.shutdown()
        self._httpd.server_close()
        self._httpd.cut_connections()
        self._thread.join()
        self._httpd = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


class _HTTPServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 512

    def __init__(self, address: tuple[str, int], sandbox: SandboxServer) -> None:
        self.sandbox = sandbox
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def cut_connections(self) -> None:
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        error = sys.exception()
        logger.debug("sandbox connection ended by an error", extra={"error": type(error).__name__})


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = IDLE_S
    server: _HTTPServer

    def log_message(self, format: str, *args: Any) -> None:
        logger.debug(format, *args)

    def _serve(self) -> None:
        started = time.monotonic()
        try:
            request, prefix = self._read_request()
        except _BodyError as exc:
            self.close_connection = True
            refusal = json_response({"error": str(exc)}, exc.status)
            with contextlib.suppress(WireClosed):
                transmit(Wire(self.connection), None, refusal, close=True)
            return
        try:
            self._respond(request, prefix, started)
        except WireClosed:
            self.close_connection = True
            self._release()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

    def _respond(self, request: Request, prefix: str, started: float) -> None:
        sandbox, wire = self.server.sandbox, Wire(self.connection)
        visit = None if prefix == "_control" else sandbox.arrive(prefix, request)
        if visit is None:
            controlled = control.handle(sandbox, request) if prefix == "_control" else None
            answer = controlled or json_response({"error": f"the sandbox has no provider {prefix!r}"}, 404)
            transmit(wire, None, answer, close=self.close_connection)
            return
        for fault in visit.waits:
            # If the caller hangs up during a delay, the simulated provider still acts on the request.
            with contextlib.suppress(WireClosed):
                wire.wait(fault.wait_ms() / 1000)
        response, processed = Response(), False
        if visit.fault is None or visit.fault.processed:
            response, processed = sandbox.answer(visit)
        spoilt = spoil(visit.fault, visit.provider, response)
        sandbox.state.record_request(_record(visit, spoilt, processed, started))
        transmit(wire, visit.fault, spoilt, close=self.close_connection)

    def _release(self) -> None:
        """Closes the socket and its file objects.

        The socket stays open as long as one of its file objects is open, and then a TCP reset would not be sent.
        """
        self.rfile.close()
        self.wfile.close()
        self.connection.close()

    def _read_request(self) -> tuple[Request, str]:
        parts = urllib.parse.urlsplit(self.path)
        _, prefix, *rest = parts.path.split("/", 2) if parts.path.startswith("/") else ("", parts.path)
        headers = {name.lower(): text for name, text in self.headers.items()}
        request = Request(
            method=self.command,
            path="/" + (rest[0] if rest else ""),
            query=dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=self._read_body(headers),
            origin=f"http://{headers.get('host', '')}",
        )
        return request, prefix

    def _read_body(self, headers: dict[str, str]) -> bytes:
        if "transfer-encoding" in headers:
            raise _BodyError(411, "request bodies need a Content-Length")
        try:
            length = int(headers.get("content-length") or 0)
        except ValueError as exc:
            raise _BodyError(400, "Content-Length is not a number") from exc
        if not 0 <= length <= BODY_LIMIT:
            raise _BodyError(413, "request body too large")
        return self.rfile.read(length)


class _BodyError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def _record(visit: Visit, response: Response | None, processed: bool, started: float) -> dict[str, Any]:
    return {
        "id": visit.id,
        "at": now_iso(),
        "provider": visit.provider.name,
        "account": visit.account_name,
        "method": visit.request.method,
        "path": visit.request.path,
        "route": visit.route.template if visit.route else "(none)",
        "status": response.status if response else None,
        "processed": processed,
        "fault": visit.fault.kind if visit.fault else None,
        "ms": round((time.monotonic() - started) * 1000, 1),
    }
