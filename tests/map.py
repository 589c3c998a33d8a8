"""Which test files execute which function of the product: `map.txt`, which `make coverage` writes.

    python -m tests.map          writes into map.txt what coverage has measured; of test files that did not run it keeps
                                 what map.txt holds

`make quick` and `make mutate` choose their tests by it. A function has its most specific test files: those that
execute all of it and little else.
"""

import ast
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path, PurePosixPath

import coverage

ROOT = Path(__file__).resolve().parents[1]
FILE = Path(__file__).with_name("map.txt")
FOLDER = ROOT / ".local" / "coverage"
MOST = 6
"""Test files that the map keeps for a function or a template."""
HEAD = (
    "# Written by `make coverage`. First the test files with their seconds; then each function and template of the\n"
    "# product with the numbers of the test files that execute it, the most specific first.\n"
)


@dataclass
class Map:
    """`seconds` by test file; `tests` by function (`path::Class.method`) or template (its path)."""

    seconds: dict[str, float] = field(default_factory=dict)
    tests: dict[str, list[str]] = field(default_factory=dict)

    def of(self, path: str, names: Iterable[str] | None = None) -> list[str]:
        """The test files of a module's functions or of a template, those of most functions first. `names`: only those
        functions.
        """
        chosen = (
            [path, *(f"{path}::{name}" for name in names)]
            if names is not None
            else [key for key in self.tests if key.split("::")[0] == path]
        )
        ranks: defaultdict[str, float] = defaultdict(float)
        for key in chosen:
            for place, test in enumerate(self.tests.get(key, ())):
                ranks[test] += 1 / (1 + place)
        return sorted(ranks, key=lambda test: (-ranks[test], test))


@cache
def read() -> Map:
    """The committed map; an empty one where there is none."""
    recorded = Map()
    files: list[str] = []
    for line in FILE.read_text().splitlines() if FILE.exists() else ():
        if line.startswith("#") or not line:
            continue
        if line.startswith("tests/"):
            file, seconds = line.split()
            files.append(file)
            recorded.seconds[file] = float(seconds)
        else:
            key, *numbers = line.split()
            recorded.tests[key] = [files[int(number)] for number in numbers]
    return recorded


def write(recorded: Map) -> None:
    files = sorted(recorded.seconds)
    numbers = {file: str(number) for number, file in enumerate(files)}
    lines = [f"{file} {recorded.seconds[file]:.1f}" for file in files]
    lines += [""] + [
        f"{key} {' '.join(map(numbers.get, tests))}" for key, tests in sorted(recorded.tests.items())
    ]
    FILE.write_text(HEAD + "\n".join(lines) + "\n")


@dataclass(frozen=True)
class Function:
    """A function with those inside it: lines from `first` (its decorators) to `last`, its body from `body` on."""

    name: str
    first: int
    body: int
    last: int


def functions(source: str) -> list[Function]:
    """The functions and methods in the Python text `source`, by their qualified names."""
    return list(_functions(ast.parse(source), ""))


def _functions(node: ast.AST, prefix: str) -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([child.lineno, *(decorator.lineno for decorator in child.decorator_list)])
            yield Function(prefix + child.name, first, child.body[0].lineno, child.end_lineno or child.lineno)
        else:
            yield from _functions(
                child, f"{prefix}{child.name}." if isinstance(child, ast.ClassDef) else prefix
            )


def names_at(source: str, lines: Iterable[int]) -> list[str] | None:
    """The functions in which the lines stand; None if one stands outside of all."""
    found = [
        next(
            (function.name for function in functions(source) if function.first <= line <= function.last), None
        )
        for line in lines
    ]
    return None if None in found else sorted(set(found))


def merged(before: Map, measured: Map) -> Map:
    """The map `before`, with what was `measured` in place of what it holds of the same test files. Functions, templates
    and test files that no longer exist go. Where a function has tests that were not measured, new ones come after all.
    """
    seconds = {
        test: spent for test, spent in (before.seconds | measured.seconds).items() if (ROOT / test).is_file()
    }
    tests: dict[str, list[str]] = {}
    for key in _existing({*before.tests, *measured.tests}):
        executing = measured.tests.get(key, [])
        earlier_tests = {
            test for test in before.tests.get(key, []) if test in seconds and test not in measured.seconds
        }
        order = [test for test in before.tests.get(key, []) if test in earlier_tests or test in executing]
        if chosen := list(dict.fromkeys([*(order if earlier_tests else ()), *executing]))[:MOST]:
            tests[key] = chosen
    return Map(seconds, tests)


def _existing(keys: set[str]) -> set[str]:
    """Those of the keys whose function or template exists."""
    existing: set[str] = set()
    for path in {key.split("::")[0] for key in keys}:
        if (ROOT / path).is_file():
            existing.add(path)
        if path in existing and path.endswith(".py"):
            existing |= {f"{path}::{function.name}" for function in functions((ROOT / path).read_text())}
    return existing & keys


# --- from what coverage has measured -------------------------------------------------------------------------------
def measured() -> Map:
    """The map of the run that coverage and `tests.recorder` have just measured."""
    seconds = json.loads((FOLDER / "seconds.json").read_text())
    executed = dict(_executed_functions())
    executed |= _rendered_templates()
    breadth: defaultdict[str, int] = defaultdict(int)
    for lines_by_test in executed.values():
        for test in lines_by_test:
            breadth[test] += 1
    tests = {
        key: sorted(lines_by_test, key=lambda test: _rank(key, test, lines_by_test[test], breadth[test]))[
            :MOST
        ]
        for key, lines_by_test in executed.items()
    }
    return Map(dict.fromkeys(breadth, 0.0) | seconds, tests)


def _rank(key: str, test: str, lines: int, breadth: int) -> tuple[float, str]:
    """The smaller, the more specific: few functions beside this one, most of its lines, a name that fits."""
    words = {*PurePosixPath(key.split("::")[0]).with_suffix("").parts, key.rpartition(".")[2]}
    fits = len(words & {*PurePosixPath(test).with_suffix("").parts, *Path(test).stem.split("_")})
    return breadth / (lines * 4**fits), test


def _executed_functions() -> Iterator[tuple[str, dict[str, int]]]:
    """By function, how many lines of its body each test file executes."""
    data = coverage.CoverageData(basename=str(ROOT / ".coverage"))
    data.read()
    for file in data.measured_files():
        path = Path(file)
        if not path.is_relative_to(ROOT) or path.suffix != ".py":
            continue
        contexts = data.contexts_by_lineno(file)
        for function in functions(path.read_text()):
            lines = Counter(
                test
                for line in range(function.body, function.last + 1)
                for test in contexts.get(line, ())
                if test.startswith("tests/")
            )
            if lines:
                yield f"{path.relative_to(ROOT).as_posix()}::{function.name}", dict(lines)


def _rendered_templates() -> dict[str, dict[str, int]]:
    rendered: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for file in FOLDER.glob("templates-*.json"):
        for template, tests in json.loads(file.read_text()).items():
            rendered[template] |= {test: 1 for test in tests if test}
    return dict(rendered)


if __name__ == "__main__":
    recorded = merged(read(), measured())
    write(recorded)
    sys.stdout.write(f"{FILE.relative_to(ROOT)}: {len(recorded.tests)} functions and templates.\n")
