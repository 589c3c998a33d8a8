"""Packs end, and end once, while everything around them fails; the numbers are printed."""

import json
from dataclasses import asdict

import pytest

from tests import forms
from tests.campaign.insights import Plan, play
from tests.campaign.stage import workplace


@pytest.mark.slow(seconds=45)
@pytest.mark.faults
@pytest.mark.shortened
@pytest.mark.timeout(1_200)
def test_packs_end_while_the_database_restarts_and_connections_are_short(capsys):
    plan = forms.either(Plan(packs=5, restarts=1), Plan())
    with workplace() as directory:
        seen, wrong = play(directory, plan)
    with capsys.disabled():
        print("\n" + json.dumps(asdict(seen)))
    assert wrong == []
