"""Decides what a rule sees: one reply, cleaned and folded once, and the shape of a rule and its answer."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from inbox.understanding.normalise import clean, fold, sentences, without_speech
from inbox.understanding.text import NewestText, newest_text
from inbox.understanding.wording import denied, features, words

T = TypeVar("T")

EMAIL = "email"
SMS = "sms"
LINKEDIN = "linkedin"
ALL_CHANNELS = frozenset({EMAIL, SMS, LINKEDIN})

# What is judged of a text longer than any letter: its start and its end, so that a hundred rules stay fast.
_HEAD_CHARS, _TAIL_CHARS = 6_000, 2_000
_REPORT_CHARS = 2_000  # a report says what it is before it quotes what it returns
_OPENING_WORDS = 120  # software says what it is at the start; a letter's length proves nothing
_QUOTE_CHARS = 240  # evidence shown on a page; the message itself is one click away

_QUESTION_MARKS = ("?", "？", "؟")

_REPLY_PREFIX = re.compile(
    r"^(?:(?:re|aw|antw|antwort|sv|vs|odp|ref|rif|r|res|ynt|yanit|vb|tr|rv|回复|回覆|答复|返信|답장|رد|תשובה|на|отв|"
    r"nt|atb|bls|"
    r"fwd?|fw|wg|i|enc|doorst|pd|vl|vid|vidarebefordrat|转发|転送)(?:\[\d+\]|\(\d+\))?\s?[:：]\s*)+"
)
_FORWARD_PREFIX = re.compile(r"^(?:fwd?|fw|wg|tr|rv|enc|doorst|pd|vl|转发|転送)\s?[:：]")


@dataclass(frozen=True)
class ReplyText:
    """A reply as it came in. `automated_reply` is the provider's own flag, None where it says nothing; `sent` holds the
    plain texts that we had sent before."""

    channel: str
    text: str | None
    html: str | None = None
    sender_email: str = ""
    sender_name: str = ""
    subject: str | None = None
    automated_reply: bool | None = None
    headers: dict[str, str] | None = None
    received_at: datetime | None = None
    sent: tuple[str, ...] = ()


@dataclass(frozen=True)
class RuleHit:
    """Which rule spoke, and the words it spoke by. `sure`: it decides; else it only suspects, and somebody is asked."""

    rule_id: str
    label: str
    quote: str
    sure: bool = True


@dataclass(frozen=True)
class Rule:
    """One decision that can be named, listed and tested: `match` returns the evidence, or None.

    A rule that is not `sure` holds a lead both ways: nothing is silenced and nothing goes out by itself, until a model
    or a person has decided.
    """

    id: str
    label: str
    description: str
    match: "Callable[[Reading], str | None]" = field(repr=False)
    channels: frozenset[str] = ALL_CHANNELS
    sure: bool = True

    def apply(self, reading: "Reading") -> RuleHit | None:
        if reading.reply.channel not in self.channels:
            return None
        quote = self.match(reading)
        return (
            RuleHit(self.id, self.label, quote.strip()[:_QUOTE_CHARS], self.sure)
            if quote is not None
            else None
        )


class Reading:
    """A reply with its newest text, and everything else the rules ask for, computed once and only when asked."""

    def __init__(self, reply: ReplyText) -> None:
        self.reply = reply
        self._found: dict[Callable[[Reading], Any], Any] = {}
        sender = f"{reply.sender_name} <{reply.sender_email}>"
        # Not a cached_property: on Python 3.11 threads would wait for its lock while nh3 lets them run.
        self.newest: NewestText = newest_text(
            reply.text, reply.html, channel=reply.channel, sender=sender, sent=reply.sent
        )

    @cached_property
    def _judged(self) -> str:
        text = self.newest.text
        if len(text) <= _HEAD_CHARS + _TAIL_CHARS:
            return text
        return f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"

    @cached_property
    def text(self) -> str:
        """The newest human text, folded."""
        return fold(self._judged)

    @cached_property
    def body(self) -> str:
        """The whole body as text, as written: reports and automatic messages have no quoted part of their own."""
        body, _ = clean(self.reply.text)
        return body if body.strip() else f"{self.newest.text}\n{self.newest.quoted}".strip()

    @cached_property
    def folded_body(self) -> str:
        return fold(self.body[:_HEAD_CHARS])

    @cached_property
    def sentences(self) -> list[tuple[str, str]]:
        """(as written, folded and without reported speech) for each sentence of the newest text."""
        return [(sentence, without_speech(fold(sentence))) for sentence in sentences(self._judged)]

    @cached_property
    def raw_subject(self) -> str:
        return fold(clean(self.reply.subject)[0][:500])

    @cached_property
    def subject(self) -> str:
        """The folded subject without "Re:" and "Fwd:"."""
        return _REPLY_PREFIX.sub("", self.raw_subject)

    @property
    def is_reply(self) -> bool:
        return self.subject != self.raw_subject

    @property
    def is_forward(self) -> bool:
        return bool(_FORWARD_PREFIX.match(self.raw_subject))

    @cached_property
    def sender_local(self) -> str:
        return fold(self.reply.sender_email.split("@")[0])

    @cached_property
    def sender_name(self) -> str:
        return fold(self.reply.sender_name)

    @cached_property
    def headers(self) -> dict[str, str]:
        return {fold(str(key)): fold(str(value)[:1000]) for key, value in (self.reply.headers or {}).items()}

    @cached_property
    def _question_slots(self) -> set[int]:
        slots: set[int] = set()
        for _, folded in self.sentences:
            if folded.endswith(_QUESTION_MARKS):
                slots |= features(folded, "question:")
        return slots

    @cached_property
    def own_words(self) -> str:
        """What a wish is read in, folded: the newest text without reported speech.

        Who wrote nothing but a subject speaks by the subject; behind "Re:" it is our own.
        """
        return without_speech(self.text or ("" if self.is_reply else self.subject))

    @cached_property
    def wish_slots(self) -> frozenset[int]:
        """What a wish is learned from: a person's own words, what they deny, and their questions once more as such."""
        return features(self.own_words).union(denied(self.own_words), self._question_slots)

    @cached_property
    def mail_slots(self) -> frozenset[int]:
        """What software is known by: the start of the newest text, and a subject that does not merely echo ours."""
        subject = frozenset() if self.is_reply else features(self.raw_subject, "subject:")
        short = (
            len(words(self.text)) <= _OPENING_WORDS
        )  # the features of the whole text have been made already
        opening = features(self.text) if short else features(self.text, most_words=_OPENING_WORDS)
        return opening.union(subject, self._question_slots)

    @cached_property
    def report_slots(self) -> frozenset[int]:
        """What a delivery report is known by: its start without what it quotes, and the subject as it came."""
        return features((self.text or self.folded_body)[:_REPORT_CHARS]).union(
            features(self.raw_subject, "subject:")
        )

    def once(self, find: "Callable[[Reading], T]") -> T:
        """What `find` says of this reply; several rules ask, and it is found once."""
        if find not in self._found:
            self._found[find] = find(self)
        return self._found[find]

    def first(self, pattern: re.Pattern[str]) -> str | None:
        """The sentence of the newest text, as written, in which a pattern is found."""
        return next((written for written, folded in self.sentences if pattern.search(folded)), None)
