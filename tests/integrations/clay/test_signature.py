"""Clay: the shared secret, or an HMAC of the body."""

import hashlib
import hmac
from datetime import UTC, datetime

import pytest

from integrations.clay.signature import accepts, valid

SECRET = "clay-secret-of-the-tests"
BODY = b'{"leadId": "x"}'
NOW = datetime(2026, 10, 14, tzinfo=UTC)
SIGNED = hmac.new(SECRET.encode(), BODY, hashlib.sha256).hexdigest()


@pytest.fixture(autouse=True)
def configured(settings):
    settings.CLAY_CALLBACK_SECRET, settings.CLAY_CALLBACK_USE_HMAC = SECRET, False


@pytest.mark.parametrize("header", ["X-Clay-Signature", "X-Webhook-Signature"])
@pytest.mark.parametrize("value", [SECRET, SIGNED, SIGNED.upper(), f"sha256={SIGNED}"])
def test_accepts_the_secret_and_the_hmac(header, value):
    assert valid(BODY, {header: value})


@pytest.mark.parametrize("value", ["", "wrong", SIGNED[:-1], "ünï"])
def test_refuses_anything_else(value):
    assert not valid(BODY, {"X-Clay-Signature": value})


def test_refuses_the_hmac_of_another_body():
    assert not valid(BODY + b" ", {"X-Clay-Signature": SIGNED})


def test_bare_secret_is_refused_where_hmac_is_asked_for(settings):
    settings.CLAY_CALLBACK_USE_HMAC = True
    assert not valid(BODY, {"X-Clay-Signature": SECRET})
    assert valid(BODY, {"X-Clay-Signature": SIGNED})


def test_refuses_everything_without_a_secret(settings):
    settings.CLAY_CALLBACK_SECRET = ""
    assert not valid(BODY, {"X-Clay-Signature": hmac.new(b"", BODY, hashlib.sha256).hexdigest()})
    assert not valid(BODY, {})


def test_integration_asks_for_its_own_secret_only_where_it_has_one():
    assert accepts({}, BODY, {}, NOW)
    assert not accepts({"callback_secret": "own"}, BODY, {"X-Clay-Signature": SECRET}, NOW)
    assert accepts({"callback_secret": "own"}, BODY, {"X-Clay-Signature": "own"}, NOW)
