"""Remove guards one by one in a copy of the tree, run their tests, and say which guards nobody misses.

    python -m tests.mutation            # all of them
    python -m tests.mutation claim      # those with “claim” in kind, file or line
    python -m tests.mutation --green    # right after `make test`: the tests are known to pass with every guard

Ends with 1 where a guard of MUST_DIE survives, where another one survives without a reason, and where the tests of a
guard do not pass with it, as then they prove nothing.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jobs.schema import checksum_of
from tests.mutation.guards import GUARDS, MUST_DIE, Guard

ROOT = Path(__file__).resolve().parents[2]
FAILED = 1
"""pytest's exit code where tests failed; others say that it could not run them."""


def copy(target: Path) -> None:
    """What git knows of the tree, as it lies here now."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    for name in filter(None, listed.decode().split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (target / name).write_bytes(source.read_bytes())


def run(tree: Path, tests: str) -> int:
    """pytest's exit code for `tests`, which stop at the first that fails."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        *tests.split(),
    ]
    env = os.environ | {"DEBUG": "1", "LONG": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=tree, env=env, stdout=subprocess.DEVNULL, check=False).returncode


def without(tree: Path, guard: Guard) -> int:
    """The exit code of the guard's tests without it."""
    file = tree / guard.path
    text = file.read_text()
    change(tree, file, text.replace(guard.line, guard.instead))
    try:
        return run(tree, guard.tests)
    finally:
        change(tree, file, text)


def change(tree: Path, file: Path, text: str) -> None:
    """Writes `text` into `file`. A migration names the checksum of a file in SQL that it runs."""
    before, now = checksum_of(file.read_text()), checksum_of(text)
    file.write_text(text)
    for migration in tree.glob("*/migrations/0*.py") if file.suffix == ".sql" else ():
        migration.write_text(migration.read_text().replace(before, now))


def verdict(tree: Path, guard: Guard, green: dict[str, bool]) -> tuple[bool, str]:
    """Whether all is as it must be, in a word."""
    if guard.tests not in green:
        green[guard.tests] = run(tree, guard.tests) == 0
    if not green[guard.tests]:
        return False, "its tests fail with it"
    code = without(tree, guard)
    if code == FAILED:
        return not guard.survives, "noticed" + (", though it was said to survive" if guard.survives else "")
    if code != 0:
        return False, f"pytest could not run (exit code {code})"
    excused = guard.kind not in MUST_DIE and bool(guard.survives)
    return excused, f"SURVIVES: {guard.survives or 'no test notices'}"


def main(words: list[str]) -> int:
    known_green = "--green" in words
    wanted = " ".join(word for word in words if word != "--green")
    chosen = [guard for guard in GUARDS if wanted in f"{guard.kind} {guard.path} {guard.line}"]
    if not chosen:
        print(f"No guard has “{wanted}” in its kind, file or line.")
        return 1
    bad = 0
    green = {guard.tests: True for guard in chosen} if known_green else {}
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        tree = Path(name)
        copy(tree)
        for guard in chosen:
            began = time.monotonic()
            well, said = verdict(tree, guard, green)
            bad += not well
            mark = "ok " if well else "BAD"
            print(f"{mark} {guard.kind:9} {guard.path}: {guard.line}  →  {guard.instead or 'nothing'}")
            print(f"      {said} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{len(chosen)} guards, {bad} not as they must be.")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
