"""Recognises that a person refuses one channel and asks for another: "stop texting me, mail me instead".

A text that names a list, a lawyer or both channels refuses everything. The module `optout` judges such a text.
"""

import re

from inbox.understanding.cleaned import EMAIL, LINKEDIN, SMS, Reading, rule
from inbox.understanding.normalise import fold
from inbox.understanding.signature_words import WRITER

REFUSES = re.compile(
    r"\b(?:stop|stopp\w*|quit|cease|don'?t|dont|do not|no more|no|not|never|kein\w*|nicht|hor\w* auf|arretez|"
    r"plus de"
    r"|pas de|pas|dej[ae]n? de|no me|basta|smett\w+|non|geen|niet|pare[mn]?|nao)\b"
)
PREFERS = re.compile(
    r"\b(?:instead|rather|only|just|better|best|prefer\w*|fine|ok|okay|works|easier|lieber|stattdessen|"
    r"bitte per"
    r"|besser|nur|plutot|mieux|uniquement|mejor|solo|meglio|invece|liever|alleen|beter|melhor|so por|prefiro|"
    r"prefiero"
    r"|preferisco)\b"
)
RATHER_THAN = re.compile(
    r"\b(?:instead of|rather than|not (?:by|via|on|over|through)|statt|au lieu de|en vez de)\b"
)
CLAUSE = re.compile(r"[.,;:!?\n()]+|\s[-–—]\s|\b(?:but|and|aber|sondern|und|mais|et|pero|sino|ma|maar|mas)\b")
WIDER = re.compile(
    r"\b(?:unsubscribe|remove|delete|list|spam|report\w*|legal|lawyer|attorney|sue|gdpr|dsgvo|rgpd|harass\w*|"
    r"police"
    r"|everything|anything|anymore at all|at all|ever again|altogether|completely)\b"
)
OLD = re.compile(
    r"\b(?:old|other|former|previous|alte|andere|ancienne?|autre|antigu?[ao]|otr[ao]|vecchi[ao]|"
    r"altr[ao]|outr[ao]|"
    r"oude|gamla|gamle|star\w+|vanha)\w* (?:e-?mail |work )?(?:address|number|inbox|mailbox|phone|adress\w*|"
    r"nummer|numero|"
    r"direccion|correo|indirizzo|endereco|telefo\w*|adres\w*|osoite\w*)"
)
ENDS = re.compile(
    r"\b(?:remov\w+|delet\w+|drop|unsubscrib\w+|take\b.*\boff|(?:streich|losch|entfern)\w*|nehm\w*\b.*\baus|retir\w+|"
    r"supprim\w+|enlev\w+|quit[ea]\w*|borr\w+|elimin\w+|tolg\w+|togli\w*|cancell\w+|rimuov\w+|haal|verwijder\w*|"
    r"ta bort|fjern\w*|slet\w*|usun\w*|smaz\w*|vymaz\w*|poist\w+|torol\w*|sterg\w*|sil\w*|удал\w*|видал\w*)\b"
)
NAMED = re.compile(r"[\w.+-]+@(?:[\w-]+(?:\.[\w-]+)+)?|\+?\d[\d ()/.-]{7,}\d")
_WRITE = (
    r"\b(?:use|write|e-?mail|mail|reach|contact|send|text|call|reply|schreib\w*|nehmen|nutz\w*|mailen|ecri\w*|"
    r"utilis\w*|"
    r"contact\w*|escrib\w*|us[ea]\w*|scriv\w*|escrev\w*|schrijf|stuur|skriv\w*|brug|bruk|pisac|pisz\w*|pist?e|"
    r"psat|"
    r"kirjoit\w*|irj\w*|scri\w*|yaz\w*|пиш\w*)\b"
)
WRITE = re.compile(_WRITE)
HERE = re.compile(
    rf"{_WRITE}[^.!?\n]{{0,25}}"
    r"\b(?:here|directly|this (?:one|address|number)|"
    r"my own|private|hier(?:her)?|direkt|diese\w*|"
    r"ici|directement|celle-ci|aqui|directamente|esta|este|diretamente|qui|direttamente|quest[oa]|hier|"
    r"rechtstreeks|dit|"
    r"hit|hertil|hit|denne|den har|tutaj|bezposrednio|ten|sem|primo|tanne|suoraan|ide|aici|buraya|сюда|сюди)\b"
)


ELSEWHERE = "elsewhere"
"""A channel that stands for calls and messengers. We send nothing on it, but people refuse calls or ask for them."""

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
    """Returns the channels that `text` refuses while it asks for another. Questions and long texts refuse none."""
    folded = fold(text)
    if (
        "?" in folded
        or len(folded) > _MOST_CHARS
        or not REFUSES.search(RATHER_THAN.sub(" not ", folded))
        or WIDER.search(folded)
    ):
        return frozenset()
    against: set[str] = set()
    wanted: set[str] = set()
    instead = bool(RATHER_THAN.search(folded))
    for clause in CLAUSE.split(RATHER_THAN.sub(" , not ", folded)):
        channels = {channel for channel, names in _CHANNELS.items() if names.search(clause)}
        if REFUSES.search(clause):
            against |= channels
        else:
            wanted |= channels
            instead |= bool(channels and ("@" in clause or PREFERS.search(clause)))
    return frozenset(against) if against and wanted and instead and not against & wanted else frozenset()


def ended(text: str, sender: str) -> frozenset[str]:
    """Returns the addresses ("info@corbel.example", "info@") and numbers that `text` refuses while it asks us to write
    to another one.

    If `text` refuses an old address without naming it, the result contains only "". The address of the `sender` counts
    only if `text` gives another one.
    """
    folded = fold(text)
    if refused(folded) or not _goes_on(folded):
        return frozenset()
    folded = RATHER_THAN.sub(" , not ", folded)
    against: set[str] = set()
    wanted: set[str] = set()
    for match in NAMED.finditer(folded):
        before = CLAUSE.split(folded[: match.start()])[-1]
        after = CLAUSE.split(folded[match.end() :], maxsplit=1)[0]
        if _ends(before, after):
            against.add(match[0])
        elif WRITE.search(before):
            wanted.add(match[0])
    if not wanted:
        against.discard(sender.lower())
        if not against and OLD.search(folded):
            against = {""}
    return frozenset(against - wanted)


def _ends(before: str, after: str = "") -> bool:
    """Whether the words of a clause `before` and `after` an address refuse this address."""
    return any((REFUSES.search(before), OLD.search(before), ENDS.search(before + after)))


def _goes_on(text: str) -> bool:
    """Whether the text refuses an address or number of the writer, or a list, and asks for mail to another address."""
    if len(text) > _MOST_CHARS * 2 or not ("@" in text or OLD.search(text)):
        return False
    text = NAMED.sub(" @ ", RATHER_THAN.sub(" , not ", text))
    clauses = CLAUSE.split(text)
    wanted = [each for each in clauses if HERE.search(each) and not REFUSES.search(each)]
    if any(OLD.search(each) or ("@" in each and _ends(*each.split("@", 1))) for each in clauses):
        return bool(wanted)
    return bool(ENDS.search(text)) and any("@" in each and WRITER.search(each) for each in wanted)


@rule(
    "one_channel.instead",
    "The text turns down one channel or address and asks for another. The lead stays, but nothing more goes out on "
    "the channel that was turned down.",
)
def ends_one(reading: Reading) -> str | None:
    return reading.newest.text if refused(reading.above) or _goes_on(reading.above) else None
