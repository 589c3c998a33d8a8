"""A throwaway embedded server for the tests that stop, kill and corrupt one; a workspace for the demo's own tests."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.postgres import EmbeddedPostgres
from tests.inbox.conftest import _sandbox_server, sandbox, world

__all__ = ["_sandbox_server", "sandbox", "world"]

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One initialised data directory per module: every test starts and stops its own server in it."""
    path = tmp_path_factory.mktemp("embedded") / "postgres"
    yield path
    EmbeddedPostgres(path).stop("immediate")


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedPostgres]:
    """A running server that the test holds."""
    with EmbeddedPostgres(data_dir) as held:
        yield held


@pytest.fixture
def spawn() -> Iterator[Callable[..., subprocess.Popen]]:
    """Start programs that end with the test: ``spawn("-c", "code")`` runs our Python in the checkout."""
    children: list[subprocess.Popen] = []

    def start(*arguments: str, program: str = sys.executable, **options: Any) -> subprocess.Popen:
        environment = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        child = subprocess.Popen(
            [program, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, **options
        )
        children.append(child)
        return child

    yield start
    for child in children:
        with child:
            child.kill()
