"""Defines the consequences of each tag in one table, and the sets of tags that derive from it."""

from typing import NamedTuple

from inbox.models.lead import Tag


class Meaning(NamedTuple):
    """The consequences of a tag. The tag with the lowest `rank` wins. `positive` means that somebody should act on the
    tag. `drafted`: an answer is drafted. `auto`: the answer may go out without a person.
    """

    rank: int
    positive: bool = False
    drafted: bool = False
    auto: bool = False


MEANINGS = {
    Tag.BLACKLIST: Meaning(1),
    Tag.AUTOMATED_REPLY: Meaning(2),
    Tag.OUT_OF_OFFICE: Meaning(3),
    Tag.MEETING_BOOKED: Meaning(4, drafted=True),
    Tag.MEETING_REQUESTED: Meaning(5, positive=True, drafted=True, auto=True),
    Tag.CALL_REQUESTED: Meaning(6, positive=True, drafted=True),
    Tag.INFORMATION_REQUESTED: Meaning(7, positive=True, drafted=True, auto=True),
    Tag.NOT_INTERESTED: Meaning(8),
    Tag.OBJECTION: Meaning(9),
    Tag.FOLLOW_UP: Meaning(10, drafted=True, auto=True),
    Tag.INTERESTED: Meaning(11, positive=True, drafted=True, auto=True),
    Tag.NEUTRAL: Meaning(12),
    Tag.NEW: Meaning(13),
    Tag.SNOOZED: Meaning(14),
    Tag.WRONG_PERSON: Meaning(15),
}
"""The consequences by tag. An answer to Meeting Booked always waits for a person."""

POSITIVE = {tag for tag, meaning in MEANINGS.items() if meaning.positive}
DRAFTED = {tag for tag, meaning in MEANINGS.items() if meaning.drafted}
AUTO = {tag for tag, meaning in MEANINGS.items() if meaning.auto}
NO_ANSWER = {Tag.BLACKLIST, Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE}
"""A reply with one of these tags gets no draft, and waiting drafts are closed."""

JUDGED = tuple(
    sorted((tag for tag in MEANINGS if MEANINGS[tag].rank <= 12), key=lambda tag: MEANINGS[tag].rank)
)
"""The tags that rules and a model can give, by rank. New and Snoozed are states; only people set Wrong Person."""
SAID = (*JUDGED, Tag.WRONG_PERSON)
"""The tags that a person can give to a message."""
