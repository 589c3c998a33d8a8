"""A server that the tests of a file may stop, freeze and crowd. A server for the session with a stage per test, whose
processes are killed, whatever the test did."""

import itertools
from collections.abc import Iterator

import pytest

from demo.postgres import EmbeddedPostgres
from tests import template
from tests.faults.jobs.stage import Server, Stage

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with template.server_in(tmp_path_factory.mktemp("postgres")) as server:
        yield server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("jobs")) as server:
        yield server


@pytest.fixture
def stage(server: Server) -> Iterator[Stage]:
    with Stage(server, f"stage_{next(_numbers)}") as stage:
        yield stage
