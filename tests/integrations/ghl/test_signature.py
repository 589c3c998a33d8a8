"""GoHighLevel's Ed25519 signature over the raw bytes."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from integrations.ghl.signature import valid

KEY = Ed25519PrivateKey.generate()
BODY = b'{"type": "InboundMessage"}'
DER = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
RAW = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def headers(body: bytes = BODY, key: Ed25519PrivateKey = KEY) -> dict:
    return {"X-GHL-Signature": base64.b64encode(key.sign(body)).decode()}


@pytest.mark.parametrize(
    "public_key",
    [PEM, PEM.replace("\n", "\\n"), base64.b64encode(DER).decode(), base64.b64encode(RAW).decode()],
    ids=["pem", "pem on one line", "der", "raw"],
)
def test_accepts_a_genuine_signature(settings, public_key):
    settings.GHL_APP_PUBLIC_KEY = public_key
    assert valid(BODY, headers())


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"X-GHL-Signature": ""},
        {"X-GHL-Signature": "not base64 at all!"},
        {"X-GHL-Signature": base64.b64encode(b"short").decode()},
        headers(BODY + b" "),
        headers(key=Ed25519PrivateKey.generate()),
        {"X-WH-Signature": headers()["X-GHL-Signature"]},
    ],
)
def test_refuses_anything_else(settings, bad):
    settings.GHL_APP_PUBLIC_KEY = PEM
    assert not valid(BODY, bad)


def test_refuses_everything_without_a_usable_key(settings):
    rsa = generate_private_key(65537, 2048).public_key()
    rsa_pem = rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for public_key in ("", "nonsense", rsa_pem, "-----BEGIN PUBLIC KEY-----"):
        settings.GHL_APP_PUBLIC_KEY = public_key
        assert not valid(BODY, headers())
