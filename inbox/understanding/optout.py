"""Recognises that a person asks us never to write again. A wrong yes silences a buyer, so the rules must be sure."""

import re
from collections.abc import Callable

from inbox.understanding.cleaned import ALL_CHANNELS, SMS, Reading, Rule
from inbox.understanding.word_weights import count_words, weights

SURE = 0.8
"""The probability from which wording is a wish to be left alone, if it also holds a phrase of such a wish
(docs/adr/0026-wording-is-learned.md).
"""

PERHAPS = 0.3
"""The probability from which wording may be such a wish. A model or a person then decides."""

ENOUGH_WORDS = 5
"""The least number of words that are judged by wording. A shorter text can only be a keyword."""

# By the rules of CTIA and the carriers these words alone end a subscription. European senders announce the
# local ones.
CARRIER_STOP = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "unsub"}
    | {"alto", "baja", "pare", "parar", "sair", "arret", "stopp", "stopt", "basta", "fin", "cancelar"}
    | {"abmelden", "afmelden"}
)
CARRIER_START = frozenset({"start", "unstop", "subscribe", "resubscribe", "optin"})
_CARRIER_PHRASES = frozenset(
    {"stop all", "opt out", "stop 2 end", "stop to end", "stop 2 stop", "stop 2 quit"}
)

# "STOP I am not Maria": the keyword in capitals comes first. Carriers take only the word alone; we take this
# form too.
_SHOUTED = re.compile(
    r"^\W*(?:STOP|UNSUBSCRIBE|STOPALL)\b(?=[.,!;:-]|\W*\n|\W+(?:[Ii]|this|wrong|not|no|don'?t|dont|u|you|who|he|"
    r"she|we|thanks|pls|please|now)\b)"
    r"[^?]*$"
)
_PLEADED = re.compile(r"^\W*stop,? (?:please|pls|plz)\b[^?]*$")
_SHOUT_CHARS = 80
# these are slips for "stop" and no other English word
_STOP_SLIP = re.compile(r"s+t+o+p+|sotp|stpo|tsop|stp|stpop|stiop|stoip")
_WORD_SPLIT = re.compile(r"[^\w']+")
_SPACED_OUT = re.compile(r"\b(?:\w[ .-]){3,}\w\b")
_STOP_SIGNS = re.compile(
    r"^[\s!]*(?:(?:\U0001f6d1|\U0001f6ab|\u26d4|\U0001f645)[\U0001f3fb-\U0001f3ff\u200d\u2640\u2642\ufe0f\s!.]*)+$"
)

_FILLER = (
    r"(?: (?:it|this|now|already|all|me|us|mine|please|pls|plz|thanks|thank you|today|immediately|asap|"
    r"right now|spam|emails?|mails?|msgs?|messages?|txts?|texts?|sms|"
    r"from (?:this |your |the )?(?:mailing )?list))*"
)
_REFUSAL = r"(?:not in\w{5,9}|no (?:thanks?|thx|ty)|no thank you|nope|nah|wrong (?:number|person))"
_KEYWORD = re.compile(
    rf"^(?:(?:hi|hello|hey|dear)(?: \w+)?[,.!]? )?(?:{_REFUSAL}[,.!]* |no[,.!]? |(?:please|pls|plz|kindly|just) |"
    rf"i (?:want|would like|wish) to )*"
    rf"(?:(?:stop|unsubscribe|un-subscribe|unsub|remove|opt[- ]?out|optout|opting out|removed|"
    rf"delete){_FILLER}[,.!\s]*)+"
    rf"(?:thanks|thank you|thx|{_REFUSAL})?[.!\s]*$|"
    r"^(?:please |pls )?(?:get |take )?(?:me |us )?off (?:the |this |your |ur )?list(?: please| pls| now|"
    r" thanks)*[.! ]*$|"
    r"^(?:please |pls )?no (?:more )?(?:texts|txts|e-?mails|messages|msgs|mails|spam)(?: please| pls| thanks|"
    r" thx)*[.! ]*$|"
    r"^(?:please |pls )?no more(?:,? (?:please|pls|thanks|thank you))*[.! ]*$"
)

_FIRST_SENTENCE = re.compile(r"[^.!\n]{2,60}[.!]+(?=\s)")
# What mail programs and people put below their words, in any wording: "Sent from TypeApp", "(Gesendet von
# unterwegs)".
_FOOTER = re.compile(
    r"^\W*(?:(?:this (?:e-?mail|message) was )?(?:sent|typed|written|dictated|composed|posted)\b(?: \w+)?"
    r"(?: from| with| by| via| on| using| while)\b|get (?:outlook|the)\b|from my \w+|download \w+|"
    r"(?:envoye|gesendet|von meinem|enviad[oa]|desde mi|do meu|inviato|dal mio|verzonden|verstuurd|vanaf mijn|skickat|"
    r"sendt|lahetetty|wyslan[oea]|odeslano|poslano|kuldve|elkuldve|trimis|gonderildi|отправлено|надіслано|изпратено|"
    r"εσταλη|στάλθηκε|iphone'umdan|iphone)\b|iphoneから|发自|來自|傳自|나의 |내 |נשלח|أرسل|"
    r"(?:https?://|www\.)\S+\W*$|(?:thanks|thank you|thx|regards|best|cheers|sincerely|danke|merci|gracias|grazie|"
    r"obrigad[oa]|bedankt|tack|tak|takk)[,.! ]*(?:\w+[,.! ]*){0,2}$)",
    re.I,
)

_TAKEN_BACK = re.compile(r"\b(?:just|only) (?:kidding|joking)\b|(?:^|[.!?,] ?)(?:kidding|joking|jk|j/k)\b")


def _words(text: str) -> str:
    return " ".join(word for word in _WORD_SPLIT.split(text) if word)


def _without_footer(text: str) -> str:
    """Returns the first line or sentence of a folded text if only a device footer or a sign-off follows, else
    the text.
    """
    first, _, rest = text.partition("\n")
    if not rest.strip() and (end := _FIRST_SENTENCE.match(text)):
        first, rest = end[0], text[end.end() :]
    lines = [line for line in rest.split("\n") if line.strip()]
    return first if lines and all(_FOOTER.match(line) for line in lines) else text


def _carrier(reading: Reading) -> str | None:
    text = _without_footer(reading.text)
    words = _words(text)
    shouted = len(words) < _SHOUT_CHARS and (_SHOUTED.match(reading.newest.text) or _PLEADED.match(text))
    known = words in CARRIER_STOP or words in _CARRIER_PHRASES or _STOP_SLIP.fullmatch(words)
    return reading.newest.text if known or shouted else None


def _keyword(reading: Reading) -> str | None:
    if _is_keyword(_without_footer(reading.text)):
        return reading.newest.text
    # behind "Re:" the word may be what the thread is about
    written = not reading.is_reply or not reading.text
    spoken = written and not reading.is_forward and _is_keyword(reading.subject)
    return reading.reply.subject if spoken else None


def _is_keyword(text: str) -> bool:
    text = text.replace("\n", " ")
    if _STOP_SIGNS.match(text):
        return True
    if not text or len(text) > 80 or "?" in text:
        return False
    if " " not in text:
        text = text.replace(".", " ")  # "please.remove.me"
    text = _SPACED_OUT.sub(lambda match: re.sub(r"[ .-]", "", match[0]), text)
    text = re.sub(r"[!.]+(?=\s|$)", "", re.sub(r"[^\w\s,.!'-]", "", text).strip())
    return bool(_KEYWORD.match(text))


def _probability(reading: Reading) -> float:
    return 0.0 if _TAKEN_BACK.search(reading.text) else weights("opt_out").probability(reading.wish_slots)


def _evidence(reading: Reading) -> str:
    return weights("opt_out").strongest(reading.sentences, reading.reply.subject or "")


def _wording(reading: Reading) -> str | None:
    sure = (
        count_words(reading.own_words) >= ENOUGH_WORDS
        and reading.once(_probability) >= SURE
        and weights("opt_out").express(reading.own_words)
    )
    return _evidence(reading) if sure else None


def _suspected(reading: Reading) -> str | None:
    return _evidence(reading) if reading.own_words and reading.once(_probability) >= PERHAPS else None


def _rule(
    name: str,
    description: str,
    match: Callable[[Reading], str | None],
    channels: frozenset[str] = ALL_CHANNELS,
) -> Rule:
    return Rule(f"opt_out.{name}", "opt_out", description, match, channels)


RULES = (
    _rule(
        "carrier_keyword",
        "The whole text is a carrier's keyword (STOP, STOPALL, CANCEL, END, QUIT, REVOKE, OPTOUT, BAJA, ARRET …).",
        _carrier,
        frozenset({SMS}),
    ),
    _rule(
        "keyword",
        "The whole message, or its subject, is one wish in a word: stop, unsubscribe, remove me, opt out. A footer or "
        "a sign-off below it is no part of it.",
        _keyword,
    ),
    _rule(
        "wording",
        "A text of some length that holds an expression of a wish to be left alone, as only such replies have it, and "
        f"whose wording as a whole is at least {SURE:.0%} sure to be one.",
        _wording,
    ),
)

SUSPICION = Rule(
    "opt_out.suspected",
    "opt_out",
    f"The wording is at least {PERHAPS:.0%} sure to be a wish to be left alone: a model or a person decides.",
    _suspected,
    sure=False,
)


_START = re.compile(
    r"^(?:(?:hi|hello|hey|sorry|oops|ok|okay|yes|please|pls|plz|my mistake|by mistake) )*"
    rf"(?:{'|'.join(sorted(CARRIER_START))}|opt in|opt me (?:back )?in)"
    r"(?: (?:please|pls|plz|thanks|thank you|thx|again|sorry|now|me))*$"
)
"""The keyword with the polite words that people put around it. In a longer sentence the same word is no keyword."""


def _opts_in(reading: Reading) -> str | None:
    return reading.newest.text if "?" not in reading.text and _START.match(_words(reading.text)) else None


OPT_IN_RULES = (
    Rule(
        "opt_in.carrier_keyword",
        "opt_in",
        "The whole text is a carrier's keyword that subscribes again (START, UNSTOP), with a please or a sorry.",
        _opts_in,
        frozenset({SMS}),
    ),
)
