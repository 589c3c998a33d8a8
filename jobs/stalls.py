"""Gives up on PostgreSQL when it does not answer in time (docs/adr/0017-a-stalled-database-is-given-up.md).

The host of a frozen server, such as a stopped virtual machine, still acknowledges TCP, so no timeout of the server or
the socket fires. Instead, the client closes the connection, and the statement fails as if the database were
unreachable. A COMMIT that fails this way may have taken effect. `migrate` and other commands set no limit.
"""

import contextlib
import threading
import time
import traceback
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg

from jobs.block_values import during

T = TypeVar("T")

LONG_S = 2.0
"""A wait counts as long after so many seconds in which PostgreSQL has answered no statement of this process."""
CONNECT_S = 2
"""Seconds that a web request waits for a connection to a stalled database. Psycopg allows no shorter timeout."""
MOST_LONG_WAITS = 4
"""The most requests of a process that may wait long. The other threads stay free to report the outage."""


class Stalled(psycopg.OperationalError):
    """PostgreSQL did not answer in time, or the statement was not sent because PostgreSQL answers nobody."""


GAVE_UP = (Stalled, psycopg.errors.ConnectionTimeout)


class Limit:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    @contextlib.contextmanager
    def waiting(self, *, answered: Callable[[], bool] = lambda: True) -> Iterator[Callable[[], bool]]:
        """Surrounds the wait for one statement. Yields a function that returns whether to give up."""
        ends_at = time.monotonic() + self.seconds
        yield lambda: time.monotonic() >= ends_at


class RequestLimit(Limit):
    """The limit of a web request. After one statement has been given up, all later ones raise Stalled at once."""

    def __init__(self, seconds: float, bulkhead: "Bulkhead") -> None:
        super().__init__(seconds)
        self._bulkhead = bulkhead
        self._gave_up = False

    def is_for_all(self) -> bool:
        """Whether the database answers no request, and this request is the one that tests it for all of them."""
        return self._bulkhead.asks_for_all is not None

    @contextlib.contextmanager
    def waiting(self, *, answered: Callable[[], bool] = lambda: True) -> Iterator[Callable[[], bool]]:
        if self._gave_up:
            raise Stalled("The database didn't respond to an earlier query.")
        try:
            with super().waiting() as too_long, self._bulkhead.waiting(answered=answered) as one_too_many:
                yield lambda: too_long() or one_too_many()
        except GAVE_UP:
            self._gave_up = True
            raise


class Bulkhead:
    """Keeps a stalled database from blocking all threads of a process. Once MOST_LONG_WAITS requests wait long or one
    has given up, others are refused at once, except for one that probes the database for LONG_S seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began: dict[object, float] = {}  # the oldest wait comes first
        self._answered_at = clock()
        self._stalled = False
        self.asks_for_all: object = None

    @contextlib.contextmanager
    def waiting(self, *, answered: Callable[[], bool] = lambda: True) -> Iterator[Callable[[], bool]]:
        """Works like `Limit.waiting`, and may also raise Stalled. `answered` is called after a success. If it returns
        False, the success proves nothing: a pooler accepts connections for a frozen database.
        """
        wait = object()
        self._begin(wait)
        word: bool | None = None
        try:
            yield lambda: self._is_one_too_many(wait)
            word = answered() or None
        except GAVE_UP:
            word = False
            raise
        except psycopg.Error as error:
            # An SQLSTATE proves that PostgreSQL answers, except class 08 (connection errors), which poolers send too.
            word = (error.sqlstate is not None and not error.sqlstate.startswith("08")) or None
            raise
        finally:
            self._end(wait, word)

    def _begin(self, wait: object) -> None:
        with self._lock:
            if self._stalled or len(self._long()) >= MOST_LONG_WAITS:
                if self.asks_for_all is not None:
                    raise Stalled("The database isn’t responding.")
                self.asks_for_all = wait
            self._began[wait] = self._clock()

    def _end(self, wait: object, answered: bool | None) -> None:
        with self._lock:
            del self._began[wait]
            if self.asks_for_all is wait:
                self.asks_for_all = None
            if answered:
                self._answered_at, self._stalled = self._clock(), False
            elif answered is False:
                self._stalled = self._stalled or self._answers_nobody()

    def _is_one_too_many(self, wait: object) -> bool:
        with self._lock:
            asks_too_long = wait is self.asks_for_all and self._began[wait] <= self._clock() - LONG_S
            return asks_too_long or wait in self._long()[MOST_LONG_WAITS:]

    def _long(self) -> list[object]:
        if not self._answers_nobody():
            return []
        since = self._clock() - LONG_S
        return [wait for wait, began in self._began.items() if began <= since]

    def _answers_nobody(self) -> bool:
        return self._clock() - self._answered_at >= LONG_S


class Connection(psycopg.Connection[Any]):
    """A connection that closes itself and raises Stalled if a statement exceeds the current limit."""

    def wait(
        self,
        gen: Generator[Any, Any, T],
        interval: float = 0.1,
        timeout: float | None = None,
    ) -> T:
        limit = _limit.get() or _of_process
        if limit is None or timeout is not None:
            return super().wait(gen, interval, timeout)
        heard = threading.Event()
        with limit.waiting(answered=heard.is_set) as given_up:
            try:
                return super().wait(_broken_off(gen, given_up, heard), interval)
            except Stalled:
                self.close()
                raise


def _broken_off(
    gen: Generator[Any, Any, T], given_up: Callable[[], bool], heard: threading.Event
) -> Generator[Any, Any, T]:
    """Runs psycopg's generator `gen` until `given_up()`; psycopg resumes it at least every 0.1 s. Sets `heard` when
    something has arrived. Operations without network traffic, such as setting autocommit, never wait.
    """
    try:
        ready = yield next(gen)
        while True:
            if ready:
                heard.set()
            if not ready and given_up():
                raise Stalled("The database did not answer in time.")
            ready = yield gen.send(ready)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]


_limit: ContextVar[Limit | None] = ContextVar("database_limit", default=None)
_of_process: Limit | None = None
_bulkhead = Bulkhead()


def request_limit(seconds: float) -> contextlib.AbstractContextManager[None]:
    """Returns a context manager for a web request. Inside it, a statement that takes over `seconds`, or that would go
    to a stalled database, raises OperationalError.
    """
    return during(_limit, RequestLimit(seconds, _bulkhead))


def limit(seconds: float) -> contextlib.AbstractContextManager[None]:
    """Returns a context manager: a statement in it over `seconds` raises OperationalError and closes the connection."""
    return during(_limit, Limit(seconds))


def limit_process(seconds: float) -> None:
    """Sets the limit of this process and its later forks, for code outside of `limit` and `request_limit`."""
    global _of_process
    _of_process = Limit(seconds)


@contextlib.contextmanager
def connecting(params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Wraps the opening of a connection and yields psycopg's `params`. The timeout of a probing request is at most
    CONNECT_S. Raises Stalled if the database is stalled and another request is probing it. A timeout closes the socket.
    """
    asks = _limit.get()
    try:
        with asks.waiting(answered=lambda: False) if asks else contextlib.nullcontext():
            if isinstance(asks, RequestLimit) and asks.is_for_all():
                configured = int(params.get("connect_timeout") or 0)
                params = params | {"connect_timeout": min(configured or CONNECT_S, CONNECT_S)}
            yield params
    except psycopg.errors.ConnectionTimeout as timeout:
        # Psycopg's frame refers to its own error, which would keep the socket open until a garbage collection.
        traceback.clear_frames(timeout.__traceback__)
        raise


def watched(connection: "psycopg.Connection[Any]") -> "psycopg.Connection[Any]":
    """Makes `connection` a `Connection` in place, because Django accepts no class but psycopg's own."""
    connection.__class__ = Connection
    return connection
