"""The aims of the rule layer, held on labelled replies; both sets are also what `evaluate_replies` is tried with."""

from functools import cache
from pathlib import Path

import pytest

from inbox.understanding.evaluate import Report, evaluate, read_cases

FIXTURES = Path(__file__).parents[2] / "fixtures"
SETS = ("replies.jsonl", "replies_extra.jsonl")
AIMS = {
    "opt_out": (0.98, 0.85),
    "bounce": (0.98, 0.98),
    "auto_reply": (0.95, 0.95),
    "out_of_office": (0.95, 0.95),
}


@cache
def report(name: str) -> Report:
    with (FIXTURES / name).open("rb") as lines:
        return evaluate(read_cases(lines))


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("label", AIMS)
def test_label_reaches_its_aims(name, label):
    score = report(name).labels[label]
    precision, recall = AIMS[label]
    assert score.tp > 5
    assert score.precision >= precision
    assert score.recall >= recall


@pytest.mark.parametrize("name", SETS)
def test_newest_text_is_exact(name):
    found = report(name)
    assert found.n > 50
    assert found.exact / found.n >= 0.98


@pytest.mark.parametrize("name", SETS)
def test_nobody_is_silenced_by_mistake(name):
    """A wrong opt-out or bounce silences a buyer: on replies that are known, there is none."""
    labels = report(name).labels
    assert labels["opt_out"].fp == labels["bounce"].fp == 0
