"""Names that name nothing: `make lint` refuses them for functions, parameters and locals of longer functions."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("admin", "api", "config", "inbox", "insights", "integrations", "jobs", "sandbox")
_WORDS = (
    "found one known own told said kept mine there asked given left seen made taken named others other these those"
    " thing result item data value info obj"
)
HOLLOW = frozenset(_WORDS.split())
SHORT = 5
"""Lines of a function in which a hollow local is still read at a glance."""


def local_names(function: ast.AST) -> set[str]:
    """Names that are bound inside `function`, its parameters apart."""
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def refused(path: Path) -> Iterator[str]:
    """A line per hollow name: where it stands, and in which function."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        parameters = {
            argument.arg for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        }
        names = parameters | {node.name} | (local_names(node) if length > SHORT else set())
        for name in sorted(names & HOLLOW):
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {node.name}: “{name}” names nothing"


def main() -> int:
    """Prints what is refused; the exit status is 1 if there is any."""
    lines = [
        line
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        if "migrations" not in path.parts
        for line in refused(path)
    ]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    if lines:
        sys.stdout.write(f"{len(lines)} names that name nothing. Use the noun of what it holds.\n")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
