"""Sockets that obey a Deadline: the part of HTTP that `requests` has no limit for.

The timeout of `requests` is per socket operation, so a server that sends one byte now and then holds a caller for
ever (psf/requests#3099). Here every wait, from name resolution to the last byte of the body, lasts a slice of at most
SLICE_S, and between slices the call's Deadline is asked whether to go on. That works in any thread, unlike SIGALRM,
which django-q2 needs for itself. A request goes out only if `hosts.check_url` passes its URL as it will be sent, and
connections go to the address that `hosts.check_address` has passed.
"""

import contextvars
import errno
import functools
import logging
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from requests import PreparedRequest, Response, certs
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.wait import wait_for_write

from integrations.hosts import check_address, check_url
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded

# urllib3 logs whole URLs below this level, and SmartLead's URLs hold the key.
logging.getLogger("urllib3").setLevel(logging.ERROR)

T = TypeVar("T")

SLICE_S = 0.25
CONNECT_LIMIT_S = 5.0
"""What one address may take to accept; a host with several gets the next one tried."""
MAX_IDLE_S = 15.0
"""A pooled connection idle for longer is not used again: the server may be closing it just now, and a message
posted into that race has an unknown outcome."""


class CallGuard:
    """The Deadline of the call under way, and how far the call has got.

    `started`: bytes of the request may have left. `answered`: bytes of the answer have arrived. With
    `finish_once_started` a call that has left is ended by its Deadline alone: cutting a message off in mid-air for a
    cancelled job or a shutdown would only turn a known outcome into an unknown one.
    """

    __slots__ = ("_deadline", "_finish_once_started", "_next_check", "answered", "phase", "started")

    def __init__(self, deadline: Deadline, *, finish_once_started: bool) -> None:
        self._deadline = deadline
        self._finish_once_started = finish_once_started
        self._next_check = 0.0
        self.phase = "connect"
        self.started = False
        self.answered = False

    def slice_s(self) -> float:
        """How long the next wait may last, in seconds. Raises DeadlineExceeded, Cancelled or ShutdownRequested."""
        now = time.monotonic()
        if self._deadline.expired:
            raise DeadlineExceeded()
        if not (self.started and self._finish_once_started) and now >= self._next_check:
            # Asking about cancellation may cost something, so not for each of a body's thousand reads.
            self._next_check = now + SLICE_S / 2
            self._deadline.check()
        return max(0.001, min(SLICE_S, self._deadline.remaining_s()))


_guard: contextvars.ContextVar[CallGuard] = contextvars.ContextVar("call_guard")


@contextmanager
def guarded(guard: CallGuard) -> Iterator[None]:
    """Put all socket work of this thread under `guard`."""
    token = _guard.set(guard)
    try:
        yield
    finally:
        _guard.reset(token)


def current_guard() -> CallGuard:
    """The guard of this thread's call. Raises LookupError outside of `guarded`."""
    return _guard.get()


class _GuardedIO:
    """Reads and writes in slices. Every override raises what CallGuard.slice_s raises."""

    def _in_slices(self, operation: Callable[..., T], *args: Any) -> T:
        guard = _guard.get()
        while True:
            self.settimeout(guard.slice_s())
            try:
                return operation(*args)
            except TimeoutError:
                continue

    def recv_into(self, *args: Any) -> int:
        count = self._in_slices(super().recv_into, *args)
        if count:
            _guard.get().answered = True
        return count

    def send(self, *args: Any) -> int:
        guard = _guard.get()
        guard.started, guard.phase = True, "answer"
        return self._in_slices(super().send, *args)

    def sendall(self, data: Any, flags: int = 0) -> None:
        # The C version does not say how much it had written when its timeout struck.
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view, flags) :]


class GuardedSocket(_GuardedIO, socket.socket):
    """A TCP socket under the current CallGuard."""


class GuardedTLSSocket(_GuardedIO, ssl.SSLSocket):
    """A TLS socket under the current CallGuard; OpenSSL resumes a handshake, read or write after a timeout."""

    def do_handshake(self, block: bool = False) -> None:
        _guard.get().phase = "tls"
        try:
            self._in_slices(super().do_handshake, block)
        except BaseException:
            self.close()  # the ssl module closes it after an OSError only
            raise


def resolve(host: str, port: int, guard: CallGuard) -> list[tuple]:
    """`socket.getaddrinfo` under `guard`; the C library has no time limit, so names are looked up in a thread.

    Raises OSError when the name does not resolve, and what CallGuard.slice_s raises.
    """
    answers: queue.SimpleQueue = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    try:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        threading.Thread(target=look_up, name="resolve", daemon=True).start()
    while True:
        try:
            answer = answers.get(timeout=guard.slice_s())
        except queue.Empty:
            continue
        if isinstance(answer, Exception):
            raise OSError("the name does not resolve")
        return answer


def open_socket(host: str, port: int, guard: CallGuard, *, public_only: bool = True) -> GuardedSocket:
    """A connected socket to the first address of `host` that accepts.

    Raises HostRefused when any of its addresses is not public (unless `public_only` is False: the host is the
    operator's own choice), OSError when none accepts, and what CallGuard.slice_s raises.
    """
    guard.phase = "resolve"
    found = resolve(host.strip("[]"), port, guard)
    if public_only:
        for *_, address in found:
            check_address(address[0], port)
    guard.phase = "connect"
    failure = OSError("the name has no address")
    for family, kind, protocol, _, address in found:
        sock = GuardedSocket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _connect(sock, address, guard)
            return sock
        except OSError as error:
            sock.close()
            failure = error
        except BaseException:
            sock.close()
            raise
    raise failure


def _connect(sock: GuardedSocket, address: Any, guard: CallGuard) -> None:
    sock.setblocking(False)
    gives_up_at = time.monotonic() + CONNECT_LIMIT_S
    error = sock.connect_ex(address)
    if error == errno.EINPROGRESS:
        while not wait_for_write(sock, timeout=guard.slice_s()):
            if time.monotonic() >= gives_up_at:
                raise TimeoutError("the address does not accept connections")
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
    sock.settimeout(SLICE_S)


class _GuardedConnection:
    _last_used_at = 0.0

    def _new_conn(self) -> socket.socket:
        return open_socket(self._dns_host, self.port, _guard.get())

    def getresponse(self) -> Any:
        response = super().getresponse()
        self._last_used_at = time.monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        return super().is_connected and time.monotonic() - self._last_used_at < MAX_IDLE_S


class GuardedHTTPConnection(_GuardedConnection, HTTPConnection):
    """Plain HTTP, for the sandbox on loopback only (see hosts.check_url)."""


class GuardedHTTPSConnection(_GuardedConnection, HTTPSConnection):
    """HTTPS."""


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = GuardedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = GuardedHTTPSConnection


@functools.cache
def tls_context() -> ssl.SSLContext:
    """One for the process: reading the authorities takes 60 ms, and urllib3 would do it for every connection."""
    context = create_urllib3_context()
    context.load_verify_locations(certs.where())
    context.sslsocket_class = GuardedTLSSocket
    return context


class GuardedAdapter(HTTPAdapter):
    """The `requests` adapter for the calls of one provider, under the current CallGuard; it retries nothing by itself.

    Used without a `requests.Session` around it: no cookies (they would leak from one workspace to the next), no
    redirects, no proxies or .netrc from the environment.
    """

    def __init__(self, provider: str) -> None:
        self.provider = provider
        super().__init__(pool_connections=50, pool_maxsize=10, max_retries=0, pool_block=False)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=tls_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Send what may go to where it goes: the last look at the address, after everything that builds or changes it.

        Raises HostRefused, what the guard raises, and the errors of requests.
        """
        check_url(self.provider, request.url or "")
        return super().send(request, *args, **kwargs)

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Always verify, by the authorities that `tls_context` has read."""
        conn.cert_reqs = "CERT_REQUIRED"


class _Adapters:
    """One adapter, and so one pool of connections, per provider and process."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Start empty: after a fork, because two processes must never share a connection."""
        self._lock = threading.Lock()
        self._by_provider: dict[str, GuardedAdapter] = {}

    def get(self, provider: str) -> GuardedAdapter:
        with self._lock:
            if provider not in self._by_provider:
                self._by_provider[provider] = GuardedAdapter(provider)
            return self._by_provider[provider]


adapters = _Adapters()
os.register_at_fork(after_in_child=adapters.forget)
