"""Guards that stand in the product's text, beside the list in `guards.py`: a query's workspace, the condition of an
UPDATE, and what a page asks of a member's role. Each has the tests that the map names for its function.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests import changed
from tests.mutation.guards import OTHER, Guard

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("admin", "api", "inbox", "insights", "integrations", "jobs")
TENANCY = {"workspace", "workspace_id", "lead__workspace", "lead__workspace_id"}
LOOKUPS = {"filter", "exclude", "get", "get_object_or_404", "aget", "first", "exists"}


def search() -> Iterator[Guard]:
    """The guards of every module but migrations, in the order in which they stand."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts:
                yield from guards_in(path.relative_to(ROOT).as_posix(), path.read_text())


def guards_in(path: str, source: str) -> Iterator[Guard]:
    lines = source.splitlines()
    parts = sorted(_parts(ast.parse(source)), key=lambda found: (found[1].lineno, found[1].col_offset))
    for kind, part in parts:
        row, end = part.lineno, part.end_col_offset or 0
        if part.end_lineno != row:
            continue  # a condition of several lines
        text = lines[row - 1].encode()
        comma = text[end : end + 1] == b","
        line = text[part.col_offset : end + comma].decode()
        column = len(text[: part.col_offset].decode())
        tests = " ".join(changed.files_at(path, source, [row]))
        yield Guard(kind, path, line, "", tests, row=row, column=column)


def _parts(tree: ast.Module) -> Iterator[tuple[str, ast.keyword | ast.expr]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if _name(node) in LOOKUPS:
            yield from (("tenancy", keyword) for keyword in node.keywords if keyword.arg in TENANCY)
        if _name(node) == "update" and isinstance(node.func, ast.Attribute):
            yield from ((OTHER, keyword) for keyword in _conditions(node.func.value))
        if _name(node) == "workspace_view":
            yield from (("role", role) for role in (*node.args, *node.keywords))


def _conditions(node: ast.expr) -> Iterator[ast.keyword]:
    """What the rows of an UPDATE must be, apart from whose they are."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr == "filter":
            yield from (
                keyword
                for keyword in node.keywords
                if keyword.arg and keyword.arg not in {"pk", "id", *TENANCY}
            )
        node = node.func.value


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
