"""What each tag means for the work that follows: one table, and the sets that are read from it."""

from typing import NamedTuple

from inbox.models.lead import Tag


class Meaning(NamedTuple):
    """`rank`: which tag wins where several fit, lowest first. `positive`: somebody should act on it.

    `drafted`: an answer is proposed. `auto`: the answer may go out by itself.
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
"""An answer to Meeting Booked always waits for a person."""

POSITIVE = {tag for tag, meaning in MEANINGS.items() if meaning.positive}
DRAFTED = {tag for tag, meaning in MEANINGS.items() if meaning.drafted}
AUTO = {tag for tag, meaning in MEANINGS.items() if meaning.auto}
NO_ANSWER = {Tag.BLACKLIST, Tag.AUTOMATED_REPLY, Tag.OUT_OF_OFFICE}
"""Nothing is ever drafted for these, and drafts that wait are closed."""

JUDGED = tuple(
    sorted((tag for tag in MEANINGS if MEANINGS[tag].rank <= 12), key=lambda tag: MEANINGS[tag].rank)
)
"""What rules and a model can judge a message to be, by rank: New and Snoozed are states of a lead, and that it is the
wrong person is for people to say."""
SAID = (*JUDGED, Tag.WRONG_PERSON)
"""What a person can say that a message means."""
