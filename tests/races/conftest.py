"""Races run on real connections: one per thread, all let go at once."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from django.db import connection

from jobs.registry import KINDS
from tests.webhooks.posting import Poster

T = TypeVar("T")


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if "/tests/races/" in str(item.path):
            item.add_marker(pytest.mark.races)
            item.add_marker(pytest.mark.django_db(transaction=True))


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """The results of `calls`, each made by a thread of its own, all released at the same moment."""
    barrier = threading.Barrier(len(calls), timeout=20)

    def run(call: Callable[[], T]) -> T:
        try:
            barrier.wait()
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(run, call) for call in calls]]


@pytest.fixture
def poster(transactional_db) -> Poster:
    assert "inbound.process" in KINDS
    return Poster.create("Northwind")


@pytest.fixture
def other(transactional_db) -> Poster:
    return Poster.create("Bluebird")
