"""What every test run shares: the order, so that a plain mistake shows before the first kill or browser; and leases."""

import gc
from collections.abc import Iterator
from itertools import zip_longest

import pytest
from django.core.management.commands import flush
from django.db import connection
from pytest_django import DjangoDbBlocker

from jobs import worker
from tests import emptying, forms, template

LATER = {"races", "faults", "slow"}
LONG_S = 3_600.0


def pytest_collection_finish() -> None:
    """What was imported and collected stays until the end: the garbage collector need not walk it again and again."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright leaves an event loop in the process, which a test that forks cannot have.

    What is long is left out, except in `make rehearse`.
    """
    parts: dict[str, list[pytest.Item]] = {"first": [], "later": [], "browser": [], "left out": []}
    for item in items:
        marked = {marker.name for marker in item.iter_markers()}
        part = "browser" if "browser" in marked else "later" if marked & LATER else "first"
        parts["left out" if "long" in marked and not forms.LONG else part].append(item)
    config.hook.pytest_deselected(items=parts["left out"])
    items[:] = [*parts["first"], *longest_first(parts["later"]), *longest_first(parts["browser"])]


def longest_first(items: list[pytest.Item]) -> Iterator[pytest.Item]:
    """Those that say that they take long begin, so that no process is left alone with one of them at the end.

    They stand apart: with xdist a process that runs one holds its next test already, which no other can have.
    """

    def seconds(item: pytest.Item) -> float:
        marker = item.get_closest_marker("slow")
        return marker.kwargs.get("seconds", 0) if marker else 0

    long = sorted(filter(seconds, items), key=seconds, reverse=True)
    others = (item for item in items if not seconds(item))
    return (item for pair in zip_longest(long, others) for item in pair if item is not None)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The process's database is a copy of one that is migrated already, and is emptied after tests that commit."""
    database = connection.settings_dict
    own, copy = database["NAME"], database["TEST"]["NAME"]
    with django_db_blocker.unblock():
        connection.close()
        template.copy_to(copy)
    database["NAME"] = copy
    flush.Command.handle = emptying.empty
    yield
    with django_db_blocker.unblock():
        connection.close()
        database["NAME"] = own
        template.drop(copy)


@pytest.fixture(autouse=True)
def jobs_have_the_time_they_take(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a slow machine a job may run longer than a heartbeat, and several longer than a drain.

    What a test writes in a transaction only its own connection sees: the lease keeper's, which is another, would find
    nothing to renew and take the job for lost.
    """
    monkeypatch.setattr(worker.drain, "__defaults__", (LONG_S,))
    marker = request.node.get_closest_marker("django_db")
    names = {"transactional_db", "live_server"} & set(request.fixturenames)
    commits = names or (marker is not None and marker.kwargs.get("transaction"))
    if not commits and (marker is not None or "db" in request.fixturenames):
        monkeypatch.setattr("jobs.heartbeat.HEARTBEAT_S", LONG_S)
        monkeypatch.setattr("jobs.heartbeat.LEASE_S", LONG_S)
