"""`make quick`: which tests belong to a changed file."""

import subprocess

import pytest

from tests import changed
from tests.docs.pages import ROOT


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("jobs/steps.py", ["tests/jobs"]),
        ("jobs/cluster/sentinel.py", ["tests/jobs"]),
        ("integrations/http/hosts.py", ["tests/integrations/http"]),
        ("inbox/replying/carriers/ghl.py", ["tests/inbox/replying"]),
        ("inbox/webhooks/base.py", ["tests/webhooks"]),
        ("inbox/intake/handlers/texts.py", ["tests/inbox/intake", "tests/webhooks"]),
        ("templates/base.html", ["tests/inbox/pages"]),
        ("tests/jobs/test_steps.py", ["tests/jobs/test_steps.py"]),
        ("tests/jobs/conftest.py", ["tests/jobs"]),
        ("tests/world.py", []),
        ("docs/operations.md", ["tests/docs"]),
        ("README.md", ["tests/docs"]),
        ("Makefile", ["tests/config"]),
        ("requirements-dev.in", ["tests/config"]),
    ],
)
def test_a_file_has_the_tests_of_its_folder(path, tests):
    assert changed.tests_of(path) == tests


def test_a_module_of_the_inbox_outside_of_its_folders_has_the_tests_outside_of_folders():
    assert changed.tests_of("inbox/wiring.py") == sorted(
        f"tests/inbox/{path.name}" for path in (ROOT / "tests/inbox").glob("test_*.py")
    )


def test_a_folder_runs_once_and_a_file_that_is_gone_not_at_all():
    paths = ["jobs/steps.py", "tests/jobs/test_steps.py", "tests/sandbox/test_gone.py", "docs/health.md"]
    assert changed.chosen(paths) == ["tests/docs", "tests/jobs"]


def test_what_is_named_is_there():
    places = {*changed.ELSEWHERE, *(test for tests in changed.ELSEWHERE.values() for test in tests)}
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_module_of_the_product_has_tests():
    rooms = ("admin", "config", "demo", "inbox", "insights", "integrations", "jobs", "sandbox", "training")
    modules = [path.relative_to(ROOT).as_posix() for room in rooms for path in (ROOT / room).rglob("*.py")]
    assert modules and [path for path in modules if not changed.tests_of(path)] == []


def test_what_differs_from_main_is_found_whether_committed_or_not(monkeypatch, tmp_path):
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=Dana", "-c", "user.email=dana@example.org"]
        subprocess.run(["git", *identity, *arguments], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(changed, "ROOT", tmp_path)
    git("init", "--initial-branch", "main")
    for name in ("same.py", "edited.py"):
        (tmp_path / name).write_text("before")
    git("add", ".")
    git("commit", "--message", "main")
    git("switch", "--create", "branch")
    (tmp_path / "committed.py").write_text("new")
    git("add", ".")
    git("commit", "--message", "branch")
    (tmp_path / "edited.py").write_text("after")
    (tmp_path / "untracked.py").write_text("new")
    assert set(changed.changed_files()) == {"committed.py", "edited.py", "untracked.py"}
