"""Letting several callers loose at once, each with a database connection of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

from tests.waiting import PATIENCE_S


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run `calls` in threads released together; each one's result, or the exception it raised, in their order."""
    barrier = threading.Barrier(len(calls), timeout=PATIENCE_S)
    results: list[Any] = [None] * len(calls)

    def run(number: int, call: Callable[[], Any]) -> None:
        try:
            connection.ensure_connection()
            barrier.wait()
            results[number] = call()
        except Exception as error:
            results[number] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "a racer hangs"
    return results


class InBackground:
    """`call` in a thread with a database connection of its own, begun at once."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._call, self._result = call, None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._result = self._call()
        except Exception as error:
            self._result = error
        finally:
            connection.close()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def result(self) -> Any:
        """What `call` gave, or the exception that it raised, once it is over."""
        self._thread.join(PATIENCE_S)
        assert self.is_over, "a racer hangs"
        return self._result


def won(results: Sequence[Any]) -> list[Any]:
    """The results that are no exceptions."""
    return [result for result in results if not isinstance(result, Exception)]


def waiting_for_a_lock() -> int:
    """How many sessions of this database wait for another's lock right now.

    In a transaction PostgreSQL shows the sessions as they were at the first look, unless that is cleared.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return cursor.fetchone()[0]


def any_runs_elsewhere_before(number: int) -> bool:
    """Whether a transaction of another test's database or of autovacuum is older than the transaction `number`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE (datname <> current_database() OR backend_type <> 'client backend')"
            " AND backend_xid::text::bigint < %s)",
            [number],
        )
        return cursor.fetchone()[0]
