"""Which of a workspace's facts one answer is given, under which ids, and what it must not say.

A prompt holds each as one line: "F1 [answer] Do you handle interstate? -> Yes, in all 48 states." The ids count what
is shown; they mean nothing outside of one prompt.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from inbox.models import WorkspaceFact
from inbox.understanding.normalise import fold

Kind = WorkspaceFact.Kind
ORDER = list(Kind)
CHARS = 8_000
"""Of all lines in one prompt. Each answer asks the model three to six times with them."""
NEVER_CHARS = 2_000
"""Of these, for what is never said. Phrases that do not fit are looked for in the draft all the same."""

_TOKEN = re.compile(r"\w+|[%$€£¥₹#@&+]")
_ID = re.compile(r"\W*(F\d+)\b.*", re.I | re.S)
"""An id, whatever a model wrote around it."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Letters of scripts that set no spaces between words, or write endings onto them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact in a prompt. `key` is its row's id."""

    id: str
    key: str
    kind: str
    question: str
    answer: str

    @property
    def words(self) -> str:
        """Question and answer in one line."""
        return _words(self.question, self.answer)

    @property
    def line(self) -> str:
        return f"{self.id} [{self.kind}] {self.words}"


@dataclass(frozen=True, slots=True)
class Told:
    """What one answer is told: `shown` stands in the prompt, `left_out` more did not fit, `never` must not be said."""

    shown: tuple[Fact, ...] = ()
    left_out: int = 0
    never: tuple[str, ...] = ()

    @property
    def lines(self) -> str:
        """The lines of the prompt, "" without a fact."""
        lines = [fact.line for fact in self.shown]
        if self.left_out:
            lines.append(
                f"({self.left_out} more are not shown: they have less in common with the newest reply.)"
            )
        return "\n".join(lines)

    @property
    def sayable(self) -> str:
        """What an answer may repeat: all that is shown but what is never said. Without ids, which prove no number."""
        return "\n".join(fact.words for fact in self.shown if fact.kind != Kind.NEVER)

    def used(self, ids: Iterable[str]) -> tuple[list[Fact], list[str]]:
        """The facts that an answer rests on, by the ids that a model gave; and the ids that there are none of."""
        known = {fact.id: fact for fact in self.shown}
        given = dict.fromkeys(_ID.sub(r"\1", one.strip()).upper() for one in ids)
        facts = [known[one] for one in given if one in known]
        return [fact for fact in facts if fact.kind != Kind.NEVER], [one for one in given if one not in known]

    def said(self, text: str) -> list[str]:
        """The phrases that `text` holds and must not."""
        return [phrase for phrase in self.never if holds(text, phrase)]


def of(workspace_id: UUID, newest: str) -> Told:
    """What an answer to the text `newest` is told. One query."""
    rows = list(WorkspaceFact.objects.filter(workspace_id=workspace_id))
    return choose(sorted(rows, key=lambda row: ORDER.index(row.kind)), newest)


def said(workspace_id: UUID, text: str) -> list[str]:
    """The phrases that no answer of the workspace may hold, as of now, and that `text` holds."""
    rows = WorkspaceFact.objects.filter(workspace_id=workspace_id, kind=Kind.NEVER)
    return Told(never=tuple(rows.values_list("question", flat=True))).said(text)


def choose(rows: list[WorkspaceFact], newest: str) -> Told:
    """As many of `rows` as a prompt takes, in their order: those first that share the rarest words with `newest`."""
    never = [row for row in rows if row.kind == Kind.NEVER]
    others = [row for row in rows if row.kind != Kind.NEVER]
    kept = _fitting(never, NEVER_CHARS)
    kept |= _fitting(_by_overlap(others, newest), CHARS - sum(map(_size, kept)))
    shown = [
        Fact(f"F{number}", str(row.pk), row.kind, row.question, row.answer)
        for number, row in enumerate((row for row in rows if row in kept), start=1)
    ]
    return Told(tuple(shown), len(rows) - len(shown), tuple(row.question for row in never))


def _fitting(rows: list[WorkspaceFact], chars: int) -> set[WorkspaceFact]:
    kept = set()
    for row in rows:
        if _size(row) <= chars:
            kept.add(row)
            chars -= _size(row)
    return kept


def _size(row: WorkspaceFact) -> int:
    return len(row.question) + len(row.answer) + len("F100 [answer]  -> \n")


def _by_overlap(rows: list[WorkspaceFact], newest: str) -> list[WorkspaceFact]:
    """A word counts the more, the fewer facts have it; so "the" and "you" count for next to nothing."""
    words = {row: _stems(f"{row.question} {row.answer}") for row in rows}
    facts_with = Counter(word for found in words.values() for word in found)
    asked = _stems(newest)
    score = {row: sum(1 / facts_with[word] for word in found & asked) for row, found in words.items()}
    return sorted(rows, key=lambda row: -score[row])


def _stems(text: str) -> set[str]:
    """The words of `text` by their first five letters, so that "price" and "prices" are one."""
    return {word[:5] for word in re.findall(r"\w{3,}", fold(text))}


def _words(question: str, answer: str) -> str:
    question, answer = " ".join(question.split()), " ".join(answer.split())
    return f"{question} -> {answer}" if answer else question


def holds(text: str, phrase: str) -> bool:
    """Whether `text` has the words of `phrase` in a row, whatever their case, accents, hyphens and line ends."""
    wanted, words = _TOKEN.findall(fold(phrase)), " ".join(_TOKEN.findall(fold(text)))
    if _UNSPACED.search(phrase):
        return bool(wanted) and "".join(wanted) in words.replace(" ", "")
    return bool(wanted) and f" {' '.join(wanted)} " in f" {words} "
