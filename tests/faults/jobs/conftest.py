"""A server for the session and a stage per test. The stage's processes are killed, whatever the test did."""

import itertools
from collections.abc import Iterator

import pytest

from tests.faults.jobs.stage import Server, Stage


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("jobs")) as server:
        yield server


_numbers = itertools.count(1)


@pytest.fixture
def stage(server: Server) -> Iterator[Stage]:
    with Stage(server, f"stage_{next(_numbers)}") as stage:
        yield stage
