"""Remove guards one by one in a copy of the tree, run their tests, and say which guards nobody misses.

    python -m tests.mutation            # all of them
    python -m tests.mutation claim      # those with “claim” in kind, file or line
    python -m tests.mutation --green    # right after `make test`: the tests are known to pass with every guard
    python -m tests.mutation --search 20 --seed 7    # 20 of those that stand in the product's text, drawn at random
    python -m tests.mutation --campaign 10    # 10 whose case the campaign provokes: it must go red

Ends with 1 where a guard of MUST_DIE survives, where another one survives without a reason, and where the tests of a
guard do not pass with it, as then they prove nothing.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jobs.schema_version import checksum_of
from tests.mutation.guards import CAMPAIGN, GUARDS, MUST_DIE, REACHED, Guard
from tests.mutation.search import search

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
    """The exit code of pytest for `tests`, which stop at the first that fails, or of the campaign."""
    pytest = f"-m pytest -q -x -p no:cacheprovider {tests}"
    command = [sys.executable, *(tests if tests == CAMPAIGN else pytest).split()]
    env = os.environ | {"DEBUG": "1", "LONG": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, cwd=tree, env=env, stdout=subprocess.DEVNULL, check=False).returncode


def without(tree: Path, guard: Guard) -> int:
    """The exit code of the guard's tests without it."""
    file = tree / guard.path
    text = file.read_text()
    change(tree, file, removed(text, guard))
    try:
        return run(tree, guard.tests)
    finally:
        change(tree, file, text)


def removed(text: str, guard: Guard) -> str:
    """The text of the guard's file without it."""
    lines = text.splitlines(keepends=True)
    if not guard.row:
        return text.replace(guard.line, guard.instead)
    row, end = lines[guard.row - 1], guard.column + len(guard.line)
    lines[guard.row - 1] = row[: guard.column] + guard.instead + row[end:]
    return "".join(lines)


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


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("words", nargs="*", help="only guards with these words in kind, file or line")
    parser.add_argument("--green", action="store_true", help="the tests are known to pass with every guard")
    parser.add_argument(
        "--search", type=int, metavar="COUNT", help="so many guards of the product's text instead"
    )
    parser.add_argument("--campaign", type=int, metavar="COUNT", help="so many that the campaign must notice")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    wanted, known_green = " ".join(options.words), options.green
    count = options.search or options.campaign
    guards = REACHED if options.campaign else list(search()) if options.search else GUARDS
    chosen = [guard for guard in guards if wanted in f"{guard.kind} {guard.path} {guard.line}"]
    if count:
        chosen = random.Random(options.seed).sample(chosen, min(count, len(chosen)))
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
            print(
                f"{mark} {guard.kind:9} {guard.path}:{guard.row or ''} {guard.line}  →  {guard.instead or 'nothing'}"
            )
            print(f"      {said} ({time.monotonic() - began:.0f} s)", flush=True)
    print(f"{len(chosen)} guards, {bad} not as they must be.")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
