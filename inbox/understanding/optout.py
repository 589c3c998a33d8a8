"""Recognises opt-outs. If a rule is wrong, a buyer gets no more messages, so the rules must be sure."""

import re
from datetime import UTC, datetime

from inbox.understanding import wish_phrases as phrases
from inbox.understanding.cleaned import BREAK, EMAIL, LINKEDIN, SMS, TEXTS_ONLY, Reading, in_a_letter, rule
from inbox.understanding.normalise import fold, sentences
from inbox.understanding.signature import offers
from inbox.understanding.snooze import ends
from inbox.understanding.text import own_lines
from inbox.understanding.word_weights import weights, wish_features

SURE = {EMAIL: 0.85, LINKEDIN: 0.85, SMS: 0.5}
"""The minimum probability at which a text is an opt-out by its wording, by channel
(docs/adr/0026-wording-is-learned.md). It is lower for SMS, because any reasonable wording must end texts.
"""

PERHAPS = {EMAIL: 0.2, LINKEDIN: 0.2, SMS: 0.1}
"""The minimum probability at which an opt-out is suspected, by channel. A model or a person then decides."""


_SHOUT_CHARS = 80
_WORD_SPLIT = re.compile(r"[^\w']+")
_SPACED_OUT = re.compile(r"\b(?:\w[ .-]){3,}\w\b")


ANSWER_WORDS = 5
"""The maximum number of words of a bare answer, such as "Yes please", which is read together with our question."""
_LETTER = 3
"""Texts with more sentences are judged as a whole, unless the likeliest sentence has an expression of opt-outs."""
_LEVEL = re.compile(r"^[>|] ?", re.M)
_WITH_OBJECT = re.compile(r"\b(?:me|us|my|our)\b")
# Matches the words of a link in a footer: mail programs keep only these words of the link.
_LABEL = re.compile(r"\W*(?:un-?subscribe|opt[ -]?out)\W*")


def _words(text: str) -> str:
    return " ".join(word for word in _WORD_SPLIT.split(text) if word)


def _wholes(reading: Reading) -> list[str]:
    """Returns the texts that may be a keyword: all words to us, and their first line if no question follows."""
    first, _, rest = reading.above.partition("\n")
    return [reading.above, *([] if "?" in rest else [first.strip()])]


@rule(
    "opt_out.carrier_keyword",
    "The whole text is a carrier keyword (STOP, STOPALL, CANCEL, END, QUIT, REVOKE, OPTOUT, BAJA, ARRET …).",
    channels=TEXTS_ONLY,
)
def _carrier(reading: Reading) -> str | None:
    for text in _wholes(reading):
        words = _words(text)
        keyword = (
            words in phrases.CARRIER_STOP
            or words in phrases.CARRIER_PHRASES
            or phrases.STOP_SLIP.fullmatch(words)
        )
        if keyword or (len(words) < _SHOUT_CHARS and phrases.PLEADED.match(text)):
            return reading.newest.text
    shouted = len(reading.above) < _SHOUT_CHARS and phrases.SHOUTED.match(reading.newest.text)
    return reading.newest.text if shouted else None


@rule(
    "opt_out.keyword",
    "The whole message, its first line, its subject or one of its sentences only says stop, unsubscribe, remove me or "
    "opt out. Only text above the sign-off counts.",
)
def _keyword(reading: Reading) -> str | None:
    if phrases.TAKEN_BACK.search(reading.above):
        return None
    if any(map(_is_keyword, _wholes(reading))):
        return reading.newest.text
    alone = (
        written for written, folded in reading.clauses if _WITH_OBJECT.search(folded) and _is_keyword(folded)
    )
    if wish := next(alone, None):
        return wish
    # The subject of a reply with a text may be that of our own mail.
    written = not reading.is_reply or not reading.text
    spoken = written and not reading.is_forward and _is_keyword(reading.subject)
    return reading.reply.subject if spoken else None


def _is_keyword(text: str) -> bool:
    text = text.replace("\n", " ")
    if phrases.STOP_SIGNS.match(text):
        return True
    if not text or len(text) > 80 or "?" in text:
        return False
    if " " not in text:
        text = text.replace(".", " ")  # as in "please.remove.me"
    text = _SPACED_OUT.sub(lambda match: re.sub(r"[ .-]", "", match[0]), text)
    text = re.sub(r"[!.]+(?=\s|$)", "", re.sub(r"[^\w\s,.!'-]", "", text).strip())
    return bool(phrases.KEYWORD.match(text))


def _probability(reading: Reading) -> float:
    """Returns the probability (0 to 1) that the text is an opt-out by its wording. Sentences that limit the wish to a
    period are left out, and so is a bare yes ("Please do."), which is a wish only as an answer to our question.
    """
    if not reading.clauses or phrases.TAKEN_BACK.search(reading.above):
        return 0.0
    learned = weights("opt_out")
    score = learned.strongest_clause(reading.clause_slots)
    if score < min(PERHAPS.values()):
        return score
    today = (reading.reply.received_at or datetime.now(UTC)).date()
    pairs = zip(reading.clause_slots, reading.clauses, strict=True)
    lasting = {
        folded: slots
        for slots, (_, folded) in pairs
        if not ends(folded, today) and not phrases.YES.match(_words(folded))
    }
    if not lasting:
        return 0.0
    strongest = max(lasting, key=lambda folded: learned.score(lasting[folded]))
    if len(lasting) > _LETTER and not learned.express(strongest):
        probability = learned.probability(frozenset().union(*lasting.values()))
    else:
        probability = learned.strongest_clause(list(lasting.values()))
    channel = reading.reply.channel
    least = PERHAPS[channel] if probability >= SURE[channel] else 0.0
    return max(in_a_letter(probability, reading.above), least)


def _answered(reading: Reading) -> str:
    """Returns whether a bare answer to our question means an opt-out: "sure", "perhaps" or "" (no)."""
    answer = _words(reading.above) or ("yes" if phrases.NOD.search(reading.above) else "")
    if not answer or len(answer.split()) > ANSWER_WORDS:
        return ""
    subject = reading.subject if reading.is_reply else ""
    # The reply answers our newest mail in the quoted thread, so older mails below it are left out.
    head, mark, rest = _LEVEL.sub("", reading.newest.quoted).partition("?")
    ours = "\n".join((subject, *reading.reply.sent, head + mark + own_lines(rest, ())))
    word = re.compile(
        rf"\b{re.escape(phrases.POLITE.sub('', answer))}\b['\") ]*(?:$|[.,!=-]|(?:to|and|for|if|fur)\b)"
    )
    for sentence in map(fold, reversed(sentences(ours))):
        agrees = phrases.YES.match(answer) or phrases.BEGINS_WITH_YES.match(answer)
        if sentence.endswith("?") and (agrees or phrases.NO.match(answer)):
            meant = _asked(sentence, agrees=bool(agrees))
            return "perhaps" if meant and agrees and not phrases.YES.match(answer) else meant
        offers = phrases.OFFER.split(sentence) if phrases.OFFERS.search(sentence) else ()
        if any(
            word.search(offer) and phrases.STOPS.search(offer if len(offers) > 1 else sentence)
            for offer in offers
        ):
            return "sure"
    return ""


def _asked(question: str, *, agrees: bool) -> str:
    """Returns whether a yes (if `agrees`) or a no to our question is an opt-out: "sure", "perhaps" or "" (no).

    It is "perhaps" if the question also asks something else, or if its wording may be that of an opt-out.
    """
    # "czy" means "or" in Polish, but not at the beginning of a question.
    first, *later = phrases.ALTERNATIVE.split(f" {question.removeprefix('czy ')}")
    options = [
        first,
        *(option for option in later if len(option.split()) > 2 or phrases.STOPS.search(option)),
    ]
    stops = [bool(phrases.STOPS.search(option)) for option in options]
    if any(stops) and not all(stops):
        return "perhaps"
    if (phrases.STOPS if agrees else phrases.GOES_ON).search(question):
        return "sure"
    suspected = agrees and weights("opt_out").probability(wish_features(question)) >= PERHAPS[EMAIL]
    return "perhaps" if suspected else ""


@rule(
    "opt_out.answer",
    "A bare yes or no, or the word we offered, answers our question about whether to stop writing.",
)
def _answer(reading: Reading) -> str | None:
    return reading.newest.text if reading.once(_answered) == "sure" else None


@rule(
    "opt_out.wording",
    f"The text above the sign-off, and its strongest sentence, are at least {SURE[EMAIL]:.0%} likely to ask us to stop "
    f"({SURE[SMS]:.0%} in an SMS).",
)
def _wording(reading: Reading) -> str | None:
    sure = reading.once(_probability) >= SURE[reading.reply.channel]
    return reading.evidence("opt_out") if sure else None


@rule(
    "opt_out.suspected",
    f"The wording is at least {PERHAPS[EMAIL]:.0%} likely to ask us to stop. Or a sentence below the sign-off does, "
    "or a yes or no answers our question whether to stop or do something else. A model or a person decides.",
    sure=False,
)
def suspicion(reading: Reading) -> str | None:
    if reading.once(_answered):
        return reading.newest.text
    if reading.once(_probability) >= PERHAPS[reading.reply.channel]:
        return reading.evidence("opt_out")
    return next((written for written, folded in reading.below if _stands_alone(folded, reading)), None)


def _stands_alone(folded: str, reading: Reading) -> bool:
    """Whether a sentence below the sign-off is the person's wish, and not the text of a link or a footer's offer."""
    if _is_keyword(folded):
        return not _LABEL.fullmatch(folded)
    learned = weights("opt_out")
    return (
        "@" not in folded.replace(reading.reply.sender_email.lower(), "")
        and learned.probability(wish_features(folded)) >= SURE[EMAIL]
        and learned.express(folded)
        and not any(map(offers, BREAK.split(folded)))
    )


RULES = (
    _carrier,
    _keyword,
    _answer,
    _wording,
)


@rule(
    "opt_in.carrier_keyword",
    "The whole text is a carrier keyword that opts in again (START, UNSTOP), with or without “please” or “sorry”.",
    channels=TEXTS_ONLY,
)
def opts_in(reading: Reading) -> str | None:
    starts = "?" not in reading.text and phrases.START.match(_words(reading.text))
    return reading.newest.text if starts else None
