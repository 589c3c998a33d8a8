"""The type checker passes over nothing."""

import re
import tomllib

from tests.docs.pages import ROOT

MYPY = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]
ROOMS = {"admin", "api", "config", "demo", "inbox", "insights", "integrations", "jobs", "sandbox", "training"}


def test_every_room_is_checked_and_strict():
    assert MYPY["strict"] is True
    assert set(MYPY["files"]) >= ROOMS
    assert not {"disable_error_code", "ignore_errors", "ignore_missing_imports"} & MYPY.keys()


def test_no_module_of_ours_is_an_exception():
    named = {name.split(".")[0] for override in MYPY["overrides"] for name in override["module"]}
    assert named and not named & ROOMS


def test_no_module_switches_the_checker_off_for_itself():
    bare = re.compile(r"#\s*mypy:|#\s*type:\s*ignore(?!\[)")
    found = [
        path.relative_to(ROOT)
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if bare.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
