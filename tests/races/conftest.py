"""Workspaces whose rows are really committed, so that every thread's connection sees them."""

import pytest

from tests.webhooks.posting import Poster


@pytest.fixture
def poster(transactional_db) -> Poster:
    return Poster.create("Northwind")


@pytest.fixture
def other(transactional_db) -> Poster:
    return Poster.create("Bluebird")
