"""`evaluate_replies --model` over the sandbox's answer sheet: plumbing only, no word on quality."""

import json

import pytest
from django.core.management import CommandError, call_command

from integrations.models import AiCall

pytestmark = pytest.mark.django_db


@pytest.fixture
def file(tmp_path):
    def row(name, text, tag, opt_out=False):
        expected = {
            "opt_out": opt_out,
            "bounce": False,
            "auto_reply": False,
            "out_of_office": False,
            "tag": tag,
        }
        sender = "Dana Reyes <dana@example.org>"
        return json.dumps(
            {"id": name, "channel": "email", "from": sender, "text": text, "expected": expected}
        )

    rows = [
        row("rule", "Please unsubscribe me.", "Blacklist", opt_out=True),
        row("model", "How much is it?", "Information Requested"),
        row("wrong", "Let us schedule a meeting.", "Interested"),
    ]
    path = tmp_path / "replies.jsonl"
    path.write_text("\n".join(rows))
    return str(path)


def test_asks_only_what_no_rule_decides_and_counts_tags(sandbox, file, capsys):
    call_command("evaluate_replies", file, "--model", "--json")

    found = json.loads(capsys.readouterr().out)["model"]
    assert found["tag"] == {"right": 2, "n": 3, "asked": 2, "unproven": 0}
    assert found["confusions"] == [{"expected": "Interested", "got": "Meeting Requested", "n": 1}]
    assert found["opt_out"]["tp"] == 1
    assert AiCall.objects.filter(feature="tag", workspace=None).count() == 2


def test_without_the_flag_no_model_is_asked(sandbox, file, capsys):
    call_command("evaluate_replies", file, "--json")

    assert "model" not in json.loads(capsys.readouterr().out)
    assert AiCall.objects.count() == 0


def test_without_a_key_it_says_which_setting_is_missing(sandbox, file, settings):
    settings.OPENAI_API_KEY = ""

    with pytest.raises(CommandError, match="OPENAI_API_KEY"):
        call_command("evaluate_replies", file, "--model")


def test_evidence_that_is_not_in_the_reply_counts_for_nothing(sandbox, file, capsys):
    sandbox.set_answer("Reading", {"quote": "words nobody wrote"})
    call_command("evaluate_replies", file, "--model", "--json")

    assert json.loads(capsys.readouterr().out)["model"]["tag"]["unproven"] == 2
