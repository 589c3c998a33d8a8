"""Calendly's `t=…,v1=…` over time and raw bytes."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from integrations.calendly.signature import accepts, valid

NOW = datetime(2026, 10, 14, 15, 30, tzinfo=UTC)
T = int(NOW.timestamp())
BODY = b'{"event": "invitee.created"}'
KEY = {"signing_key": "calendly-key"}


def digest(t: object = T, body: bytes = BODY, key: str = "calendly-key") -> bytes:
    return hmac.new(key.encode(), f"{t}.".encode() + body, hashlib.sha256).digest()


def header(t: object = T, **signed) -> dict:
    return {"Calendly-Webhook-Signature": f"t={t},v1={digest(t, **signed).hex()}"}


@pytest.mark.parametrize("offset_s", [0, -299, 299])
def test_accepts_a_fresh_signature(offset_s):
    assert valid(KEY, BODY, header(T + offset_s), NOW)


def test_accepts_base64_and_one_of_several():
    encoded = base64.b64encode(digest()).decode()
    assert valid(KEY, BODY, {"Calendly-Webhook-Signature": f"t={T}, v1=00, v1={encoded}"}, NOW)


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"Calendly-Webhook-Signature": ""},
        {"Calendly-Webhook-Signature": f"v1={digest().hex()}"},
        {"Calendly-Webhook-Signature": f"t={T}"},
        {"Calendly-Webhook-Signature": f"t={T},v1="},
        {"Calendly-Webhook-Signature": f"t={T},t={T + 1},v1={digest().hex()}"},
        {"Calendly-Webhook-Signature": f"t=²,v1={digest('²').hex()}"},
        {"Calendly-Webhook-Signature": f"t={'9' * 400},v1=00"},
        header("-1"),
        header(T - 301),
        header(T + 301),
        header(body=BODY + b" "),
        header(key="another"),
    ],
)
def test_refuses_stale_forged_and_malformed_signatures(bad):
    assert not valid(KEY, BODY, bad, NOW)


def test_installations_key_stands_in_for_the_integrations(settings):
    settings.CALENDLY_WEBHOOK_SIGNING_KEY = "calendly-key"
    assert valid({}, BODY, header(), NOW)


def test_without_any_key_nothing_is_valid_but_a_keyed_address_needs_none(settings):
    settings.CALENDLY_WEBHOOK_SIGNING_KEY = ""
    assert not valid({}, BODY, header(key=""), NOW)
    assert accepts({}, BODY, {}, NOW)
    assert not accepts(KEY, BODY, {}, NOW)
