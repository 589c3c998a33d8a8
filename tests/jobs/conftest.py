"""Job kinds for tests: registered for one test, gone after it."""

from collections.abc import Callable, Iterator

import pytest

from jobs import deadline, process
from jobs.kinds import KINDS, JobKind, Policy
from jobs.process import WorkerProcess


@pytest.fixture
def kind() -> Iterator[Callable[..., None]]:
    """`kind(name, handler, **policy)` registers a handler until the test is over."""
    before = dict(KINDS)

    def register(name: str, handler: Callable, **policy) -> None:
        KINDS[name] = JobKind(name, handler, Policy(**policy))

    yield register
    KINDS.clear()
    KINDS.update(before)


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Every test is a worker process of its own that nobody has asked to stop."""
    process.become(WorkerProcess())
    yield
    process.become(WorkerProcess())
    deadline.shutdown_requested.clear()
