"""`jobs` and `integrations` know nothing of the domain above them. Import-linter reads imports; this reads names."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOMAIN = re.compile(r"\binbox[._:]\w")
RELATIONS = {"ForeignKey", "OneToOneField", "ManyToManyField"}


def called(call: ast.Call) -> str:
    return getattr(call.func, "attr", getattr(call.func, "id", ""))


def names_of_domain(source: str) -> Iterator[tuple[int, str]]:
    """The line and text of each name of `inbox` in a module, and of each look-up of a model by its name. Docstrings and
    the targets of foreign keys are left out.
    """
    nodes = list(ast.walk(ast.parse(source)))
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    allowed = {id(call.args[0]) for call in calls if call.args and called(call) in RELATIONS}
    allowed |= {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    yield from ((call.lineno, "get_model") for call in calls if called(call) == "get_model")
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in allowed:
            yield from ((node.lineno, match.group()) for match in DOMAIN.finditer(node.value))


@pytest.mark.parametrize("room", ["jobs", "integrations"])
def test_a_lower_room_names_no_model_permission_address_or_table_of_the_domain(room):
    modules = [path for path in (ROOT / room).rglob("*.py") if "migrations" not in path.parts]
    names = [(path.name, *name) for path in modules for name in names_of_domain(path.read_text())]
    scripts = [path for path in (ROOT / room).rglob("*.sql") if DOMAIN.search(path.read_text())]
    assert modules and (names, scripts) == ([], [])


@pytest.mark.parametrize(
    "line",
    [
        'apps.get_model("jobs.Tick")',
        'workspace = "inbox.Workspace"',
        'may("inbox.see_all_workspaces")',
        'reverse("inbox:health")',
        'cursor.execute(f"SELECT id FROM inbox_workspace WHERE {condition}")',
    ],
)
def test_a_name_of_the_domain_is_refused(line):
    assert len(list(names_of_domain(line))) == 1


def test_a_foreign_key_and_a_docstring_may_name_the_domain():
    key = 'workspace = models.ForeignKey("inbox.Workspace", on_delete=models.CASCADE)'
    assert not list(names_of_domain(f'"""It is for `inbox.replying`."""\n{key}'))


@pytest.mark.parametrize("path", sorted((ROOT / "benchmarks").glob("[a-z]*.py")), ids=lambda path: path.stem)
def test_what_a_benchmark_imports_is_there(path):
    """No other test imports benchmarks. They run some of their code in other processes, as a text."""
    imports = re.findall(r"^[ ]*from (\w[\w.]*) import (\w+(?:, \w+)*)$", path.read_text(), re.M)
    assert imports
    for module, names in imports:
        if (ROOT / module.split(".")[0]).exists():
            for name in names.split(", "):
                if not hasattr(importlib.import_module(module), name):
                    importlib.import_module(f"{module}.{name}")
