"""The promise as a whole: random kills of every role, stopped workers, restarted databases; nothing lost or doubled."""

import json
from dataclasses import asdict

import pytest

from tests import forms
from tests.faults.jobs import campaign
from tests.faults.jobs.campaign import Plan

pytestmark = [pytest.mark.faults, pytest.mark.shortened, pytest.mark.slow(seconds=55)]

PLAN = forms.either(
    Plan(jobs=120, kills=8, restarts=1, stops=1, seconds=12, seed=1),
    Plan(jobs=500, kills=30, restarts=2, stops=1, seconds=45, seed=1),
)


def test_nothing_is_lost_or_done_twice_whatever_is_killed(stage, capsys):
    report = campaign.run(stage, PLAN)

    with capsys.disabled():
        print("\njobs campaign:", json.dumps(asdict(report)))
    assert report.verdict() == []
    assert sum(report.kills.values()) == PLAN.kills
