"""Reads a few facts from a prompt: the newest text, the lead's first name, message ids, a tag.

It uses only key words and patterns. That is enough to prove for any prompt that prompt and answer are passed on. It
understands nothing, so no test may use it to judge how good an answer is.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

from sandbox.known import Known, listed, matched, planned
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
"""Tags with their key words. The first match counts."""

UNKNOWN = ("Information Requested", "Objection")
"""Tags of questions that ask for a fact. A question about a meeting, in contrast, asks for times."""

ADDRESSED = ("newest", "latest", "last", "reply", "inbound")
JSON_KEYS = ("newest_text", "newest_message", "newest", "latest_message", "latest", "text", "body", "reply")

SAID = re.compile(r"^<<<said (\w+) ([^\n]*)>>>\n(.*?)\n<<<end \1>>>$", re.DOTALL | re.MULTILINE)
"""Text that a prompt marks as somebody's words: code, label, words.

Anything inside that looks like a mark is part of the words.
"""
MARKS = re.compile(r"^<<<(?:said|end) \w+[^\n]*>>>$\n?", re.MULTILINE)

MARKED = re.compile(
    rf"^\#+[ ]*(?:{'|'.join(ADDRESSED)})\b[^\n]*\n(.*?)(?=\n\#+[ ]|\Z)",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
"""A section of a prompt with # headings."""
HEADED = re.compile(
    rf"""
    ^\W*(?:{"|".join(ADDRESSED)})\b[^\n:]*         # a line that begins with such a word
    (?: :[ \t]*(\S[^\n]*)                         # "Newest message: text" on the line itself
    | :?[ \t]*\n(.*?)                             # or the lines below, up to the next heading
      (?=\n\s*\# | \n[A-Z][\w\ ]{{2,40}}:[ \t]*\n | \Z)
    )""",
    re.DOTALL | re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
IDS = re.compile(
    r"""\[\#?(m?\d+|[0-9a-f]{8}-[0-9a-f-]{27})\]|\b(?:message_)?id["']?\s*[:=]\s*["']?([\w-]+)""",
    re.IGNORECASE,
)
FIRST_NAME = re.compile(r"""first.?name["']?\s*[:=]\s*["']?(\w[\w'-]*)""", re.IGNORECASE)
NAME = re.compile(r"""(?:^|\b)(?:lead|name|contact)["']?\s*[:=]\s*["']?([^\W\d_][\w'-]+)""", re.IGNORECASE)
PHONE = re.compile(r"\+?\d[\d ().-]{7,}\d")
SHORT = re.compile(r"""channel["']?\s*[:=]\s*["']?(sms|linkedin)""", re.IGNORECASE)
SLOT = re.compile(r"^(\w+): ", re.MULTILINE)
OFFER = re.compile(r"^Offer: (.+)$", re.MULTILINE)
URL = re.compile(r"https?://[^\s\"'<>)]+")
DATE = re.compile(r"\b(\d{4}-\d{2}-\d{2})\b")


@dataclass(frozen=True)
class Facts:
    """What the simulated model found in a prompt. Its answers use nothing else."""

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
    """The times that a plan says to offer, as the plan words them."""
    known: tuple[Known, ...]
    """The workspace's facts to answer with: those that the plan names or, without a plan, that fit the question."""
    unknown: tuple[str, ...]
    """Questions that no fact answers."""
    language: str
    """The language code of the newest text, else of the whole thread."""

    @property
    def quote(self) -> str:
        """Returns the beginning of the lead's newest text verbatim, at most 160 characters."""
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


def read(model_input: Any) -> Facts:
    """Returns the facts that the simulated model finds in the `input` of a request. The input is a string, or a list of
    messages, of which only the user's are read.
    """
    everything = flatten(model_input)
    newest = _newest(everything)
    answered, unknown = _known(everything, newest)
    return Facts(
        everything=everything,
        newest=newest,
        first_name=_first_name(everything),
        message_ids=tuple(dict.fromkeys(a or b for a, b in IDS.findall(everything))),
        tag=tag_of(newest),
        short=SHORT.search(everything) is not None,
        slots=tuple(SLOT.findall(_section(everything, "offered slots"))),
        offers=offer.group(1) if (offer := OFFER.search(everything)) else "",
        known=answered,
        unknown=unknown,
        language=language_of(newest, MARKS.sub("", _section(everything, "thread, oldest first"))),
    )


def flatten(model_input: Any) -> str:
    """Returns all text of the `input` of a request to the model. From a list of messages, it is the user's text, or all
    text if the user wrote none. Returns "" for anything else.
    """
    if isinstance(model_input, str):
        return model_input
    if isinstance(model_input, dict):
        return flatten(model_input.get("content") or model_input.get("text") or "")
    if isinstance(model_input, list):
        parts = [
            part for part in model_input if not isinstance(part, dict) or part.get("role", "user") == "user"
        ]
        return "\n\n".join(flatten(part) for part in parts or model_input)
    return ""


def tag_of(text: str) -> str:
    """Returns the tag (what a lead wants) whose key words are in the text; Neutral if none match."""
    lowered = text.lower()
    return next((tag for tag, words in TAGS if re.search(words, lowered, re.MULTILINE)), "Neutral")


def _newest(text: str) -> str:
    replies = [words for _, label, words in SAID.findall(text) if label.lower().startswith(ADDRESSED)]
    if replies:
        return str(replies[-1]).strip()
    text = MARKS.sub("", text)
    tagged = re.findall(rf"<((?:{'|'.join(ADDRESSED)})[\w-]*)>(.*?)</\1>", text, re.DOTALL | re.IGNORECASE)
    if tagged:
        return str(tagged[-1][1]).strip()
    if newest := _newest_in_json(text):
        return newest
    if marked := MARKED.findall(text):
        return str(marked[-1]).strip()
    headed = [(inline or block).strip() for inline, block in HEADED.findall(text)]
    if any(headed):
        return str([part for part in headed if part][-1])
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return paragraphs[-1] if paragraphs else ""


def _newest_in_json(text: str) -> str:
    """Returns the newest text of a prompt that is a JSON object or contains one."""
    start = text.find("{")
    if start < 0:
        return ""
    try:
        thread, _ = json.JSONDecoder().raw_decode(text[start:])
    except (ValueError, RecursionError):
        return ""
    for key in JSON_KEYS:
        field = thread.get(key)
        field = field.get("text") or field.get("body") if isinstance(field, dict) else field
        if isinstance(field, str) and field.strip():
            return field.strip()
    messages = [m for m in thread.get("messages") or thread.get("thread") or [] if isinstance(m, dict)]
    inbound = [m for m in messages if str(m.get("direction", "inbound")).startswith("in")] or messages
    return str(inbound[-1].get("text") or inbound[-1].get("body") or "") if inbound else ""


def _known(everything: str, newest: str) -> tuple[tuple[Known, ...], tuple[str, ...]]:
    facts = listed(_section(everything, "facts"))
    if plan := _section(everything, "plan"):
        return planned(plan, facts)
    answered, unknown = matched(newest, facts)
    return answered, tuple(question for question in unknown if tag_of(f"{question}?") in UNKNOWN)


def _first_name(text: str) -> str:
    match = FIRST_NAME.search(text) or NAME.search(text)
    return match.group(1) if match and match.group(1).lower() not in ("unknown", "null", "none") else "there"


def _section(text: str, heading: str) -> str:
    """Returns the text under a # heading, or ""."""
    match = re.search(rf"^#+ {heading}\n(.*?)(?=\n#|\Z)", text, re.DOTALL | re.IGNORECASE | re.MULTILINE)
    return match.group(1) if match else ""
