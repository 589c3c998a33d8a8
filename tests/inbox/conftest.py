"""A sandbox for the inbox's tests, and a workspace that is connected to it."""

from collections.abc import Iterator

import pytest

from jobs import deadline, process
from jobs.process import WorkerProcess
from sandbox import SandboxServer
from tests.world import World, forget_calls, settings_for


@pytest.fixture(scope="session")
def _sandbox_server() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(_sandbox_server: SandboxServer) -> Iterator[SandboxServer]:
    """Every provider with nothing in it, and our settings pointing at it."""
    _sandbox_server.reset()
    forget_calls()
    process.become(WorkerProcess())
    with settings_for(_sandbox_server):
        yield _sandbox_server
    _sandbox_server.reset()
    deadline.shutdown_requested.clear()


@pytest.fixture
def world(sandbox: SandboxServer, db) -> World:
    """One workspace with EmailBison and a model."""
    return World.make(sandbox)
