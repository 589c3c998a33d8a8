"""Chooses the workspace's facts for an answer, and finds phrases that the answer must not use. A prompt holds each
fact as one line: "F1 [answer] Do you handle interstate? -> Yes, in all 48 states." The id (F1) is valid only in this
prompt.
"""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from inbox.models import WorkspaceFact
from inbox.understanding.normalise import fold

Kind = WorkspaceFact.Kind
ORDER: list[str] = list(Kind)
CHARS = 8_000
"""The maximum number of characters of facts in a prompt. Each answer takes three to six prompts with these facts."""
NEVER_CHARS = 2_000
"""The part of CHARS for forbidden phrases. Drafts are searched for all forbidden phrases, even for those left out."""

_TOKEN = re.compile(r"\w+|[%$€£¥₹#@&+]")
_ID = re.compile(r"\W*(F\d+)\b.*", re.I | re.S)
"""Matches a text of the model that contains the id of a fact."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
"""Matches letters of scripts that do not separate words by spaces, or that attach endings to words."""


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact in a prompt. `id` is its number in the prompt; `key` is the id of its row."""

    id: str
    key: str
    kind: str
    question: str
    answer: str

    @property
    def words(self) -> str:
        question, answer = " ".join(self.question.split()), " ".join(self.answer.split())
        return f"{question} -> {answer}" if answer else question

    @property
    def line(self) -> str:
        return f"{self.id} [{self.kind}] {self.words}"


@dataclass(frozen=True, slots=True)
class ChosenFacts:
    """The facts `shown` in an answer's prompt, the number `left_out`, and phrases that the answer must `never` use."""

    shown: tuple[Fact, ...] = ()
    left_out: int = 0
    never: tuple[str, ...] = ()

    @property
    def lines(self) -> str:
        lines = [fact.line for fact in self.shown]
        if self.left_out:
            lines.append(
                f"({self.left_out} more are not shown: they have less in common with the newest reply.)"
            )
        return "\n".join(lines)

    @property
    def sayable(self) -> str:
        """The facts that an answer may repeat, one per line, without ids. The digits of an id would otherwise prove an
        amount in the answer.
        """
        return "\n".join(fact.words for fact in self.shown if fact.kind != Kind.NEVER)

    def used(self, ids: Iterable[str]) -> tuple[list[Fact], list[str]]:
        """Returns the facts with the `ids` that the model reports as used, and those of the ids that do not exist."""
        shown = {fact.id: fact for fact in self.shown}
        wanted = dict.fromkeys(_ID.sub(r"\1", key.strip()).upper() for key in ids)
        facts = [shown[key] for key in wanted if key in shown]
        return [fact for fact in facts if fact.kind != Kind.NEVER], [
            key for key in wanted if key not in shown
        ]

    def forbidden(self, text: str) -> list[str]:
        return [phrase for phrase in self.never if holds(text, phrase)]


def of(workspace_id: UUID, newest: str) -> ChosenFacts:
    """Returns the facts for the prompt that answers a message with the text `newest`. Uses one query."""
    rows = list(WorkspaceFact.objects.filter(workspace_id=workspace_id))
    return choose(sorted(rows, key=lambda row: ORDER.index(row.kind)), newest)


def forbidden(workspace_id: UUID, text: str) -> list[str]:
    """Returns the phrases in `text` that the workspace's current facts forbid."""
    rows = WorkspaceFact.objects.filter(workspace_id=workspace_id, kind=Kind.NEVER)
    return ChosenFacts(never=tuple(rows.values_list("question", flat=True))).forbidden(text)


def choose(rows: list[WorkspaceFact], newest: str) -> ChosenFacts:
    """Chooses the facts that fit into a prompt (CHARS). Facts that share the rarest words with `newest` come first."""
    never = [row for row in rows if row.kind == Kind.NEVER]
    sayable = [row for row in rows if row.kind != Kind.NEVER]
    chosen = _fitting(never, NEVER_CHARS)
    chosen |= _fitting(_by_overlap(sayable, newest), CHARS - sum(map(_size, chosen)))
    shown = [
        Fact(f"F{number}", str(row.pk), row.kind, row.question, row.answer)
        for number, row in enumerate((row for row in rows if row in chosen), start=1)
    ]
    return ChosenFacts(tuple(shown), len(rows) - len(shown), tuple(row.question for row in never))


def _fitting(rows: list[WorkspaceFact], chars: int) -> set[WorkspaceFact]:
    fitting = set()
    for row in rows:
        if _size(row) <= chars:
            fitting.add(row)
            chars -= _size(row)
    return fitting


def _size(row: WorkspaceFact) -> int:
    return len(row.question) + len(row.answer) + len("F100 [answer]  -> \n")


def _by_overlap(rows: list[WorkspaceFact], newest: str) -> list[WorkspaceFact]:
    """Sorts facts by the words that they share with `newest`. A word counts more if fewer facts contain it."""
    words = {row: _stems(f"{row.question} {row.answer}") for row in rows}
    facts_with = Counter(word for stems in words.values() for word in stems)
    message_stems = _stems(newest)
    score = {row: sum(1 / facts_with[word] for word in stems & message_stems) for row, stems in words.items()}
    return sorted(rows, key=lambda row: -score[row])


def _stems(text: str) -> set[str]:
    return {word[:5] for word in re.findall(r"\w{3,}", fold(text))}


def holds(text: str, phrase: str) -> bool:
    """Whether `text` contains the words of `phrase` in a row. Case, accents, hyphens and line ends are ignored."""
    wanted, words = _TOKEN.findall(fold(phrase)), " ".join(_TOKEN.findall(fold(text)))
    if _UNSPACED.search(phrase):
        return bool(wanted) and "".join(wanted) in words.replace(" ", "")
    return bool(wanted) and f" {' '.join(wanted)} " in f" {words} "
