"""What bare django-q2 runs in the comparisons: the same work without a ledger."""

import time

from tests.faults.jobs import outside


def work(key: str, pause_ms: int) -> None:
    """As harness.work: look, send, tidy."""
    outside.note("start", key)
    time.sleep(pause_ms / 1000)
    time.sleep(pause_ms / 2000)
    outside.note("send", key)
    time.sleep(pause_ms / 2000)
    time.sleep(pause_ms / 1000)


def stamp(key: str, pause_ms: int) -> None:
    outside.note("start", key)


def noop(key: str, pause_ms: int) -> None:
    """Nothing."""
