"""Repeats work that lost a race for a unique row: the next round sees the other transaction's row and uses it."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction

Result = TypeVar("Result")
ROUNDS = 5
"""The maximum number of rounds. Each lost race reveals a row; a message and a lead's four identities need five."""


def settled(work: Callable[[], Result]) -> Result:
    """Runs `work()` in a savepoint. Repeats it if a unique constraint refuses its rows, at most ROUNDS times.

    `work` must query before it inserts. Raises IntegrityError if the last round is also refused: this is not a race.
    """
    for last in (False,) * (ROUNDS - 1) + (True,):
        try:
            with transaction.atomic():
                return work()
        except IntegrityError:
            if last:
                raise
    raise AssertionError("unreachable")
