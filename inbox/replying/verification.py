"""Checks a draft without a model. Each problem is a sentence for the reviewer, which quotes only the draft."""

import re
from collections.abc import Callable, Iterator
from functools import cache

from django.utils import timezone

from inbox.leads import facts
from inbox.models import Message
from inbox.models.lead import Channel
from inbox.replying import amounts, limits, prompts, unsourced_statements
from inbox.replying.draft_material import LINK, Context, bare_link
from inbox.understanding.normalise import fold, visible

EMAIL_WORDS = 250
EMAIL_MIN_WORDS = 4
ECHO_WORDS = 8
"""The number of words in a row that an answer must not repeat from the lead's text. Fewer may be equal by chance."""
LINKEDIN_DRAFT_CHARS = 1_000

PLACEHOLDER = re.compile(
    r"\[[A-Za-z][^\]\n]{0,40}\]|\{\{?[^}\n]*\}?\}|<[A-Za-z][\w ]{0,30}>|\bX{2,}\b|\bTBD\b|lorem ipsum", re.I
)
UNSEEN = re.compile("[\u00ad\u200b\u202a-\u202e\u2060-\u2064\u2066-\u2069\U000e0020-\U000e007e]")
MARK = re.compile(r"<<<|>>>|^# (?:Facts|Offered slots|Lead|Thread, oldest first|Newest reply|Plan)$", re.M)
MARKDOWN = re.compile(r"\*\*|__|^#{1,4} |```|\]\(http", re.M)
GREETING = re.compile(
    r"\A\s*(?:hi|hello|hey|dear|hallo|liebe[r]?|bonjour|hola|ciao)\s+([^\W\d_][\w'’-]*)", re.I
)
WRITES = {"link": "includes", "email address": "includes", "promise": "makes"}
NO_NAME = {"there", "all", "team", "both", "everyone", "again", "zusammen"}

Check = Callable[[str, Context], Iterator[str]]


def problems(text: str, context: Context) -> list[str]:
    """Returns the problems of `text` as an answer from the material in `context`, one sentence per problem."""
    visible_text = visible(text)
    problems = [problem for check in CHECKS for problem in check(visible_text, context)]
    return ["The draft contains invisible characters.", *problems] if UNSEEN.search(text) else problems


def _fits(text: str, context: Context) -> Iterator[str]:
    words = limits.words(text)
    if trouble := limits.problem(context.channel, text):
        yield trouble
    elif context.channel == Channel.EMAIL and words > EMAIL_WORDS:
        yield f"The draft is too long: {words} words, and the limit is {EMAIL_WORDS}."
    elif context.channel == Channel.EMAIL and words < EMAIL_MIN_WORDS:
        yield "The draft is too short for an answer."
    elif context.channel == Channel.LINKEDIN and len(text) > LINKEDIN_DRAFT_CHARS:
        yield f"The draft is too long for LinkedIn: {len(text)} characters, and the limit is {LINKEDIN_DRAFT_CHARS}."


def _finished(text: str, _context: Context) -> Iterator[str]:
    if placeholder := PLACEHOLDER.search(text):
        yield f"The draft contains a placeholder: {placeholder[0]}"
    if MARK.search(text):
        yield "The draft includes text from the prompt."
    if MARKDOWN.search(text):
        yield "The draft contains Markdown."


def _sources(text: str, context: Context) -> Iterator[str]:
    """Reports statements without a source. An address or phone number from the lead's text is not a source, because it
    may be anybody's. The same applies to the lead's stored number if it comes only from the lead's own words.
    """
    lead, message = context.lead, context.message
    ours = "\n".join([context.material, lead.email, message.account_address, _domain(context)])
    theirs = [earlier.text for earlier in context.earlier] + [message.text, message.from_name]
    theirs += [lead.first_name, lead.last_name, lead.company, lead.title, str(len(context.slots))]
    for kind, words in unsourced_statements.unsourced(text, ours, "\n".join(theirs)):
        if kind in ("time", "day"):
            yield f"The draft mentions a {kind} that isn’t on offer: {words}"
        else:
            article = "an" if kind[0] in "aeiou" else "a"
            yield f"The draft {WRITES.get(kind, 'names')} {article} {kind} that isn’t in your facts: {words}"
    from_lead = lead.sources.get("phone", {}).get("from") in (facts.TEXT, facts.SIGNATURE)
    own_phone = "" if from_lead else lead.phone
    numbers = [*amounts.phones(context.material), amounts.digits(own_phone)]
    for number, written in amounts.phones(text).items():
        if not any(known_number.endswith(number[-9:]) for known_number in numbers):
            yield f"The draft includes a phone number that isn’t in your facts: {written}"


def _domain(context: Context) -> str:
    """Returns the domain of the lead's email address for an answer by email. The lead's subject may contain it."""
    return context.lead.email.rpartition("@")[2].lower() if context.channel == Channel.EMAIL else ""


def _subject(_text: str, context: Context) -> Iterator[str]:
    if context.channel != Channel.EMAIL:
        return
    allowed = context.links | {_domain(context)}
    for link in LINK.findall(unsourced_statements.ADDRESS.sub(" ", visible(context.message.subject))):
        if bare_link(link) not in allowed:
            yield f"The subject includes a link that isn’t in your facts: {link}"


def _echo(text: str, context: Context) -> Iterator[str]:
    """Reports ECHO_WORDS words in a row that the answer repeats: otherwise, a lead could make us say anything."""
    received = [message.text for message in context.earlier if message.direction == Message.Direction.INBOUND]
    theirs = {run for words in [*received, context.message.text] for run in _runs(words)} - set(
        _runs(context.material)
    )
    if echoed := next((run for run in _runs(text) if run in theirs), None):
        yield f"The draft repeats what the lead wrote: {' '.join(echoed)}"


def _prompt(text: str, context: Context) -> Iterator[str]:
    if words := next(
        (run for run in _runs(text) if run in _prompt_runs() - set(_runs(context.material))), None
    ):
        yield f"The draft repeats its own prompt: {' '.join(words)}"


@cache
def _prompt_runs() -> frozenset[tuple[str, ...]]:
    return frozenset(run for name in prompts.names() for run in _runs(prompts.load(name).instructions))


def _runs(text: str) -> list[tuple[str, ...]]:
    words = re.findall(r"\w+", fold(text))
    return list(zip(*(words[start:] for start in range(ECHO_WORDS)), strict=False))


def _times(text: str, context: Context) -> Iterator[str]:
    now, folded = timezone.now(), fold(text)
    for slot in context.slots:
        if slot.starts_at <= now and fold(slot.words) in folded:
            yield f"The draft offers a time that has passed: {slot.words}"


def _never(text: str, context: Context) -> Iterator[str]:
    for phrase in context.chosen.forbidden(text):
        yield f"The draft uses a phrase on your “Never said” list: {phrase}"


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
        yield f"The draft greets someone else: {greeted[1]}"


def _tone(text: str, _context: Context) -> Iterator[str]:
    if text.count("!") > 2:
        yield "The draft has more than two exclamation marks."
    shouted = re.findall(r"\b[A-Z]{5,}\b", text)
    if len(shouted) > 1:
        yield f"The draft is in capitals: {' '.join(shouted[:3])}"


CHECKS: tuple[Check, ...] = (
    _fits, _finished, _sources, _subject, _echo, _prompt, _times, _never, _person, _tone,
)  # fmt: skip
