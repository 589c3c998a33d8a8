"""Verifies Unipile's signature: `Unipile-Signature: t=<unix>,v0=<HMAC-SHA256 of "t.body" in hex>`.

The key is the secret of the webhook endpoint, which Unipile generates. Unipile's documentation does not say how old a
signature may be, nor whether a repeated webhook is signed again. So we allow a day: a repeated event is recognised by
its id and changes nothing.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

HEADER = "Unipile-Signature"
SECRET = "webhook_secret"
TOLERANCE_S = 86_400


def accepts(credentials: dict[str, Any], raw: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Whether a webhook is acceptable. If the account has the secret, it must be signed within TOLERANCE_S of `now`."""
    secret = credentials.get(SECRET)
    if not secret:
        return True
    parts = dict(part.strip().partition("=")[::2] for part in headers.get(HEADER, "").split(","))
    at, signed = parts.get("t", ""), parts.get("v0", "")
    if not (at.isascii() and at.isdigit()) or len(at) > 12 or abs(int(at) - now.timestamp()) > TOLERANCE_S:
        return False
    expected = hmac.new(secret.encode(), at.encode() + b"." + raw, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signed.encode(), expected.encode())
