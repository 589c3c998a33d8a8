"""Prepares a reply for the rules, by cleaning and folding its text once. Defines the classes of rules and results."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Any, TypeVar

from inbox.understanding.normalise import clean, fold, sentences, without_speech
from inbox.understanding.signature import closing, name_words
from inbox.understanding.signature_words import POSTSCRIPT
from inbox.understanding.text import NewestText, newest_text
from inbox.understanding.word_weights import (
    QUESTION_MARKS,
    count_words,
    features,
    weights,
    wish_features,
    words,
)

T = TypeVar("T")

EMAIL = "email"
SMS = "sms"
LINKEDIN = "linkedin"
ALL_CHANNELS = frozenset({EMAIL, SMS, LINKEDIN})
MAIL_ONLY = frozenset({EMAIL})
TEXTS_ONLY = frozenset({SMS})

# Only the start and the end of a very long text are judged, so that a hundred rules stay fast.
_HEAD_CHARS, _TAIL_CHARS = 6_000, 2_000
_REPORT_CHARS = 2_000  # a report states its purpose before it quotes the returned mail
_LETTER_WORDS = 40  # 1 in 300 real wishes to get no more mail is that long, but 40 in 1,300 other replies
_OPENING_WORDS = 120  # software states its purpose at the start, so words further down prove nothing
_QUOTE_CHARS = 240  # pages show this much of the evidence, with a link to the message

# Matches a place within a sentence at which a new thought begins.
BREAK = re.compile(r"(?<=\w)(?:\s*(?:\.\.\.|…)\s*|[:;]\s+|\s+[-–—]+\s+)(?=\w)")

_REPLY_PREFIX = re.compile(
    r"^(?:(?:re|aw|antw|antwort|sv|vs|odp|ref|rif|r|res|ynt|yanit|vb|tr|rv|回复|回覆|答复|返信|답장|رد|תשובה|на|отв|"
    r"nt|atb|bls|"
    r"fwd?|fw|wg|i|enc|doorst|pd|vl|vid|vidarebefordrat|转发|転送)(?:\[\d+\]|\(\d+\))?\s?[:：]\s*)+"
)
_FORWARD_PREFIX = re.compile(r"^(?:fwd?|fw|wg|tr|rv|enc|doorst|pd|vl|转发|転送)\s?[:：]")


@dataclass(frozen=True)
class ReplyText:
    """A reply as it arrived. `automated_reply` is the provider's own flag; None if there is no flag.

    Dates in the text are counted from `received_at`, the time of arrival. `sent` are plain texts that we sent before.
    """

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
    """The result of a rule: its id, its label (such as "opt_out"), and the words that prove it, up to 240 characters.

    A rule that is not `sure` only raises a suspicion, and a model or a person decides.
    """

    rule_id: str
    label: str
    quote: str
    sure: bool = True


@dataclass(frozen=True)
class Rule:
    """A rule with a description for users. `match` returns the words of a reply that prove the rule; None if it fails.

    A rule that is not `sure` holds the lead until a model or a person has decided: nothing goes out automatically.
    """

    id: str
    description: str
    match: "Callable[[Reading], str | None]" = field(repr=False)
    channels: frozenset[str] = ALL_CHANNELS
    sure: bool = True

    @property
    def label(self) -> str:
        return self.id.split(".")[0]

    def apply(self, reading: "Reading") -> RuleHit | None:
        """Returns the rule's hit in a reply; None if it does not match or does not apply to the reply's channel."""
        quote = self.match(reading) if reading.reply.channel in self.channels else None
        return (
            None if quote is None else RuleHit(self.id, self.label, quote.strip()[:_QUOTE_CHARS], self.sure)
        )


def rule(
    rule_id: str, description: str, *, channels: frozenset[str] = ALL_CHANNELS, sure: bool = True
) -> "Callable[[Callable[[Reading], str | None]], Rule]":
    """Returns a decorator that turns a function into a Rule. The function returns the decisive words, or None."""
    return lambda match: Rule(rule_id, description, match, channels, sure)


mail_rule = partial(rule, channels=MAIL_ONLY)
"""Does the same as `rule`, for rules that apply only to mails."""


def in_a_letter(probability: float, text: str) -> float:
    """Returns `probability` (0 to 1), reduced for a `text` of over 40 words, which is rarely a wish or automatic."""
    odds = probability / (1 - probability) * min(1, (_LETTER_WORDS / max(count_words(text), 1)) ** 2)
    return odds / (1 + odds)


def _sentences(text: str) -> list[tuple[str, str]]:
    return [(sentence, without_speech(fold(sentence))) for sentence in sentences(text)]


class Reading:
    """A reply with all properties that rules use. Most are computed when they are first used."""

    def __init__(self, reply: ReplyText) -> None:
        self.reply = reply
        self._found: dict[Callable[[Reading], Any], Any] = {}
        sender = f"{reply.sender_name} <{reply.sender_email}>"
        self._names = name_words(sender)
        # This is not a cached_property, which holds a lock on Python 3.11: nh3 lets other threads run, and they would
        # wait for the lock.
        self.newest: NewestText = newest_text(
            reply.text, reply.html, channel=reply.channel, sender=sender, sent=reply.sent
        )

    @property
    def received_at(self) -> datetime | None:
        """The time at which the reply arrived. A time without a zone, which some providers send, counts as UTC."""
        moment = self.reply.received_at
        return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment

    @cached_property
    def _judged(self) -> str:
        text = self.newest.text
        if len(text) <= _HEAD_CHARS + _TAIL_CHARS:
            return text
        return f"{text[:_HEAD_CHARS]}\n{text[-_TAIL_CHARS:]}"

    @cached_property
    def text(self) -> str:
        """The newest text of the person, folded (in lower case, without accents) for comparisons."""
        return fold(self._judged)

    @cached_property
    def _parts(self) -> tuple[str, str]:
        """The words that address us (all words outside e-mail), and the rest: sign-off, name, contacts and footer."""
        if self.reply.channel != EMAIL:
            return self._judged, ""
        lines = self._judged.split("\n")
        end = closing(lines, self._names)
        below = lines[end:]
        postscript = next((place for place, line in enumerate(below) if POSTSCRIPT.match(line)), len(below))
        return "\n".join((*lines[:end], "", *below[postscript:])).strip(), "\n".join(below[:postscript])

    @cached_property
    def above(self) -> str:
        """The words of the newest text that address us, above a sign-off or footer; folded (lower case, no accents)."""
        return fold(self._parts[0])

    @cached_property
    def clauses(self) -> list[tuple[str, str]]:
        """The sentences that address us, as pairs like those of `sentences`. Without text, those of the subject."""
        written = self._parts[0] or ("" if self.is_reply else clean(self.reply.subject)[0][:500])
        return _sentences(BREAK.sub("\n\n", written))

    @cached_property
    def below(self) -> list[tuple[str, str]]:
        """The sentences below the sign-off, even those cut from the newest text, as pairs like those of `sentences`."""
        return _sentences(f"{self._parts[1]}\n\n{self.newest.cut[:_HEAD_CHARS]}")

    @cached_property
    def body(self) -> str:
        """The whole body of the mail as text, unfolded, including quotes."""
        body, _ = clean(self.reply.text)
        return body if body.strip() else f"{self.newest.text}\n{self.newest.quoted}".strip()

    @cached_property
    def folded_body(self) -> str:
        return fold(self.body[:_HEAD_CHARS])

    @cached_property
    def sentences(self) -> list[tuple[str, str]]:
        """The sentences of the newest text as pairs: as written, and folded without reported speech."""
        return _sentences(self._judged)

    @cached_property
    def raw_subject(self) -> str:
        return fold(clean(self.reply.subject)[0][:500])

    @cached_property
    def subject(self) -> str:
        """The subject, folded (in lower case, without accents) and without "Re:" and "Fwd:"."""
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
        return {fold(str(key)): fold(str(text)[:1000]) for key, text in (self.reply.headers or {}).items()}

    @cached_property
    def own_words(self) -> str:
        """The text in which rules look for a person's wish: the folded `clauses`, one per line."""
        return "\n".join(folded for _, folded in self.clauses)

    @cached_property
    def clause_slots(self) -> list[frozenset[int]]:
        """For each clause, the numbers of the word features by which learned weights judge whether it is an opt-out."""
        return [wish_features(folded) for _, folded in self.clauses]

    @cached_property
    def wish_slots(self) -> frozenset[int]:
        """The word features of all clauses together, by which learned weights judge whether the reply is an opt-out."""
        return frozenset().union(*self.clause_slots)

    @cached_property
    def mail_slots(self) -> frozenset[int]:
        """The word features that show automatic mails: of the first words and, outside replies, of the subject."""
        slots = [] if self.is_reply else [features(self.raw_subject, "subject:")]
        room = _OPENING_WORDS
        for _, folded in self.clauses if self.above else ():
            slots.append(features(folded, most_words=room))
            if folded.endswith(QUESTION_MARKS):
                slots.append(features(folded, "question:"))
            room -= len(words(folded))
            if room <= 0:
                break
        return frozenset().union(*slots)

    @cached_property
    def written_by_software(self) -> float:
        """The probability (0 to 1) that software wrote the text, by its wording."""
        return weights("auto_reply").probability(self.mail_slots)

    @cached_property
    def report_slots(self) -> frozenset[int]:
        """The word features of the subject and of the text's beginning. Learned weights of these decide whether a mail
        is a delivery report.
        """
        return features((self.text or self.folded_body)[:_REPORT_CHARS]).union(
            features(self.raw_subject, "subject:")
        )

    def once(self, find: "Callable[[Reading], T]") -> T:
        """Returns the result of `find(self)`, which is computed only once."""
        if find not in self._found:
            self._found[find] = find(self)
        finding: T = self._found[find]
        return finding

    def evidence(self, label: str, passages: list[tuple[str, str]] | None = None) -> str:
        """Returns the sentence of `passages` (by default `clauses`) that supports `label` most; else the subject."""
        return weights(label).strongest(
            self.clauses if passages is None else passages, self.reply.subject or ""
        )
