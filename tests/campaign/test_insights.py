"""Packs end, and end once, while everything around them fails; the numbers are printed."""

import json
from dataclasses import asdict

import pytest

from tests import forms
from tests.campaign.insights import Plan, run
from tests.campaign.stage import workplace


@pytest.mark.slow(seconds=45)
@pytest.mark.faults
@pytest.mark.shortened
@pytest.mark.timeout(1_200)
def test_packs_end_while_the_database_restarts_and_connections_are_short(capsys):
    plan = forms.either(Plan(packs=5, restarts=1), Plan())
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
    # A transaction held over model calls would be in almost every look; one of a starved process is in some.
    assert seen.held <= seen.samples / 4
    assert seen.paid_twice <= plan.restarts * 4, "more than what an immediate restart can take back"
    assert seen.samples > 50, "nobody looked"
    assert seen.web_requests_busy > 0, "no page was answered while packs were read"
