"""Settles a lost race: what another transaction took meanwhile is visible to the next round, which finds it."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, transaction

Result = TypeVar("Result")
ROUNDS = 5
"""Each lost race makes one more row visible: a message and four identities of its lead are settled in five rounds."""


def settled(work: Callable[[], Result]) -> Result:
    """What `work()` returns, run in a savepoint, and from its beginning again where a unique constraint refused it.

    `work` must look before it inserts, and keep nothing of a round that failed. Raises IntegrityError where the last
    round is refused as well: then no race is the reason.
    """
    for last in (False,) * (ROUNDS - 1) + (True,):
        try:
            with transaction.atomic():
                return work()
        except IntegrityError:
            if last:
                raise
    raise AssertionError("unreachable")
