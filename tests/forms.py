"""Tests in two forms: a short one for each change, and the whole one for `make rehearse`, which sets LONG=1.

A test that is only worth its time there has the marker `long`. One that does less in `make test` has `shortened`, and
takes its numbers from here.
"""

import os
from collections.abc import Container, Iterable
from typing import TypeVar

import pytest
from _pytest.mark.structures import ParameterSet

Form = TypeVar("Form")

LONG = os.environ.get("LONG") == "1"


def either(short: Form, whole: Form) -> Form:
    """A number of examples, a plan of harm: `short` in `make test`, `whole` in `make rehearse`."""
    return whole if LONG else short


def some(values: Iterable[object], ids: Iterable[str], short: Container[str]) -> list[ParameterSet]:
    """Each value, for `parametrize`. In `make test` those whose id is in `short`."""
    return [
        pytest.param(value, id=id, marks=[pytest.mark.long] * (id not in short))
        for value, id in zip(values, ids, strict=True)
    ]


def spread(rows: Iterable[object], columns: Iterable[object], *, one_in: int) -> list[ParameterSet]:
    """Every pair, for `parametrize`. In `make test` one in so many, of every row and of every column some."""
    columns = list(columns)
    return [
        pytest.param(
            row, column, id=f"{row}-{column}", marks=[pytest.mark.long] * bool((down + along) % one_in)
        )
        for down, row in enumerate(rows)
        for along, column in enumerate(columns)
    ]
