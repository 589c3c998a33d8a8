"""`evaluate_drafts` from file to report over the sandbox's answer sheet: plumbing, and that a bad draft is counted."""

import json
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inbox.models import Draft, Lead, Message, Workspace, WorkspaceFact
from inbox.replying.evaluation import drafts
from inbox.replying.evaluation.cases import read_cases
from inbox.replying.evaluation.judging import Drafted, judge, shows
from inbox.understanding.evaluate import BadLine
from integrations.models import AiCall
from tests.inbox.replying.test_judging import COMPANY

pytestmark = pytest.mark.django_db
LABELLED = Path("training/labelled/drafts.jsonl")
REPLY = {
    "id": "n-1",
    "company": "northwind",
    "channel": "email",
    "language": "en",
    "first_name": "Dana",
    "thread": [{"from": "us", "text": "We keep crews busy."}],
    "reply": "Do you handle interstate or not? And what does it cost?",
    "asks": [{"question": "interstate", "fact": "interstate"}, {"question": "price", "fact": "price"}],
}
PRICE = {"question": "discount", "fact": None, "about": "price"}
OTHERS = [
    {"id": "n-2", "channel": "sms", "reply": "any discount", "asks": [PRICE]},
    {
        "id": "n-3",
        "channel": "linkedin",
        "reply": "Is there a brochure?",
        "asks": [{"question": "a", "fact": "brochure"}],
    },
    {
        "id": "n-4",
        "language": "de",
        "reply": "Das klingt gut, danke. Wie geht es nun mit uns weiter?",
        "asks": [],
    },
    {"id": "n-5", "reply": "Sounds good, let me read it.", "asks": []},
    {
        "id": "n-6",
        "channel": "sms",
        "reply": "Do your people wear uniforms?",
        "asks": [{"question": "b", "fact": None}],
    },
]


def rows(*replies: dict) -> str:
    return "\n".join(
        json.dumps(row) for row in (COMPANY, *({**REPLY, "thread": [], **one} for one in replies))
    )


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "drafts.jsonl"
    path.write_text(rows(REPLY, *OTHERS))
    return path


def report(file, capsys) -> dict:
    call_command("evaluate_drafts", str(file), "--json")
    return json.loads(capsys.readouterr().out)


def test_drafts_are_written_by_the_product_and_counted(sandbox, file, capsys):
    found = report(file, capsys)

    assert found["model"]["sandbox"] is True and found["model"]["name"] == "the sandbox"
    assert found["drafts"] == {"n": 6, "written": 6, "held": 0, "revised": 0}
    assert found["questions"]["with_fact"] == {"n": 3, "answered": 3, "deferred": 0, "neither": 0}
    assert found["questions"]["without_fact"] == {"n": 2, "answered": 0, "deferred": 2, "neither": 0}
    assert found["questions"]["prices_without_fact"]["deferred"] == 1
    assert found["statements"]["unsourced"] == {"n": 0, "drafts": 0}
    assert found["language"]["right"] == 6 and found["length"] == {"n": 6, "within": 6}
    assert found["misses"] == []
    assert "31 states" in found["texts"][0]["text"] and "$1,250" in found["texts"][0]["text"]
    assert "Moreno" not in found["texts"][0]["text"]


def test_the_cost_is_what_the_calls_of_the_run_cost_and_nothing_else_is_left_behind(sandbox, file, capsys):
    AiCall.objects.create(
        feature="tag", prompt_version="1", model="gpt-5-mini", input_tokens=9, output_tokens=9, cost_microusd=9,
        duration_ms=1, outcome="ok", tries=1,
    )  # fmt: skip
    usage = report(file, capsys)["usage"]

    calls = AiCall.objects.exclude(feature="tag")
    assert usage["calls"] == calls.count() == 6 * 3
    assert usage["input_tokens"] == sum(call.input_tokens for call in calls)
    assert usage["output_tokens"] == sum(call.output_tokens for call in calls) > 0
    assert usage["cost_usd"] == pytest.approx(sum(call.cost_microusd for call in calls) / 1_000_000)
    assert not any(kind.objects.exists() for kind in (Workspace, WorkspaceFact, Lead, Message, Draft))
    assert not calls.exclude(workspace=None).exists()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Hi Dana, it is $700 a month for you and your crews.", "unsourced"),
        ("Hi Dana, there is a money-back guarantee on all of it for you.", "never said"),
        ("Hallo Dana, das machen wir gern für Sie und Ihre Leute, und es ist nicht teuer.", "language"),
        ("Hi Dana, we are the right people and only local, as you would want.", "contradiction"),
        ("Hi Dana, " + "that is what we do for you and your crews. " * 20, "length"),
        ("Hi Dana, thanks for asking, and we are happy to help you.", "fact interstate: neither"),
    ],
)
def test_a_model_that_writes_a_bad_draft_is_counted(sandbox, file, capsys, text, what):
    sandbox.set_answer("Text", {"text": text})

    found = report(file, capsys)

    assert "n-1" in {miss["id"] for miss in found["misses"] if miss["what"] == what}
    assert found["questions"]["with_fact"]["answered"] == 0
    assert found["questions"]["without_fact"]["deferred"] == 0


def test_a_model_that_defers_in_words_and_not_in_its_plan_defers_nothing(sandbox, file, capsys):
    sandbox.set_answer("Strategy", {"unknown": [], "needs_human": False})
    sandbox.set_answer("Text", {"text": "Hi Dana, I will find out and come back to you."})

    assert report(file, capsys)["questions"]["without_fact"]["neither"] == 2


def test_a_reply_that_the_model_refuses_has_no_draft_and_the_others_do(sandbox, file, capsys):
    sandbox.fault(provider="openai", kind="refusal", path="/v1/responses", count=1)

    found = report(file, capsys)

    assert (found["drafts"]["n"], found["drafts"]["written"]) == (6, 5)
    assert [miss["what"] for miss in found["misses"]] == [
        "fact interstate: neither",
        "fact price: neither",
        "draft",
    ]


def test_it_prints_the_counts_for_people(sandbox, file, capsys):
    call_command("evaluate_drafts", str(file))

    out = capsys.readouterr().out
    assert "the sandbox at http://127.0.0.1" in out and "say nothing about a model" in out
    assert "questions that a fact answers          3         3         0        0" in out
    assert "without a source: 0 in 0 of 6 drafts" in out and "18 calls" in out


def test_it_says_which_model_is_judged_where_it_is_none_of_ours(sandbox, file, capsys, monkeypatch):
    monkeypatch.setattr("sandbox.openai.OWNER", "system")

    found = report(file, capsys)

    assert found["model"]["sandbox"] is False and "gpt-5.1" in found["model"]["name"]


def stopped(file, *args: str) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command("evaluate_drafts", str(file), *args)
    return caught.value


def test_without_a_key_it_says_which_setting_is_missing(sandbox, file, settings):
    settings.OPENAI_API_KEY = ""

    error = stopped(file)
    assert "OPENAI_API_KEY" in str(error) and error.returncode == 2


def test_a_key_that_is_refused_ends_it_before_anything_is_written(sandbox, file):
    sandbox.fault(provider="openai", kind="unauthorized")

    error = stopped(file)
    assert "The model isn’t available" in str(error) and error.returncode == 2
    assert not AiCall.objects.exists()


def test_an_outage_ends_it_with_a_word_to_try_later(sandbox, file):
    sandbox.fault(provider="openai", kind="server_error", path="/v1/responses")

    error = stopped(file)
    assert "Run it again later" in str(error) and error.returncode == 1


def test_ctrl_c_ends_it_and_keeps_nothing(sandbox, file, monkeypatch):
    write, seen = drafts.write, []

    def interrupted(case, deadline):
        if seen:
            raise KeyboardInterrupt
        seen.append(case)
        return write(case, deadline)

    monkeypatch.setattr(drafts, "write", interrupted)

    error = stopped(file)
    assert str(error) == "Stopped after 1 of 6 drafts. Nothing was kept." and error.returncode == 130
    assert not Workspace.objects.exists()


def test_a_run_has_a_limit(sandbox, file):
    error = stopped(file, "--minutes", "0")

    assert "after 0 of 6 drafts" in str(error) and error.returncode == 1


def test_a_file_that_is_not_there_or_empty_is_said(sandbox, tmp_path):
    assert "No such file" in str(stopped(tmp_path / "none.jsonl"))
    (tmp_path / "empty.jsonl").write_text(json.dumps(COMPANY))
    assert "no labelled replies" in str(stopped(tmp_path / "empty.jsonl"))


def bad(change: dict, *, company: dict | None = None) -> str:
    lines = [json.dumps({**COMPANY, **(company or {})}), json.dumps({**REPLY, **change})]
    with pytest.raises(BadLine) as caught:
        list(read_cases(line.encode() for line in lines))
    return str(caught.value)


FACT = COMPANY["facts"][0]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"channel": "fax"}, 'line 2: field "channel": Input should be'),
        ({"language": "xx"}, 'line 2: field "language"'),
        ({"reply": ""}, 'line 2: field "reply"'),
        ({"asks": None}, 'line 2: field "asks"'),
        ({"asks": [{"question": "a"}]}, 'line 2: field "asks.0.fact": Field required'),
        (
            {"asks": [{"question": "a", "fact": "gone"}]},
            'line 2: field "asks.0.fact": “gone” isn’t a fact of',
        ),
        (
            {"asks": [{"question": "a", "fact": "never"}]},
            'line 2: field "asks.0.fact": “never” isn’t a fact of',
        ),
        ({"asks": [{"question": "a", "fact": "price", "about": "price"}]}, 'line 2: field "asks.0.about"'),
        ({"thread": [{"from": "them", "text": "a"}]}, 'line 2: field "thread.0.from"'),
        ({"company": "other"}, 'line 2: field "company": no earlier line has'),
        ({"askes": []}, 'line 2: field "askes"'),
    ],
)
def test_a_bad_reply_is_named_by_line_and_field(change, named):
    assert bad(change).startswith(named)


@pytest.mark.parametrize(
    ("company", "named"),
    [
        ({"facts": []}, 'line 1: field "facts"'),
        ({"facts": [FACT, FACT]}, 'line 1: field "facts.1.key"'),
        ({"facts": [{**FACT, "answer": " "}]}, 'line 1: field "facts.0.answer"'),
        ({"facts": [{**FACT, "shows": [[]]}]}, 'line 1: field "facts.0.shows.0"'),
        ({"facts": [{**FACT, "kind": "rumour"}]}, 'line 1: field "facts.0.kind"'),
        ({"name": 3}, 'line 1: field "name"'),
    ],
)
def test_a_bad_company_is_named_by_line_and_field(company, named):
    assert bad({}, company=company).startswith(named)


def test_a_line_that_is_no_object_or_there_twice_is_named():
    for lines, named in (
        (["{nonsense"], 'line 1: field "(the line)"'),
        (["[1]"], 'line 1: field "(the line)"'),
        ([json.dumps(COMPANY), json.dumps(COMPANY)], 'line 2: field "company"'),
        ([json.dumps(COMPANY), json.dumps(REPLY), json.dumps(REPLY)], 'line 3: field "id"'),
    ):
        with pytest.raises(BadLine) as caught:
            list(read_cases(line.encode() for line in lines))
        assert str(caught.value).startswith(named)


def test_the_labelled_replies_are_of_the_mix_that_they_claim():
    with LABELLED.open("rb") as lines:
        cases = list(read_cases(lines))
    n = len(cases)
    unknown = [case for case in cases if any(ask.fact is None for ask in case.reply.asks)]
    priced = [case for case in cases if any(ask.about == "price" for ask in case.reply.asks)]
    companies = {case.company.company: case.company for case in cases}

    assert n >= 120 and len(companies) == 4
    assert all(10 <= len(company.facts) <= 16 for company in companies.values())
    assert len(unknown) >= 0.25 * n and len(priced) >= 0.1 * n
    assert sum(not case.reply.asks for case in cases) >= 8
    assert sum(len(case.reply.asks) > 1 for case in cases) >= 30
    assert len(Counter(case.reply.language for case in cases)) == 9
    assert min(Counter(case.reply.channel for case in cases).values()) >= 15
    asked = {(case.company.company, ask.fact) for case in cases for ask in case.reply.asks if ask.fact}
    kept = {
        (one.company, fact.key) for one in companies.values() for fact in one.facts if fact.kind != "never"
    }
    assert kept - asked == set()


def test_every_labelled_fact_shows_itself_and_contradicts_nothing():
    """Said in its own words a fact counts as said, and neither as made up nor as what is never said."""
    with LABELLED.open("rb") as lines:
        cases = {case.company.company: case for case in read_cases(lines)}
    for case in cases.values():
        for fact in case.company.facts:
            if fact.kind != "never":
                judged = judge(case, Drafted(fact.answer))
                assert shows(fact.answer, fact), fact.key
                assert (judged.unsourced, judged.contradictions, judged.never) == ([], [], []), fact.key
