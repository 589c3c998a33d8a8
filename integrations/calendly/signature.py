"""Verifies Calendly's signature: `Calendly-Webhook-Signature: t=<unix>,v1=<HMAC-SHA256 of "t.body">`.

Calendly recommends a tolerance of three minutes. We allow five for inaccurate clocks.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

HEADER = "Calendly-Webhook-Signature"
TOLERANCE_S = 300


def signing_key(credentials: dict[str, Any]) -> str:
    """Returns the key that signs an account's webhooks: the account's own, else the installation's, else ""."""
    return credentials.get("signing_key") or settings.CALENDLY_WEBHOOK_SIGNING_KEY


def valid(credentials: dict[str, Any], raw: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Whether Calendly signed `raw` with our key, within TOLERANCE_S of `now`. Returns False if no signing key is set.

    The digest may be hex or base64. One valid `v1` value is enough, because Calendly sends several values while a key
    is changed.
    """
    key = signing_key(credentials)
    parts = [part.strip().partition("=") for part in headers.get(HEADER, "").split(",")]
    times = [text for name, _, text in parts if name == "t"]
    if not key or len(times) != 1 or not (times[0].isascii() and times[0].isdigit()) or len(times[0]) > 12:
        return False
    if abs(int(times[0]) - now.timestamp()) > TOLERANCE_S:
        return False
    expected = hmac.new(key.encode(), times[0].encode() + b"." + raw, hashlib.sha256).digest()
    forms = (expected.hex().encode(), base64.b64encode(expected))
    signatures = [text.strip().encode() for name, _, text in parts if name == "v1"]
    return any(hmac.compare_digest(text, form) for text in signatures[:4] for form in forms)


def accepts(credentials: dict[str, Any], raw: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Whether a webhook is acceptable. The request must be signed if the account has a signing key."""
    return not signing_key(credentials) or valid(credentials, raw, headers, now)
