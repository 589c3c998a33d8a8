"""`make quick`: which tests belong to a changed file."""

import subprocess

import pytest

from tests import changed
from tests import map as test_map
from tests.docs.pages import ROOT


@pytest.mark.parametrize(
    ("path", "tests"),
    [
        ("jobs/context.py", ["tests/jobs"]),
        ("jobs/cluster/sentinel.py", ["tests/jobs"]),
        ("integrations/http/hosts.py", ["tests/integrations/http"]),
        ("inbox/replying/carriers/ghl.py", ["tests/inbox/replying"]),
        ("inbox/webhooks/views.py", ["tests/webhooks"]),
        ("inbox/intake/handlers/texts.py", ["tests/inbox/intake", "tests/webhooks"]),
        ("templates/base.html", ["tests/inbox/pages"]),
        ("tests/jobs/test_steps.py", ["tests/jobs/test_steps.py"]),
        ("tests/jobs/conftest.py", ["tests/jobs"]),
        ("tests/world.py", []),
        ("tests/static/queue.test.js", []),
        ("docs/operations.md", ["tests/docs"]),
        ("README.md", ["tests/docs"]),
        ("Makefile", ["tests/config"]),
        ("requirements-dev.in", ["tests/config"]),
    ],
)
def test_a_file_has_the_tests_of_its_folder(path, tests):
    assert changed.files_of(path) == tests


def test_a_module_of_the_inbox_outside_of_its_folders_has_the_tests_outside_of_folders():
    assert changed.files_of("inbox/wiring.py") == sorted(
        f"tests/inbox/{path.name}" for path in (ROOT / "tests/inbox").glob("test_*.py")
    )


def test_a_folder_runs_once_and_a_file_that_is_gone_not_at_all():
    paths = ["jobs/queue.py", "tests/jobs/test_steps.py", "tests/sandbox/test_gone.py", "docs/health.md"]
    assert changed.chosen(paths) == ["tests/docs", "tests/jobs"]


def test_what_is_named_is_there():
    places = {*changed.ELSEWHERE, *(test for tests in changed.ELSEWHERE.values() for test in tests)}
    assert [place for place in places if not (ROOT / place).exists()] == []


def test_every_module_of_the_product_has_tests():
    rooms = (
        "admin",
        "api",
        "config",
        "demo",
        "inbox",
        "insights",
        "integrations",
        "jobs",
        "sandbox",
        "training",
    )
    modules = [path.relative_to(ROOT).as_posix() for room in rooms for path in (ROOT / room).rglob("*.py")]
    assert modules and [path for path in modules if not changed.files_of(path)] == []


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


# --- the map (tests/map.txt) -----------------------------------------------------------------------------------------
SOURCE = """
LIMIT = 3

class Lead:
    @property
    def name(self):
        def inner():
            return 1
        return inner()

def close():
    return LIMIT
"""


def test_a_changed_line_belongs_to_its_function_with_its_decorators_and_what_stands_in_it():
    assert test_map.names_at(SOURCE, [5, 8, 12]) == ["Lead.name", "close"]
    assert test_map.names_at(SOURCE, [2, 12]) is None  # outside of all


def test_the_map_is_read_as_it_was_written_and_the_most_specific_tests_come_first(monkeypatch, tmp_path):
    monkeypatch.setattr(test_map, "FILE", tmp_path / "map.txt")
    test_map.read.cache_clear()
    tests = {"a.py::one": ["tests/x.py", "tests/y.py"], "a.py::two": ["tests/y.py"], "t.html": ["tests/x.py"]}
    test_map.write(test_map.Map({"tests/x.py": 1.5, "tests/y.py": 20}, tests))
    recorded = test_map.read()
    test_map.read.cache_clear()
    assert (recorded.seconds, recorded.tests) == ({"tests/x.py": 1.5, "tests/y.py": 20.0}, tests)
    assert recorded.of("a.py", ["one"]) == ["tests/x.py", "tests/y.py"]
    assert recorded.of("a.py") == ["tests/y.py", "tests/x.py"]
    assert recorded.of("t.html") == ["tests/x.py"]


def test_of_the_map_only_what_was_measured_is_written_anew(monkeypatch, tmp_path):
    monkeypatch.setattr(test_map, "ROOT", tmp_path)
    (tmp_path / "tests").mkdir()
    for test in "abcd":
        (tmp_path / f"tests/{test}.py").touch()
    (tmp_path / "m.py").write_text("def one(): ...\ndef two(): ...\ndef three(): ...\n")
    (tmp_path / "page.html").touch()
    a, b, c, d, deleted = (f"tests/{test}.py" for test in ["a", "b", "c", "d", "deleted"])
    before = test_map.Map(
        {a: 1, b: 2, c: 3, deleted: 4},
        {
            "m.py::one": [a, b, c, deleted],
            "m.py::two": [a, b],
            "m.py::three": [a],
            "m.py::gone": [c],
            "old.html": [c],
        },
    )
    measured = test_map.Map(
        {a: 5, b: 6, d: 7}, {"m.py::one": [d, b], "m.py::two": [d, b, a], "page.html": [d]}
    )
    after = test_map.merged(before, measured)
    assert after.seconds == {a: 5, b: 6, c: 3, d: 7}
    assert after.tests == {"m.py::one": [b, c, d], "m.py::two": [d, b, a], "page.html": [d]}


def test_tests_of_a_change_fit_into_the_time_and_each_changed_file_has_one(monkeypatch):
    recorded = test_map.Map({"tests/a.py": 50, "tests/b.py": 5, "tests/c.py": 30, "tests/d.py": 4}, {})
    monkeypatch.setattr(test_map, "read", lambda: recorded)
    chosen = changed._affordable([["tests/a.py", "tests/b.py", "tests/c.py"], ["tests/d.py"]])
    assert chosen == ["tests/a.py", "tests/d.py", "tests/b.py"]


def test_a_folder_takes_as_long_as_all_tests_below_it(monkeypatch):
    seconds = {"tests/a.py": 5, "tests/jobs/b.py": 30, "tests/jobs/x/c.py": 28, "tests/jobs_admin/d.py": 90}
    monkeypatch.setattr(test_map, "read", lambda: test_map.Map(seconds, {}))
    assert changed._affordable([["tests/a.py", "tests/jobs"]]) == ["tests/a.py"]
    assert changed._affordable([["tests/a.py", "tests/jobs/x"]]) == ["tests/a.py", "tests/jobs/x"]
    assert changed._affordable([["tests/a.py", "tests/new"]]) == ["tests/a.py", "tests/new"]


UNMEASURED = {
    **dict.fromkeys(
        [f"jobs/cluster/{name}.py" for name in ("children", "sentinel", "supervisor")]
        + ["jobs/management/commands/qcluster.py"],
        "it runs in processes that the tests of faults kill, so that they write no coverage",
    ),
    "integrations/carriers.py": "its functions are abstract",
}
"""Modules with functions that the map cannot have: why."""


def test_every_module_with_functions_stands_in_the_map():
    recorded = {key.split("::")[0] for key in test_map.read().tests}
    missing = [
        path.relative_to(ROOT).as_posix()
        for room in ("admin", "api", "config", "inbox", "insights", "integrations", "jobs", "sandbox")
        for path in (ROOT / room).rglob("*.py")
        if "migrations" not in path.parts
        and test_map.functions(path.read_text())
        and path.relative_to(ROOT).as_posix() not in {*recorded, *UNMEASURED}
    ]
    assert missing == [], (
        "No test executes them, or the map is older: run make coverage and commit tests/map.txt."
    )
    assert not recorded & UNMEASURED.keys(), "measured, and no exception any more"
