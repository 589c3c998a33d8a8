"""gunicorn's threaded worker, which also cuts off clients that are too slow
(docs/adr/0018-slow-clients-are-cut-off.md).

A thread reads a request's headers and body itself. So as many clients as there are threads, each sending a byte now
and then, would hold the whole site. A proxy that buffers prevents it (deploy/nginx). Without one, this limit does.
"""

import errno
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

SLOW_CLIENT_S = 15.0
"""How many seconds a client has to send a whole request, and to take each piece of the answer. What it waits for a
thread counts, as it may send meanwhile: so many slow clients at once are not cut off in turns of 15 s.
"""
LEAST_S = 2.0
"""How many seconds a client has to send the rest of its request if it has waited for a thread for that long."""
PIECE = 65_536
"""How many bytes of an answer are sent at once, which the client has SLOW_CLIENT_S to take."""
CLOSING_S = 0.2
"""How many seconds a client has to take the end of the connection. gunicorn's main thread waits for it, and accepts
nobody meanwhile.
"""


class ClientSocket(socket.socket):
    """The connection to a client. Reading and writing raise ConnectionResetError once the client's time is over.
    gunicorn and Django take that for a client that has gone away.
    """

    _read_until: float | None = None

    def limit_reads(self, seconds: float) -> None:
        """Sets that the client has `seconds` from now to send all of its request. Reading after that raises
        ConnectionResetError.
        """
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
        self.settimeout(remaining_s)
        try:
            return super().recv(*args)
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self.settimeout(own_s)

    def sendall(self, data: Any, *args: Any) -> None:
        """Sends `data` in pieces of PIECE bytes, and gives the client SLOW_CLIENT_S for each. Python's own limit is
        for the whole call, and would cut a long answer off.
        """
        self.settimeout(SLOW_CLIENT_S)
        try:
            for at in range(0, len(data), PIECE):
                super().sendall(memoryview(data)[at : at + PIECE], *args)
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self.settimeout(None)

    def sendfile(self, *args: Any, **kwargs: Any) -> int:
        self.settimeout(SLOW_CLIENT_S)
        try:
            return super().sendfile(*args, **kwargs)
        except TimeoutError:
            raise _too_slow() from None
        finally:
            self.settimeout(None)


def _too_slow() -> ConnectionResetError:
    return ConnectionResetError(errno.ECONNRESET, "The client was too slow.")


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threaded worker, with a limit on how long each client may take."""

    def enqueue_req(self, conn: TConn) -> None:
        """Lets a request of `conn` wait for one of gunicorn's threads."""
        conn.waits_since = time.monotonic()
        super().enqueue_req(conn)

    def handle(self, conn: TConn) -> Any:
        """Serves one request of `conn`, in a thread of gunicorn. Returns a true value if the connection stays open."""
        if not conn.initialized and not isinstance(conn.sock, ClientSocket):
            conn.sock = ClientSocket(fileno=conn.sock.detach())
            conn.sock.setblocking(False)
        waited = time.monotonic() - conn.waits_since
        _limit(conn, max(SLOW_CLIENT_S - waited, LEAST_S))
        stays = super().handle(conn)
        if not stays:
            _limit(conn, CLOSING_S)
        return stays


def _limit(conn: TConn, seconds: float) -> None:
    if isinstance(conn.sock, ClientSocket):  # with TLS of gunicorn's own it is another socket
        conn.sock.limit_reads(seconds)
