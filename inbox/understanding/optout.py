"""Decides whether a person asks us never to write again. A wrong yes silences a buyer: rules ask to be sure."""

import re
from collections.abc import Callable

from inbox.understanding.reading import ALL_CHANNELS, SMS, Reading, Rule
from inbox.understanding.wording import weights

SURE = 0.88
"""From this probability on, wording alone is a wish to be left alone (ADR 0026: precision before recall)."""

# CTIA and the carriers: these words alone end a subscription; the localised ones are what European senders announce.
CARRIER_STOP = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "unsub"}
    | {"alto", "baja", "pare", "parar", "sair", "arret", "stopp", "stopt", "basta", "fin", "cancelar"}
    | {"abmelden", "afmelden"}
)
CARRIER_START = frozenset({"start", "unstop", "subscribe", "resubscribe", "optin"})
_CARRIER_PHRASES = frozenset(
    {"stop all", "opt out", "stop 2 end", "stop to end", "stop 2 stop", "stop 2 quit"}
)

# "STOP I am not Maria": the keyword in capitals before anything else, though carriers take only the word alone.
_SHOUTED = re.compile(
    r"^\W*(?:STOP|UNSUBSCRIBE|STOPALL)\b(?=[.,!;:-]|\W*\n|\W+(?:[Ii]|this|wrong|not|no|don'?t|dont|u|you|who|he|"
    r"she|we|thanks|pls|please|now)\b)"
    r"[^?]*$"
)
_PLEADED = re.compile(r"^\W*stop,? (?:please|pls|plz)\b[^?]*$")
_SHOUT_CHARS = 80
_STOP_SLIP = re.compile(r"s+t+o+p+|sotp|stpo|tsop|stp|stpop|stiop|stoip")  # no other English word
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

_TAKEN_BACK = re.compile(r"\b(?:just|only) (?:kidding|joking)\b|(?:^|[.!?,] ?)(?:kidding|joking|jk|j/k)\b")


def _words(reading: Reading) -> str:
    return " ".join(word for word in _WORD_SPLIT.split(reading.text) if word)


def _carrier(reading: Reading) -> str | None:
    words = _words(reading)
    shouted = len(words) < _SHOUT_CHARS and (
        _SHOUTED.match(reading.newest.text) or _PLEADED.match(reading.text)
    )
    known = words in CARRIER_STOP or words in _CARRIER_PHRASES or _STOP_SLIP.fullmatch(words)
    return reading.newest.text if known or shouted else None


def _keyword(reading: Reading) -> str | None:
    text = reading.text.replace("\n", " ")
    if _STOP_SIGNS.match(text):
        return reading.newest.text
    if not text or len(text) > 80 or "?" in text:
        return None
    text = _SPACED_OUT.sub(lambda match: re.sub(r"[ .-]", "", match[0]), text)
    text = re.sub(r"[!.]+(?=\s|$)", "", re.sub(r"[^\w\s,.!'-]", "", text).strip())
    return reading.newest.text if _KEYWORD.match(text) else None


def _wording(reading: Reading) -> str | None:
    learned = weights("opt_out")
    if learned.probability(reading.wish_slots) < SURE or _TAKEN_BACK.search(reading.text):
        return None
    return learned.strongest(reading.sentences, reading.reply.subject or "")


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
        "keyword", "The whole message is one wish in a word: stop, unsubscribe, remove me, opt out.", _keyword
    ),
    _rule(
        "wording",
        "The wording, weighed as learned from labelled replies in thirty languages, is at least "
        f"{SURE:.0%} sure to be a wish to be left alone: removed, deleted, not written to, or a complaint.",
        _wording,
    ),
)


_START = re.compile(
    r"^(?:(?:hi|hello|hey|sorry|oops|ok|okay|yes|please|pls|plz|my mistake|by mistake) )*"
    rf"(?:{'|'.join(sorted(CARRIER_START))}|opt in|opt me (?:back )?in)"
    r"(?: (?:please|pls|plz|thanks|thank you|thx|again|sorry|now|me))*$"
)
"""The keyword with the politeness that people put around it; in a sentence of its own the same word is no keyword."""


def _opts_in(reading: Reading) -> str | None:
    return reading.newest.text if "?" not in reading.text and _START.match(_words(reading)) else None


OPT_IN_RULES = (
    Rule(
        "opt_in.carrier_keyword",
        "opt_in",
        "The whole text is a carrier's keyword that subscribes again (START, UNSTOP), with a please or a sorry.",
        _opts_in,
        frozenset({SMS}),
    ),
)
