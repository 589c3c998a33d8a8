"""The tests that belong to what differs from main: `make quick` runs what this prints.

Of a function and of a template run the test files that execute it (tests/map.txt, written by `make coverage`), the most
specific first, as many as `SECONDS` allows. Of what no line of a test executes, such as settings or a script, runs its
folder: the tests of a module stand in the folder of `tests/` that has its path, and `ELSEWHERE` names other places.
A test file that differs runs by itself; of a helper or a fixture its folder runs.
What everything stands on (`tests/world.py`, settings, models) is no matter for a quick look: `make test`.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from itertools import zip_longest
from pathlib import Path, PurePosixPath

from tests import map as test_map

SECONDS = 60.0
"""What the chosen tests may take together, in seconds of one process; two share them."""
ROOT = Path(__file__).resolve().parents[1]
MAINS = ("origin/main", "main")
MIGRATIONS = ["tests/config/test_migrations.py", "tests/config/test_squashed_migrations.py"]
SCRIPTS = ["tests/config/test_static.py", "tests/inbox/pages/test_assets.py"]
ELSEWHERE = {
    "inbox/webhooks": ["tests/webhooks"],
    "inbox/intake": ["tests/inbox/intake", "tests/webhooks"],
    "inbox/management": ["tests/inbox/commands"],
    "inbox/leads/enrichment.py": [
        "tests/webhooks/test_enrichments.py",
        "tests/inbox/leads/test_enrichment.py",
    ],
    "inbox/workspaces": ["tests/inbox/commands", "tests/inbox/pages/account/test_invitations.py"],
    "inbox/models": ["tests/inbox/leads", "tests/inbox/replying", "tests/config/test_migrations.py"],
    "inbox/migrations": MIGRATIONS,
    "insights/migrations": MIGRATIONS,
    "integrations/migrations": MIGRATIONS,
    "jobs/migrations": MIGRATIONS,
    "inbox/sql": [*MIGRATIONS, "tests/admin", "tests/inbox/leads", "tests/webhooks/test_samples.py"],
    "jobs/sql": [*MIGRATIONS, "tests/jobs"],
    "integrations/registry.py": ["tests/integrations/test_registry.py", "tests/webhooks/test_contract.py"],
    "templates": ["tests/inbox/pages"],
    **{
        f"static/{name}.js": [*SCRIPTS, f"tests/browser/test_{test}.py"]
        for test, names in {
            "desk": "desk inbox mentions news page panes queue renewal rows toasts triage typed writing",
            "keyboard": "decisions early_keys holdfast palette",
            "session_end": "clock live",
            "notices": "notices",
            "jobs_admin": "admin_list",
            "pages": "left shell",
        }.items()
        for name in names.split()
    },
    "static": SCRIPTS,
    "docs": ["tests/docs"],
    "benchmarks": [],
}
AT_THE_TOP = {".md": ["tests/docs"], ".in": ["tests/config"], ".txt": ["tests/config"], "": ["tests/config"]}
"""Of files in the root, by their ending."""


def changed_files() -> list[str]:
    """What differs from where this branch left main, uncommitted and new files included."""
    return [*_git("diff", "--name-only", _base()), *_git("ls-files", "--others", "--exclude-standard")]


def _base() -> str:
    """The commit at which this branch left main."""
    return next((base[0] for main in MAINS if (base := _git("merge-base", "HEAD", main))), "HEAD")


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


def changed_lines(path: str) -> list[int]:
    """The lines of a file, as it is now, that differ from main, and for lines that went the one before them."""
    base = _base()
    if not _git("ls-tree", base, "--", path):
        return list(range(1, len((ROOT / path).read_text().splitlines()) + 1))
    lines: set[int] = set()
    for line in _git("diff", "-U0", base, "--", path):
        if hunk := re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line):
            first, count = int(hunk[1]), int(hunk[2] or 1)
            lines |= set(range(first, first + count)) or {max(first, 1)}
    return sorted(lines)


def files_at(path: str, source: str, lines: Iterable[int]) -> list[str]:
    """The test files to run for changed lines of a module with the text `source`, the most specific first."""
    names = test_map.names_at(source, lines) if path.endswith(".py") else None
    return [test for test in test_map.read().of(path, names) if (ROOT / test).exists()] or files_of(path)


def files_of(path: str) -> list[str]:
    """Files and folders of `tests/` to run for one changed file, as paths from the root."""
    file = PurePosixPath(path)
    if len(file.parts) == 1:
        return AT_THE_TOP.get(file.suffix, [])
    if file.parts[0] == "tests":
        if file.name.startswith("test_"):
            return [path]
        has_tests = len(file.parts) > 2 and any((ROOT / file.parent).rglob("test_*.py"))
        return [str(file.parent)] if has_tests else []  # `make lint` runs those of the scripts
    for place in (file, *file.parents[:-1]):
        if str(place) in ELSEWHERE:
            return ELSEWHERE[str(place)]
        if place != file and (ROOT / "tests" / place).is_dir():
            whole = str(place) not in ("inbox",)
            return [f"tests/{place}"] if whole else sorted(_files(place))
    return []


def _files(room: PurePosixPath) -> Iterable[str]:
    """The test files of a room that stand in no folder."""
    return (str(file.relative_to(ROOT)) for file in (ROOT / "tests" / room).glob("test_*.py"))


def chosen(paths: Iterable[str]) -> list[str]:
    """What to run for `paths`: what is there, once, and nothing that stands in another folder of it."""
    found: set[str] = set()
    by_rank: list[list[str]] = []
    for path in paths:
        if _is_recorded(path):
            by_rank.append(files_at(path, (ROOT / path).read_text(), changed_lines(path)))
        else:
            found |= {test for test in files_of(path) if (ROOT / test).exists()}
    found |= set(_affordable(by_rank))
    return sorted(
        test for test in found if not any(str(parent) in found for parent in PurePosixPath(test).parents)
    )


def _is_recorded(path: str) -> bool:
    return (ROOT / path).is_file() and bool(test_map.read().of(path))


def _affordable(by_rank: list[list[str]]) -> list[str]:
    """Of the tests of each changed file the first one, then the second ones, and so on, for about SECONDS."""
    tests: list[str] = []
    spent = 0.0
    for test in dict.fromkeys(test for rank in zip_longest(*by_rank) for test in rank if test):
        seconds = _seconds(test)
        if len(tests) < len(by_rank) or spent + seconds <= SECONDS:
            tests.append(test)
            spent += seconds
    return tests


def _seconds(path: str) -> float:
    """How long a test file takes, or all of a folder; 1 if the map knows none."""
    below = (
        seconds
        for test, seconds in test_map.read().seconds.items()
        if PurePosixPath(test).is_relative_to(path)
    )
    return sum(below) or 1.0


if __name__ == "__main__":
    sys.stdout.write(" ".join(chosen(changed_files())) + "\n")
