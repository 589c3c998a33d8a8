"""Learns the wording rules' weights from labelled replies, and measures what is learned on replies left out.

Needs scikit-learn, which only developers install; judging a reply needs the weights alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path

from inbox.understanding import autoreply, bounce, optout
from inbox.understanding.evaluate import Case, Score, read_cases
from inbox.understanding.reading import EMAIL, Reading
from inbox.understanding.wording import SLOTS, Weights

LEARNED = Path(__file__).parent / "labelled" / "learned.jsonl"
"""Every reply the weights are learned from; a correction is added here, and the weights learned again."""

_STRENGTH = 5.0  # C of the regression: the inverse of how hard it is held back
_RARITY = 1.5  # power of the inverse document frequency; of 1, 1.5 and 2 the best on replies left out
_FOLDS = 5


@dataclass(frozen=True)
class Lesson:
    """A label to learn: the slots of a reply, which replies teach it, and above which probability a rule is sure."""

    label: str
    slots: Callable[[Reading], frozenset[int]]
    teaches: Callable[[Case], bool]
    sure: float


LESSONS = (
    Lesson("opt_out", attrgetter("wish_slots"), lambda case: not _machine(case), optout.SURE),
    Lesson(
        "auto_reply", attrgetter("mail_slots"), lambda case: not case.labels.get("bounce"), autoreply.SURE
    ),
    Lesson(
        "out_of_office",
        attrgetter("mail_slots"),
        lambda case: bool(case.labels.get("auto_reply")),
        autoreply.SURE_AWAY,
    ),
    Lesson("bounce", attrgetter("report_slots"), lambda case: case.reply.channel == EMAIL, bounce.SURE),
)


def _machine(case: Case) -> bool:
    return bool(case.labels.get("bounce") or case.labels.get("auto_reply"))


class Examples:
    """The replies that teach one lesson, as a table of slots and a column of answers."""

    def __init__(self, lesson: Lesson, cases: Iterable[Case]) -> None:
        taught = [case for case in cases if lesson.label in case.labels and lesson.teaches(case)]
        self.slots = [lesson.slots(Reading(case.reply)) for case in taught]
        self.answers = [case.labels[lesson.label] for case in taught]

    @cached_property
    def table(self):
        import numpy
        from scipy.sparse import csr_matrix

        columns = [slot for slots in self.slots for slot in sorted(slots)]
        ends = numpy.cumsum([0, *(len(slots) for slots in self.slots)])
        shares = numpy.concatenate(
            [numpy.full(len(slots), (len(slots) or 1) ** -0.5) for slots in self.slots]
        )
        return csr_matrix((shares, columns, ends), shape=(len(self.slots), SLOTS))


def _fit(table, answers) -> Weights:
    """A logistic regression, in which a slot may weigh the more, the fewer replies have it."""
    import numpy
    from scipy.sparse import diags
    from sklearn.linear_model import LogisticRegression

    having = numpy.asarray((table > 0).sum(axis=0)).ravel()
    rarity = numpy.log((table.shape[0] + 1) / (having + 1)) ** _RARITY
    found = LogisticRegression(C=_STRENGTH, solver="liblinear").fit(table @ diags(rarity), answers)
    return Weights(found.coef_[0] * rarity, float(found.intercept_[0]))


def read(paths: Iterable[Path]) -> list[Case]:
    """The labelled replies of JSON-lines files. Raises `evaluate.BadLine` and `OSError`."""
    cases = []
    for path in paths:
        with path.open("rb") as lines:
            cases += read_cases(lines)
    return cases


def learn(examples: Examples) -> Weights:
    """The weights for one label. The same replies in the same order give the same weights."""
    return _fit(examples.table, examples.answers)


def measure(lesson: Lesson, cases: list[Case]) -> Score:
    """How right the wording alone is, at the probability its rule asks, on replies that it has not learned from."""
    import numpy
    from sklearn.model_selection import StratifiedKFold

    examples = Examples(lesson, cases)
    answers = numpy.array(examples.answers)
    score = Score()
    for learned, left_out in StratifiedKFold(_FOLDS, shuffle=True, random_state=1).split(answers, answers):
        weights = _fit(examples.table[learned], answers[learned])
        for number in left_out:
            sure = weights.probability(examples.slots[number]) >= lesson.sure
            score.add(examples.answers[number], sure)
    return score
