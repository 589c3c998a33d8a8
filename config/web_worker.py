"""gunicorn's threaded worker, which also disconnects slow clients (docs/adr/0018-slow-clients-are-cut-off.md).

A thread reads a request's headers and body itself, so slow clients, each sending a byte now and then, could occupy all
threads and block the site. A buffering proxy (deploy/nginx) also prevents this.
"""

import errno
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

SLOW_CLIENT_S = 15.0
"""Seconds that a client has to send a whole request, and to receive each piece of the response. The time in which
a request waits for a thread counts too, because the client can send meanwhile. Otherwise one group of slow clients
after the other would keep all threads busy for 15 s."""
LEAST_S = 2.0
"""The least seconds that a client has to send its request, even if its wait for a thread has used up SLOW_CLIENT_S."""
PIECE = 65_536
"""The bytes of a response that are sent at once. The client has SLOW_CLIENT_S to receive them."""
CLOSING_S = 0.2
"""Seconds that a client has to acknowledge the end of the connection. gunicorn's main thread waits for it and accepts
no other client meanwhile."""


class ClientSocket(socket.socket):
    """A client's connection with a time limit. Reads and writes raise ConnectionResetError once the client's time is
    over; gunicorn and Django treat this as a disconnected client.
    """

    _read_until: float | None = None

    def limit_reads(self, seconds: float) -> None:
        """Gives the client `seconds` from now to send its whole request. Later reads raise ConnectionResetError."""
        self._read_until = time.monotonic() + seconds

    def recv(self, *args: Any) -> bytes:
        own_s = self.gettimeout()
        if self._read_until is None or own_s == 0:
            return super().recv(*args)
        remaining_s = self._read_until - time.monotonic()
        if remaining_s <= 0:
            raise _too_slow()
        if own_s is not None and own_s <= remaining_s:
            return super().recv(*args)
        with self._limited(remaining_s):
            return super().recv(*args)

    def sendall(self, data: Any, *args: Any) -> None:
        """Sends `data` in pieces of PIECE bytes, and gives the client SLOW_CLIENT_S seconds for each piece. Python's
        own socket timeout covers the whole call, so it would cut off a long response.
        """
        with self._limited(SLOW_CLIENT_S):
            for at in range(0, len(data), PIECE):
                super().sendall(memoryview(data)[at : at + PIECE], *args)

    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        with self._limited(SLOW_CLIENT_S):
            return super().sendfile(*args, **kwargs)

    @contextmanager
    def _limited(self, seconds: float) -> Iterator[None]:
        """A context manager that raises ConnectionResetError if a socket call in the block takes too long."""
        own_s = self.gettimeout()
        self.settimeout(seconds)
        try:
            yield
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self.settimeout(own_s)


def _too_slow() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "The client was too slow.")


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threaded worker with a time limit for each client."""

    def enqueue_req(self, conn: TConn) -> None:
        """Queues a request of `conn` for one of gunicorn's threads."""
        conn.waits_since = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Serves one request of `conn` in a gunicorn thread. Returns a true value if the connection stays open."""
        if not conn.initialized and not isinstance(conn.sock, ClientSocket):
            conn.sock = ClientSocket(fileno=conn.sock.detach())
            conn.sock.setblocking(False)
        _limit(conn, max(conn.waits_since + SLOW_CLIENT_S - time.monotonic(), LEAST_S))
        stays = super().handle(conn)
        if not stays:
            _limit(conn, CLOSING_S)
        return stays


def _limit(conn: TConn, seconds: float) -> None:
    if isinstance(conn.sock, ClientSocket):  # gunicorn's own TLS would use another socket class
        conn.sock.limit_reads(seconds)
