"""What is counted of a draft, and that each count can go wrong: no model here, only drafts as they might be."""

import pytest

from inbox.replying.evaluation.cases import Case, Company, Reply
from inbox.replying.evaluation.drafts import Usage
from inbox.replying.evaluation.judging import Drafted, judge, shows, unsourced
from inbox.replying.evaluation.report import Report

COMPANY = {
    "company": "northwind",
    "name": "Northwind",
    "persona_name": "Alex Moreno",
    "tone": "friendly",
    "service_description": "We keep crews busy.",
    "signature": "Alex Moreno\nNorthwind",
    "facts": [
        {
            "key": "interstate",
            "kind": "answer",
            "question": "Do you handle interstate?",
            "answer": "Yes, in 31 states.",
            "shows": [["31"], ["state", "estado"]],
            "wrong": ["only local"],
        },
        {
            "key": "price",
            "kind": "price",
            "question": "What does it cost?",
            "answer": "$1,250 a month, 15% off in winter.",
            "shows": [["1250"]],
        },
        {
            "key": "brochure",
            "kind": "link",
            "question": "Is there a brochure?",
            "answer": "https://northwind.example.com/brochure",
            "shows": [["northwind.example.com/brochure"]],
        },
        {
            "key": "never",
            "kind": "never",
            "question": "money-back guarantee",
            "answer": "We offer a free month. $999",
            "shows": [["money back"]],
        },
    ],
}
LATER = "I do not have that at hand; I will find out and come back to you."


def case(
    *asks: dict, channel: str = "email", language: str = "en", thread=(), reply="Is it $900? We are 40."
) -> Case:
    fields = {"id": "r-1", "company": "northwind", "first_name": "Dana", "reply": reply}
    row = {**fields, "channel": channel, "language": language, "thread": list(thread), "asks": list(asks)}
    return Case(Reply.model_validate(row), Company.model_validate(COMPANY))


def ask(fact: str | None, **fields) -> dict:
    return {"question": "asked", "fact": fact} | fields


def outcomes(text: str, *asks: dict, unknown: bool = False) -> tuple[str, ...]:
    return judge(case(*asks), Drafted(text, open=unknown)).outcomes


def test_a_question_is_answered_where_the_draft_says_of_each_group_of_the_fact_one_expression():
    assert outcomes("Yes, we work in 31 states.", ask("interstate")) == ("answered",)
    assert outcomes("Yes, we work in many states.", ask("interstate")) == ("neither",)
    assert outcomes("Sí, en 31 Estados.", ask("interstate")) == ("answered",)


def test_a_draft_that_contradicts_the_fact_does_not_answer_and_is_counted():
    text = "We do 31 states, no: only local work."
    assert outcomes(text, ask("interstate")) == ("neither",)
    assert judge(case(ask("interstate")), Drafted(text)).contradictions == ["only local"]


def test_a_question_is_deferred_where_text_and_plan_both_say_so():
    assert outcomes(LATER, ask(None), unknown=True) == ("deferred",)
    assert outcomes(LATER, ask(None), unknown=False) == ("neither",)
    assert outcomes("Happy to help.", ask(None), unknown=True) == ("neither",)
    assert outcomes(LATER, ask("price"), unknown=True) == ("deferred",)


def test_a_policy_that_names_who_decides_is_no_deferral():
    for text in (
        "Aucune remise sans l'accord de la direction.",
        "Über Rabatte entscheidet die Geschäftsführung.",
    ):
        assert outcomes(text, ask(None), unknown=True) == ("neither",)


@pytest.mark.parametrize(
    "text",
    [
        "Das kläre ich und melde mich wieder bei Ihnen.",
        "Je me renseigne et je reviens vers vous.",
        "Lo consulto y le confirmo.",
        "Mi informo e le faccio sapere.",
        "Vou verificar e volto a falar consigo.",
        "Ik zoek het uit en kom er bij u op terug.",
        "Jag tar reda på det och återkommer.",
        "Sprawdzę i wrócę z odpowiedzią.",
        "Let me check with our manager.",
    ],
)
def test_a_deferral_is_heard_in_each_language(text):
    assert outcomes(text, ask(None), unknown=True) == ("deferred",)


@pytest.mark.parametrize(
    "text", ["It is $1,250.", "1.250 $ im Monat", "1 250 $".replace(" ", "\u202f"), "1250 dollars"]
)
def test_a_figure_is_the_same_however_it_is_written(text):
    assert shows(text, case().company.facts[1])


def test_a_figure_inside_of_another_is_another():
    assert not shows("It is $12,501.", case().company.facts[1])


@pytest.mark.parametrize(
    ("text", "made_up"),
    [
        ("It is $1,100 a month.", ["$1,100"]),
        ("It is 31 dollars.", ["31 dollars"]),
        ("You save 20% or 15%.", ["20%"]),
        (
            "See https://northwind.example.com/brochure or https://northwind.example.com/new.",
            ["https://northwind.example.com/new"],
        ),
        ("Write to sales@northwind.example.com.", ["sales@northwind.example.com"]),
        ("We have 7 crews for your 40 people.", ["7"]),
        ("I call at 3:30 PM.", ["3:30 pm"]),
        ("I come back to you by Friday.", ["friday"]),
        ("Ring 555-0199.", ["555", "0199"]),
        ("It is $900, as you say.", ["$900"]),
        ("It is $999 with us.", ["$999"]),
        ("1. Yes.\n2. No.", []),
        ("Yes: $1,250 a month, 15 % off in winter, in 31 states.", []),
        ("F1 says so.", []),
    ],
)
def test_what_nobody_gave_is_counted(text, made_up):
    assert unsourced(text, case()) == made_up


def test_what_the_lead_wrote_proves_a_time_and_a_day_but_no_price_and_no_link():
    given = case(reply="Thursday at 3:30? Is it $900 as on rivals.example.com?")

    assert unsourced("Thursday at 3:30 suits us.", given) == []
    assert unsourced("It is $900, see rivals.example.com.", given) == ["rivals.example.com", "$900"]


def test_what_we_wrote_before_proves_a_price():
    given = case(thread=[{"from": "us", "text": "It is $800."}, {"from": "lead", "text": "Not $700?"}])

    assert unsourced("It is $800.", given) == []
    assert unsourced("It is $700.", given) == ["$700"]


def test_what_is_never_said_is_counted_in_its_words_and_in_others():
    for text in ("There is a Money-Back Guarantee.", "You get your money back."):
        assert judge(case(), Drafted(text)).never == ["money-back guarantee"]
    assert judge(case(), Drafted("There is a free month.")).never == []


@pytest.mark.parametrize(
    ("channel", "text", "too"),
    [
        ("email", "word " * 140, ""),
        ("email", "word " * 141, "long"),
        ("email", "Yes we do.", "short"),
        ("sms", "x" * 300, ""),
        ("sms", "x" * 301, "long"),
        ("linkedin", "x" * 600, ""),
        ("linkedin", "x" * 601, "long"),
        ("sms", " ", "short"),
        ("sms", "Yes.", ""),
    ],
)
def test_the_length_is_that_of_the_channel(channel, text, too):
    assert judge(case(channel=channel), Drafted(text)).too == too


def test_every_count_is_in_the_report():
    report = Report()
    bad = "Der Preis ist für Sie und uns $1,100, das ist nicht nur only local, money back. " + "Wort " * 150
    report.add(case(ask("interstate"), ask(None, about="price")), Drafted(bad, problems=("p",), revised=True))
    report.add(
        case(ask("price"), ask(None)), Drafted(f"It is $1,250 for you and your crew. {LATER}", open=True)
    )
    report.add(case(ask("price")), None, "The model refused to answer.")

    found = report.as_json({"name": "m"}, Usage())
    assert found["drafts"] == {"n": 3, "written": 2, "held": 1, "revised": 1}
    assert found["questions"] == {
        "with_fact": {"n": 3, "answered": 1, "deferred": 0, "neither": 2},
        "without_fact": {"n": 2, "answered": 0, "deferred": 1, "neither": 1},
        "prices_without_fact": {"n": 1, "answered": 0, "deferred": 0, "neither": 1},
    }
    assert found["statements"] == {
        "unsourced": {"n": 3, "drafts": 1},
        "contradiction": {"n": 1, "drafts": 1},
        "never_said": {"n": 1, "drafts": 1},
    }
    assert found["language"] == {"n": 2, "right": 1, "wrong": 1, "undecided": 0}
    assert found["length"] == {"n": 2, "within": 1}
    whats = [miss["what"] for miss in found["misses"]]
    assert whats == [
        "fact interstate: neither",
        "no fact: neither",
        *["unsourced"] * 3,
        "contradiction",
        "never said",
        "language",
        "length",
        "fact price: neither",
        "draft",
    ]
