"""Measures how well the rules and the model together tag labelled replies, with the pipeline's prompts."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from inbox.replying.prompts.tag_answer import Judgement
from inbox.understanding.evaluate import Case, Score
from inbox.understanding.rules import judge

Ask = Callable[[Case, str], Judgement | None]
"""A function that asks the model about a case's newest text. It returns None if the text lacks the model's quote."""


@dataclass
class ModelReport:
    """Counts tags: `right` of `n` were correct. The model tagged `asked`; it misquoted `unproven`."""

    n: int = 0
    right: int = 0
    asked: int = 0
    unproven: int = 0
    opt_out: Score = field(default_factory=Score)
    confusions: Counter[tuple[str, str]] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        return {
            "tag": {"right": self.right, "n": self.n, "asked": self.asked, "unproven": self.unproven},
            "opt_out": self.opt_out.as_json(),
            "confusions": [
                {"expected": expected, "got": tag, "n": count}
                for (expected, tag), count in self.confusions.most_common()
            ],
        }


def evaluate_model(cases: Iterable[Case], ask: Ask) -> ModelReport:
    """Has the rules and the model tag every labelled reply that has a correct tag. Raises the errors of `ask`."""
    report = ModelReport()
    for case in cases:
        if case.tag is None:
            continue
        tag = _tag(case, ask, report)
        report.n += 1
        report.right += tag == case.tag
        if "opt_out" in case.labels:
            report.opt_out.add(case.labels["opt_out"], tag == "Blacklist" and not case.labels.get("bounce"))
        if tag != case.tag:
            report.confusions[case.tag, tag] += 1
    return report


def _tag(case: Case, ask: Ask, report: ModelReport) -> str:
    verdict = judge(case.reply)
    if verdict.tag or not verdict.newest_text.strip():
        return verdict.tag or "Neutral"
    report.asked += 1
    judgement = ask(case, verdict.newest_text)
    report.unproven += judgement is None
    return str(judgement.tag) if judgement else "Neutral"
