"""A provider's own words about a refusal: found in every shape, and without anything that stood in our request."""

import json

import pytest
import requests

from integrations.provider_words import LIMIT, words_of

KEY = "9|q8kSmhjJRqJVT2kc1M0ezX640Pxk"
TEXT = "Hi Dana, we could meet on Thursday at the red bridge if that suits you."
BODY = {
    "message": f"<p>{TEXT}</p>",
    "sender_email_id": 311,
    "type": "SMS",
    "to_emails": [{"email_address": "dana@example.org", "name": "Dana Reyes"}],
}


def asked(**more) -> requests.PreparedRequest:
    values = {
        "method": "POST",
        "url": "https://mail.example.com/api/replies/48213/reply",
        "headers": {"Authorization": f"Bearer {KEY}"},
        "params": {"api_key": "sl-secret"},
        "json": BODY,
    }
    return requests.Request(**values | more).prepare()


def said(answer, **more) -> str:
    raw = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()
    return words_of(None if isinstance(answer, str) else answer, raw, asked(**more))


WORDS = "Sender email is disconnected"


@pytest.mark.parametrize(
    "answer",
    [
        {"data": {"success": False, "message": WORDS}},  # EmailBison
        {"message": WORDS},
        {"statusCode": 422, "message": [WORDS], "error": "Unprocessable Entity"},  # GoHighLevel
        {"statusCode": 400, "error": "Bad Request", "message": WORDS},  # Instantly
        {"error": WORDS, "message": WORDS},  # SmartLead
        {"message": "Bad Request", "error": WORDS},
        {"ok": False, "error": WORDS},
        {"status": 422, "type": "errors/x", "title": "Unprocessable Entity", "detail": WORDS},  # Unipile
        {"title": "Bad Request", "message": WORDS},  # Calendly
        {"error": {"message": WORDS, "type": "invalid_request_error", "code": None}},  # OpenAI
        {"detail": [{"loc": ["body"], "msg": WORDS}]},
        {"errors": [{"message": WORDS}]},
        WORDS,
        f"  {WORDS}\n",
    ],
    ids=str,
)
def test_the_words_are_found_where_each_provider_puts_them(answer):
    assert said(answer) == WORDS


def test_a_list_of_fields_names_them():
    answer = {
        "message": "The given data was invalid.",
        "errors": {"sender_email_id": ["The selected sender is not connected."]},
    }
    assert said(answer) == (
        "The given data was invalid. sender email id: The selected sender is not connected."
    )


@pytest.mark.parametrize(
    "answer",
    [{}, [], {"error": "Bad Request"}, {"ok": False}, "<html><body>502</body></html>", "", {"message": 12},
     {"message": "dana@example.org"}, {"a": {"b": "c"}}],
    ids=str,
)  # fmt: skip
def test_an_answer_without_words_says_nothing(answer):
    assert said(answer) == ""


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Invalid recipient dana@example.org", "Invalid recipient …"),
        ("Invalid recipient other.person@example.net.", "Invalid recipient …"),
        ("Contact Dana Reyes is blocked", "Contact … is blocked"),
        ("Key 9|q8kSmhjJRqJVT2kc1M0ezX640Pxk is not valid", "Key … is not valid"),
        ("Incorrect API key provided: sk-abcd1234**************wxyz.", "Incorrect API key provided: …"),
        ("api_key sl-secret expired", "api_key … expired"),
        ("Bearer abc.def.ghi refused", "… refused"),
        ("Call +1 (415) 555-0203 instead", "Call … instead"),
        ("Number 14155550203 is a landline", "Number … is a landline"),
        ("See https://mail.example.com/help?token=1 for more", "See … for more"),
        ("Reply 48213 not found for sender 311", "Reply … not found for sender …"),
        ("Sam is blocked", "… is blocked"),
        ("There is no such Sam Whitfield here", "There is no such … here"),
        ("Lead (Mei Tanaka) was merged. Ask Support", "Lead … was merged. Ask Support"),
        ("Email Account Is Disconnected", "Email Account Is Disconnected"),
        ("SMS is not enabled here", "SMS is not enabled here"),
        ("Your text we could meet on Thursday at the red bridge is spam", "Your text … is spam"),
        ('The body "the red bridge" is refused', "The body … is refused"),
        ("The body ‘red bridge’ is refused", "The body … is refused"),
        ("<b>Sender email</b> is&nbsp;down\x00\u202e", "Sender email is&nbsp;down"),
        ("id 0190a3b2-7f1e-7c3a-9d55-0c1f2a3b4c5d is gone", "id … is gone"),
    ],
)
def test_what_is_a_secret_a_person_s_or_out_of_our_request_is_taken_out(message, shown):
    assert said({"message": message}) == shown


def test_long_words_are_cut_between_two():
    shown = said({"message": "The mailbox cannot be used now " * 40})
    assert len(shown) <= LIMIT and shown.endswith("…") and not shown.endswith(" …")


def test_a_hostile_answer_ends():
    nested: dict = {"message": "deep"}
    for _ in range(500):
        nested = {"data": nested}
    assert said(nested) == ""
    assert len(said({"message": "a " * 200_000})) <= LIMIT
    assert said({"message": "1" * 200_000}) == ""


def test_a_form_s_values_are_taken_out_too():
    form = {"json": None, "data": {"text": "please ring me at the harbour", "user": "U123"}}
    assert said({"message": "Refused: please ring me at the harbour"}, **form) == "Refused: …"
