"""Learns the wording rules' weights from labelled replies, and measures what is learned on replies left out.

Needs scikit-learn, which only developers install; judging a reply needs the weights alone.
"""

import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from operator import attrgetter
from pathlib import Path

from inbox.understanding import autoreply, bounce, optout, wording
from inbox.understanding.evaluate import LABELS, Case, Report, Score, evaluate, read_cases
from inbox.understanding.reading import EMAIL, Reading, ReplyText
from inbox.understanding.rules import RULES_VERSION, judge
from inbox.understanding.wording import ENOUGH, SLOTS, WEIGHTS, Weights, expressions_in

LEARNED = Path(__file__).parent / "labelled" / "learned.jsonl"
"""Every reply the weights are learned from; a correction is added here, and the weights learned again."""

ORDINARY = LEARNED.with_name("ordinary.txt.gz")
"""Sentences of ordinary people, none of them a wish to be left alone or software's: what an inbox is full of, and
the labelled replies, which are all near misses, lack. Where they come from stands in labelled/README.md."""

UNSEEN = LEARNED.with_name("unseen.jsonl")
ORDINARY_UNSEEN = LEARNED.with_name("ordinary-unseen.txt.gz")
"""What is never learned from, and judges what was learned."""

MANIFEST = WEIGHTS / "manifest.json"

_STRENGTH = 5.0  # C of the regression: the inverse of how hard it is held back
_RARITY = 1.5  # power of the inverse document frequency; of 1, 1.5 and 2 the best on replies left out
_FEWEST_REPLIES = 3  # a feature or an expression that fewer replies have is chance
_PURE = 0.8  # share of an expression's replies that have the label
_LENGTHS = (20, 40, 80, 120, 400)  # characters; the mix of labels is set right within each span
_FOLDS = 5


@dataclass(frozen=True)
class Lesson:
    """A label to learn.

    `slots` and `words`: what of a reply is weighed, and in which text an expression of the label is looked for.
    `teaches`: which replies teach it. `sure`: the probability from which its rule may act.
    `share`: how many of an inbox's replies of any one length have the label, 0 to 1; of the labelled replies up to
    40 characters nearly half are opt-outs, and no inbox is like that. None: as among the labelled replies.
    """

    label: str
    slots: Callable[[Reading], frozenset[int]]
    words: Callable[[Reading], str]
    teaches: Callable[[Case], bool]
    sure: float
    share: float | None


LESSONS = (
    Lesson(
        "opt_out",
        attrgetter("wish_slots"),
        attrgetter("own_words"),
        lambda case: not _machine(case),
        optout.SURE,
        0.08,
    ),
    Lesson(
        "auto_reply",
        attrgetter("mail_slots"),
        attrgetter("text"),
        lambda case: not case.labels.get("bounce"),
        autoreply.SURE,
        0.08,
    ),
    Lesson(
        "out_of_office",
        attrgetter("mail_slots"),
        attrgetter("text"),
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
    """The replies that teach one lesson: their slots, the expressions in them, how long they are, and the answers.

    `corrections` are an installation's own. Of their texts nothing is kept but slots: an expression is kept as it is
    written, so they bring none, and can only take one away.
    """

    def __init__(self, lesson: Lesson, cases: Iterable[Case], corrections: Iterable[Case] = ()) -> None:
        taught = _taught(lesson, cases)
        own = _taught(lesson, corrections)
        self.lesson = lesson
        self.slots: list[frozenset[int]] = []
        self.expressions: list[set[str]] = []
        self.lengths: list[int] = []
        self.answers: list[bool] = []
        self.cases = [*taught, *own]
        for case in self.cases:
            reading, answer = Reading(case.reply), case.labels[lesson.label]
            brings = len(self.slots) < len(taught) or not answer
            self.slots.append(lesson.slots(reading))
            self.expressions.append(set(expressions_in(lesson.words(reading))) if brings else set())
            self.lengths.append(len(reading.text))
            self.answers.append(answer)

    @cached_property
    def table(self):
        """A row a reply, a column a slot; 1 where the reply has the feature."""
        import numpy
        from scipy.sparse import csr_matrix

        columns = [slot for slots in self.slots for slot in sorted(slots)]
        ends = numpy.cumsum([0, *(len(slots) for slots in self.slots)])
        return csr_matrix((numpy.ones(len(columns)), columns, ends), shape=(len(self.slots), SLOTS))


def learn(examples: Examples, rows: Iterable[int] | None = None) -> Weights:
    """The weights for one label, from all examples or those of `rows`. The same replies give the same weights.

    A logistic regression, in which a slot may weigh the more, the fewer replies have it.
    """
    import numpy
    from scipy.sparse import diags
    from sklearn.linear_model import LogisticRegression

    chosen = numpy.arange(len(examples.answers)) if rows is None else numpy.asarray(rows)
    table, answers = examples.table[chosen], numpy.asarray(examples.answers)[chosen]
    having = numpy.asarray(table.sum(axis=0)).ravel()
    known = numpy.flatnonzero(having >= _FEWEST_REPLIES)
    rarity = numpy.log((len(answers) + 1) / (having[known] + 1)) ** _RARITY
    table = table[:, known]
    counts = numpy.asarray(table.sum(axis=1)).ravel()
    shares = diags(1 / numpy.sqrt(numpy.maximum(counts, ENOUGH))) @ table @ diags(rarity)
    mix = _mix(examples.lesson.share, answers, numpy.asarray(examples.lengths)[chosen])
    found = LogisticRegression(C=_STRENGTH, solver="liblinear").fit(shares, answers, sample_weight=mix)
    values = numpy.zeros(SLOTS)
    values[known] = found.coef_[0] * rarity
    return Weights(values, float(found.intercept_[0]), _expressions(examples, chosen))


def _mix(share: float | None, answers, lengths):
    """How much each reply counts, so that among replies of one length the label is as frequent as in an inbox."""
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
    """The expressions that several replies of the label have, and nearly no other."""
    having, others = Counter(), Counter()
    for row in rows:
        (having if examples.answers[row] else others).update(examples.expressions[row])
    return [
        words
        for words, count in having.items()
        if count >= _FEWEST_REPLIES and count >= _PURE * (count + others[words])
    ]


def read(paths: Iterable[Path]) -> list[Case]:
    """The labelled replies of JSON-lines files. Raises `evaluate.BadLine` and `OSError`."""
    cases = []
    for path in paths:
        with path.open("rb") as lines:
            cases += read_cases(lines)
    return cases


def ordinary(path: Path | None = None) -> list[Case]:
    """The sentences of ordinary people (those of ORDINARY) as replies that have no label. Raises `OSError`."""
    with gzip.open(path or ORDINARY, "rt", encoding="utf-8") as lines:
        texts = [line.rstrip("\n") for line in lines]
    nothing = dict.fromkeys(LABELS, False)
    return [
        Case(f"ordinary-{number}", ReplyText(EMAIL, text, subject="Re: hello"), nothing, None)
        for number, text in enumerate(texts, start=1)
    ]


def measure(lesson: Lesson, cases: list[Case]) -> Score:
    """How right the wording alone is, at the probability its rule asks, on replies that it has not learned from."""
    import numpy
    from sklearn.model_selection import StratifiedKFold

    examples = Examples(lesson, cases)
    answers = numpy.array(examples.answers)
    score = Score()
    for learned, left_out in StratifiedKFold(_FOLDS, shuffle=True, random_state=1).split(answers, answers):
        weights = learn(examples, learned)
        for row in left_out:
            sure = weights.probability(examples.slots[row]) >= lesson.sure
            expressed = not weights.expressions.isdisjoint(examples.expressions[row])
            score.add(examples.answers[row], sure and expressed)
    return score


@dataclass(frozen=True)
class Corrections:
    """An installation's own: `cases`, each said once, of `read` lines; `sha256` of the files that they are from."""

    cases: list[Case]
    read: int
    sha256: list[str]


def read_corrections(paths: Iterable[Path]) -> Corrections:
    """What a workspace's page of rules exports. Raises `evaluate.BadLine` and `OSError`.

    The same words with the same labels count once: a person may have treated many replies alike.
    """
    cases, hashes = [], []
    for path in paths:
        kept = path.read_bytes()
        cases += read_cases(kept.splitlines(), labelled=True)
        hashes.append(digest(kept))
    once = {(case.reply.channel, _words_of(case), *sorted(case.labels.items())): case for case in cases}
    return Corrections(list(once.values()), len(cases), hashes)


def _words_of(case: Case) -> str:
    reading = Reading(case.reply)
    return " ".join(wording.words(f"{reading.text}\n{'' if reading.is_reply else reading.subject}"))


def learn_all(cases: list[Case], corrections: Iterable[Case] = ()) -> dict[str, Weights]:
    """The weights of every label, as they are when they have been kept and read again."""
    found = {lesson.label: learn(Examples(lesson, cases, corrections)) for lesson in LESSONS}
    return {label: Weights.from_bytes(weights.as_bytes()) for label, weights in found.items()}


@contextmanager
def judging_by(weights: dict[str, Weights]) -> Iterator[None]:
    """Judge by `weights` (by label) inside, and by what was judged by before afterwards."""
    before = wording.use(weights)
    try:
        yield
    finally:
        wording.use(before)


def held_out(cases: list[Case], corrections: list[Case]) -> tuple[Report, Report]:
    """How the product judges `corrections`: by its own weights, and by weights that were learned from the others of
    them, each correction by those that it has not taught."""
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


def manifest(today: date, folder: Path = WEIGHTS, corrections: Corrections | None = None) -> dict:
    """What the weights in `folder`, which are judged by, were learned from, and how right they are on what they have
    not seen: kept beside them.

    A test compares the product's with the files, so that weights, data and code cannot drift apart unnoticed; an
    installation's own are compared when a process starts (`inbox.understanding.installed`). Of corrections only hashes
    and counts are kept.
    """
    found = {
        "learned_on": today.isoformat(),
        "rules_version": RULES_VERSION,
        "code": hash_of(Path(wording.__file__)),
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
    """The hashes of the replies that weights are measured on."""
    return {path.name: hash_of(path) for path in (UNSEEN, ORDINARY_UNSEEN)}


def measured() -> dict:
    """The counts of the rules on UNSEEN by label, and how many of ORDINARY_UNSEEN are silenced or held."""
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
    """Keep `weights` in `folder` with their manifest, which comes last: an attempt that is cut off is noticed."""
    folder.mkdir(parents=True, exist_ok=True)
    for label, learned in weights.items():
        (folder / label).write_bytes(learned.as_bytes())
    with judging_by(weights):
        kept = manifest(today, folder, corrections)
    (folder / MANIFEST.name).write_text(json.dumps(kept, indent=2) + "\n")


def hash_of(path: Path) -> str:
    return digest(path.read_bytes())


def digest(kept: bytes) -> str:
    """As manifests name files: SHA-256, in hexadecimal digits."""
    return hashlib.sha256(kept).hexdigest()
