"""Reads a few facts from a prompt of Holdfast: the newest text, the lead's first name, message ids, a tag.

The module uses only key words and patterns. Tests with it prove that Holdfast passes prompts and answers on. The module
understands nothing, so no test may use it to judge how good an answer is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.known import URL, Known, listed, matched, planned
from sandbox.phrases import language_of

TAGS = (
    (
        "Blacklist",
        r"unsubscribe|remove me|take me off|opt.?out|(stop|don.t|do not) (email|contact|messag|text|call)|^stop\W*$",
    ),
    ("Automated Reply", r"automat(ic|ed) (reply|response|message)|auto.?reply|do not reply to this"),
    ("Out of Office", r"out of (the )?office|on (vacation|holiday|annual leave)|parental leave|\booo\b"),
    ("Meeting Booked", r"\b(booked|grabbed) (a|the|your)? ?(slot|time|call|meeting)|just booked"),
    ("Call Requested", r"\b(call|ring|phone) me\b|give me a (call|ring)|reach me at"),
    ("Not Interested", r"not interested|no,? thank|not a fit|we.ll pass|not for us"),
    (
        "Meeting Requested",
        r"\b(meet|meeting|schedule|calendar|zoom|book|send times)\b|times for|(call|talk|chat|time) next",
    ),
    (
        "Follow Up",
        r"next (quarter|month|year)|circle back|not (right )?now|in a few (weeks|months)|later this",
    ),
    ("Objection", r"too expensive|no budget|already (have|use|using|work)|happy with our"),
    ("Information Requested", r"\?|pricing|how much|more (info|details)|send (me )?(info|details)"),
    ("Interested", r"\b(yes|sure|interested|sounds good|love to|great|happy to)\b"),
)
"""Tags, each with a pattern of its key words. The first pattern that matches decides."""

UNKNOWN = ("Information Requested", "Objection")
"""The tags of questions that ask for facts. A question with another tag, such as Meeting Requested, asks for times."""

SAID = re.compile(r"^<<<said (\w+) ([^\n]*)>>>\n(.*?)\n<<<end \1>>>$", re.DOTALL | re.MULTILINE)
"""Matches a text that a prompt marks as a person's words. The groups are the mark's code, its label, and the words.

If the words contain a mark with another code, that mark is a part of the words.
"""
MARKS = re.compile(r"^<<<(?:said|end) \w+[^\n]*>>>$\n?", re.MULTILINE)
NEWEST, OURS = "newest", "by us"
"""The beginnings of two labels in marks: of the lead's newest words, and of our own words."""
IDS = re.compile(r"\[(m\d+)\]")
FIRST_NAME = re.compile(r"^first_name: (\w[\w'-]*)", re.MULTILINE)
PHONE = re.compile(r"\+?\d[\d ().-]{7,}\d")
SHORT = re.compile(r"^Channel: (?:sms|linkedin)$", re.MULTILINE)
SLOT = re.compile(r"^(\w+): ", re.MULTILINE)
OFFER = re.compile(r"^Offer: (.+)$", re.MULTILINE)
LABEL = re.compile(r"^- (.+?): (.+)$", re.MULTILINE)
DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b")


@dataclass(frozen=True)
class Facts:
    """The facts that the simulated model found in a prompt. Its answers use nothing else."""

    everything: str
    newest: str
    first_name: str
    message_ids: tuple[str, ...]
    tag: str
    short: bool
    """Whether the prompt says that the channel is SMS or LinkedIn."""
    slots: tuple[str, ...]
    """The ids of the offered times."""
    offers: str
    """The times that a plan offers, in the plan's words."""
    known: tuple[Known, ...]
    """The workspace's facts for the answer: those in the plan or, without one, those that answer the reply's questions.
    """
    unknown: tuple[str, ...]
    """Questions that no fact answers."""
    labels: tuple[str, ...]
    """The listed labels whose name or meaning shares a long word with the newest text."""
    language: str
    """The language code of the newest text, or else of the whole thread."""

    @property
    def quote(self) -> str:
        """The beginning of the lead's newest text, verbatim, at most 160 characters."""
        return self.newest[:160].strip()

    def phone(self) -> str | None:
        numbers = (number.strip() for number in PHONE.findall(self.newest))
        return next((number for number in numbers if len(re.sub(r"\D", "", number)) > 8), None)

    def url(self) -> str | None:
        match = URL.search(self.newest)
        return match.group() if match else None

    def date(self) -> str | None:
        match = DATE.search(self.newest)
        return match.group() if match else None


def read(everything: str) -> Facts:
    """Returns the facts that the simulated model finds in the `input` of a request."""
    newest = _newest(everything)
    answered, unknown = _known(everything, newest)
    name = FIRST_NAME.search(everything)
    return Facts(
        everything=everything,
        newest=newest,
        first_name=name.group(1) if name and name.group(1) != "unknown" else "there",
        message_ids=tuple(dict.fromkeys(IDS.findall(everything))),
        tag=tag_of(newest),
        short=SHORT.search(everything) is not None,
        slots=tuple(SLOT.findall(_section(everything, "offered slots"))),
        offers=offer.group(1) if (offer := OFFER.search(everything)) else "",
        known=answered,
        unknown=unknown,
        labels=tuple(_fitting(_section(everything, "labels of this workspace"), newest.lower())),
        language=language_of(newest, MARKS.sub("", _section(everything, "thread, oldest first"))),
    )


def _fitting(listed: str, newest: str) -> Iterator[str]:
    for name, meaning in LABEL.findall(listed):
        if any(word in newest for word in re.findall(r"\w{5,}", f"{name} {meaning}".lower())):
            yield name


def tag_of(text: str) -> str:
    """Returns the tag (what a lead wants) whose key words are in the text; Neutral if none match."""
    lowered = text.lower()
    return next((tag for tag, words in TAGS if re.search(words, lowered, re.MULTILINE)), "Neutral")


def _newest(text: str) -> str:
    """Returns the lead's newest words: the text marked as NEWEST, or else the last marked text that is not ours."""
    blocks = [(label, words) for _, label, words in SAID.findall(text)]
    replies = [words for label, words in blocks if label.startswith(NEWEST)]
    replies = replies or [words for label, words in blocks if not label.startswith(OURS)] or [text]
    return str(replies[-1]).strip()


def _known(everything: str, newest: str) -> tuple[tuple[Known, ...], tuple[str, ...]]:
    facts = listed(_section(everything, "facts"))
    if plan := _section(everything, "plan"):
        return planned(plan, facts)
    answered, unknown = matched(newest, facts)
    return answered, tuple(question for question in unknown if tag_of(f"{question}?") in UNKNOWN)


def _section(text: str, heading: str) -> str:
    match = re.search(rf"^#+ {heading}\n(.*?)(?=\n#|\Z)", text, re.DOTALL | re.IGNORECASE | re.MULTILINE)
    return match.group(1) if match else ""
