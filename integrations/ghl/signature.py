"""Verifies the signature of GoHighLevel's Marketplace app: Ed25519 over the raw body (docs/reference/ghl.md).

GoHighLevel's older header `X-WH-Signature` (RSA) is not accepted, because GoHighLevel has retired it. No time is
checked: GHL repeats a delivery for over an hour with the same bytes and signature, and the message id identifies
repetitions.
"""

import base64
import binascii
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from django.conf import settings

HEADER = "X-GHL-Signature"


def valid(raw: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the Marketplace app signed `raw`. Returns False if GHL_APP_PUBLIC_KEY is empty."""
    key = _public_key(settings.GHL_APP_PUBLIC_KEY)
    if key is None:
        return False
    try:
        key.verify(base64.b64decode(headers.get(HEADER, ""), validate=True), raw)
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def _public_key(text: str) -> Ed25519PublicKey | None:
    r"""Parses a PEM document (also on one line with \n in it), a base64 DER, or 32 bytes in base64; otherwise None."""
    text = text.replace("\\n", "\n").strip()
    try:
        if text.startswith("-----"):
            key = load_pem_public_key(text.encode())
        else:
            raw = base64.b64decode(text, validate=True)
            key = Ed25519PublicKey.from_public_bytes(raw) if len(raw) == 32 else load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key if isinstance(key, Ed25519PublicKey) else None
