"""What every test run shares: the order, so that a plain mistake shows before the first kill or browser; and leases."""

import pytest

from jobs import worker

LATER = ("races", "faults", "slow", "browser")
LONG_S = 3_600.0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: Playwright leaves an event loop in the process, which a test that forks cannot have."""

    def place(item: pytest.Item) -> tuple[bool, bool]:
        return any(item.get_closest_marker(tier) for tier in LATER), bool(item.get_closest_marker("browser"))

    items.sort(key=place)


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
