"""The aims of the rule layer, held on labelled replies that were never learned from, and on those it was built for."""

import re
from functools import cache
from pathlib import Path

import pytest

from inbox.understanding import installed_weights
from inbox.understanding.evaluate import Report, evaluate, open_labelled, read_cases
from inbox.understanding.rules import ReplyText, judge
from tests import forms
from training import lessons

FIXTURES = Path(__file__).parents[1] / "fixtures"
RECORDED, UNSEEN, LEARNED = (
    FIXTURES / "replies.jsonl",
    lessons.LEARNED.with_name("unseen.jsonl.gz"),
    lessons.LEARNED,
)
EVERYBODYS_WORDS = 4


@cache
def report(path: Path) -> Report:
    with open_labelled(path) as lines:
        return evaluate(read_cases(lines))


@pytest.mark.parametrize("path", [UNSEEN, RECORDED], ids=lambda path: path.stem)
@pytest.mark.parametrize("label", installed_weights.FLOORS)
def test_label_reaches_its_aims(path, label):
    score = report(path).labels[label]
    precision, recall, caught = installed_weights.FLOORS[label]
    assert score.tp > 5
    assert score.precision >= precision
    assert score.recall >= recall
    assert score.caught >= caught


@pytest.mark.parametrize("path", [UNSEEN, RECORDED], ids=lambda path: path.stem)
def test_newest_text_is_exact(path):
    found = report(path)
    assert found.n > 50
    assert found.exact / found.n >= 0.95


def test_nothing_unseen_was_learned_from():
    """What judges the rules must not have taught them; "STOP" and "Interested!" are everybody's."""
    learned = {case.reply.text for case in lessons.read([LEARNED])}
    seen = [case for case in lessons.read([UNSEEN]) if case.reply.text and case.reply.text in learned]
    assert [case.id for case in seen if len(case.reply.text.split()) > EVERYBODYS_WORDS] == []


def test_ordinary_people_are_neither_silenced_nor_held():
    """Sentences nobody here wrote, in seventeen languages, that no weight has learned from: none of them is software's,
    and next to none a wish to be left alone."""
    verdicts = [
        judge(case.reply) for case in lessons.ordinary(lessons.ORDINARY.with_name("ordinary-unseen.txt.gz"))
    ]
    silenced = [one for one in verdicts if one.tag in ("Blacklist", "Out of Office", "Automated Reply")]
    held = [one for one in verdicts if one.perhaps]
    assert len(verdicts) > 3_000
    assert len(silenced) <= installed_weights.MOST_SILENCED * len(verdicts)
    assert len(held) <= installed_weights.MOST_HELD * len(verdicts)


SENDERS = (
    "anna.karlsson@acme.example",
    "jo@x.example",
    "info@firm.example",
    "m.rossi@studio.example",
    "dana@y.example",
    "danab@y.example",
    "ceo@z.example",
    "office@praxis.example",
    "b2b4@mail.example",
    "Marie.Dupont@dupont.example",
)


def short_answers() -> list[list[str]]:
    """(language, meaning, source, answer) of each short answer that is kept."""
    lines = LEARNED.with_name("short-answers.tsv").read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines[1:]]


@pytest.mark.shortened
def test_no_short_answer_silences_anybody_whoever_writes_it_and_however_it_ends():
    """Yes, no and maybe are what a seller waits for: a rule that takes one for an opt-out loses the sale.

    In the short form an answer comes from two of the senders, each time from other ones.
    """
    answers = short_answers()
    assert len(answers) > 500
    held = set()
    for number, (_, _, _, answer) in enumerate(answers):
        senders = forms.either([SENDERS[(2 * number + n) % len(SENDERS)] for n in range(2)], SENDERS)
        for ending in ("", ".", "!"):
            for sender in senders:
                words = answer[0].upper() + answer[1:] + ending
                verdict = judge(ReplyText("email", words, sender_email=sender, subject="Re: hello"))
                assert verdict.tag in (None, "Not Interested"), (words, sender, verdict)
                if verdict.perhaps:
                    held.add(answer)
    assert len(held) <= 0.02 * len(answers), held


def test_every_language_of_the_short_answers_is_on_the_page_of_languages():
    page = (Path(__file__).parents[2] / "docs/reference/languages.md").read_text(encoding="utf-8")
    rows = set(re.findall(r"^\| [^|]+ \| `(\w+)` \|", page, re.M))
    assert rows == {language for language, _, _, _ in short_answers()}


def test_nobody_recorded_is_silenced_by_mistake():
    """A wrong opt-out or bounce silences a buyer: on replies that are known, there is none."""
    labels = report(RECORDED).labels
    assert labels["opt_out"].fp == labels["bounce"].fp == 0
