"""An installation's own weights: learned from its corrections, of which no text is kept, and judged by only if fit."""

import gzip
import json
import re
import shutil
import zlib
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from inbox import weights_check
from inbox.understanding import installed_weights, optout, word_weights
from inbox.understanding.evaluate import LABELS
from training import lessons

WORDS = ("zebrafish", "quarrystone", "lanternfly")
"""No reply of the product's holds these."""
KINDS = {
    "opt_out": "Please take me off your mailing list for good",
    "bounce": "Delivery to this mailbox has failed for good, it does not exist",
    "auto_reply": "Thank you for your message, a ticket was opened for it",
    "out_of_office": "I am out of the office and back with you on Monday",
    "": "What does it cost, and when could we talk about it",
}


def line(name: str, kind: str, text: str, **fields) -> str:
    labels = dict.fromkeys(LABELS, False)
    if kind:
        labels[kind] = True
    labels["auto_reply"] |= kind == "out_of_office"
    row = {"id": name, "channel": "email", "from": "d@x.example.com", "subject": "Re: hi", "text": text}
    return json.dumps(row | {"expected": labels} | fields) + "\n"


@pytest.fixture(scope="module")
def product(tmp_path_factory) -> Iterator[Path]:
    """A product with little to learn and little to be judged by. Its folder of replies."""
    folder = tmp_path_factory.mktemp("product")
    rows = [line(f"{kind}{n}", kind, f"{text}, {n}.") for kind, text in KINDS.items() for n in range(6)]
    (folder / "learned.jsonl").write_text("".join(rows))
    (folder / "unseen.jsonl").write_text(line("u", "", "When could we talk?"))
    with pytest.MonkeyPatch.context() as patch:
        for name in ("LEARNED", "UNSEEN"):
            patch.setattr(lessons, name, folder / f"{name.lower()}.jsonl")
        for name in ("ORDINARY", "ORDINARY_UNSEEN"):
            patch.setattr(lessons, name, folder / f"{name.lower()}.txt.gz")
            getattr(lessons, name).write_bytes(gzip.compress(b"The train was late again.\n"))
        soup = "".join(f"The soup of day {n} was rather too hot for them.\n" for n in range(60))
        lessons.ORDINARY.write_bytes(gzip.compress(b"The train was late again.\n" + soup.encode()))
        manifest = json.loads(installed_weights.MANIFEST.read_text()) | {"judged_by": lessons.judged_by()}
        patch.setattr(installed_weights, "MANIFEST", folder / "manifest.json")
        installed_weights.MANIFEST.write_text(json.dumps(manifest))
        yield folder


@pytest.fixture(scope="module")
def exports(tmp_path_factory) -> Path:
    """What people of this installation have corrected."""
    file = tmp_path_factory.mktemp("exports") / "corrections.jsonl"
    wish = "Strike the {} off your {} for us, said the {}"
    rows = [line(f"c{n}", "opt_out", f"{wish.format(*WORDS)} on day {n}.") for n in range(6)]
    rows.append(line("denied", "", "The zebrafish is fine.", expected={"opt_out": False}))
    file.write_text("".join(rows))
    return file


@pytest.fixture(scope="module")
def learned(product, exports, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("learned") / "own"
    call_command("train_rules", corrections=[exports], out=folder, stdout=StringIO())
    return folder


@pytest.fixture
def own(learned, tmp_path) -> Iterator[Path]:
    """Weights of this installation's own, for one test to break."""
    yield Path(shutil.copytree(learned, tmp_path / "own"))
    installed_weights.use(None)


@pytest.fixture
def exported(exports, tmp_path) -> Path:
    return Path(shutil.copy(exports, tmp_path / "corrections.jsonl"))


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def test_corrections_teach_weights_outside_of_the_product(own, exported):
    before = {path.name: path.read_bytes() for path in word_weights.WEIGHTS.iterdir()}
    slots = word_weights.features("strike the zebrafish off your quarrystone")
    without = lessons.learn(lessons.Examples(lessons.LESSONS[0], lessons.read([lessons.LEARNED])))
    taught = installed_weights.load(own)[1]["opt_out"].probability(slots)
    assert taught > 0.5 > without.probability(slots)
    assert before == {path.name: path.read_bytes() for path in word_weights.WEIGHTS.iterdir()}


def test_no_text_of_a_correction_is_kept_anywhere(own):
    """Expressions are kept as they are written: of the product's own replies, and of no correction."""
    kept = {path.name: path.read_bytes() for path in own.iterdir()}
    assert sorted(kept) == sorted([*LABELS, "manifest.json"])
    texts = [zlib.decompress(kept[label]) for label in LABELS] + [kept["manifest.json"]]
    found = b"".join(texts)
    assert [word for word in (*WORDS, "strike") if word.encode() in found] == []
    assert b"off your mailing list" in found


def test_a_correction_can_take_an_expression_away(product, tmp_path):
    cases = lessons.read([lessons.LEARNED])
    lesson = lessons.LESSONS[0]
    file = tmp_path / "harmless.jsonl"
    file.write_text(
        "".join(line(f"h{n}", "", f"Number {n} wants to be on your mailing list for good.") for n in range(6))
    )
    harmless = lessons.read_corrections([file]).cases
    kept = lessons.learn(lessons.Examples(lesson, cases)).expressions
    left = lessons.learn(lessons.Examples(lesson, cases, harmless)).expressions
    assert "your mailing list for good" in kept - left and left < kept


def test_the_same_corrections_give_the_same_weights(own, exported, tmp_path):
    again = tmp_path / "again"
    call_command("train_rules", corrections=[exported], out=again)
    for label in LABELS:
        assert (again / label).read_bytes() == (own / label).read_bytes()
    assert manifest(again) == manifest(own)


def test_the_manifest_says_by_hash_and_count_which_corrections_were_used(own, exported):
    assert manifest(own)["corrections"] == {
        "read": 7, "used": 7, "sha256": [lessons.digest(exported.read_bytes())],
    }  # fmt: skip


def test_what_was_treated_alike_counts_once(exported):
    twice = exported.read_text() + line(
        "alike", "opt_out", "strike the ZEBRAFISH off your quarrystone for us; said the lanternfly, on day 0"
    )
    exported.write_text(twice)
    found = lessons.read_corrections([exported])
    assert (found.read, len(found.cases)) == (8, 7)


def test_several_workspaces_exports_are_learned_together(product, exported, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_text(line("o", "auto_reply", "Your parcel has been noted."))
    call_command("train_rules", corrections=[exported, other], out=tmp_path / "own")
    assert manifest(tmp_path / "own")["corrections"]["used"] == 8
    assert len(manifest(tmp_path / "own")["corrections"]["sha256"]) == 2


# Only if fit


def edit(folder: Path, **changes) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest(folder) | changes))


UNSEEN = {
    label: {"tp": 90, "fp": 9, "fn": 10, "held_tp": 9, "held_fp": 0} for label in LABELS
}  # fmt: skip
BREAKS = {
    "another release": (
        lambda own: edit(own, rules_version="1"),
        "manifest.json: the weights are for rules 1",
    ),
    "another code": (
        lambda own: edit(own, code="0"),
        "manifest.json: the weights were learned with a different version",
    ),
    "other judges": (
        lambda own: edit(own, judged_by={}),
        "manifest.json: the weights were measured on replies",
    ),
    "no weights": (lambda own: edit(own, weights={}), "manifest.json: the manifest doesn’t list"),
    "not JSON": (lambda own: (own / "manifest.json").write_text("{"), "manifest.json: this isn’t a manifest"),
    "no object": (
        lambda own: (own / "manifest.json").write_text("[]"),
        "manifest.json: this isn’t a manifest",
    ),
    "no counts": (lambda own: edit(own, measured={}), "manifest.json: this isn’t a manifest"),
    "no manifest": (lambda own: (own / "manifest.json").unlink(), "manifest.json: No such file"),
    "no file": (lambda own: (own / "bounce").unlink(), "bounce: No such file"),
    "another file": (lambda own: (own / "bounce").write_bytes(b""), "bounce: this isn’t the file that"),
    "too low": (
        lambda own: edit(own, measured={"unseen": UNSEEN, "ordinary": {"n": 100, "silenced": 0, "held": 0}}),
        "manifest.json: opt_out: precision 0.9091 is below 0.99.",
    ),
    "silences people": (
        lambda own: edit(
            own, measured=manifest(own)["measured"] | {"ordinary": {"n": 100, "silenced": 1, "held": 0}}
        ),
        "manifest.json: ordinary sentences: 1 of 100 silenced",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_what_is_unfit_is_refused_at_the_start_with_its_file_and_what_to_do(own, settings, name):
    break_it, said = BREAKS[name]
    break_it(own)
    settings.RULE_WEIGHTS_DIR = str(own)
    weights_check.take_own_weights()
    (error,) = [issue for issue in run_checks() if issue.id == "holdfast.E002"]
    assert f"RULE_WEIGHTS_DIR: {own}/{said}" in error.msg and installed_weights.FIX in error.msg
    assert word_weights.weights("opt_out") is word_weights.shipped("opt_out")
    settings.RULE_WEIGHTS_DIR = ""
    weights_check.take_own_weights()
    assert weights_check.unfit_weights() == ""


def test_what_is_fit_is_judged_by(own, settings):
    settings.RULE_WEIGHTS_DIR = str(own)
    weights_check.take_own_weights()
    assert weights_check.unfit_weights() == "" and not [
        issue for issue in run_checks() if issue.id == "holdfast.E002"
    ]
    slots = word_weights.features("strike the zebrafish off your quarrystone")
    assert word_weights.weights("opt_out").probability(slots) > optout.PERHAPS["email"]


def test_the_product_s_own_weights_reach_the_floors():
    assert installed_weights.missed(json.loads(lessons.MANIFEST.read_text())["measured"]) == []


def test_weights_under_the_floors_are_not_written(product, exported, tmp_path, monkeypatch):
    unseen = tmp_path / "unseen.jsonl"
    unseen.write_text(line("u", "opt_out", "When could we talk?"))
    monkeypatch.setattr(lessons, "UNSEEN", unseen)
    with pytest.raises(CommandError, match=r"Nothing is written.*opt_out: recall 0\.0000 is below 0\.9"):
        call_command("train_rules", corrections=[exported], out=tmp_path / "own")
    assert not (tmp_path / "own").exists()


# The command


def test_own_weights_go_where_the_setting_says(product, exported, tmp_path, settings):
    settings.RULE_WEIGHTS_DIR = str(tmp_path / "named")
    call_command("train_rules", corrections=[exported])
    assert installed_weights.load(tmp_path / "named")[1].keys() == set(LABELS)


def test_corrections_never_teach_the_product(product, exported):
    with pytest.raises(
        CommandError, match="name a folder for this installation's own weights, by --out DIR or"
    ):
        call_command("train_rules", corrections=[exported])
    with pytest.raises(CommandError, match="--out: .* is a part of the product; name a folder outside of"):
        call_command("train_rules", corrections=[exported], out=word_weights.WEIGHTS / "own")


def test_an_export_is_not_taken_for_the_product_s_labelled_replies(product, exported):
    exported.write_text(line("c", "opt_out", "Strike us.", corrected_from={}))
    with pytest.raises(
        CommandError, match=r"corrections.jsonl: an installation's export.*give it by --corrections"
    ):
        call_command("train_rules", exported)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", 'line 8: field "(the line)": Invalid JSON'),
        (line("x", "", "Hi", channel="fax"), 'line 8: field "channel": Input should be'),
        (line("x", "", "Hi", expected={"opt_out": "yes"}), 'line 8: field "expected.opt_out": Input should be'),
        (line("x", "", "Hi", expected={"tag": "Neutral"}), 'line 8: field "expected": needs one of opt_out, bounce'),
    ],
)  # fmt: skip
def test_a_bad_line_is_named_with_its_field(product, exported, tmp_path, bad, said):
    exported.write_text(exported.read_text() + bad)
    with pytest.raises(CommandError) as error:
        call_command("train_rules", corrections=[exported], out=tmp_path / "own")
    assert f"{exported}: {said}" in str(error.value)
    with pytest.raises(CommandError, match="absent.jsonl: No such file"):
        call_command("train_rules", corrections=[tmp_path / "absent.jsonl"], out=tmp_path / "own")


def test_measuring_judges_each_correction_by_what_it_has_not_taught_and_writes_nothing(
    product, exported, tmp_path, capsys, settings
):
    settings.RULE_WEIGHTS_DIR = str(tmp_path / "own")
    rows = [line(f"q{n}", "", f"The lanternfly asks for price {n}.") for n in range(4)]
    exported.write_text(exported.read_text() + "".join(rows))
    call_command("train_rules", corrections=[exported], measure=True)
    own, unseen = capsys.readouterr().out.split("The product's unseen replies:")
    assert own.startswith("11 corrections, 11 of them in words of their own")
    found = re.findall(r"(product|taught) +opt_out +tp (\d+), fp \d+, fn \d+, held_tp (\d+)", own)
    counts = {name: int(sure) + int(held) for name, sure, held in found}
    assert counts["product"] < counts["taught"] == 6
    assert "n 1, silenced 0, held 0" in unseen
    assert not (tmp_path / "own").exists()
