"""Recognises that a person ends one channel and asks for another: "stop texting me, mail me instead".

The text must say both, and must ask for the second channel instead of the first. "Don't text me, don't mail
me" ends everything, which `optout` judges. So does a text that goes beyond a channel: a list, a complaint, a
lawyer.
"""

import re

from inbox.understanding.cleaned import EMAIL, LINKEDIN, SMS, Reading, Rule
from inbox.understanding.normalise import fold

ELSEWHERE = "elsewhere"
"""Stands for calls and messengers. We send nothing there, but people refuse them and ask for them."""

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

_REFUSES = re.compile(
    r"\b(?:stop|stopp\w*|quit|cease|don'?t|dont|do not|no more|no|not|never|kein\w*|nicht|hor\w* auf|arretez|plus de"
    r"|pas de|pas|dej[ae]n? de|no me|basta|smett\w+|non|geen|niet|pare[mn]?|nao)\b"
)
_PREFERS = re.compile(
    r"\b(?:instead|rather|only|just|better|best|prefer\w*|fine|ok|okay|works|easier|lieber|stattdessen|bitte per"
    r"|besser|nur|plutot|mieux|uniquement|mejor|solo|meglio|invece|liever|alleen|beter|melhor|so por|prefiro|prefiero"
    r"|preferisco)\b"
)
_RATHER_THAN = re.compile(
    r"\b(?:instead of|rather than|not (?:by|via|on|over|through)|statt|au lieu de|en vez de)\b"
)
_CLAUSE = re.compile(
    r"[.,;:!?\n()]+|\s[-–—]\s|\b(?:but|and|aber|sondern|und|mais|et|pero|sino|ma|maar|mas)\b"
)
_WIDER = re.compile(
    r"\b(?:unsubscribe|remove|delete|list|spam|report\w*|legal|lawyer|attorney|sue|gdpr|dsgvo|rgpd|harass\w*|police"
    r"|everything|anything|anymore at all|at all|ever again|altogether|completely)\b"
)


def refused(text: str) -> frozenset[str]:
    """The channels (EMAIL, SMS, LINKEDIN, ELSEWHERE) on which the person wants no more because they ask for another
    one, according to `text`. Empty if there is none, for a question, and for a text of more than 180 characters.
    """
    return _refused(fold(text))


def _refused(folded: str) -> frozenset[str]:
    if "?" in folded or len(folded) > _MOST_CHARS or not _REFUSES.search(_RATHER_THAN.sub(" not ", folded)):
        return frozenset()
    if _WIDER.search(folded):
        return frozenset()
    against: set[str] = set()
    wanted: set[str] = set()
    instead = bool(_RATHER_THAN.search(folded))
    for clause in _CLAUSE.split(_RATHER_THAN.sub(" , not ", folded)):
        named = {channel for channel, names in _CHANNELS.items() if names.search(clause)}
        if _REFUSES.search(clause):
            against |= named
        else:
            wanted |= named
            instead |= bool(named and ("@" in clause or _PREFERS.search(clause)))
    return frozenset(against) if against and wanted and instead and not against & wanted else frozenset()


def _ends_one(reading: Reading) -> str | None:
    return reading.newest.text if _refused(reading.text) else None


RULE = Rule(
    "one_channel.instead",
    "one_channel",
    "The text ends one channel and asks for another instead: nothing more goes out on the one, and the lead stays.",
    _ends_one,
)
