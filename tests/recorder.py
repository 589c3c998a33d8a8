"""A pytest plugin that tells coverage which test file runs, for `make coverage` (`-p tests.recorder`).

Coverage then knows for each line which test files execute it, also in the processes that a test starts. Templates are
noted beside it, and how long each test file takes.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import coverage
import pytest
from django.conf import settings
from django.test.signals import template_rendered

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".local" / "coverage"

_seconds: defaultdict[str, float] = defaultdict(float)
_templates: defaultdict[str, set[str]] = defaultdict(set)
_file = ""


def _enter(file: str) -> None:
    """Attributes what runs from now on to the test file, in this process and in those that it starts."""
    global _file
    measured = coverage.Coverage.current()
    if file == _file or measured is None:
        return
    _file = file
    measured.switch_context(file)
    measured.set_option("run:context", file)
    os.environ["COVERAGE_PROCESS_CONFIG"] = measured.config.serialize()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    _enter(item.nodeid.split("::")[0])
    return (yield)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid.split("::")[0]] += report.duration


def _note(template: object, **_kwargs: object) -> None:
    origin = Path(str(getattr(template, "origin", "")))
    if origin.is_relative_to(settings.BASE_DIR / "templates"):
        _templates[origin.relative_to(settings.BASE_DIR).as_posix()].add(_file)


def pytest_sessionstart() -> None:
    template_rendered.connect(_note)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The process that distributes the tests knows how long they take; those that run them know the templates."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not hasattr(session.config, "workerinput"):
        (FOLDER / "seconds.json").write_text(json.dumps(_seconds))
    templates = {name: sorted(files) for name, files in _templates.items()}
    (FOLDER / f"templates-{os.getpid()}.json").write_text(json.dumps(templates))
