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
FIXED = {
    "obj": "has_add_permission has_view_permission has_change_permission has_delete_permission get_fields get_exclude"
    " get_fieldsets get_form get_readonly_fields save_model delete_model log_addition log_change delete_existing"
    " value_to_string",
    "value": "lookup_allowed to_python prepare_value get_prep_value from_db_value __set__",
    "data": "__init__ has_changed sendall request data",
    "info": "info",
}
"""By name, the methods whose signatures Django, django-q2, requests and Python set: of ModelAdmin, fields, forms and
brokers, descriptors and sockets. `data` as a method is a request's, as in Django REST framework.
"""
OPEN = ("inbox/understanding/word_weights.py",)
"""Modules whose names stay: learned weights name the bytes of this one, and would have to be learned anew."""


def local_names(function: ast.AST) -> set[str]:
    """Names that are bound inside `function`, its parameters apart."""
    return {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    }


def refused(source: str) -> Iterator[tuple[int, str, str]]:
    """The line, the function and the name, for each hollow name in the Python text `source`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        length = (node.end_lineno or node.lineno) - node.lineno + 1
        arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
        names = {node.name, *(argument.arg for argument in arguments)}
        names |= local_names(node) if length > SHORT else set()
        for name in sorted(names & HOLLOW):
            if node.name not in FIXED.get(name, "").split():
                yield node.lineno, node.name, name


def main() -> int:
    """Prints what is refused; the exit status is 1 if there is any."""
    paths = [path.relative_to(ROOT) for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    lines = [
        f"{path}:{line}: {function}: “{name}” names nothing\n"
        for path in paths
        if "migrations" not in path.parts and not str(path).startswith(OPEN)
        for line, function, name in refused((ROOT / path).read_text(encoding="utf-8"))
    ]
    if lines:
        lines.append(f"{len(lines)} names that name nothing. Use the noun of what it holds.\n")
    sys.stdout.write("".join(lines))
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
