"""Recognises that a person refuses one channel and asks for another: "stop texting me, mail me instead".

A text that goes further refuses everything, which `optout` judges: it names a list, a lawyer or both channels.
"""

import re

from inbox.understanding import channel_phrases as phrases
from inbox.understanding.cleaned import EMAIL, LINKEDIN, SMS, Reading, rule
from inbox.understanding.normalise import fold
from inbox.understanding.signature_words import WRITER

ELSEWHERE = "elsewhere"
"""Represents calls and messengers. We send nothing there, but people refuse them and ask for them."""

_MOST_CHARS = 180

_NAMES = {
    SMS: r"text(?:s|ing|ed)?|text ?messag\w*|txts?|txting|sms(?:es)?|textnachricht\w*|textos?|mensajes? de texto"
    r"|messaggi(?:ni)?|mensagens? de texto",
    EMAIL: r"e-?mail(?:s|ing|ed|en|er)?|mail(?:s|ing|en)?|courriels?|correos?(?: electronicos?)?",
    LINKEDIN: r"linked ?in|inmails?|dms?",
    ELSEWHERE: r"whatsapp|telegram|call(?:s|ing)?|phon(?:e|ing)|ring(?:ing)?|telefon\w*|anruf\w*|anrufen|appel\w*"
    r"|llam\w+|chiam\w+|telefonat\w*|bellen|lig(?:ar|ue|acoes)",
}
_CHANNELS = {channel: re.compile(rf"\b(?:{names})\b") for channel, names in _NAMES.items()}


def refused(text: str) -> frozenset[str]:
    """The channels that `text` refuses while asking for another; empty for a question, or beyond 180 characters."""
    folded = fold(text)
    if (
        "?" in folded
        or len(folded) > _MOST_CHARS
        or not phrases.REFUSES.search(phrases.RATHER_THAN.sub(" not ", folded))
        or phrases.WIDER.search(folded)
    ):
        return frozenset()
    against: set[str] = set()
    wanted: set[str] = set()
    instead = bool(phrases.RATHER_THAN.search(folded))
    for clause in phrases.CLAUSE.split(phrases.RATHER_THAN.sub(" , not ", folded)):
        channels = {channel for channel, names in _CHANNELS.items() if names.search(clause)}
        if phrases.REFUSES.search(clause):
            against |= channels
        else:
            wanted |= channels
            instead |= bool(channels and ("@" in clause or phrases.PREFERS.search(clause)))
    return frozenset(against) if against and wanted and instead and not against & wanted else frozenset()


def ended(text: str, sender: str) -> frozenset[str]:
    """The addresses ("info@corbel.example", "info@") and numbers that `text` refuses while asking us to write to
    another.

    An old address without a name results in "". The address of the `sender` counts only if another one is given.
    """
    folded = fold(text)
    if refused(folded) or not _goes_on(folded):
        return frozenset()
    folded = phrases.RATHER_THAN.sub(" , not ", folded)
    against: set[str] = set()
    wanted: set[str] = set()
    for match in phrases.NAMED.finditer(folded):
        before = phrases.CLAUSE.split(folded[: match.start()])[-1]
        after = phrases.CLAUSE.split(folded[match.end() :], maxsplit=1)[0]
        if _ends(before, after):
            against.add(match[0])
        elif phrases.WRITE.search(before):
            wanted.add(match[0])
    if not wanted:
        against.discard(sender.lower())
        if not against and phrases.OLD.search(folded):
            against = {""}
    return frozenset(against - wanted)


def _ends(before: str, after: str = "") -> bool:
    """Whether the words of a clause before and after an address refuse that address."""
    return any(
        (phrases.REFUSES.search(before), phrases.OLD.search(before), phrases.ENDS.search(before + after))
    )


def _goes_on(text: str) -> bool:
    """Whether the text refuses an address or number of the writer, or a list, and asks for mail at another address."""
    if len(text) > _MOST_CHARS * 2 or not ("@" in text or phrases.OLD.search(text)):
        return False
    text = phrases.NAMED.sub(" @ ", phrases.RATHER_THAN.sub(" , not ", text))
    clauses = phrases.CLAUSE.split(text)
    wanted = [each for each in clauses if phrases.HERE.search(each) and not phrases.REFUSES.search(each)]
    if any(phrases.OLD.search(each) or ("@" in each and _ends(*each.split("@", 1))) for each in clauses):
        return bool(wanted)
    return bool(phrases.ENDS.search(text)) and any("@" in each and WRITER.search(each) for each in wanted)


@rule(
    "one_channel.instead",
    "The text ends one channel or address and asks for another instead: the lead stays. Nothing more goes out "
    "on a channel "
    "that it ends.",
)
def ends_one(reading: Reading) -> str | None:
    return reading.newest.text if refused(reading.above) or _goes_on(reading.above) else None
