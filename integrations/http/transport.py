"""Network connections that obey a Deadline, which `requests` alone cannot do.

The timeout of `requests` applies to each socket operation, so a server that sends a byte now and then could block a
caller for ever (psf/requests#3099). In this module, every wait, from name resolution to the last byte, is divided into
slices of at most SLICE_S, and the Deadline is checked between the slices. Unlike SIGALRM, which django-q2 uses itself,
this works in any thread. A request is sent only if `hosts.check_url` accepts its final URL, and a connection is opened
only to an address that `hosts.check_address` accepts.
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
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from requests import PreparedRequest, Response
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import HTTPResponse
from urllib3.util.ssl_ import create_urllib3_context
from urllib3.util.wait import wait_for_write

from integrations.http.hosts import check_address, check_url
from jobs.block_values import during
from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded

# At lower levels urllib3 logs whole URLs, and SmartLead's URLs contain the key.
logging.getLogger("urllib3").setLevel(logging.ERROR)

T = TypeVar("T")

SLICE_S = 0.25
CONNECT_LIMIT_S = 5.0
"""Seconds that one IP address may take to accept a connection. After that the host's next address is tried."""
MAX_IDLE_S = 15.0
"""Seconds after which a pooled connection is not reused, because the server may be closing it."""


@dataclass(slots=True)
class CallGuard:
    """The Deadline of this thread's call, and the progress of the call.

    `started`: bytes of the request may have been sent. `answered`: bytes of the response have arrived. With
    `finish_once_started`, only the Deadline stops a started call, because nobody would know whether
    an interrupted message was sent.
    """

    deadline: Deadline
    finish_once_started: bool
    workspace_id: UUID | None = None
    phase: str = "connect"
    started: bool = False
    answered: bool = False
    _next_check: float = 0.0

    def slice_s(self) -> float:
        """Returns how many seconds the next wait may last. Raises DeadlineExceeded, Cancelled or ShutdownRequested."""
        now = time.monotonic()
        if self.deadline.expired:
            raise DeadlineExceeded()
        if not (self.started and self.finish_once_started) and now >= self._next_check:
            # A cancellation check is not free, so it does not run for each of a body's many reads.
            self._next_check = now + SLICE_S / 2
            self.deadline.check()
        return max(0.001, min(SLICE_S, self.deadline.remaining_s()))

    def parsing(self, budget_ms: float) -> Callable[[], None]:
        """Returns a function that raises like `slice_s`, and DeadlineExceeded after `budget_ms`."""
        self.phase = "parse"
        return self.deadline.within_ms(budget_ms).check


_guard: contextvars.ContextVar[CallGuard] = contextvars.ContextVar("call_guard")


def guarded(guard: CallGuard) -> AbstractContextManager[None]:
    """Makes all socket operations of this thread in the `with` block obey the Deadline of `guard`."""
    return during(_guard, guard)


def current_guard() -> CallGuard:
    """Returns the guard of the surrounding `guarded`. Raises LookupError outside of a `guarded` block."""
    return _guard.get()


class GuardedSocket(socket.socket):
    """A socket that reads and writes in slices. The methods of the socket raise the errors of CallGuard.slice_s."""

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
        # The C version does not report how much it had written when the timeout occurred.
        view = memoryview(data).cast("B")
        while view:
            view = view[self.send(view, flags) :]


class GuardedTLSSocket(GuardedSocket, ssl.SSLSocket):
    """A TLS socket that works in slices: OpenSSL can retry a handshake, a read or a write after each slice."""

    def do_handshake(self, block: bool = False) -> None:
        _guard.get().phase = "tls"
        try:
            self._in_slices(super().do_handshake, block)
        except BaseException:
            self.close()  # the ssl module closes it only after an OSError
            raise


def resolve(host: str, port: int, guard: CallGuard) -> list[tuple[Any, ...]]:
    """Calls `socket.getaddrinfo` within the Deadline. The C library has no time limit, so a thread does the look-up."""
    answers: queue.SimpleQueue[Any] = queue.SimpleQueue()

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
        addresses: list[tuple[Any, ...]] = answer
        return addresses


def open_socket(host: str, port: int, guard: CallGuard, *, public_only: bool = True) -> GuardedSocket:
    """Returns a socket connected to the first address of `host` that accepts.

    Raises HostRefused if an address is not public, unless `public_only` is False (the operator chose the host). Raises
    OSError if no address accepts the connection.
    """
    guard.phase = "resolve"
    addresses = resolve(host.strip("[]"), port, guard)
    if public_only:
        for *_, address in addresses:
            check_address(address[0], port)
    guard.phase = "connect"
    failure = OSError("the name has no address")
    for family, kind, protocol, _, address in addresses:
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
                raise TimeoutError("the address refuses connections")
        error = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    if error:
        raise OSError(error, os.strerror(error))
    sock.settimeout(SLICE_S)


class GuardedHTTPConnection(HTTPConnection):
    """An HTTP connection that obeys the Deadline. Only the sandbox on this machine is called without TLS."""

    _last_used_at = 0.0

    def _new_conn(self) -> socket.socket:
        return open_socket(self._dns_host, self.port, _guard.get())

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3's own
        response = super().getresponse()
        self._last_used_at = time.monotonic()
        return response

    @property
    def is_connected(self) -> bool:
        return super().is_connected and time.monotonic() - self._last_used_at < MAX_IDLE_S


class GuardedHTTPSConnection(GuardedHTTPConnection, HTTPSConnection):
    pass


class _HTTPPool(HTTPConnectionPool):
    ConnectionCls = GuardedHTTPConnection


class _HTTPSPool(HTTPSConnectionPool):
    ConnectionCls = GuardedHTTPSConnection


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Returns the TLS context, created once per process: reading the certificate authorities takes 60 ms."""
    context = create_urllib3_context()
    context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    context.sslsocket_class = GuardedTLSSocket
    return context


class GuardedAdapter(HTTPAdapter):
    """The `requests` adapter for one provider, without retries.

    The adapter is used without `requests.Session`, so there are no cookies (they could leak between workspaces),
    redirects, proxies or .netrc.
    """

    def __init__(self, provider: str) -> None:
        self.provider = provider
        super().__init__(pool_connections=50, pool_maxsize=10, max_retries=0, pool_block=False)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=tls_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _HTTPPool, "https": _HTTPSPool}

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        """Checks the URL a last time, after everything that may change the URL. Raises HostRefused."""
        guard = _guard.get(None)
        check_url(self.provider, request.url or "", guard.workspace_id if guard else None)
        return super().send(request, *args, **kwargs)

    def cert_verify(self, conn: Any, *_: Any) -> None:
        """Uses the certificate authorities that `tls_context` has read."""
        conn.cert_reqs = "CERT_REQUIRED"


@functools.cache
def adapter_of(provider: str) -> GuardedAdapter:
    """Returns this process's adapter of the provider, and so its connection pool."""
    return GuardedAdapter(provider)


# Two processes must never share a connection.
os.register_at_fork(after_in_child=adapter_of.cache_clear)
