"""Workspaces with conversations to read, and a sandbox that plays the model."""

from collections.abc import Callable, Iterator

import pytest

from inbox.models import Lead, Workspace
from inbox.models.lead import Tag
from insights import packs
from insights.models import ContextPack
from jobs import deadline, process
from jobs.process import WorkerProcess
from jobs.worker import drain
from sandbox import SandboxServer
from tests import factories
from tests.world import forget_calls, settings_for


@pytest.fixture(scope="session")
def _sandbox_server() -> Iterator[SandboxServer]:
    with SandboxServer() as server:
        yield server


@pytest.fixture
def sandbox(_sandbox_server: SandboxServer) -> Iterator[SandboxServer]:
    """The model, with our settings pointing at it."""
    _sandbox_server.reset()
    forget_calls()
    process.become(WorkerProcess())
    with settings_for(_sandbox_server):
        yield _sandbox_server
    _sandbox_server.reset()
    deadline.shutdown_requested.clear()


@pytest.fixture
def workspace(transactional_db) -> Workspace:
    """Rows that the threads of a pool can see too."""
    return factories.make_workspace("Northwind", timezone="America/New_York")


@pytest.fixture
def conversation(workspace) -> Callable[..., Lead]:
    """`conversation(**lead fields)`: a lead that asked for a meeting and was answered, an hour ago."""

    def make(text: str = "Sure, send me two or three times.", **fields) -> Lead:
        at = factories.ago(hours=1)
        lead = factories.make_lead(
            workspace,
            **{"tag": Tag.MEETING_REQUESTED, "last_message_at": at, "last_inbound_at": at} | fields,
        )
        for text_, direction in (("Worth a chat about winter work?", "outbound"), (text, "inbound")):
            source = "emailbison_sent" if direction == "outbound" else "emailbison_reply"
            factories.make_message(lead, text_, direction=direction, source=source, sent_at=at)
        return lead

    return make


@pytest.fixture
def pack_of(workspace) -> Callable[..., ContextPack]:
    """`pack_of(**fields)`: a pack over the last seven days that waits to be built."""

    def make(question: str = "What gets meetings?", window: str = "D7", **fields) -> ContextPack:
        return packs.request(workspace, None, question=question, window=window, **fields)[0]

    return make


@pytest.fixture
def work() -> Callable[[], dict[str, int]]:
    """Run everything that is due."""
    return drain
