"""Checks that a text says only what it may, without a model. Each problem is a sentence for the reviewer.

The checks look for what a model makes up most easily and what a customer notices first: links, prices, times,
names, addresses. Problems quote only the draft's own text.
"""

import re
from collections.abc import Callable, Iterator

from django.utils import timezone

from inbox.leads import facts
from inbox.models import Message
from inbox.models.lead import Channel
from inbox.replying import amounts, limits
from inbox.replying.draft_material import LINK, Context, bare_link
from inbox.understanding.normalise import fold, visible

EMAIL_WORDS = 250
EMAIL_MIN_WORDS = 4
ECHO_WORDS = 8
"""So many words in a row that the lead wrote, and no fact has, are no chance and no confirmation of a time."""
LINKEDIN_DRAFT_CHARS = 1_000

PLACEHOLDER = re.compile(
    r"\[[A-Za-z][^\]\n]{0,40}\]|\{\{?[^}\n]*\}?\}|<[A-Za-z][\w ]{0,30}>|\bX{2,}\b|\bTBD\b|lorem ipsum", re.I
)
UNSEEN = re.compile("[\u00ad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\U000e0020-\U000e007e]")
MARK = re.compile(r"<<<|>>>|^# (?:Facts|Offered slots|Lead|Thread, oldest first|Newest reply|Plan)$", re.M)
MARKDOWN = re.compile(r"\*\*|__|^#{1,4} |```|\]\(http", re.M)
ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
CLOCK = re.compile(
    r"\b\d{1,2}:\d{2}\b(?:\s?[ap]\.?m\b)?|\b\d{1,2}\s?[ap]\.?m\b|\b\d{1,2}\s?(?:uhr|h\d{2})\b", re.I
)
DAYS = re.compile(
    r"\b(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|tomorrow|montag|dienstag|mittwoch|donnerstag|freitag"
    r"|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lunes|martes|miercoles|jueves|viernes"
    r"|sabado|domingo)\b"
)
DATES = re.compile(
    r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.? \d{1,2}\b"
    r"|\b\d{1,2}\.? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\b"
)
GREETING = re.compile(
    r"\A\s*(?:hi|hello|hey|dear|hallo|liebe[r]?|bonjour|hola|ciao)\s+([^\W\d_][\w'’-]*)", re.I
)
NO_NAME = {"there", "all", "team", "both", "everyone", "again", "zusammen"}

Check = Callable[[str, Context], Iterator[str]]


def problems(text: str, context: Context) -> list[str]:
    """What is wrong with `text` as an answer from the material in `context`, one sentence for each
    problem; [] if these checks find nothing.
    """
    seen = visible(text)
    found = [problem for check in CHECKS for problem in check(seen, context)]
    return ["It holds characters that nobody sees.", *found] if UNSEEN.search(text) else found


def _fits(text: str, context: Context) -> Iterator[str]:
    words = len(text.split())
    if trouble := limits.problem(context.channel, text):
        yield trouble
    elif context.channel == Channel.EMAIL and words > EMAIL_WORDS:
        yield f"It is too long: {words} words, {EMAIL_WORDS} are the most."
    elif context.channel == Channel.EMAIL and words < EMAIL_MIN_WORDS:
        yield "It is too short to be an answer."
    elif context.channel == Channel.LINKEDIN and len(text) > LINKEDIN_DRAFT_CHARS:
        yield f"It is too long for LinkedIn: {len(text)} characters, {LINKEDIN_DRAFT_CHARS} are the most."


def _finished(text: str, _context: Context) -> Iterator[str]:
    if found := PLACEHOLDER.search(text):
        yield f"It holds a placeholder: {found[0]}"
    if MARK.search(text):
        yield "It holds a mark of the prompt that it was written from."
    if MARKDOWN.search(text):
        yield "It holds markdown."


def _links(text: str, context: Context) -> Iterator[str]:
    known = context.links
    for link in dict.fromkeys(LINK.findall(ADDRESS.sub(" ", text))):
        if bare_link(link) not in known:
            yield f"It holds a link that is not among the facts: {link}"
    if context.channel != Channel.EMAIL:
        return
    # The answer has the subject of the lead's mail, which may name their own domain.
    known |= {context.lead.email.rpartition("@")[2].lower()}
    for link in LINK.findall(ADDRESS.sub(" ", visible(context.message.subject))):
        if bare_link(link) not in known:
            yield f"The subject holds a link that is not among the facts: {link}"


def _addresses(text: str, context: Context) -> Iterator[str]:
    """Finds addresses and phone numbers that are neither ours nor the lead's own.

    Another one that the lead wrote may belong to anybody. That includes their own number, if only their words
    name it.
    """
    given = (context.material, context.lead.email, context.message.account_address)
    known = set(ADDRESS.findall("\n".join(given).lower()))
    for address in dict.fromkeys(ADDRESS.findall(text)):
        if address.lower() not in known:
            yield f"It holds an e-mail address that is not among the facts: {address}"
    own = "" if facts.said_by_themselves(context.lead, "phone") else context.lead.phone
    numbers = [*amounts.phones(context.material), amounts.digits(own)]
    for number, found in amounts.phones(text).items():
        if not any(one.endswith(number[-9:]) for one in numbers):
            yield f"It holds a phone number that is not among the facts: {found}"


def _amounts(text: str, context: Context) -> Iterator[str]:
    for what, found in amounts.unknown(text, context.material):
        yield f"It names a {what} that is not among the facts: {found}"


def _echo(text: str, context: Context) -> Iterator[str]:
    """Finds words of the lead that the answer repeats. Such an answer would say what the lead wants us to say."""
    said = [message.text for message in context.earlier if message.direction == Message.Direction.INBOUND]
    theirs = {run for one in [*said, context.message.text] for run in _runs(one)} - set(
        _runs(context.material)
    )
    if found := next((run for run in _runs(text) if run in theirs), None):
        yield f"It repeats what they wrote: {' '.join(found)}"


def _runs(text: str) -> list[tuple[str, ...]]:
    """All stretches of ECHO_WORDS words."""
    words = re.findall(r"\w+", fold(text))
    return list(zip(*(words[start:] for start in range(ECHO_WORDS)), strict=False))


def _times(text: str, context: Context) -> Iterator[str]:
    """Finds times and days that nobody said, and that are not on offer or have passed."""
    now = timezone.now()
    open_words = [fold(slot.words) for slot in context.slots if slot.starts_at > now]
    folded = fold(text)
    for slot in context.slots:
        if slot.starts_at <= now and fold(slot.words) in folded:
            yield f"It offers a time that has passed: {slot.words}"
    known = "\n".join([*map(fold, _said(context)), *open_words])
    known_clocks = {_clock(found) for found in CLOCK.findall(known)}
    for found in dict.fromkeys(CLOCK.findall(folded)):
        if _clock(found) not in known_clocks:
            yield f"It names a time that nobody offered: {found.strip()}"
    for pattern in (DAYS, DATES):
        for found in dict.fromkeys(pattern.findall(folded)):
            if found not in known:
                yield f"It names a day that nobody offered: {found}"


def _said(context: Context) -> list[str]:
    return [message.text for message in context.earlier] + [context.message.text, context.sayable]


def _never(text: str, context: Context) -> Iterator[str]:
    for phrase in context.told.said(text):
        yield f"It says what is never said here: {phrase}"


def _person(text: str, context: Context) -> Iterator[str]:
    greeted = GREETING.match(text)
    if not greeted or fold(greeted[1]) in NO_NAME:
        return
    names = f"{context.lead.first_name} {context.lead.last_name} {context.message.from_name}"
    if fold(greeted[1]) not in fold(names).split() and fold(greeted[1]) not in {
        "mr",
        "ms",
        "mrs",
        "herr",
        "frau",
        "dr",
    }:
        yield f"It greets somebody else: {greeted[1]}"


def _tone(text: str, _context: Context) -> Iterator[str]:
    if text.count("!") > 2:
        yield "It shouts: more than two exclamation marks."
    shouted = re.findall(r"\b[A-Z]{5,}\b", text)
    if len(shouted) > 1:
        yield f"It shouts: {' '.join(shouted[:3])}"


CHECKS: tuple[Check, ...] = (
    _fits, _finished, _links, _addresses, _amounts, _echo, _times, _never, _person, _tone,
)  # fmt: skip


def _clock(text: str) -> str:
    """A time of day in one form, so that "3 pm", "3pm" and "3:00 PM" are equal. 24-hour times keep their hour."""
    match = re.match(r"(\d{1,2})(?:[:h](\d{2}))?\s*([ap])?", text.strip())
    if match is None:
        return text
    hour = int(match[1]) % 12 + (12 if match[3] == "p" else 0) if match[3] else int(match[1])
    return f"{hour:02}:{match[2] or '00'}"
