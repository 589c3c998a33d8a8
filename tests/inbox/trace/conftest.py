"""Helpers to read a trace as a person does: as the lines of its text."""

from collections.abc import Callable
from typing import Any

import pytest

from inbox.trace import story
from inbox.trace.story import Trace
from tests.world import World


@pytest.fixture
def told(world: World) -> Callable[..., Trace]:
    """`told("message", message)`: the trace of a row of the world's workspace."""
    return lambda kind, row: story.of(world.workspace, kind, row.pk)


def titles(trace: Trace) -> list[str]:
    """What happened, without the waits."""
    return [event.what for event in trace.events if not event.waits]


def event(trace: Trace, beginning: str) -> Any:
    """The one event that begins so."""
    found = [one for one in trace.events if one.what.startswith(beginning)]
    assert len(found) == 1, titles(trace)
    return found[0]
