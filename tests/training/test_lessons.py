"""The wording rules are what the labelled replies teach: anybody can learn them again, and a correction counts."""

import gzip
import json
from datetime import date

import pytest
from django.core.management import CommandError, call_command

from inbox.understanding import word_weights
from inbox.understanding.cleaned import Reading, ReplyText
from inbox.understanding.evaluate import Case
from inbox.understanding.word_weights import Weights, features
from tests import forms
from training import lessons
from training.lessons import LEARNED, LESSONS, Examples, learn

OPT_OUT, SOFTWARE, ABSENCE = LESSONS[:3]
LEARNED_AGAIN = ABSENCE.label
"""In each run, as the fewest replies teach it; the weights of the others in `make rehearse`. Whether they are the
manifest's is looked at in each."""


def case(text: str, **labels) -> Case:
    reply = ReplyText(channel="email", text=text, sender_email="dana@reyes.example.com")
    return Case(text, reply, {"opt_out": False} | labels, None)


def sureness(weights: Weights, text: str) -> float:
    return weights.probability(Reading(case(text).reply).wish_slots)


@pytest.mark.slow
@pytest.mark.parametrize("lesson", forms.some(LESSONS, [one.label for one in LESSONS], [LEARNED_AGAIN]))
def test_weights_are_those_that_the_labelled_replies_teach(lesson):
    examples = Examples(lesson, lessons.read([LEARNED]) + lessons.ordinary())
    learned, kept = learn(examples), word_weights.weights(lesson.label)
    changed = sum(
        (learned.probability(slots) >= lesson.sure) != (kept.probability(slots) >= lesson.sure)
        for slots in examples.slots
    )
    assert changed <= 5  # rounding differs between processors


def test_the_manifest_tells_what_the_weights_were_learned_from_and_how_right_they_are():
    kept = json.loads(lessons.MANIFEST.read_text())
    assert kept == lessons.manifest(date.fromisoformat(kept["learned_on"]))


def test_what_is_taught_is_heard_in_other_words_too():
    wishes = [
        case(f"Please strike {who} off the register", opt_out=True) for who in ("me", "us", "my mother")
    ]
    others = [case(f"Please strike {what} off the quote") for what in ("the gutter", "line two", "painting")]
    weights = learn(Examples(OPT_OUT, wishes + others))
    wish, other = "Strike my boss off the register, please", "Strike the fence off the quote, please"
    assert sureness(weights, wish) > 1.5 * sureness(weights, other)
    assert weights.express("off the register") and not weights.express("off the quote")


def test_what_software_wrote_teaches_nothing_of_wishes():
    robot = case("Reply STOP to opt out.", auto_reply=True)
    assert not OPT_OUT.teaches(robot)
    assert SOFTWARE.teaches(robot)


def test_features_hear_a_slip_of_the_pen_by_the_parts_of_a_word():
    right, slip = features("unsubscribe"), features("unsubscibe")
    assert len(right & slip) > len(right) / 3
    assert not right & features("unsubscribe", "question:")


def test_script_without_spaces_is_read_by_its_letters():
    assert len(features("配信停止") & features("配信を停止して")) > 3


def test_labelled_replies_are_read_from_files_beside_the_products(tmp_path, monkeypatch, capsys):
    rows = [
        {"id": f"{name}-{number}", "channel": "email", "from": "d@x.example.com", "text": f"{word} {number}"}
        | {
            "expected": {
                label: label == name for label in ("opt_out", "bounce", "auto_reply", "out_of_office")
            }
        }
        for name, word in (("opt_out", "remove me"), ("auto_reply", "ticket"), ("none", "price"))
        for number in range(6)
    ]
    learned, more = tmp_path / "learned.jsonl", tmp_path / "more.jsonl"
    learned.write_text("".join(json.dumps(row) + "\n" for row in rows[:9]))
    more.write_text("".join(json.dumps(row) + "\n" for row in rows[9:]))
    ordinary = tmp_path / "ordinary.txt.gz"
    ordinary.write_bytes(gzip.compress(b"The train was late again.\n"))
    monkeypatch.setattr(lessons, "LEARNED", learned)
    monkeypatch.setattr(lessons, "ORDINARY", ordinary)
    monkeypatch.setattr(lessons, "LESSONS", (OPT_OUT,))
    call_command("train_rules", str(more), "--measure")
    assert capsys.readouterr().out.startswith("opt_out: precision 1.000")


def test_unusable_line_is_named_with_its_field(tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"id": "x", "channel": "fax", "from": "d@x.example.com", "text": "hi", "expected": {}}\n')
    with pytest.raises(CommandError, match='bad.jsonl: line 1: field "channel"'):
        call_command("train_rules", str(bad))
