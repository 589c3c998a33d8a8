"""Decides in which languages besides English people opt out, one rule for each family."""

from inbox.understanding import optout_germanic as germanic
from inbox.understanding import optout_others as others
from inbox.understanding import optout_romance as romance

LANGUAGE_RULES = tuple(
    (
        wish.code,
        f"The same wishes in {wish.name}: removal, no further mail, stop writing, erase my data.",
        wish.match,
    )
    for wish in (*germanic.WISHES, *romance.WISHES, *others.WISHES)
)
