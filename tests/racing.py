"""Letting several callers loose at once, each with a database connection of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection

TIMEOUT_S = 30


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Run `calls` in threads released together; each one's result, or the exception it raised, in their order."""
    barrier = threading.Barrier(len(calls), timeout=TIMEOUT_S)
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
        thread.join(TIMEOUT_S)
        assert not thread.is_alive(), "a racer hangs"
    return results


def won(results: Sequence[Any]) -> list[Any]:
    """The results that are no exceptions."""
    return [result for result in results if not isinstance(result, Exception)]
