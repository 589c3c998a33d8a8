"""Decides whether a person asks us never to write again. A wrong yes silences a buyer: rules want the whole wish."""

import re
from collections.abc import Callable

from inbox.understanding import optout_complaint as complaint
from inbox.understanding import optout_contact as contact
from inbox.understanding import optout_demand as demand
from inbox.understanding import optout_removal as removal
from inbox.understanding.normalise import fold
from inbox.understanding.optout_languages import LANGUAGE_RULES
from inbox.understanding.optout_words import engaged
from inbox.understanding.reading import ALL_CHANNELS, EMAIL, SMS, Reading, Rule

# CTIA and the carriers: these words alone end a subscription; the localised ones are what European senders announce.
CARRIER_STOP = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout", "unsub"}
    | {
        "alto",
        "baja",
        "pare",
        "parar",
        "sair",
        "arret",
        "stopp",
        "stopt",
        "basta",
        "fin",
        "cancelar",
        "abmelden",
        "afmelden",
    }
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
    rf"^(?:(?:hi|hello|hey|dear)(?: \w+)?[,.!]? )?(?:{_REFUSAL}[,.!]* |no[,.!]? |(?:please|pls|plz|kindly|just) )*"
    rf"(?:(?:stop|unsubscribe|un-subscribe|unsub|remove|opt[- ]?out|optout|opting out|removed|"
    rf"delete){_FILLER}[,.!\s]*)+"
    rf"(?:thanks|thank you|thx|{_REFUSAL})?[.!\s]*$|"
    r"^(?:please |pls )?(?:get |take )?(?:me |us )?off (?:the |this |your |ur )?list(?: please| pls| now|"
    r" thanks)*[.! ]*$|"
    r"^(?:please |pls )?no (?:more )?(?:texts|txts|e-?mails|messages|msgs|mails|spam)(?: please| pls| thanks|"
    r" thx)*[.! ]*$|"
    r"^(?:please |pls )?no more(?:,? (?:please|pls|thanks|thank you))*[.! ]*$"
)
_SUBJECT_WISH = re.compile(
    r"^(?:(?:please|pls|plz|kindly|just) )*(?:unsubscribe|un-subscribe|unsub|stop|remove|remove me|"
    r"unsubscribe me|opt[- ]?out|optout|"
    r"take me off(?: (?:your|the|this) list)?|remove (?:me|us) from (?:your|the|this) (?:mailing )?list|"
    r"stop e-?mailing(?: me)?|"
    r"abmelden|abmeldung|desabonner|desinscription|desinscrire|baja|darme de baja|cancellami|cancellazione|"
    r"disiscrivimi|descadastrar|"
    r"remover|afmelden|uitschrijven|wypisz|rezygnuje|avregistrera|avmelding|afmeld|odhlasit)(?: (?:please|"
    r"pls|now|me|us|request))*[.! ]*$"
)


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
    text = removal.spelled(re.sub(r"[^\w\s,.!'-]", "", text).strip())
    text = re.sub(r"[!.]+(?=\s|$)", "", text)
    return reading.newest.text if _KEYWORD.match(text) else None


def _subject(reading: Reading) -> str | None:
    if reading.text:
        return None
    return reading.reply.subject if _SUBJECT_WISH.match(reading.subject) else None


def _unless_engaged(match: Callable[[Reading], str | None]) -> Callable[[Reading], str | None]:
    def decided(reading: Reading) -> str | None:
        quote = match(reading)
        return None if quote is None or _is_footer(quote) or engaged(reading) else quote

    return decided


def _is_footer(quote: str) -> bool:
    """The label of a link that software puts under its notices ("Unsubscribe from notifications"); nobody's wish."""
    return bool(_FOOTER_LINK.match(fold(quote)))


_FOOTER_LINK = re.compile(
    r"^(?:unsubscribe|opt out|manage|turn off|stop (?:receiving|getting))\b.{0,30}\b(?:notifications?|"
    r"reminders?|alerts|preferences|"
    r"updates|settings|tickets?|cases?|threads?|conversations?|requests?)\W*$"
)


def _rule(
    name: str,
    description: str,
    match: Callable[[Reading], str | None],
    channels: frozenset[str] = ALL_CHANNELS,
) -> Rule:
    return Rule(f"opt_out.{name}", "opt_out", description, match, channels)


def _wish(name: str, description: str, match: Callable[[Reading], str | None]) -> Rule:
    return _rule(name, description, _unless_engaged(match))


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
        "subject", "The person wrote nothing but a subject that is such a wish.", _subject, frozenset({EMAIL})
    ),
    _wish(
        "unsubscribe",
        "Asks to be unsubscribed or opted out, or says to have tried.",
        removal.asks_unsubscribe,
    ),
    _wish(
        "remove",
        "Asks to be removed from a list, or an address or number to be deleted.",
        removal.asks_removal,
    ),
    _wish("wrong_number", "Says the number or person is wrong and asks for removal.", removal.wrong_number),
    _wish("stop_contact", "Tells us to stop writing, calling or sending.", contact.asks_to_stop),
    _wish(
        "do_not_contact",
        'Forbids further contact, without a condition ("before 10") and without naming a better way.',
        contact.forbids_contact,
    ),
    _wish("no_more_mail", "Does not want to receive or hear anything more.", contact.wants_no_mail),
    _wish("erase_data", "Demands that personal data be deleted.", complaint.erases_data),
    _wish("complaint", "Reports or blocks us, names the do-not-call registry or a law.", complaint.complains),
    _wish(
        "right", "Exercises a right under a privacy law by its name, in any language.", demand.demands_right
    ),
    _wish("threat", "Threatens, in other languages, to report us if we write once more.", demand.threatens),
    _wish("end_wish", "Would like to stop receiving, or rather not get any more.", demand.wishes_an_end),
    _wish("no_way_left", "Forbids several ways of contact at once and offers none.", demand.lists_donts),
    _wish("dismissal", "Tells us to go away.", complaint.dismisses),
    *(_wish(name, description, match) for name, description, match in LANGUAGE_RULES),
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
