"""Each alert is played by `promtool test rules`, which `make check` runs: it fires, it does not fire, and it ends."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "prometheus" / "alerts.yml"
CASES = ROOT / "deploy" / "prometheus" / "alerts_test.yml"
ALWAYS = "HoldfastWatchdog"


def alerts() -> list[str]:
    [group] = yaml.safe_load(RULES.read_text())["groups"]
    return [rule["alert"] for rule in group["rules"]]


def cases() -> dict[str, list[list[int]]]:
    """For each alert how many fire at each time of each of its tests."""
    found: dict[str, list[list[int]]] = {}
    for test in yaml.safe_load(CASES.read_text())["tests"]:
        alert = test["name"].partition(":")[0]
        firing = []
        for one in test["promql_expr_test"]:
            assert f'alertname="{alert}"' in one["expr"], test["name"]
            firing.append(sum(sample["value"] for sample in one["exp_samples"]))
        found.setdefault(alert, []).append(firing)
    return found


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_is_played_as_it_fires_does_not_fire_and_ends(alert):
    played = cases()[alert]
    if alert == ALWAYS:
        assert all(all(firing) for firing in played)
    else:
        assert any(re.search("0+1+0", "".join(str(bool(count) + 0) for count in firing)) for firing in played)


def test_the_rules_do_what_their_cases_say():
    assert shutil.which("promtool"), "Debian's package prometheus has promtool"
    done = subprocess.run(["promtool", "test", "rules", CASES], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_rule_over_counters_takes_one_process_of_each_host():
    """Each web process of a host shows the sum of all, so a sum over processes would count twice."""
    for expression in re.findall(r"expr: (.*(?:\n {12}.*)*)", RULES.read_text()):
        for counted in re.finditer(r"(.{30})\((?:increase|rate)\(", expression):
            assert re.search(r"max by \([\w, ]*host\) $", counted[1]), expression
