"""Measures the rules on a file of labelled replies: checks and judges each line, and counts right and wrong answers."""

import gzip
from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from email.utils import parseaddr
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, TypeVar, cast

from pydantic import AwareDatetime, BaseModel, Field, TypeAdapter, ValidationError

from inbox.understanding.cleaned import ALL_CHANNELS
from inbox.understanding.rules import ReplyText, RuleVerdict, judge

LABELS = ("opt_out", "bounce", "auto_reply", "out_of_office")
Parsed = TypeVar("Parsed")


class BadLine(ValueError):
    """A line of labelled replies is invalid. The message names the line, the field and the expected value."""

    def __init__(self, number: int, name: str, problem: str) -> None:
        super().__init__(f'line {number}: field "{name}": {problem}')


@dataclass(frozen=True)
class Case:
    """A reply with the right answers about it: `labels`, `newest_text` and `tag`. Missing answers do not count."""

    id: str
    reply: ReplyText
    labels: dict[str, bool]
    newest_text: str | None
    tag: str | None = None


@dataclass
class Score:
    """Counts right and wrong answers about one label. Sure answers are in `tp` (right) and `fp` (wrong), suspicions in
    `held_tp` and `held_fp`.

    A suspicion silences nobody, so a right one also counts in `fn` (missed). If nothing was judged, precision and
    recall are 1.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0
    held_tp: int = 0
    held_fp: int = 0

    @property
    def precision(self) -> float:
        return self.tp / (self.tp + self.fp) if self.tp + self.fp else 1.0

    @property
    def recall(self) -> float:
        return self.tp / (self.tp + self.fn) if self.tp + self.fn else 1.0

    @property
    def caught(self) -> float:
        """The share (0 to 1) of the replies with the label about which the rules are sure, or which they suspect."""
        return (self.tp + self.held_tp) / (self.tp + self.fn) if self.tp + self.fn else 1.0

    def add(self, expected: bool, got: bool | str) -> None:
        """Counts one answer of the rules: `got` is True (sure), "perhaps" or False. `expected` is the right answer."""
        sure, held = got is True, got == "perhaps"
        self.tp += expected and sure
        self.fp += sure and not expected
        self.fn += expected and not sure
        self.held_tp += expected and held
        self.held_fp += held and not expected

    def as_json(self) -> dict[str, Any]:
        shares = {"precision": round(self.precision, 4), "recall": round(self.recall, 4)}
        return shares | asdict(self) | {"caught": round(self.caught, 4)}


@dataclass
class Report:
    """The result of `manage.py evaluate_replies`. Scripts rely on `as_json` (docs/reference/commands.md)."""

    labels: dict[str, Score] = field(default_factory=lambda: {label: Score() for label in LABELS})
    exact: int = 0
    n: int = 0
    misses: list[dict[str, Any]] = field(default_factory=list)

    def add_miss(self, case: Case, label: str, expected: object, got: object) -> None:
        self.misses.append({"id": case.id, "label": label, "expected": expected, "got": got})

    def as_json(self) -> dict[str, Any]:
        return {
            "labels": {label: score.as_json() for label, score in self.labels.items()},
            "newest_text": {"exact": self.exact, "n": self.n},
            "misses": self.misses,
        }


def evaluate(cases: Iterable[Case], report: Report | None = None) -> Report:
    """Judges each labelled reply, counts right and wrong answers in `report` or a new Report, and returns it."""
    report = report or Report()
    for case in cases:
        verdict = judge(case.reply)
        for label, expected in case.labels.items():
            got = verdict.answer(label)
            report.labels[label].add(expected, got)
            if got != expected:
                report.add_miss(case, label, expected, got)
        if case.newest_text is not None:
            _compare_text(report, case, verdict)
    return report


def _compare_text(report: Report, case: Case, verdict: RuleVerdict) -> None:
    report.n += 1
    if verdict.newest_text.split() == (case.newest_text or "").split():
        report.exact += 1
    else:
        report.add_miss(case, "newest_text", case.newest_text, verdict.newest_text)


def open_labelled(path: Path) -> BinaryIO:
    """Opens the file at `path` for reading bytes, and unpacks it if its suffix is .gz. Raises `OSError`."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


class _Expected(BaseModel, strict=True):
    opt_out: bool | None = None
    bounce: bool | None = None
    auto_reply: bool | None = None
    out_of_office: bool | None = None
    tag: str | None = None
    newest_text: str | None = None


class _Line(BaseModel, strict=True):
    id: Annotated[str, Field(strict=False, coerce_numbers_to_str=True)]
    channel: Literal[tuple(ALL_CHANNELS)]  # type: ignore[valid-type]
    sender: str | None = Field(None, alias="from")
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    automated_reply: bool | None = None
    headers: dict[str, str] | None = None
    received_at: AwareDatetime | None = None
    sent: list[str] | None = None
    expected: _Expected


def read_cases(lines: Iterable[bytes], *, labelled: bool = False) -> Iterator[Case]:
    """Yields the labelled replies of a JSON-lines file. Raises `BadLine` at the first invalid line.

    With `labelled`, a line without any of LABELS is invalid.
    """
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        line = parsed(number, _Line, raw)
        if not line.html and "text" not in line.model_fields_set:
            raise BadLine(number, "text", 'expected a string, or null if "html" is given')
        answers = line.expected.model_dump(exclude_none=True)
        labels = {label: answers[label] for label in LABELS if label in answers}
        if labelled and not labels:
            raise BadLine(number, "expected", f"needs one of {', '.join(LABELS)}")
        yield Case(line.id, _reply(line), labels, answers.get("newest_text"), answers.get("tag"))


def parsed(number: int, kind: type[Parsed], raw: bytes) -> Parsed:
    """Returns the JSON in `raw`, the line with this number, as a value of `kind`. Raises `BadLine`."""
    try:
        return TypeAdapter(kind).validate_json(raw.removeprefix(BOM_UTF8))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise BadLine(number, ".".join(map(str, first["loc"])) or "(the line)", first["msg"]) from None


def _reply(line: _Line) -> ReplyText:
    name, address = split_sender(line.sender or "", line.channel)
    alike = line.model_dump(exclude={"id", "sender", "sent", "expected"})
    return ReplyText(sender_email=address, sender_name=name, sent=tuple(line.sent or ()), **alike)


def split_sender(sender: str, channel: str = "email") -> tuple[str, str]:
    """Returns the name and the address in a mail's From value; "<>" has neither. On other channels, the whole value is
    the name.
    """
    if channel != "email":
        return sender, ""
    if sender.strip().endswith(">") and "<" in sender:
        name, _, address = sender.rpartition("<")
        return name.strip().strip('"'), address.strip("> ")
    name, address = parseaddr(sender)
    return name, address or sender.strip()
