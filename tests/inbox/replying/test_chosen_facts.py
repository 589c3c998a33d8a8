"""Facts in an answer: which lines a prompt gets, what a plan rests on, and what is never said."""

import pytest
from django.db import IntegrityError, transaction

from inbox.models import WorkspaceFact
from inbox.replying import chosen_facts
from inbox.replying.verification import problems
from tests import factories
from tests.inbox.replying.test_verification import GOOD, context

pytestmark = pytest.mark.django_db
PRICE = "We charge $1,500 a month. It can be cancelled each month."


def fact(question, answer="Yes.", kind="answer"):
    return WorkspaceFact(kind=kind, question=question, answer=answer, folded=chosen_facts.fold(question))


def told(*rows, newest=""):
    return chosen_facts.choose(list(rows), newest)


def test_each_fact_is_one_line_with_an_id():
    lines = told(
        fact("Do you handle interstate?", "Yes,\n in all 48 states."), fact("guarantee", "", "never")
    ).lines

    assert lines == "F1 [answer] Do you handle interstate? -> Yes, in all 48 states.\nF2 [never] guarantee"


def test_of_more_facts_than_fit_those_that_share_rare_words_with_the_reply_are_shown():
    many = [fact(f"Do you serve the town {n}?", "Yes, we do. " + "x" * 300) for n in range(60)]
    wanted = fact("Which licences do your drivers hold?", "A commercial one. " + "x" * 300)

    found = told(*many, wanted, newest="Do you say which licence the drivers hold?")

    assert "licences" in found.lines and found.left_out == 61 - len(found.shown) > 0
    assert f"({found.left_out} more are not shown" in found.lines
    assert len(found.lines) <= chosen_facts.CHARS + 200


def test_many_phrases_never_said_leave_room_for_the_facts_and_are_all_looked_for():
    never = [fact(f"{'long phrase ' * 12} {n}", "", "never") for n in range(100)]

    found = told(*never, fact("Do you handle interstate?"), newest="Hello")

    assert "interstate" in found.lines and found.left_out
    assert found.forbidden(f"Well, {'long phrase ' * 12} 99.") == [never[99].question]


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("guarantee", "That is a Guarantee."),
        ("money-back guarantee", "You get a money back\nguarantee from us."),
        ("100% sure", "we are 100 % sure"),
        ("zufällig", "Rein ZUFALLIG, ja."),
        ("保証します", "返金を保証します。"),
    ],
)
def test_a_phrase_is_found_whatever_its_case_accents_hyphens_and_line_ends(phrase, text):
    assert chosen_facts.holds(text, phrase)


@pytest.mark.parametrize(
    ("phrase", "text"), [("rant", "A guarantee."), ("100%", "In 100 days."), ("cheap", "We are cheaper.")]
)
def test_a_phrase_is_not_found_inside_of_other_words(phrase, text):
    assert not chosen_facts.holds(text, phrase)


def test_a_draft_that_says_what_is_never_said_is_a_problem_that_names_the_phrase():
    material = context(chosen=told(fact("cheaper than anybody", "We are good value.", "never")))

    assert problems("Hi Dana, we are cheaper than anybody in your town.", material) == [
        "The draft uses a phrase on your “Never said” list: cheaper than anybody"
    ]
    assert problems(GOOD, material) == []


def test_a_price_and_a_link_of_a_fact_may_be_said_and_those_of_what_is_never_said_may_not():
    rows = [
        fact("What does it cost?", PRICE, "price"),
        fact("Brochure", "https://northwind.example.com/b when they ask for it", "link"),
        fact("save 30%", "", "never"),
    ]
    material = context(chosen=told(*rows))

    assert (
        problems("Hi Dana, it is $1,500 a month: see https://northwind.example.com/b for more.", material)
        == []
    )
    assert any("30%" in problem for problem in problems("Hi Dana, some got 30% off, as you know.", material))


def test_the_id_of_a_fact_proves_no_number():
    rows = [fact(f"Question {'abcdefgh'[n]}?") for n in range(8)]

    assert problems("Hi Dana, it is $8 a month for you and the crew.", context(chosen=told(*rows))) != []


def test_ids_are_read_whatever_stands_around_them_and_what_is_never_said_is_no_ground():
    found = told(fact("A?"), fact("B?"), fact("c", "", "never"))

    used, strange = found.used(["[F2]", "f1 [answer] A? -> Yes.", "F2", "F3", "F9"])

    assert [one.question for one in used] == ["B?", "A?"] and strange == ["F9"]


def test_a_draft_is_asked_for_with_the_facts_of_its_workspace_alone(world):
    factories.make_fact(world.workspace, "What does it cost?", PRICE, "price")
    factories.make_fact(factories.make_workspace(), "Do they have a secret?")
    line = f"F1 [price] What does it cost? -> {PRICE}"
    world.sandbox.set_answer("Strategy", {"goal": "told", "facts": ["F1"]}, contains=line)
    world.sandbox.set_answer(
        "Text", {"text": "Hi Dana, it is $1,500 a month."}, contains="Facts to use: F1\n"
    )
    world.sandbox.set_answer("Verification", {"problems": ["told"]}, contains=line)
    for schema in ("Strategy", "Text", "Verification"):
        world.sandbox.set_answer(schema, {"problems": ["leak"], "goal": "leak"}, contains="secret")
    message = world.reply("How much is it?")
    world.work()

    draft = world.draft(message)
    assert (draft.strategy["goal"], draft.verification["problems"]) == ("told", ["told"])
    assert draft.text.startswith("Hi Dana, it is $1,500 a month.")


def test_a_plan_that_rests_on_a_fact_that_there_is_none_of_is_a_problem(world):
    factories.make_fact(world.workspace, "What does it cost?", PRICE, "price")
    world.sandbox.set_answer("Strategy", {"facts": ["F1", "F7"]})
    message = world.reply("How much is it?")
    world.work()

    assert world.draft(message).verification["problems"] == [
        "The plan relies on a fact that doesn’t exist: F7"
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": "  does it  COST?"},
        {"question": ""},
        {"answer": ""},
        {"kind": "rumour"},
        {"answer": "x" * 2_001},
    ],
)
def test_the_database_refuses_a_fact_that_is_there_already_lacks_something_or_is_too_long(wrong):
    workspace = factories.make_workspace()
    factories.make_fact(workspace, "Does it cost?")

    with pytest.raises(IntegrityError), transaction.atomic():
        factories.make_fact(workspace, **{"question": "Another?", "kind": "answer"} | wrong)


def test_the_same_question_may_be_of_another_kind_or_workspace():
    workspace = factories.make_workspace()
    factories.make_fact(workspace, "Pricing", "We say it on the phone.")
    factories.make_fact(workspace, "Pricing", PRICE, "price")
    factories.make_fact(factories.make_workspace(), "Pricing")

    assert WorkspaceFact.objects.count() == 3
