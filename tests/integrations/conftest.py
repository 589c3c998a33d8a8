"""Every test starts with closed breakers, a full retry budget and no pooled connection."""

from collections.abc import Iterator

import pytest

from integrations.http import call_reports, session
from integrations.http.breaker import breakers
from integrations.http.transport import adapter_of
from jobs.deadline import Deadline
from sandbox import SandboxServer


@pytest.fixture(autouse=True)
def fresh_calls():
    breakers.forget()
    adapter_of.cache_clear()
    session._budgets.clear()


@pytest.fixture
def reports():
    """What is reported of finished calls."""
    seen = []

    def receive(report, **_signal):
        seen.append(report)

    call_reports.finished.connect(receive)
    yield seen
    call_reports.finished.disconnect(receive)


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
