"""The list of guards that `make mutate` removes is true: each line stands where it says, once."""

from pathlib import Path

import pytest

from tests.mutation.guards import GUARDS, MUST_DIE

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: f"{guard.path}: {guard.line.strip()}")
def test_a_guard_stands_once_in_its_file_and_its_tests_are_there(guard):
    assert (ROOT / guard.path).read_text().count(guard.line) == 1
    assert guard.tests.split() and all((ROOT / test).exists() for test in guard.tests.split())
    assert "\n" not in guard.line and guard.line != guard.instead


def test_no_guard_of_safety_is_let_survive():
    assert [guard for guard in GUARDS if guard.survives and guard.kind in MUST_DIE] == []


def test_each_kind_that_must_die_has_guards():
    assert len(GUARDS) >= 60
    assert {guard.kind for guard in GUARDS} >= set(MUST_DIE)
