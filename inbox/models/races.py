"""Repeats work that lost a race for a unique row. The next round sees the other transaction's row and finds it."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction

Result = TypeVar("Result")
ROUNDS = 5
"""The most rounds. Each lost race makes one more row visible, so a message and four identities of its lead need
five.
"""


def settled(work: Callable[[], Result]) -> Result:
    """Runs `work()` in a savepoint, and again if a unique constraint refuses its rows, ROUNDS times at most.

    `work` must look before it inserts. Raises IntegrityError if the last round is refused too: that is no race.
    """
    for last in (False,) * (ROUNDS - 1) + (True,):
        try:
            with transaction.atomic():
                return work()
        except IntegrityError:
            if last:
                raise
    raise AssertionError("unreachable")
