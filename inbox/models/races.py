"""Repeats work after another transaction has inserted the same unique row first; the next round uses that row."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction

Result = TypeVar("Result")
ROUNDS = 5
"""The maximum number of rounds. Each round may lose one race: for a message, or for one of a lead's four identities."""


def settled(work: Callable[[], Result]) -> Result:
    """Runs `work()` in a savepoint, and again after an IntegrityError, up to ROUNDS times. Returns its result.

    `work` must query before it inserts. Raises the IntegrityError of the last round: an error that stays has a cause
    other than a race.
    """
    for last in (False,) * (ROUNDS - 1) + (True,):
        try:
            with transaction.atomic():
                return work()
        except IntegrityError:
            if last:
                raise
    raise AssertionError("unreachable")
