"""`evaluate_replies`: the counts, the shape that is relied on, and what it says of a bad line."""

import json

import pytest
from django.core.management import CommandError, call_command

from inbox.understanding.evaluate import BadLine, Score, evaluate, read_cases, split_sender

GOOD = {
    "id": "a-1",
    "channel": "email",
    "from": "Dana Reyes <dana@example.com>",
    "subject": "Re: hello",
    "text": "Please unsubscribe me.",
    "automated_reply": None,
    "expected": {
        "opt_out": True,
        "bounce": False,
        "auto_reply": False,
        "out_of_office": False,
        "tag": "Blacklist",
    },
}


def line(**changes) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def test_counts_each_label_and_names_misses():
    wrong = {**GOOD["expected"], "opt_out": False, "newest_text": "Something else"}
    report = evaluate(read_cases([line(), line(id="a-2", expected=wrong)])).as_json()
    sure = {"precision": 0.5, "recall": 1.0, "tp": 1, "fp": 1, "fn": 0}
    assert report["labels"]["opt_out"] == sure | {"held_tp": 0, "held_fp": 0, "caught": 1.0}
    assert report["newest_text"] == {"exact": 0, "n": 1}
    assert report["misses"] == [
        {"id": "a-2", "label": "opt_out", "expected": False, "got": True},
        {"id": "a-2", "label": "newest_text", "expected": "Something else", "got": "Please unsubscribe me."},
    ]


def test_what_is_only_suspected_is_counted_apart():
    perhaps = "We had enough of mails."
    no_wish = {**GOOD["expected"], "opt_out": False}
    report = evaluate(
        read_cases([line(text=perhaps), line(id="a-2", text=perhaps, expected=no_wish)])
    ).as_json()
    score = report["labels"]["opt_out"]
    assert (score["tp"], score["fn"], score["held_tp"], score["held_fp"], score["caught"]) == (
        0,
        1,
        1,
        1,
        1.0,
    )
    assert {"id": "a-1", "label": "opt_out", "expected": True, "got": "perhaps"} in report["misses"]


def test_newest_text_is_compared_white_space_apart():
    expected = {**GOOD["expected"], "newest_text": "Please\n unsubscribe\u00a0me."}
    assert evaluate(read_cases([line(expected=expected)])).exact == 1


def test_label_the_line_does_not_carry_is_not_counted():
    report = evaluate(read_cases([line(expected={"bounce": False})]))
    assert report.labels["opt_out"] == Score()
    assert report.labels["opt_out"].precision == report.labels["opt_out"].recall == 1.0


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        (b"{nonsense", "(the line)"),
        (b"[1]", "(the line)"),
        (b'{"id": "\xff"}', "(the line)"),
        (b"[" * 100_000, "(the line)"),
        (line(id=None), "id"),
        (line(channel="fax"), "channel"),
        (line(text=3), "text"),
        (line(html=["x"]), "html"),
        (line(subject={}), "subject"),
        (line(automated_reply="yes"), "automated_reply"),
        (line(headers="x"), "headers"),
        (line(received_at="today"), "received_at"),
        (line(received_at="2026-10-14T12:00:00"), "received_at"),
        (line(expected=None), "expected"),
        (line(expected={"opt_out": "true"}), "expected.opt_out"),
        (line(expected={"newest_text": 1}), "expected.newest_text"),
        (json.dumps({key: GOOD[key] for key in GOOD if key != "text"}).encode(), "text"),
    ],
)
def test_bad_line_names_its_number_and_field(raw, field):
    with pytest.raises(BadLine) as error:
        list(read_cases([line(), b"\n", raw]))
    assert str(error.value).startswith(f'line 3: field "{field}": ')


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Dana Reyes <dana@example.com>", ("Dana Reyes", "dana@example.com")),
        ('"Reyes, Dana" <dana@example.com>', ("Reyes, Dana", "dana@example.com")),
        ("dana@example.com", ("", "dana@example.com")),
        ("<>", ("", "")),
        (
            "MAILER-DAEMON@mx.example.com (Mail Delivery System)",
            ("Mail Delivery System", "MAILER-DAEMON@mx.example.com"),
        ),
    ],
)
def test_sender_is_split(value, expected):
    assert split_sender(value) == expected


def test_command_prints_the_shape_that_is_relied_on(tmp_path, capsys):
    file = tmp_path / "replies.jsonl"
    file.write_bytes(line() + b"\n")
    call_command("evaluate_replies", str(file), "--json")
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"labels", "newest_text", "misses"}
    assert set(report["labels"]) == {"opt_out", "bounce", "auto_reply", "out_of_office"}
    sure = {"precision": 1.0, "recall": 1.0, "tp": 1, "fp": 0, "fn": 0}
    assert report["labels"]["opt_out"] == sure | {"held_tp": 0, "held_fp": 0, "caught": 1.0}


def test_command_prints_a_table_with_the_misses(tmp_path, capsys):
    file = tmp_path / "replies.jsonl"
    file.write_bytes(line(text="Sounds good.") + b"\n")
    call_command("evaluate_replies", str(file))
    out = capsys.readouterr().out
    assert "opt_out" in out
    assert "a-1  opt_out: expected True, got False" in out


@pytest.mark.parametrize("content", [b"{}\n", b"\n"])
def test_command_ends_with_2_on_a_file_it_cannot_use(tmp_path, content):
    file = tmp_path / "replies.jsonl"
    file.write_bytes(content)
    with pytest.raises(CommandError) as error:
        call_command("evaluate_replies", str(file))
    assert error.value.returncode == 2


def test_command_ends_with_2_on_a_missing_file(tmp_path):
    with pytest.raises(CommandError, match="No such file") as error:
        call_command("evaluate_replies", str(tmp_path / "none.jsonl"))
    assert error.value.returncode == 2
