"""Workspaces with keys to every source, and a client that posts as providers do."""

import pytest

from jobs.registry import KINDS, Kind
from tests.webhooks.posting import Poster


@pytest.fixture(autouse=True)
def _message_job(monkeypatch):
    """Intake only enqueues: no test here runs a job."""
    monkeypatch.setitem(
        KINDS, "inbound.process", KINDS.get("inbound.process") or Kind("inbound.process", print)
    )


@pytest.fixture
def poster(db) -> Poster:
    """Posts to a workspace of its own, called northwind."""
    return Poster.create("Northwind")


@pytest.fixture
def other(db) -> Poster:
    """A second workspace with keys of its own."""
    return Poster.create("Bluebird")
