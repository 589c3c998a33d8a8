"""Packs end, and end once, while everything around them fails; the numbers are printed."""

import json
from dataclasses import asdict

import pytest

from tests.faults.insights.campaign import Plan, run, workplace

SPARE_CPU_PERCENT = 85
"""Above this the machine itself is the bottleneck, and what a page waits for says nothing about the database."""


@pytest.mark.faults
@pytest.mark.timeout(420)
def test_packs_end_while_the_database_restarts_and_connections_are_short(capsys):
    plan = Plan()
    with workplace() as directory:
        seen = run(plan, directory)
    with capsys.disabled():
        print("\n" + json.dumps(asdict(seen)))

    assert sum(seen.statuses.values()) == plan.packs
    assert seen.statuses.keys() <= {"COMPLETE", "FAILED"}
    assert seen.unexplained == 0
    assert seen.restarts == plan.restarts
    assert seen.read + seen.failed_threads == plan.packs * plan.threads
    assert seen.most_connections <= seen.budget
    # A transaction held over model calls of 200 ms would be in every look; a starved process is in a few.
    assert seen.held <= seen.samples * 0.02
    assert seen.paid_twice <= plan.restarts * 4, "more than what an immediate restart can take back"
    if seen.cpu_percent < SPARE_CPU_PERCENT:
        # The aim is 1.3 (docs/reliability.md). Two cores that the campaign itself half fills give 1.1 to 1.7: this
        # bound is for pages that wait for the database.
        assert seen.web_p95_during <= seen.web_p95_before * 2 + 20
