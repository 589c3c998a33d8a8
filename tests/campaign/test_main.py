"""Every scenario can be played by its name."""

from importlib import import_module

import pytest

from tests.campaign.__main__ import SCENARIOS, parser


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_without_options_plays_its_long_plan(name):
    scenario = import_module(SCENARIOS[name])
    options = vars(parser(name, scenario).parse_args([]))
    assert options.pop("keep") is None
    assert type(scenario.LONG)(**options) == scenario.LONG
    assert callable(scenario.play)
