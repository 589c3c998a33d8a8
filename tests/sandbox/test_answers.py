"""The answer sheet: what it reads from a prompt, and what it writes for the features Holdfast has."""

from importlib import import_module

import pytest
from jsonschema import Draft202012Validator

from integrations.openai.schema import ModelAnswer, strict_schema
from sandbox.answers import ANSWERS, answer
from sandbox.reading import read, tag_of

SAID = "<<<said c0de {label}>>>\n{words}\n<<<end c0de>>>"
PROMPT = """# Facts
Company: Northwind
Channel: email

# Offered slots
s1: Thu, Jan 15, 10:00
s2: Fri, Jan 16, 14:00

# Lead

<<<said c0de about the lead>>>
first_name: Dana
<<<end c0de>>>

# Thread, oldest first

<<<said c0de by us, E-mail, Mon 2026-01-12 09:00>>>
Hi Dana, last week we spoke.
<<<end c0de>>>

# Newest reply

<<<said c0de newest reply, by the lead>>>
{newest}
<<<end c0de>>>

# Draft

<<<said c0de draft, by a model>>>
Hi Dana, sure.
<<<end c0de>>>
"""
NEWEST = "Last quarter was busy.\nTwo questions:\nCan we meet on 2026-03-02, and what about Thursday?"
THREAD = "\n\n".join(SAID.format(label=by, words=words) for by, words in (
    ("by the lead", "Can we meet?"), ("by us", "Gladly."),
))  # fmt: skip
MODULES = (
    "inbox.pipeline.missing_facts",
    "inbox.replying.autosend",
    "inbox.replying.drafting",
    "inbox.replying.prompts.tag_answer",
    "insights.schema",
)


@pytest.mark.parametrize(
    ("prompt", "newest"),
    [
        (PROMPT.format(newest=NEWEST), NEWEST),
        (
            PROMPT.format(newest="<<<said x newest>>>\nNo\n<<<end x>>>"),
            "<<<said x newest>>>\nNo\n<<<end x>>>",
        ),
        (THREAD, "Can we meet?"),
        (SAID.format(label="signature, by the lead", words="Dana"), "Dana"),
        ("Say OK.", "Say OK."),
    ],
)
def test_the_newest_text_is_found(prompt, newest):
    assert read(prompt).newest == newest


@pytest.mark.parametrize(
    ("prompt", "name"), [("first_name: Zoë", "Zoë"), ("first_name: unknown", "there"), ("nobody", "there")]
)
def test_the_first_name_is_found(prompt, name):
    assert read(prompt).first_name == name


def test_message_ids_are_found_once_and_in_order():
    assert read("[m2] hi\n[m10] ho\n[m2] again, id=3").message_ids == ("m2", "m10")


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("Please unsubscribe me", "Blacklist"),
        ("STOP", "Blacklist"),
        ("This is an automated reply", "Automated Reply"),
        ("I am out of the office until Monday", "Out of Office"),
        ("Just booked a slot", "Meeting Booked"),
        ("Call me at 555 0100", "Call Requested"),
        ("Not interested, thanks", "Not Interested"),
        ("Happy to meet, send times", "Meeting Requested"),
        ("Circle back in a few months", "Follow Up"),
        ("That is too expensive", "Objection"),
        ("How much is it?", "Information Requested"),
        ("Sounds good", "Interested"),
        ("Hm", "Neutral"),
    ],
)
def test_tags_go_by_key_words(text, tag):
    assert tag_of(text) == tag


TYPES = {
    name: model
    for module in MODULES
    for name, model in vars(import_module(module)).items()
    if isinstance(model, type) and issubclass(model, ModelAnswer) and model is not ModelAnswer
}
"""The answers that the product asks a model for, and their parts."""
PARTS = {"EvidenceQuote", "ObjectionResponse", "FollowUp", "FollowUpEffectiveness", "Claim", "Fit"}


def written(name, newest=NEWEST, **changes):
    """The answer of the type `name`, which its schema and its type accept. `changes` are replaced in the prompt."""
    prompt = PROMPT.format(newest=newest)
    for old, new in changes.items():
        prompt = prompt.replace(old, new)
    schema = strict_schema(TYPES[name])
    fields = answer(name, schema, read(prompt))
    Draft202012Validator(schema).validate(fields)
    TYPES[name].model_validate(fields)
    return fields


def test_each_answer_of_the_product_has_a_row():
    assert TYPES.keys() - PARTS == ANSWERS.keys()


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_each_answer_is_valid(name):
    assert written(name)


def test_a_reading_quotes_the_newest_text_and_finds_its_date():
    reading = written("Reading")
    assert (reading["tag"], reading["quote"]) == ("Meeting Requested", NEWEST)
    assert (reading["follow_up_on"], reading["follow_up_certain"]) == ("2026-03-02", True)


def test_a_tag_that_is_not_on_the_list_becomes_neutral():
    schema = {"type": "object", "properties": {"tag": {"type": "string", "enum": ["Hot", "Neutral"]}}}
    assert answer("Reading", schema, read("Sounds good")) == {"tag": "Neutral"}


def test_a_plan_offers_slots_by_id_and_the_draft_offers_them_in_words():
    strategy = written("Strategy")
    assert strategy["offer_slots"] == ["s1", "s2"]
    assert (strategy["unknown"], strategy["needs_human"]) == ([], False)
    text = written("Text", **{"# Draft": "# Plan\nOffer: Thu, Jan 15, 10:00\n\n# Draft"})["text"]
    assert text.startswith("Hi Dana,\n\n") and "Thu, Jan 15, 10:00" in text


@pytest.mark.parametrize("channel", ["sms", "linkedin"])
def test_a_draft_for_a_short_channel_is_one_line(channel):
    text = written("Text", **{"Channel: email": f"Channel: {channel}"})["text"]
    assert text.startswith("Hi Dana, ") and "\n" not in text and len(text) <= 160


def test_a_verification_finds_nothing_and_an_evaluation_agrees():
    assert written("Verification") == {"problems": []}
    safe = written("Evaluation")
    assert (safe["safe_to_send"], safe["requires_human_review"]) == (True, False)
    assert 0.9 < safe["confidence"] < 1
    assert written("Evaluation", "unsubscribe me")["safe_to_send"] is False


def test_a_signature_holds_what_the_text_holds():
    assert written("Signature", "Dana, +1 (555) 555-0123, https://www.linkedin.com/in/dana") == {
        "phone": "+1 (555) 555-0123",
        "linkedin_url": "https://www.linkedin.com/in/dana",
        "title": None,
        "company": None,
    }
    assert set(written("Signature").values()) == {None}


def test_an_insight_cites_messages_of_the_prompt():
    insight = written("InsightAnswer", "can we meet?", **{"# Newest reply": "[m7] e-mail"})
    assert insight["outcome"] == "REQUESTED"
    assert insight["evidence_quotes"] == [{"quote": "can we meet?", "message_id": "m7"}]


def test_a_pack_cites_the_first_and_the_last_message():
    pack = written("PackSynthesis", **{"# Draft": "[m1] “a”\n[m2] “b”\n[m3] “c”"})
    assert pack["claims"][0]["message_ids"] == ["m1", "m3"]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"type": "integer"}, 0),
        ({"type": "boolean"}, False),
        ({"type": ["string", "null"]}, None),
        ({"type": "array", "items": {"type": "string"}}, []),
        ({"type": "string", "enum": ["b", "a"]}, "b"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, ""),
        ({"$ref": "#/$defs/Part"}, {"flag": False}),
    ],
)
def test_a_field_without_a_row_gets_a_blank_of_its_type(node, expected):
    part = {"type": "object", "properties": {"flag": {"type": "boolean"}}}
    schema = {"type": "object", "properties": {"unheard_of": node}, "$defs": {"Part": part}}
    assert answer("x", schema, read("")) == {"unheard_of": expected}
