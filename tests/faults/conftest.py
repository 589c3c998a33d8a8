"""A server that the tests of a file may stop, freeze and crowd."""

from collections.abc import Iterator

import pytest

from demo.postgres import EmbeddedPostgres
from tests import template


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with template.server_in(tmp_path_factory.mktemp("postgres")) as server:
        yield server
