"""The answer sheet: what it reads from a prompt, and what it writes for the features Holdfast has."""

import pytest
from jsonschema import Draft202012Validator

from sandbox.answers import answer
from sandbox.reading import read, tag_of

PROMPT = """# Facts
Company: Northwind
first_name: Dana
Channel: email

# Offered slots
s1: Thu, Jan 15, 10:00
s2: Fri, Jan 16, 14:00

# Thread, oldest first
[Us, E-mail, Mon 2026-01-12 09:00]
Hi Dana, last week we spoke.

# Newest reply
Last quarter was busy.
Two questions:
Can we meet on 2026-03-02, and what about Thursday?

# Draft
Hi Dana, sure.
"""
NEWEST = "Last quarter was busy.\nTwo questions:\nCan we meet on 2026-03-02, and what about Thursday?"


@pytest.mark.parametrize(
    ("prompt", "newest"),
    [
        (PROMPT, NEWEST),
        ("Thread: a\n\n<newest_reply>Yes please</newest_reply>\nAnswer now.", "Yes please"),
        ('Judge this: {"first_name": "Dana", "newest_text": "Yes please"}', "Yes please"),
        (
            '{"messages": [{"direction": "inbound", "text": "Yes"}, {"direction": "outbound", "text": "Hi"}]}',
            "Yes",
        ),
        ("Lead: Dana Reyes\nNewest message: Yes please", "Yes please"),
        ("Newest message:\nYes please\n\nRules:\nBe kind", "Yes please"),
        ("Some words.\n\nYes please", "Yes please"),
        ([{"role": "system", "content": "Be kind."}, {"role": "user", "content": [{"text": "Yes"}]}], "Yes"),
        ("{broken", "{broken"),
        ("", ""),
    ],
)
def test_the_newest_text_is_found(prompt, newest):
    assert read(prompt).newest == newest


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("first_name: Dana", "Dana"),
        ('{"firstName": "Zoë"}', "Zoë"),
        ("First name: Ada\nLead: Bob", "Ada"),
        ("Lead: Dana Reyes", "Dana"),
        ("first_name: unknown", "there"),
        ("nobody", "there"),
    ],
)
def test_the_first_name_is_found(prompt, name):
    assert read(prompt).first_name == name


def test_message_ids_are_found_once_and_in_order():
    prompt = '[m1] hi\n[m2] ho\n[m1] again\n{"id": 77, "message_id": "msg_9"} id=abc'
    assert read(prompt).message_ids == ("m1", "m2", "77", "msg_9", "abc")


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


def obj(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TEXT, FLAG = {"type": "string"}, {"type": "boolean"}
TEXTS = {"type": "array", "items": TEXT}
SHARE = {"type": "number", "minimum": 0, "maximum": 1}
MAYBE = {"anyOf": [TEXT, {"type": "null"}]}


def written(name, schema, prompt=PROMPT):
    value = answer(name, schema, read(prompt))
    Draft202012Validator(schema).validate(value)
    return value


def test_a_reading_quotes_the_newest_text_and_finds_its_date():
    tags = {"type": "string", "enum": ["Interested", "Meeting Requested", "Neutral"]}
    schema = obj(
        tag=tags, quote=TEXT, confidence=SHARE, reason=TEXT, follow_up_on=MAYBE, follow_up_certain=FLAG
    )
    reading = written("tag", schema)
    assert (reading["tag"], reading["quote"]) == ("Meeting Requested", NEWEST)
    assert (reading["follow_up_on"], reading["follow_up_certain"]) == ("2026-03-02", True)
    assert 0.9 < reading["confidence"] < 1


def test_a_tag_that_is_not_on_the_list_becomes_neutral():
    schema = obj(tag={"type": "string", "enum": ["hot", "neutral"]})
    assert written("tag", schema)["tag"] == "neutral"


def test_a_plan_offers_slots_by_id_and_the_draft_offers_them_in_words():
    plan = obj(goal=TEXT, answer_points=TEXTS, offer_slots=TEXTS, unknown=TEXTS, needs_human=FLAG, why=TEXT)
    strategy = written("strategy", plan)
    assert strategy["offer_slots"] == ["s1", "s2"]
    assert (strategy["unknown"], strategy["needs_human"]) == ([], False)
    text = written("email", obj(text=TEXT), PROMPT + "\n# Plan\nOffer: Thu, Jan 15, 10:00\n")["text"]
    assert text.startswith("Hi Dana,\n\n") and "Thu, Jan 15, 10:00" in text


@pytest.mark.parametrize(("name", "prompt"), [("sms", PROMPT), ("draft", PROMPT.replace("email", "sms"))])
def test_a_draft_for_a_short_channel_is_one_line(name, prompt):
    text = written(name, obj(text=TEXT), prompt)["text"]
    assert text.startswith("Hi Dana, ") and "\n" not in text and len(text) <= 160


def test_a_verification_finds_nothing_and_an_evaluation_agrees():
    assert written("verify", obj(problems=TEXTS, ok=FLAG)) == {"problems": [], "ok": True}
    schema = obj(safe_to_send=FLAG, requires_human_review=FLAG, confidence=SHARE)
    safe = written("evaluate", schema)
    assert (safe["safe_to_send"], safe["requires_human_review"]) == (True, False)
    assert written("evaluate", schema, "Newest reply: unsubscribe me")["safe_to_send"] is False


def test_a_signature_holds_what_the_text_holds():
    schema = obj(phone=MAYBE, linkedin_url=MAYBE, title=MAYBE)
    text = "Newest reply: Dana, +1 (555) 555-0123, https://www.linkedin.com/in/dana"
    assert written("signature", schema, text) == {
        "phone": "+1 (555) 555-0123",
        "linkedin_url": "https://www.linkedin.com/in/dana",
        "title": None,
    }
    assert written("signature", schema) == {"phone": None, "linkedin_url": None, "title": None}


def test_an_insight_cites_messages_of_the_prompt():
    evidence = {"type": "array", "items": obj(quote=TEXT, message_id=TEXT)}
    outcome = {"type": "string", "enum": ["BOOKED", "REQUESTED", "STALLED", "NO_RESPONSE", "UNKNOWN"]}
    score = {"type": "integer", "minimum": 0, "maximum": 100}
    schema = obj(
        summary={"type": "string", "maxLength": 40}, outcome=outcome, score=score, evidence_quotes=evidence
    )
    insight = written("conversation_insight", schema, "[m7] inbound: hi\n\nNewest message: can we meet?")
    assert insight["outcome"] == "REQUESTED"
    assert insight["evidence_quotes"] == [{"quote": "can we meet?", "message_id": "m7"}]
    assert len(insight["summary"]) == 40


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "number", "exclusiveMaximum": 1}, 1),
        ({"type": ["string", "null"]}, None),
        ({"type": "string", "minLength": 20}, "Unheard of.........."),
        ({"type": "string", "format": "uuid"}, "00000000-0000-4000-8000-000000000001"),
        ({"type": "array", "items": TEXT, "minItems": 2}, ["Unheard of", "Unheard of"]),
        ({"const": 7}, 7),
        ({"enum": ["b", "a"]}, "b"),
        ({"anyOf": [TEXT, {"type": "null"}]}, None),
        ({"anyOf": [{"type": "null"}, obj(flag=FLAG)]}, {"flag": False}),
    ],
)
def test_a_field_nobody_knows_gets_something_of_its_type(node, expected):
    assert answer("x", obj(unheard_of=node), read("")) == {"unheard_of": expected}
