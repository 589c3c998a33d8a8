"""The tests that belong to what differs from main, by folders: `make quick` runs what this prints.

A module's tests stand in the folder of `tests/` that has its path. `ELSEWHERE` names those whose tests stand in another
one. A test file that differs runs by itself; of a helper or a fixture its folder runs.
What everything stands on (`tests/world.py`, settings, models) is no matter for a quick look: `make test`.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[1]
MAINS = ("origin/main", "main")
MIGRATIONS = ["tests/config/test_migrations.py", "tests/config/test_squashed_migrations.py"]
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
    "inbox/sql": [*MIGRATIONS, "tests/inbox/admin", "tests/inbox/leads", "tests/webhooks/test_samples.py"],
    "jobs/sql": [*MIGRATIONS, "tests/jobs"],
    "integrations/registry.py": ["tests/integrations/test_registry.py", "tests/webhooks/test_contract.py"],
    "templates": ["tests/inbox/pages"],
    "static": ["tests/config/test_static.py"],
    "docs": ["tests/docs"],
    "benchmarks": [],
}
AT_THE_TOP = {".md": ["tests/docs"], ".in": ["tests/config"], ".txt": ["tests/config"], "": ["tests/config"]}
"""Of files in the root, by their ending."""


def changed_files() -> list[str]:
    """What differs from where this branch left main, uncommitted and new files included."""
    for main in MAINS:
        left = _git("merge-base", "HEAD", main)
        if left:
            break
    else:
        left = ["HEAD"]
    return [*_git("diff", "--name-only", left[0]), *_git("ls-files", "--others", "--exclude-standard")]


def _git(*arguments: str) -> list[str]:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else []


def tests_of(path: str) -> list[str]:
    """Files and folders of `tests/` to run for one changed file, as paths from the root."""
    file = PurePosixPath(path)
    if len(file.parts) == 1:
        return AT_THE_TOP.get(file.suffix, [])
    if file.parts[0] == "tests":
        return [path] if file.name.startswith("test_") else [str(file.parent)] * (len(file.parts) > 2)
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
    """What to run for `paths`: there, once, and nothing that stands in another folder of them."""
    found = {test for path in paths for test in tests_of(path) if (ROOT / test).exists()}
    return sorted(
        test for test in found if not any(str(parent) in found for parent in PurePosixPath(test).parents)
    )


if __name__ == "__main__":
    sys.stdout.write(" ".join(chosen(changed_files())) + "\n")
