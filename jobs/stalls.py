"""Ends a wait for PostgreSQL that lasts longer than its caller can wait
(docs/adr/0017-a-stalled-database-is-given-up.md).

A server that is frozen, as a stopped virtual machine or a hung disk leaves it, still acknowledges TCP. No timeout of
the server fires then, nor one of the socket. So the client gives up: it closes the connection, and the statement fails
as it does where the database cannot be reached. If it was a COMMIT, nobody knows whether it took effect.

A caller without a limit waits as long as it takes: `migrate` and other commands do.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextvars import ContextVar
from typing import Any, TypeVar

import psycopg

T = TypeVar("T")

LONG_S = 2.0
"""After how many seconds a wait is long, where PostgreSQL has answered nobody in this process meanwhile."""
CONNECT_S = 2
"""How many seconds the web request that asks for all waits for a connection to be opened. Psycopg takes no less."""
MOST_LONG_WAITS = 4
"""How many requests of a process may wait long. Its other threads stay free to answer that the database is away."""


class Stalled(psycopg.OperationalError):
    """PostgreSQL did not answer in time, or does not answer others just now and so was not asked."""


GAVE_UP = (Stalled, psycopg.errors.ConnectionTimeout)


class Limit:
    """How many `seconds` each statement is waited for."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    @contextlib.contextmanager
    def waiting(self, *, answered: Callable[[], bool] = lambda: True) -> Iterator[Callable[[], bool]]:
        """A context manager around the wait for one statement. Yields a function that says whether to give up."""
        ends_at = time.monotonic() + self.seconds
        yield lambda: time.monotonic() >= ends_at


class RequestLimit(Limit):
    """The limit of a web request. Once one of its statements was given up, all further ones raise Stalled at once."""

    def __init__(self, seconds: float, bulkhead: "Bulkhead") -> None:
        super().__init__(seconds)
        self._bulkhead = bulkhead
        self._gave_up = False

    def is_for_all(self) -> bool:
        """Whether the database answers nobody just now, so that this wait is the one that asks for all."""
        return self._bulkhead.is_asked_for_all

    @contextlib.contextmanager
    def waiting(self, *, answered: Callable[[], bool] = lambda: True) -> Iterator[Callable[[], bool]]:
        if self._gave_up:
            raise Stalled("The database did not answer before.")
        try:
            with super().waiting() as too_long, self._bulkhead.waiting(answered=answered) as one_too_many:
                yield lambda: too_long() or one_too_many()
        except GAVE_UP:
            self._gave_up = True
            raise


class Bulkhead:
    """Keeps a database that answers nobody from taking all threads of a process. Once MOST_LONG_WAITS requests wait
    long, or one has given up, the others are refused at once. One at a time asks all the same, for LONG_S, so that the
    first answer is noticed.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._began: dict[object, float] = {}  # the oldest wait comes first
        self._answered_at = clock()
        self._stalled = False
        self._asks_for_all: object = None

    @contextlib.contextmanager
    def waiting(self, *, answered: Callable[[], bool] = lambda: True) -> Iterator[Callable[[], bool]]:
        """A context manager around the wait for one statement. Yields a function that says whether to give up. Raises
        Stalled if the statement should not be sent. `answered` is called at the end; False means that success proves
        nothing, as a pooler takes connections for a frozen database.
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
            word = _is_of_server(error) or None
            raise
        finally:
            self._end(wait, word)

    @property
    def is_asked_for_all(self) -> bool:
        return self._asks_for_all is not None

    def _begin(self, wait: object) -> None:
        with self._lock:
            if self._stalled or len(self._long()) >= MOST_LONG_WAITS:
                if self._asks_for_all is not None:
                    raise Stalled("The database answers nobody just now.")
                self._asks_for_all = wait
            self._began[wait] = self._clock()

    def _end(self, wait: object, answered: bool | None) -> None:
        with self._lock:
            del self._began[wait]
            if self._asks_for_all is wait:
                self._asks_for_all = None
            if answered:
                self._answered_at, self._stalled = self._clock(), False
            elif answered is False:
                self._stalled = self._stalled or self._answers_nobody()

    def _is_one_too_many(self, wait: object) -> bool:
        with self._lock:
            asks_too_long = wait is self._asks_for_all and self._began[wait] <= self._clock() - LONG_S
            return asks_too_long or wait in self._long()[MOST_LONG_WAITS:]

    def _long(self) -> list[object]:
        if not self._answers_nobody():
            return []
        since = self._clock() - LONG_S
        return [wait for wait, began in self._began.items() if began <= since]

    def _answers_nobody(self) -> bool:
        return self._clock() - self._answered_at >= LONG_S


class Connection(psycopg.Connection[Any]):
    """A connection that closes itself and raises Stalled if a statement takes longer than the limit in force."""

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


def _is_of_server(error: psycopg.Error) -> bool:
    """Whether PostgreSQL sent `error`. Those of class 08 are about the connection: a pooler sends them, too."""
    return error.sqlstate is not None and not error.sqlstate.startswith("08")


def _broken_off(
    gen: Generator[Any, Any, T], given_up: Callable[[], bool], heard: threading.Event
) -> Generator[Any, Any, T]:
    """Goes on as `gen` does until `given_up()`: psycopg sends it what the socket is ready for, at least every 0.1 s.
    Sets `heard` once something came; what psycopg notes in memory alone, as setting autocommit, waits for nothing.
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
    """A context manager for a web request: each statement is waited for `seconds`, and none is sent while the database
    answers nobody. Then it raises OperationalError, and again for each further statement.
    """
    return _held(RequestLimit(seconds, _bulkhead))


def limit(seconds: float) -> contextlib.AbstractContextManager[None]:
    """A context manager: a statement over `seconds` raises OperationalError and closes the connection."""
    return _held(Limit(seconds))


@contextlib.contextmanager
def _held(limit: Limit) -> Iterator[None]:
    before = _limit.set(limit)
    try:
        yield
    finally:
        _limit.reset(before)


def limit_process(seconds: float) -> None:
    """Sets the limit of this process, and those that it forks, where no `limit` or `request_limit` holds."""
    global _of_process
    _of_process = Limit(seconds)


@contextlib.contextmanager
def connecting(params: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A context manager around the opening of a connection with psycopg's `params`. Yields them, with at most CONNECT_S
    for the web request that asks for all. Raises Stalled for one that may not ask, as the database answers nobody.
    """
    asks = _limit.get()
    if asks is None:
        yield params
        return
    with asks.waiting(answered=lambda: False):
        if isinstance(asks, RequestLimit) and asks.is_for_all():
            configured = int(params.get("connect_timeout") or 0)
            params = params | {"connect_timeout": min(configured or CONNECT_S, CONNECT_S)}
        yield params


def watched(connection: "psycopg.Connection[Any]") -> "psycopg.Connection[Any]":
    """Makes `connection` a `Connection` in place, as Django takes no other class than psycopg's own."""
    connection.__class__ = Connection
    return connection
