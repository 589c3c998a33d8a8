"""Counts the Python of this project by room: `make size` prints the table beside the committed one.

A code line is neither blank nor a comment alone nor a docstring. The product is all Python outside tests, migrations
and `ASIDE`. A hollow name is a local that names nothing (`tests/house/names.py`).
"""

import ast
import io
import sys
import tokenize
from collections import Counter, defaultdict
from pathlib import Path

from tests.house.names import HOLLOW, local_names

ROOT = Path(__file__).resolve().parents[2]
TABLE = Path(__file__).with_name("size.txt")
ASIDE = {"docs", "benchmarks", "demo", "training", "deploy", "examples"}
SKIPPED = {".git", ".venv", ".local", "node_modules", "build", "dist"}
QUIET = (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
COLUMNS = ("files", "code", "statements", "docstrings", "longest", "hollow")


def kind_of(parts: tuple[str, ...]) -> str:
    """`migrations`, `tests`, `aside` or `product`, for the parts of a path below the root."""
    if "migrations" in parts:
        return "migrations"
    if "tests" in parts or parts[-1].startswith("test_") or parts[-1] == "conftest.py":
        return "tests"
    return "aside" if parts[0] in ASIDE else "product"


def docstring_lines(tree: ast.AST) -> set[int]:
    """The numbers of the lines on which a text stands as a statement."""
    return {
        line
        for node in ast.walk(tree)
        if isinstance(body := getattr(node, "body", None), list)
        for child in body
        if isinstance(child, ast.Expr)
        and isinstance(child.value, ast.Constant)
        and isinstance(child.value.value, str)
        for line in range(child.lineno, (child.end_lineno or child.lineno) + 1)
    }


def count(source: str) -> Counter[str]:
    """Lines, statements and names of one module; `longest` is its longest function in lines."""
    tree, lines = ast.parse(source), source.splitlines()
    docstrings = docstring_lines(tree)
    code = {
        line
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type not in (*QUIET, tokenize.COMMENT)
        for line in range(token.start[0], token.end[0] + 1)
    }
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    names = Counter(name for function in functions for name in local_names(function))
    return Counter(
        files=1,
        code=sum(1 for line in code - docstrings if lines[line - 1].strip()),
        docstring_lines=sum(1 for line in docstrings if lines[line - 1].strip()),
        statements=sum(isinstance(node, ast.stmt) for node in ast.walk(tree)),
        longest=max(((node.end_lineno or 0) - node.lineno + 1 for node in functions), default=0),
        locals=names.total(),
        hollow_locals=sum(number for name, number in names.items() if name in HOLLOW),
    )


def rooms(root: Path = ROOT) -> dict[str, dict[str, float]]:
    """A row per room and kind, the largest first, with the numbers of `COLUMNS`."""
    totals: dict[str, Counter[str]] = defaultdict(Counter)
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).parts
        if SKIPPED & set(parts):
            continue
        counts, kind = count(path.read_text(encoding="utf-8")), kind_of(parts)
        for room in (kind, f"{parts[0]}/") if kind == "product" and len(parts) > 1 else (kind,):
            longest = max(totals[room]["longest"], counts["longest"])
            totals[room] += counts
            totals[room]["longest"] = longest
    return {
        room: {
            **{column: row[column] for column in ("files", "code", "statements", "longest")},
            "docstrings": round(100 * row["docstring_lines"] / max(1, row["code"]), 1),
            "hollow": round(100 * row["hollow_locals"] / max(1, row["locals"]), 1),
        }
        for room, row in sorted(totals.items(), key=lambda entry: -entry[1]["code"])
    }


def table(root: Path = ROOT) -> str:
    """The rooms as text; docstrings are lines per 100 lines of code, hollow is a share in percent."""
    header = "room".ljust(14) + "".join(column.rjust(12) for column in COLUMNS)
    rows = (
        room.ljust(14) + "".join(f"{row[column]:g}".rjust(12) for column in COLUMNS)
        for room, row in rooms(root).items()
    )
    return "\n".join([header, *rows]) + "\n"


def committed_code() -> int:
    """The product's code lines in the committed table."""
    row = next(line for line in TABLE.read_text().splitlines() if line.startswith("product "))
    return int(row.split()[1 + COLUMNS.index("code")])


if __name__ == "__main__":
    text = table()
    if "--write" in sys.argv:
        TABLE.write_text(text)
    sys.stdout.write(text)
    before = committed_code()
    now = int(rooms()["product"]["code"])
    sys.stdout.write(
        f"The committed table ({TABLE.relative_to(ROOT)}) says {before}: {now - before:+} lines.\n"
    )
