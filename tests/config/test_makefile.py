"""`make test` as a reviewer types it, with a Python that only notes what it was asked to do."""

import shutil
import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).resolve().parents[2] / "Makefile"
PYTHON = """#!/bin/sh
echo "$*" >> calls
case "$*" in *"$FAILS"*) exit 3;; esac
"""
TIERS = {
    "lint": "ruff format",
    "check": "makemigrations",
    "tests": "-m not (",
    "faults": "-m faults",
    "browser": "-m browser",
}
"""Each tier of `make test`, and words of a command of it."""


@pytest.fixture
def make(tmp_path):
    """Runs `make test`; gives the run and the commands."""
    shutil.copy(MAKEFILE, tmp_path)
    for name in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    python = tmp_path / "python"
    python.write_text(PYTHON)
    python.chmod(0o755)

    def run(*options: str, fails: str = "nothing at all") -> tuple[subprocess.CompletedProcess, list[str]]:
        command = ["make", "test", "PY=./python", "INSTALLED=Makefile", *options]
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "FAILS": fails}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done, (tmp_path / "calls").read_text().splitlines()

    return run


def test_all_tiers_run_once_and_in_order(make):
    done, calls = make()
    places = [[number for number, call in enumerate(calls) if words in call] for words in TIERS.values()]
    assert [len(found) for found in places] == [1] * len(TIERS)
    assert places == sorted(places)
    assert done.returncode == 0 and done.stdout.splitlines()[-1] == f"Passed: {' '.join(TIERS)}"


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_that_fails_keeps_no_other_from_running_and_is_named_at_the_end(make, tier):
    done, calls = make(fails=TIERS[tier])
    assert all(any(words in call for call in calls) for words in TIERS.values())
    assert done.returncode != 0
    assert f"Failed: {tier} (of" in done.stderr and "Passed" not in done.stdout


def test_chosen_tests_run_alone(make):
    done, calls = make("PYTEST_ARGS=tests/jobs -x")
    assert calls[-1] == "-m pytest tests/jobs -x" and sum("pytest" in call for call in calls) == 1
    assert done.returncode == 0
    assert make("PYTEST_ARGS=tests/jobs", fails="tests/jobs")[0].returncode != 0
