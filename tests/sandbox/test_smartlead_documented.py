"""The sandbox plays SmartLead as its published examples say, without a look at our client."""

import hashlib
import hmac

import pytest

from tests.recorded import documented

WEBHOOKS, CALLS = documented("smartlead"), documented("smartlead", "calls")
ANSWER = CALLS["reply_email_thread"]
SECRET = "signing-secret-of-the-tests"


@pytest.fixture
def smart(http, sandbox):
    def post(body, path="/campaigns/123/reply-email-thread"):
        url = sandbox.url("smartlead") + "/api/v1" + path
        return http.post(url, params={"api_key": "key-a"}, json=body, timeout=5)

    return post


def test_the_sandbox_takes_the_published_answer(smart):
    taken = smart(ANSWER["example"] | {"to_email": "lead@example.com"})
    assert (taken.status_code, taken.json()) == (200, ANSWER["answer"])


def test_the_sandbox_takes_every_published_field_of_an_answer(smart):
    values = {"string": "x", "boolean": True, "array": []}
    assert smart({name: values[kind] for name, kind in ANSWER["fields"].items()}).status_code == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"email_stats_id": None}, '"email_stats_id" is required'),
        ({"email_body": ""}, '"email_body" is required'),
        ({"stats_id": "abc-123"}, '"stats_id" is not allowed'),
        ({"subject": "Re: hi"}, '"subject" is not allowed'),
        ({"cc": ["ann@example.com"]}, '"cc" has the wrong type'),
    ],
)
def test_the_sandbox_refuses_other_fields_with_the_published_error(sandbox, smart, change, words):
    refused = smart(ANSWER["example"] | change)
    error, published = refused.json()["error"], CALLS["error"]
    assert refused.status_code == published["status"]
    assert (error["code"], error["message"]) == (published["answer"]["error"]["code"], words)
    assert sandbox.sends() == []


@pytest.mark.parametrize(
    ("name", "event", "fields"),
    [
        ("core_email_replied", "EMAIL_REPLIED", {"form": "nested"}),
        ("core_email_unsubscribed", "EMAIL_UNSUBSCRIBED", {"form": "nested"}),
    ],
)
def test_the_sandbox_posts_the_published_forms(sandbox, name, event, fields):
    lead = {"email": "lead@example.com", "name": "Jane Doe"}
    body = sandbox.emit("smartlead", "key-a", event, lead=lead, deliver=False, **fields)["body"]
    assert body.keys() == WEBHOOKS[name].keys()
    for part, value in WEBHOOKS[name].items():
        assert type(body[part]) is type(value)
        assert not isinstance(value, dict) or body[part].keys() <= value.keys()


def test_the_sandbox_signs_as_published(sandbox, receiver):
    sandbox.set_webhook("smartlead", "*", receiver.url, secret=SECRET)
    sandbox.emit("smartlead", "key-a", "EMAIL_REPLIED", lead={"email": "lead@example.com"})
    raw, headers = receiver.received[0]
    digest = hmac.new(SECRET.encode(), raw, hashlib.sha256).hexdigest()
    assert headers["x-smartlead-signature"] == f"sha256={digest}"
