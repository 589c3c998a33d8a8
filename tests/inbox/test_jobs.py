"""The list of kinds of job and of ticks leads to code that runs."""

import pytest

from jobs.ticks import TICKS, run_tick


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(TICKS))
def test_a_registered_tick_runs(name):
    counts = run_tick(name, requested=True)

    assert "skipped" not in counts
