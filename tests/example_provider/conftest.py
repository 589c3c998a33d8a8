"""Example Mail does not exist. It is the form of a provider, and has a line in the registry while its tests run."""

import pytest

from tests.declaring import declared
from tests.example_provider.player import PLAYER


@pytest.fixture(autouse=True)
def line_in_the_registry():
    with declared("tests.example_provider", player=PLAYER):
        yield
