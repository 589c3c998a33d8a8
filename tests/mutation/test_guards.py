"""The list of guards that `make mutate` removes is true: each line stands where it says, once."""

import ast
import builtins
import keyword
import re
from pathlib import Path

import pytest

from tests.mutation.__main__ import removed
from tests.mutation.guards import CAMPAIGN, GUARDS, MUST_DIE, REACHED
from tests.mutation.search import guards_in, search

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("guard", GUARDS + REACHED, ids=lambda guard: f"{guard.path}: {guard.line.strip()}")
def test_a_guard_stands_once_in_its_file_and_its_tests_are_there(guard):
    assert (ROOT / guard.path).read_text().count(guard.line) == 1
    assert guard.tests == CAMPAIGN or all((ROOT / test).exists() for test in guard.tests.split())
    assert guard.tests
    assert "\n" not in guard.line and guard.line != guard.instead


@pytest.mark.parametrize("guard", GUARDS + REACHED, ids=lambda guard: f"{guard.path}: {guard.line.strip()}")
def test_what_replaces_a_guard_uses_names_of_its_file(guard):
    """Another name would raise a NameError, and the tests would go red for this alone."""
    words = re.findall(r"\w+", (ROOT / guard.path).read_text())
    names = {*words, *dir(builtins), *keyword.kwlist, "true", "false"}
    assert set(re.findall(r"[^\W\d]\w*", guard.instead)) <= names


def test_the_search_finds_the_workspace_of_a_query_the_condition_of_an_update_and_a_role():
    source = """
@workspace_view(ADMIN)
def close(request, workspace, leads):
    leads.filter(workspace=workspace, pk=1).exists()
    return leads.filter(pk=1, state="open").update(state="closed")
"""
    guards = list(guards_in("inbox/pages/x.py", source))
    assert [(guard.kind, guard.row, guard.line) for guard in guards] == [
        ("role", 2, "ADMIN"),
        ("tenancy", 4, "workspace=workspace,"),
        ("other", 5, 'state="open"'),
    ]
    assert removed(source, guards[1]) == source.replace("workspace=workspace, pk", " pk")


def test_of_guards_that_are_alike_in_one_line_only_the_one_is_removed():
    line = "é = (leads.filter(workspace=w, pk=1).exists(), leads.filter(workspace=w, pk=2).exists())\n"
    assert [removed(line, guard) for guard in guards_in("inbox/x.py", line)] == [
        line.replace("workspace=w, pk=1", " pk=1"),
        line.replace("workspace=w, pk=2", " pk=2"),
    ]


def test_the_search_finds_guards_of_every_kind_in_the_product_and_each_has_tests():
    guards = list(search())
    assert {guard.kind for guard in guards} == {"role", "tenancy", "other"} and len(guards) > 300
    assert [guard for guard in guards if not guard.tests] == []
    for guard in guards:
        ast.parse(removed((ROOT / guard.path).read_text(), guard))


def test_no_guard_of_safety_is_let_survive():
    assert [guard for guard in GUARDS if guard.survives and guard.kind in MUST_DIE] == []


def test_each_kind_that_must_die_has_guards():
    assert len(GUARDS) >= 60
    assert {guard.kind for guard in GUARDS} >= set(MUST_DIE)
