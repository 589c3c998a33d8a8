"""`make test` and its neighbours as a reviewer types it, with a Python that only notes what it was asked to do."""

import re
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
CAMPAIGNS = [f"tests.campaign {name}" for name in ("failures", "jobs", "programs", "followups", "insights")]


@pytest.fixture
def make(tmp_path):
    """Runs `make test`, or another target; gives the run and the commands."""
    shutil.copy(MAKEFILE, tmp_path)
    for name in ("requirements-demo.txt", "requirements-dev.txt"):
        (tmp_path / name).touch()
    (tmp_path / ".venv").mkdir()
    for program in ("python", "bin/promtool", "bin/node", "node_modules/.bin/biome", "node_modules/.bin/tsc"):
        program = tmp_path / program
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(PYTHON)
        program.chmod(0o755)

    def run(
        *options: str,
        target: str = "test",
        fails: str = "nothing at all",
        path: str = f"{tmp_path}/bin:/usr/local/bin:/usr/bin:/bin",
    ) -> tuple[subprocess.CompletedProcess, list[str]]:
        command = [
            shutil.which("make"),
            target,
            "PY=./python",
            "INSTALLED=Makefile",
            "NODE=Makefile",
            *options,
        ]
        environment = {"PATH": path, "FAILS": fails}
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        return done, (tmp_path / "calls").read_text().splitlines()

    return run


def test_all_tiers_run_once_and_in_order(make):
    done, calls = make()
    places = [[number for number, call in enumerate(calls) if words in call] for words in TIERS.values()]
    assert [len(found) for found in places] == [1] * len(TIERS)
    assert places == sorted(places)
    took, passed = done.stdout.splitlines()[-2:]
    assert done.returncode == 0 and passed == f"Passed: {' '.join(TIERS)}"
    assert re.fullmatch("Took:" + ",".join(rf" {tier} \d+ s" for tier in TIERS), took)


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_that_fails_keeps_no_other_from_running_and_is_named_at_the_end(make, tier):
    done, calls = make(fails=TIERS[tier])
    assert all(any(words in call for call in calls) for words in TIERS.values())
    assert done.returncode != 0
    assert f"Failed: {tier} (of" in done.stderr and "Passed" not in done.stdout


def test_the_faults_are_all_in_the_folders_that_their_tier_reads():
    folders = re.search(r"^FAULTS := (.+)$", MAKEFILE.read_text(), re.M)[1].split()
    assert all((MAKEFILE.parent / folder).exists() for folder in folders)
    for file in (MAKEFILE.parent / "tests").rglob("test_*.py"):
        text = file.read_text()
        if re.search(r"mark\.faults\b", text) and not re.search(r"mark\.crash\b", text):
            assert any(file.is_relative_to(MAKEFILE.parent / folder) for folder in folders), file


def test_the_check_plays_the_alerts_and_names_the_package_of_what_is_missing_for_it(make, tmp_path):
    done, calls = make(target="check")
    assert done.returncode == 0 and calls[-1] == "test rules deploy/prometheus/alerts_test.yml"
    (tmp_path / "bin" / "promtool").unlink()
    for name in ("env", "sh", "mktemp", "rm"):
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    done, _ = make("SHELL=/bin/sh", target="check", path=f"{tmp_path}/bin")
    assert done.returncode != 0 and "apt-get install prometheus" in done.stderr


def test_a_node_that_cannot_run_the_tests_of_the_scripts_is_refused_with_the_version_it_must_have(
    make, tmp_path
):
    (tmp_path / "bin/node").write_text(
        '#!/bin/sh\necho v21.7.3\ncase "$*" in *--test-force-exit*) exit 9;; esac\n'
    )
    (tmp_path / "bin/npm").write_text(PYTHON)
    (tmp_path / "bin/npm").chmod(0o755)
    (tmp_path / "calls").touch()
    done, calls = make(
        "NODE=node_modules/.installed-1", target="scripts", path=f"{tmp_path}/bin:/usr/bin:/bin"
    )
    assert done.returncode != 0 and "Node 20.14, or 22 and newer" in done.stderr and calls == []


def test_chosen_tests_run_alone(make):
    done, calls = make("PYTEST_ARGS=tests/jobs -x")
    assert calls[-1] == "-m pytest tests/jobs -x" and sum("pytest" in call for call in calls) == 1
    assert not any(word in call for call in calls for word in ("mypy", "ruff", "manage.py"))
    assert done.returncode == 0
    assert make("PYTEST_ARGS=tests/jobs", fails="tests/jobs")[0].returncode != 0


def test_every_campaign_runs_or_the_one_that_is_named(make):
    done, calls = make(target="campaign")
    assert [words for words in CAMPAIGNS if any(words in call for call in calls)] == CAMPAIGNS
    assert len(calls) == len(CAMPAIGNS) and done.returncode == 0
    done, calls = make("ARGS=programs", target="campaign", fails="campaign programs")
    assert calls[len(CAMPAIGNS) :] == ["-m tests.campaign programs"]
    assert done.returncode != 0 and "Failed: campaign-programs (of campaign-programs)" in done.stderr


def test_the_rehearsal_runs_every_long_form(make):
    done, calls = make(target="rehearse")
    wanted = [
        "-m long or shortened",
        *CAMPAIGNS,
        "tests.rehearsals.release_before",
        "deploy.rehearsal",
        "deploy.rehearsal.freeze",
        "deploy.rehearsal.slow_clients",
        "tests.mutation",
    ]
    assert [words for words in wanted if any(words in call for call in calls)] == wanted
    assert done.returncode == 0


def test_a_demo_installs_its_own_set_and_a_second_one_nothing(make, tmp_path):
    for _ in range(2):
        done, calls = make("ARGS=--exit-after 1", target="demo")
        assert done.returncode == 0, done.stderr
    installs = [call for call in calls if call.startswith("-m pip install")]
    assert len(installs) == 1 and installs[0].endswith("--require-hashes --requirement requirements-demo.txt")
    assert calls.count("manage.py demo --exit-after 1") == 2


def test_after_the_setup_a_demo_needs_nothing_more_and_changed_pins_are_installed(make, tmp_path):
    make("INSTALLED=.venv/.installed-1", target="setup")
    _, calls = make(target="demo")
    assert sum("pip install" in call for call in calls) == 1 and "requirements-dev.txt" in calls[1]
    (tmp_path / "requirements-demo.txt").write_text("another==1\n")
    _, calls = make(target="demo")
    assert "requirements-demo.txt" in [call for call in calls if "pip install" in call][-1]
