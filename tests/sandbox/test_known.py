"""The sandbox's drafts answer from the facts of a prompt in the lead's language, and say openly what none answers."""

import pytest

from sandbox.answers import answer
from sandbox.phrases import PHRASES, language_of
from sandbox.reading import read

FACTS = """# Facts
Company: Northwind
Channel: {channel}
F1 [answer] Do you handle interstate work or only local jobs? -> Both: we work in 31 states. Ask for yours.
F2 [answer] Do you file VAT returns? -> Yes, each quarter.
F3 [price] What does it cost? -> $450 a month, plus $9 a lead. Discounts are up to a manager.
F4 [price] What does setup cost? -> Setup is free.
F5 [link] Is there a brochure? -> https://northwind.example.com/brochure when they ask for it
F6 [never] cheapest in town -> We compare with nobody.
(2 more are not shown: they have less in common with the newest reply.)

# Offered slots
(none)

# Lead

<<<said c0de about the lead>>>
first_name: {name}
<<<end c0de>>>

# Thread, oldest first

<<<said c0de by us, E-mail, Mon 2026-01-12 09:00>>>
{thread}
<<<end c0de>>>

# Newest reply

<<<said c0de newest reply, by the lead>>>
{newest}
<<<end c0de>>>
{more}"""
TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}


def obj(**properties):
    names = list(properties)
    return {"type": "object", "properties": properties, "required": names, "additionalProperties": False}


def prompt(newest, *, channel="email", thread="(nothing before)", name="Dana", more=""):
    return read(FACTS.format(newest=newest, channel=channel, thread=thread, name=name, more=more))


def plan(newest, **fields) -> tuple[list[str], list[str]]:
    schema = obj(goal=TEXT, answer_points=TEXTS, facts=TEXTS, unknown=TEXTS, needs_human=FLAG)
    found = answer("Strategy", schema, prompt(newest, **fields))
    return found["facts"], found["unknown"]


def draft(newest, schema="Text", **fields) -> str:
    return answer(schema, obj(text=TEXT), prompt(newest, **fields))["text"]


@pytest.mark.parametrize(
    ("newest", "facts", "unknown"),
    [
        ("Do you handle interstate or not?", ["F1"], []),
        ("You didn't answer my question. Do you handle interstate or not?", ["F1"], []),
        ("interstate?", ["F1"], []),
        ("how much", ["F3"], []),
        ("What is the setup price?", ["F4"], []),
        ("Any brochure? And what does it cost?", ["F5", "F3"], []),
        ("Do you file VAT and do your people wear uniforms?", ["F2"], ["do your people wear uniforms"]),
        ("What discount can you do?", [], ["What discount can you do"]),
        ("are your crews employees", [], ["are your crews employees"]),
        ("Sounds good, talk soon.", [], []),
        ("Are you the cheapest in town?", [], ["Are you the cheapest in town"]),
        ("Can we meet on Thursday?", [], []),
        ("wat kost het?", ["F3"], []),
    ],
)
def test_a_plan_names_the_facts_that_answer_and_the_questions_that_none_does(newest, facts, unknown):
    assert plan(newest) == (facts, unknown)


def test_a_plan_is_followed_whatever_the_reply_asks():
    more = "\n# Plan\nGoal: x\n- y\nFacts to use: F5, F1\nNot known, do not guess: uniforms\n"

    text = draft("how much", more=more)

    assert "$450" not in text and "31 states" in text
    assert "You can see it here: https://northwind.example.com/brochure " in text
    assert "I do not have the rest at hand; I will find out and come back to you." in text


def test_without_a_fact_it_says_that_somebody_will_find_out():
    assert draft("Do your people wear uniforms?") == (
        "Hi Dana,\n\nThanks for getting back to us. I do not have that at hand; I will find out and come back to you."
        "\n\nBest regards"
    )


def test_a_short_channel_gets_the_first_sentence_of_each_fact_and_no_half_ones():
    text = draft("interstate? how much? brochure?", channel="sms")

    assert text == (
        "Hi Dana, thanks for getting back to us. Both: we work in 31 states. $450 a month, plus $9 a lead. "
        "You can see it here: https://northwind.example.com/brochure"
    )


def test_what_does_not_fit_a_short_text_is_left_out_whole():
    text = draft("interstate? how much? brochure?", channel="sms", name="D" * 200)

    assert text.startswith("D" * 200, 3) and len(text) <= 300
    assert "31 states." in text and "$450" in text and "brochure" not in text


@pytest.mark.parametrize(
    ("newest", "code"),
    [
        ("Was kostet das und wie lange dauert es?", "de"),
        ("C'est combien par mois pour une cave ?", "fr"),
        ("¿Cuánto cuesta al mes? gracias", "es"),
        ("Quanto costa? Siamo in due", "it"),
        ("Oi, quanto custa para a gente?", "pt"),
        ("Hoi, wat kost het voor een café?", "nl"),
        ("Hej, vad kostar det och när?", "sv"),
        ("Dzień dobry, ile to kosztuje?", "pl"),
        ("what do you charge", "en"),
        ("xero", "en"),
    ],
)
def test_it_answers_in_the_language_of_the_lead(newest, code):
    text = draft(newest)

    assert language_of(newest) == code
    assert text.startswith(PHRASES[code].greeting.format(name="Dana")) and PHRASES[code].thanks in text
    assert text.endswith(PHRASES[code].regards)


def test_one_foreign_word_makes_no_foreign_language():
    assert language_of("Typing w gloves. Call me 555 555 0108") == "en"


def test_of_a_word_that_says_nothing_the_thread_tells_the_language():
    assert draft("ok", thread="Passt das für Sie und Ihre Leute?").startswith("Guten Tag Dana")


def test_phrases_hold_no_figure_and_no_link_that_a_check_would_take_for_a_claim():
    for phrases in PHRASES.values():
        said = f"{phrases.thanks}{phrases.later}{phrases.rest}{phrases.next}{phrases.regards}"
        assert not any(char.isdigit() for char in said) and "http" not in said
