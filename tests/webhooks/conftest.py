"""Workspaces with keys to every source, and a client that posts as providers do."""

import pytest

from tests.webhooks.posting import Poster


@pytest.fixture
def poster(db) -> Poster:
    """Posts to a workspace of its own, called northwind."""
    return Poster.create("Northwind")


@pytest.fixture
def other(db) -> Poster:
    """A second workspace with keys of its own."""
    return Poster.create("Bluebird")
