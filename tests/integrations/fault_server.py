"""A provider that misbehaves on bare sockets: each request meets the next behaviour of a script, the last for ever."""

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, Self

Behaviour = Callable[["FaultServer", socket.socket], None]


def answer(
    status: int = 200, body: Any = None, headers: dict[str, str] | None = None, raw: bytes | None = None
) -> Behaviour:
    """A complete answer; `body` becomes JSON, `raw` is sent as it is."""
    content = raw if raw is not None else json.dumps({"data": []} if body is None else body).encode()

    def behave(server: "FaultServer", conn: socket.socket) -> None:
        lines = [
            f"HTTP/1.1 {status} Status",
            "Content-Type: application/json",
            f"Content-Length: {len(content)}",
        ]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        conn.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    return behave


def hang(server: "FaultServer", conn: socket.socket) -> None:
    """Says nothing until the server stops."""
    server.stopped.wait(30)
    raise ConnectionError


def drop(server: "FaultServer", conn: socket.socket) -> None:
    """Closes without a word."""
    raise ConnectionError


def reset(server: "FaultServer", conn: socket.socket) -> None:
    """Answers with a TCP RST."""
    conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionError


def send_then(first: bytes, then: Behaviour) -> Behaviour:
    """`first`, then another behaviour: half an answer."""

    def behave(server: "FaultServer", conn: socket.socket) -> None:
        conn.sendall(first)
        then(server, conn)

    return behave


def drip(first: bytes, rest: bytes = b"x" * 400, every_s: float = 0.05) -> Behaviour:
    """`first` at once, `rest` one byte at a time: no single read of the client ever waits for long."""

    def behave(server: "FaultServer", conn: socket.socket) -> None:
        conn.sendall(first)
        for byte in rest:
            if server.stopped.wait(every_s):
                break
            conn.sendall(bytes([byte]))
        raise ConnectionError

    return behave


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n"
drip_headers = drip(b"HTTP/1.1 200 OK\r\nX-Slow: ")
drip_body = drip(HEAD)
hang_in_headers = send_then(b"HTTP/1.1 200 OK\r\nX-", hang)
hang_in_body = send_then(HEAD + b"{", hang)
cut_body = send_then(HEAD + b'{"data": [', drop)
reset_body = send_then(HEAD + b'{"data": [', reset)
half_json = answer(raw=b'{"data": [')
html = answer(raw=b"<html><body>Bad gateway</body></html>")
empty = answer(raw=b"")


class FaultServer:
    """Listens on loopback. `requests` holds the bytes of every request that was read, `connections` counts accepts."""

    def __init__(
        self, *script: Behaviour, wrap: Callable[[socket.socket], socket.socket] | None = None
    ) -> None:
        self.script = script or (answer(),)
        self.requests: list[bytes] = []
        self.connections = 0
        self.stopped = threading.Event()
        self._wrap = wrap
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def calls(self) -> int:
        return len(self.requests)

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for conn in self._open:
            conn.close()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                conn, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=[conn], daemon=True).start()

    def _serve(self, conn: socket.socket) -> None:
        self._open.append(conn)
        with contextlib.suppress(OSError), self._wrap(conn) if self._wrap else conn as conn:
            self._open.append(conn)
            while request := self._read(conn):
                with self._lock:
                    behave = self.script[min(len(self.requests), len(self.script) - 1)]
                    self.requests.append(request)
                behave(self, conn)

    def _read(self, conn: socket.socket) -> bytes:
        data = b""
        while b"\r\n\r\n" not in data:
            chunk = conn.recv(65536)
            if not chunk:
                return b""
            data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        length = next(
            (
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.lower().startswith(b"content-length:")
            ),
            0,
        )
        while len(body) < length:
            body += conn.recv(65536)
        return head + b"\r\n\r\n" + body


class FullBacklog:
    """A port that is listened on and never accepts: its queue is full, so that a connect gets no answer."""

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.port = self._listener.getsockname()[1]
        self._fill = [socket.socket() for _ in range(4)]
        for sock in self._fill:
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                sock.connect(("127.0.0.1", self.port))
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __exit__(self, *exc: object) -> None:
        for sock in (*self._fill, self._listener):
            sock.close()
