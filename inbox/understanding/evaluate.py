"""Measures the rules on a file of labelled replies: checks and judges each line, and counts correct answers."""

import gzip
import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any, BinaryIO, cast

from inbox.understanding.cleaned import ALL_CHANNELS
from inbox.understanding.rules import ReplyText, RuleVerdict, judge

LABELS = ("opt_out", "bounce", "auto_reply", "out_of_office")


class BadLine(ValueError):
    """A line of labelled replies is invalid. The message names the line, the field and the expected value."""

    def __init__(self, number: int, name: str, problem: str) -> None:
        super().__init__(f'line {number}: field "{name}": {problem}')


@dataclass(frozen=True)
class Case:
    """A labelled reply. `labels` and `newest_text` hold the correct answers; a missing answer is not counted."""

    id: str
    reply: ReplyText
    labels: dict[str, bool]
    newest_text: str | None
    tag: str | None = None


@dataclass
class Score:
    """Counts right and wrong answers about one label: sure answers, and suspicions (`held_tp`, `held_fp`).

    A suspicion silences nobody, so a correct one also counts in `fn`. Without any answer, precision and recall are 1.
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
        """The share (0 to 1) of the replies with one label, such as "opt_out", that the rules decide or suspect."""
        return (self.tp + self.held_tp) / (self.tp + self.fn) if self.tp + self.fn else 1.0

    def add(self, expected: bool, got: bool | str) -> None:
        """Counts one answer of the rules. `got`: True (sure), "perhaps" or False. `expected`: the correct answer."""
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
    """Opens the file at `path` for reading bytes. A file with the suffix .gz is unpacked. Raises `OSError`."""
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def read_cases(lines: Iterable[bytes], *, labelled: bool = False) -> Iterator[Case]:
    """Reads the labelled replies of a JSON-lines file. Raises `BadLine` at the first invalid line.

    With `labelled`, a line without any of LABELS is invalid.
    """
    for number, raw in enumerate(lines, start=1):
        if not raw.strip():
            continue
        try:
            fields = json.loads(raw.decode("utf-8-sig"))
        except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
            raise BadLine(number, "(the line)", f"not a JSON object ({error})") from None
        if not isinstance(fields, dict):
            raise BadLine(number, "(the line)", f"expected a JSON object, got {type(fields).__name__}")
        case = _case(number, fields)
        if labelled and not case.labels:
            raise BadLine(number, "expected", f"holds none of {', '.join(LABELS)}")
        yield case


_Types = tuple[tuple[str, set[type], str], ...]
_NULL: type = type(None)
_TYPES: _Types = (
    ("id", {str, int}, "a string"),
    *((name, {str, _NULL}, "a string or null") for name in ("from", "subject", "text", "html")),
    ("automated_reply", {bool, _NULL}, "true, false or null"),
    ("headers", {dict, _NULL}, "an object or null"),
    ("sent", {list, _NULL}, "a list of strings or null"),
    ("expected", {dict}, "an object with the labels"),
)
_EXPECTED_TYPES: _Types = (
    *((label, {bool, _NULL}, "true or false") for label in LABELS),
    ("tag", {str, _NULL}, "a string"),
    ("newest_text", {str, _NULL}, "a string"),
)


def _check(number: int, fields: dict[str, Any], types: _Types, prefix: str = "") -> None:
    for name, kinds, words in types:
        kind = type(fields.get(name))
        if kind not in kinds:
            raise BadLine(number, prefix + name, f"expected {words}, got {kind.__name__}")


def _case(number: int, fields: dict[str, Any]) -> Case:
    _check(number, fields, _TYPES)
    expected = fields["expected"]
    _check(number, expected, _EXPECTED_TYPES, "expected.")
    if fields.get("channel") not in ALL_CHANNELS:
        channels = ", ".join(sorted(ALL_CHANNELS))
        raise BadLine(number, "channel", f"expected one of {channels}, got {fields.get('channel')!r}")
    if not fields.get("html") and "text" not in fields:
        raise BadLine(number, "text", 'missing; expected a string, or null where "html" is given')
    if not all(isinstance(text, str) for text in fields.get("sent") or ()):
        raise BadLine(number, "sent", "expected a list of strings or null")
    labels = {label: expected[label] for label in LABELS if expected.get(label) is not None}
    return Case(
        str(fields["id"]), _reply(number, fields), labels, expected.get("newest_text"), expected.get("tag")
    )


def _reply(number: int, fields: dict[str, Any]) -> ReplyText:
    name, address = split_sender(fields.get("from") or "", fields["channel"])
    return ReplyText(
        channel=fields["channel"],
        text=fields.get("text"),
        html=fields.get("html"),
        sender_email=address,
        sender_name=name,
        subject=fields.get("subject"),
        automated_reply=fields.get("automated_reply"),
        headers=fields.get("headers"),
        received_at=_time(number, fields.get("received_at")),
        sent=tuple(fields.get("sent") or ()),
    )


def _time(number: int, text: object) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise BadLine(number, "received_at", f"expected an ISO 8601 time with a zone, got {text!r}")
    return moment


def split_sender(sender: str, channel: str = "email") -> tuple[str, str]:
    """Splits a mail's From value into name and address; "<>" has neither. Elsewhere, the whole value is the name."""
    if channel != "email":
        return sender, ""
    if sender.strip().endswith(">") and "<" in sender:
        name, _, address = sender.rpartition("<")
        return name.strip().strip('"'), address.strip("> ")
    name, address = parseaddr(sender)
    return name, address or sender.strip()
