"""Trains the weights of the wording rules on labelled replies, and measures them on replies that were left out.

The wording rules decide whether a reply is an opt-out, an auto-reply, an absence notice or a bounce. Training needs
scikit-learn, which only developers install. Using the weights does not.
"""

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

from inbox.understanding import autoreply, bounce, optout, word_weights
from inbox.understanding.cleaned import EMAIL, Reading, ReplyText
from inbox.understanding.evaluate import LABELS, Case, Report, Score, evaluate, open_labelled, read_cases
from inbox.understanding.installed_weights import MANIFEST, digest, hash_of
from inbox.understanding.rules import RULES_VERSION, judge
from inbox.understanding.word_weights import ENOUGH, SLOTS, WEIGHTS, Weights, expressions_in

LEARNED = Path(__file__).parent / "labelled" / "learned.jsonl.gz"
"""The replies that the weights are trained on. To correct a rule, add replies here and train again."""

ORDINARY = LEARNED.with_name("ordinary.txt.gz")
"""Ordinary sentences of people: none is an opt-out or written by software.

An inbox is full of them, but the labelled replies have only hard cases. Their origin is in labelled/README.md.
"""

UNSEEN = LEARNED.with_name("unseen.jsonl.gz")
ORDINARY_UNSEEN = LEARNED.with_name("ordinary-unseen.txt.gz")
"""Replies and sentences that are never trained on. The trained weights are measured on them."""

_STRENGTH = 5.0  # the regression's C: the inverse of the strength of regularisation
_RARITY = 1.5  # power of the inverse document frequency; 1.5 was better than 1 and 2 on replies left out
_FEWEST_REPLIES = 3  # a feature or an expression in fewer replies is taken for chance
_PURE = 0.8  # the least share of the replies with an expression that must have the label
# Bounds in characters; the share of a label is corrected within each span (`_mix`).
_LENGTHS = (20, 40, 80, 120, 400)
_FOLDS = 5


@dataclass(frozen=True)
class Lesson:
    """One label of the wording rules (opt-out, auto-reply, …), and how its weights are trained.

    `slots` gives the features of a reply that are weighed, `words` the text in which expressions are looked for.
    `teaches` says which replies are trained on. `sure` is the probability from which the rule may act. `share` is how
    many of an inbox's replies of one length have the label, 0 to 1. Labelled replies need it: nearly half of those
    of up to 40 characters are opt-outs, far more than in a real inbox. None keeps the labelled replies' share.
    `clauses` gives the features sentence by sentence, where one sentence is enough for the label.
    """

    label: str
    slots: Callable[[Reading], frozenset[int]]
    words: Callable[[Reading], str]
    teaches: Callable[[Case], bool]
    sure: float
    share: float | None
    clauses: Callable[[Reading], list[frozenset[int]]] | None = None


LESSONS = (
    Lesson(
        "opt_out",
        attrgetter("wish_slots"),
        attrgetter("own_words"),
        lambda case: not _machine(case),
        optout.SURE[EMAIL],
        0.08,
        attrgetter("clause_slots"),
    ),
    Lesson(
        "auto_reply",
        attrgetter("mail_slots"),
        attrgetter("above"),
        lambda case: not case.labels.get("bounce"),
        autoreply.SURE,
        0.08,
    ),
    Lesson(
        "out_of_office",
        attrgetter("mail_slots"),
        attrgetter("above"),
        lambda case: bool(case.labels.get("auto_reply")),
        autoreply.SURE_AWAY,
        None,
    ),
    Lesson(
        "bounce",
        attrgetter("report_slots"),
        attrgetter("text"),
        lambda case: case.reply.channel == EMAIL,
        bounce.SURE,
        None,
    ),
)


def _machine(case: Case) -> bool:
    return bool(case.labels.get("bounce") or case.labels.get("auto_reply"))


def _taught(lesson: Lesson, cases: Iterable[Case]) -> list[Case]:
    return [case for case in cases if lesson.label in case.labels and lesson.teaches(case)]


class Examples:
    """The replies from which the weights of one label are trained: their features (slots), expressions,
    lengths, and whether they have the label.

    `corrections` come from one installation's users, so no text of theirs may be kept. Slots are hashes and are kept.
    Expressions are stored as written, so corrections add none; they can only make one fail the test in `_expressions`.
    """

    def __init__(self, lesson: Lesson, cases: Iterable[Case], corrections: Iterable[Case] = ()) -> None:
        taught = _taught(lesson, cases)
        own = _taught(lesson, corrections)
        self.lesson = lesson
        self.slots: list[frozenset[int]] = []
        self.expressions: list[set[str]] = []
        self.clauses: list[list[frozenset[int]]] = []
        self.lengths: list[int] = []
        self.answers: list[bool] = []
        self.cases = [*taught, *own]
        for case in self.cases:
            reading, answer = Reading(case.reply), case.labels[lesson.label]
            brings = len(self.slots) < len(taught) or not answer
            self.slots.append(lesson.slots(reading))
            self.expressions.append(set(expressions_in(lesson.words(reading))) if brings else set())
            self.lengths.append(len(reading.above))
            self.answers.append(answer)
            self.clauses.append(lesson.clauses(reading) if lesson.clauses else [])

    @cached_property
    def table(self) -> Any:
        """The features of the replies as a sparse matrix, a row for each reply (`_table`)."""
        return _table(self.slots)


def _table(rows: list[frozenset[int]]) -> Any:
    """A sparse matrix: a row for each set of features, a column for each feature's slot. A cell is 1 where the row has
    the feature, else 0.
    """
    import numpy
    from scipy.sparse import csr_matrix

    columns = [slot for slots in rows for slot in sorted(slots)]
    ends = numpy.cumsum([0, *map(len, rows)])
    return csr_matrix((numpy.ones(len(columns), "f"), columns, ends), shape=(len(rows), SLOTS))


def learn(examples: Examples, rows: Iterable[int] | None = None) -> Weights:
    """Trains the weights of one label on all `examples`, or on those whose numbers are in `rows`. Equal replies give
    equal weights.

    It is a logistic regression. A feature that few replies have is scaled up, so that it can get a larger weight.
    """
    import numpy

    chosen = numpy.arange(len(examples.answers)) if rows is None else numpy.asarray(rows)
    table, answers = examples.table[chosen], numpy.asarray(examples.answers)[chosen]
    mix = _mix(examples.lesson.share, answers, numpy.asarray(examples.lengths)[chosen])
    values, bias = _fit(table, answers, mix)
    if examples.lesson.clauses:
        values, bias = _fit_clauses(examples, chosen, table, answers, mix, (values, bias))
    return Weights(values, bias, _expressions(examples, chosen))


def _fit(table: Any, answers: Any, mix: Any) -> tuple[Any, float]:
    import numpy
    from scipy.sparse import diags
    from sklearn.linear_model import LogisticRegression

    having = numpy.asarray(table.sum(axis=0)).ravel()
    known = numpy.flatnonzero(having >= _FEWEST_REPLIES)
    rarity = numpy.log((len(answers) + 1) / (having[known] + 1)) ** _RARITY
    table = table[:, known]
    counts = numpy.asarray(table.sum(axis=1)).ravel()
    shares = diags(1 / numpy.sqrt(numpy.maximum(counts, ENOUGH))) @ table @ diags(rarity)
    found = LogisticRegression(C=_STRENGTH, solver="liblinear").fit(shares, answers, sample_weight=mix)
    values = numpy.zeros(SLOTS)
    values[known] = found.coef_[0] * rarity
    return values, float(found.intercept_[0])


def _fit_clauses(
    examples: Examples, chosen: Any, table: Any, answers: Any, mix: Any, weights: tuple[Any, float]
) -> tuple[Any, float]:
    """Fits again on the replies and, as rows of their own, on the sentences of those with several: of a reply without
    the label all, of one with it the strongest, by `weights`.
    """
    import numpy
    from scipy.sparse import vstack

    learned = Weights(*weights)
    rows: list[frozenset[int]] = []
    labels: list[bool] = []
    for number in chosen:
        clauses = examples.clauses[number]
        if len(clauses) > 1:
            spoken = [max(clauses, key=learned.score)] if examples.answers[number] else clauses
            rows += spoken
            labels += [examples.answers[number]] * len(spoken)
    if len(set(labels)) < 2:
        return weights
    yes, share = sum(labels), examples.lesson.share or 0.5
    weight = numpy.where(labels, share * len(labels) / yes, (1 - share) * len(labels) / (len(labels) - yes))
    return _fit(vstack([table, _table(rows)]).tocsr(), numpy.r_[answers, labels], numpy.r_[mix, weight])


def _mix(share: float | None, answers: Any, lengths: Any) -> Any:
    """The weight of each reply in training.

    It makes the label as frequent among replies of one length as it is in an inbox.
    """
    import numpy

    weights = numpy.ones(len(answers))
    if share is None:
        return weights
    span = numpy.digitize(lengths, _LENGTHS)
    for one in numpy.unique(span):
        yes, no = (span == one) & (answers == 1), (span == one) & (answers == 0)
        if yes.any() and no.any():
            total = yes.sum() + no.sum()
            weights[yes], weights[no] = share * total / yes.sum(), (1 - share) * total / no.sum()
    return weights


def _expressions(examples: Examples, rows: Iterable[int]) -> list[str]:
    """The expressions that several replies with the label have, and hardly any reply without it."""
    having: Counter[str] = Counter()
    others: Counter[str] = Counter()
    for row in rows:
        (having if examples.answers[row] else others).update(examples.expressions[row])
    return [
        words
        for words, count in having.items()
        if count >= _FEWEST_REPLIES and count >= _PURE * (count + others[words])
    ]


def read(paths: Iterable[Path]) -> list[Case]:
    """The labelled replies in the JSON-lines files `paths`. Raises `evaluate.BadLine` and `OSError`."""
    cases: list[Case] = []
    for path in paths:
        with open_labelled(path) as lines:
            cases += read_cases(lines)
    return cases


def ordinary(path: Path | None = None) -> list[Case]:
    """The sentences of the file ORDINARY, or of the file at `path`, as replies without any label. Raises `OSError`."""
    with gzip.open(path or ORDINARY, "rt", encoding="utf-8") as lines:
        texts = [line.rstrip("\n") for line in lines]
    nothing = dict.fromkeys(LABELS, False)
    return [
        Case(f"ordinary-{number}", ReplyText(EMAIL, text, subject="Re: hello"), nothing, None)
        for number, text in enumerate(texts, start=1)
    ]


def measure(lesson: Lesson, cases: list[Case]) -> Score:
    """The accuracy of one label's learned weights on `cases`, without other rules. It is cross-validated: each reply is
    judged by weights that were trained without it.
    """
    import numpy
    from sklearn.model_selection import StratifiedKFold

    examples = Examples(lesson, cases)
    answers = numpy.array(examples.answers)
    score = Score()
    for learned, left_out in StratifiedKFold(_FOLDS, shuffle=True, random_state=1).split(answers, answers):
        weights = learn(examples, learned)
        for row in left_out:
            if clauses := examples.clauses[row]:
                score.add(examples.answers[row], weights.strongest_clause(clauses) >= lesson.sure)
                continue
            sure = weights.probability(examples.slots[row]) >= lesson.sure
            expressed = not weights.expressions.isdisjoint(examples.expressions[row])
            score.add(examples.answers[row], sure and expressed)
    return score


@dataclass(frozen=True)
class Corrections:
    """An installation's own replies whose labels people corrected.

    `cases` has each different one once. `read` is the number of lines in the files, and `sha256` has a hash of each
    file.
    """

    cases: list[Case]
    read: int
    sha256: list[str]


def read_corrections(paths: Iterable[Path]) -> Corrections:
    """Reads the files of corrected replies that a workspace's page of rules exports. Raises `evaluate.BadLine` and
    `OSError`.

    The same words with the same labels count once, because one person may have corrected many equal replies.
    """
    cases: list[Case] = []
    hashes = []
    for path in paths:
        kept = path.read_bytes()
        cases += read_cases(kept.splitlines(), labelled=True)
        hashes.append(digest(kept))
    once = {(case.reply.channel, _words_of(case), *sorted(case.labels.items())): case for case in cases}
    return Corrections(list(once.values()), len(cases), hashes)


def _words_of(case: Case) -> str:
    reading = Reading(case.reply)
    return " ".join(word_weights.words(f"{reading.text}\n{'' if reading.is_reply else reading.subject}"))


def learn_all(cases: list[Case], corrections: Iterable[Case] = ()) -> dict[str, Weights]:
    """Trains the weights of every label of the wording rules on `cases` and `corrections`. Returns them by label,
    rounded as they would be in their files.
    """
    found = {lesson.label: learn(Examples(lesson, cases, corrections)) for lesson in LESSONS}
    return {label: Weights.from_bytes(weights.as_bytes()) for label, weights in found.items()}


@contextmanager
def judging_by(weights: dict[str, Weights]) -> Iterator[None]:
    """A context manager: within it the rules use `weights` (by label; {} for the product's own), and after it those
    from before.
    """
    before = word_weights.use(weights)
    try:
        yield
    finally:
        word_weights.use(before)


def held_out(cases: list[Case], corrections: list[Case]) -> tuple[Report, Report]:
    """How the rules judge `corrections` by the product's weights, and by weights that were trained on corrections too.
    Returns the report before and the report after.

    Each correction is judged by weights that were trained without it.
    """
    with judging_by({}):
        before = evaluate(corrections)
    after = Report()
    taught = {lesson.label: Examples(lesson, cases, corrections) for lesson in LESSONS}
    for fold in range(_FOLDS):
        out = corrections[fold::_FOLDS]
        unseen = set(map(id, out))
        weights = {
            label: learn(examples, [row for row, case in enumerate(examples.cases) if id(case) not in unseen])
            for label, examples in taught.items()
        }
        with judging_by(weights):
            evaluate(out, after)
    return before, after


def manifest(today: date, folder: Path = WEIGHTS, corrections: Corrections | None = None) -> dict[str, Any]:
    """The description of the learned weights in `folder`: what they were trained on, and how right they are on unseen
    replies.

    The rules must be using these weights at the time of the call. A test compares the product's manifest with its
    files, so that weights, data and code cannot drift apart. An installation's own manifest is compared when a process
    starts (`inbox.understanding.installed_weights`). Of corrections it holds only hashes and counts.
    """
    found = {
        "learned_on": today.isoformat(),
        "rules_version": RULES_VERSION,
        "code": hash_of(Path(word_weights.__file__)),
        "data": {path.name: hash_of(path) for path in (LEARNED, ORDINARY)},
        "judged_by": judged_by(),
        "weights": {lesson.label: hash_of(folder / lesson.label) for lesson in LESSONS},
        "measured": measured(),
    }
    if corrections:
        used = {"read": corrections.read, "used": len(corrections.cases), "sha256": corrections.sha256}
        found["corrections"] = used
    return found


def judged_by() -> dict[str, str]:
    """The SHA-256 hashes of the files with the replies that learned weights are measured on, by file name."""
    return {path.name: hash_of(path) for path in (UNSEEN, ORDINARY_UNSEEN)}


def measured() -> dict[str, Any]:
    """The accuracy of the rules with the weights in use. "unseen" has the counts by label for the replies in the file
    UNSEEN. "ordinary" is the number of sentences of ORDINARY_UNSEEN that the rules silence or hold.
    """
    labels = evaluate(read([UNSEEN])).as_json()["labels"]
    verdicts = [judge(case.reply) for case in ordinary(ORDINARY_UNSEEN)]
    return {
        "unseen": {
            label: {name: count for name, count in score.items() if isinstance(count, int)}
            for label, score in labels.items()
        },
        "ordinary": {
            "n": len(verdicts),
            "silenced": sum(any(one.answer(label) is True for label in LABELS) for one in verdicts),
            "held": sum(bool(one.perhaps) for one in verdicts),
        },
    }


def write(
    weights: dict[str, Weights], folder: Path, today: date, corrections: Corrections | None = None
) -> None:
    """Writes the learned `weights` (by label) and their manifest to `folder`, which is made if it is missing.

    The manifest is written last, so an interrupted attempt is noticed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for label, learned in weights.items():
        (folder / label).write_bytes(learned.as_bytes())
    with judging_by(weights):
        kept = manifest(today, folder, corrections)
    (folder / MANIFEST.name).write_text(json.dumps(kept, indent=2) + "\n")
