"""Decides whether an automatic mail says that a person or an office is away for a time, and by which words."""

from inbox.understanding import absence_languages as languages
from inbox.understanding import absence_phrases as phrases
from inbox.understanding import autoreply_phrases
from inbox.understanding.autoreply_marks import ARRIVED, THEY_ANSWER
from inbox.understanding.reading import EMAIL, Reading, Rule


def away_subject(reading: Reading) -> bool:
    """An away subject that is not simply the subject of our own mail, echoed: those carry "Re:"."""
    return bool(phrases.AWAY_SUBJECT.match(reading.raw_subject))


def away_quote(reading: Reading) -> str | None:
    """For a mail already known to be automatic: the words that say a person or an office is away for a time."""
    if away_subject(reading):
        return reading.reply.subject
    if phrases.DELIVERY.search(reading.raw_subject) or autoreply_phrases.RECEIPT_SUBJECT.match(
        reading.raw_subject
    ):
        return None
    if phrases.GONE.search(reading.text) and not phrases.COMES_BACK.search(reading.text):
        return None
    patterns = [phrases.AWAY]
    # Elsewhere "until Monday" may be a pause from the network, not from work.
    if reading.reply.channel == EMAIL:
        patterns += [phrases.AWAY_WIDE, phrases.SINCE_UNTIL]
        if not (ARRIVED.search(reading.text) or autoreply_phrases.RECEIVED.search(reading.text)):
            patterns.append(languages.AWAY_ANYWHERE)
    for pattern in patterns:
        for written, low in reading.sentences:
            if pattern.search(low) and (phrases.SURELY_AWAY.search(low) or not phrases.NOT_AWAY.search(low)):
                return written
    return _only_a_date(reading) if reading.reply.channel == EMAIL else None


_SOMETHING_ELSE = (
    autoreply_phrases.RECEIVED,
    ARRIVED,
    THEY_ANSWER,
    autoreply_phrases.UNREAD,
    autoreply_phrases.BUSINESS_TEXT,
    autoreply_phrases.RARELY_READS,
    autoreply_phrases.SLOW,
    autoreply_phrases.CHALLENGE,
    phrases.CHANGED,
    phrases.NOT_AWAY,
)


def _only_a_date(reading: Reading) -> str | None:
    """ "Elk season. Back the 9th.": software that tells of nothing but a time tells until when nobody answers."""
    if any(pattern.search(reading.text) for pattern in _SOMETHING_ELSE):
        return None
    return reading.first(languages.BACK)


AWAY_RULE = Rule(
    "out_of_office.away",
    "out_of_office",
    "An automatic reply whose subject or text says that a person or an office is away for a time.",
    away_quote,
)
