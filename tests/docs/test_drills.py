"""Each drill of the runbook is played by tests that are there, and begins at an alert that exists."""

import ast
import re

from tests.docs.pages import ROOT

RUNBOOK = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
DRILLS = [line for line in RUNBOOK.partition("## Six drills")[2].splitlines() if "::test_" in line]


def test_there_are_six_drills_and_each_begins_at_an_alert_with_a_part_of_its_own():
    assert len(DRILLS) == 6
    rules = (ROOT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8")
    for drill in DRILLS:
        alerts = re.findall(r"Holdfast[A-Z][A-Za-z]+", drill)
        assert alerts, drill
        for alert in alerts:
            assert f"alert: {alert}\n" in rules and f"\n## {alert}\n" in RUNBOOK, alert


def test_the_tests_that_play_the_drills_are_there():
    for path, name in re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", "\n".join(DRILLS)):
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        assert name in {one.name for one in tree.body if isinstance(one, ast.FunctionDef)}, f"{path}::{name}"
