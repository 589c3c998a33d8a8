"""Slack's v0 signature, by Slack's library."""

from datetime import UTC, datetime

import pytest
from slack_sdk.signature import SignatureVerifier

from integrations.slack.signature import valid

NOW = datetime(2026, 10, 14, 15, 30, tzinfo=UTC)
T = int(NOW.timestamp())
BODY = b"payload=%7B%7D"
SECRET = "slack-secret-of-the-tests"


def headers(t: object = T, body: bytes = BODY) -> dict:
    signature = SignatureVerifier(SECRET).generate_signature(timestamp=str(t), body=body)
    return {"X-Slack-Request-Timestamp": str(t), "X-Slack-Signature": signature}


@pytest.fixture(autouse=True)
def configured(settings):
    settings.SLACK_SIGNING_SECRET = SECRET


def test_accepts_a_fresh_signature():
    assert valid(BODY, headers(T - 299), NOW)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        headers(T - 301),
        headers(T + 301),
        headers(body=b"payload=other"),
        headers() | {"X-Slack-Request-Timestamp": "soon"},
        headers() | {"X-Slack-Signature": "v0=ü"},
    ],
)
def test_refuses_stale_forged_and_malformed_signatures(bad):
    assert not valid(BODY, bad, NOW)


def test_body_that_is_no_text_is_refused():
    assert not valid(b"\xff", headers(), NOW)


def test_refuses_everything_without_a_secret(settings):
    settings.SLACK_SIGNING_SECRET = ""
    assert not valid(BODY, headers(), NOW)
