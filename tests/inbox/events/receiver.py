"""A receiver of events that keeps what it got, checks signatures by itself, and misbehaves as a test says."""

import base64
import hashlib
import hmac
import json
import threading
from collections import deque
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Receiver:
    """`script`: the status of each next answer, or "hang" or "drop"; then `usual`, for ever. `by_type` comes first."""

    def __init__(
        self, *script: int | str, usual: int | str = 204, headers: dict[str, str] | None = None
    ) -> None:
        self.script, self.usual, self.headers = deque(script), usual, headers or {}
        self.by_lead: dict[str, int | str] = {}
        self.got: list[dict[str, Any]] = []
        self.signatures: list[tuple[str, str, str, bytes]] = []
        self.accepted: list[str] = []
        self.stopped = threading.Event()
        self._lock = threading.Lock()

        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._take(self)

            def log_message(self, *_args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def _take(self, request: BaseHTTPRequestHandler) -> None:
        raw = request.rfile.read(int(request.headers["Content-Length"]))
        event = json.loads(raw)
        with self._lock:
            turn = self.by_lead.get(event["data"].get("leadId", ""))
            if turn is None:
                turn = self.script.popleft() if self.script else self.usual
            self.got.append(event)
            names = ("webhook-id", "webhook-timestamp", "webhook-signature")
            self.signatures.append((*(request.headers[name] for name in names), raw))
        if turn == "hang":
            self.stopped.wait(60)
        if not isinstance(turn, int):
            request.close_connection = True
            return
        if turn < 300:
            self.accepted.append(event["id"])
        request.send_response(turn)
        for name, text in self.headers.items():
            request.send_header(name, text)
        request.send_header("Content-Length", "0")
        request.end_headers()

    @property
    def accepted_events(self) -> list[dict[str, Any]]:
        """The accepted events, in order; one that came again is there again."""
        by_id = {event["id"]: event for event in self.got}
        return [by_id[event_id] for event_id in self.accepted]

    def types(self) -> list[str]:
        return [event["type"] for event in self.got]

    def of_lead(self, lead_id: object) -> list[str]:
        return [event["type"] for event in self.got if event["data"].get("leadId") == str(lead_id)]


def is_signed(secret: str, message: tuple[str, str, str, bytes]) -> list[bool]:
    """For each signature in the header, whether `secret` made it (Standard Webhooks 1.0, written anew here)."""
    event_id, sent_at, header, raw = message
    key = base64.b64decode(secret.split("_", 1)[1])
    mac = hmac.new(key, b".".join([event_id.encode(), sent_at.encode(), raw]), hashlib.sha256)
    right = base64.b64encode(mac.digest()).decode()
    return [part == f"v1,{right}" for part in header.split(" ")]


def ids(events: Iterable[dict[str, Any]]) -> list[str]:
    return [event["id"] for event in events]
