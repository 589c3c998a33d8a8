"""What others rely on changes only on purpose: addresses, OpenAPI schema, commands and tables are as they were kept."""

import pytest

from tests.contract.surface import KEPT, SURFACES


@pytest.mark.parametrize("name", SURFACES)
def test_what_others_rely_on_is_as_it_was(name):
    """A change that is meant: `python -m tests.contract.surface` keeps it, and the difference is read in review."""
    assert (SURFACES[name]() + "\n").splitlines() == (KEPT / name).read_text().splitlines()
