"""Every test starts with closed breakers, a full retry budget and no pooled connection."""

from collections.abc import Iterator

import pytest

from integrations.http import call_reports, session
from integrations.http.breaker import breakers
from integrations.http.transport import adapters
from jobs.deadline import Deadline
from sandbox import SandboxServer


@pytest.fixture(autouse=True)
def fresh_calls():
    breakers.forget()
    adapters.forget()
    session._budgets.clear()


@pytest.fixture
def reports():
    """What is reported of finished calls."""
    seen = []
    call_reports.subscribe(seen.append)
    yield seen
    call_reports.unsubscribe(seen.append)


@pytest.fixture
def soon() -> Deadline:
    """Time enough for a healthy call."""
    return Deadline.after_ms(5000)


@pytest.fixture(scope="session")
def _shared_sandbox() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(_shared_sandbox: SandboxServer) -> Iterator[SandboxServer]:
    """Every provider, with nothing in it."""
    _shared_sandbox.reset()
    yield _shared_sandbox
    _shared_sandbox.reset()
