"""Verifies SmartLead's signature (`X-Smartlead-Signature: sha256=<HMAC-SHA256 of the body, hex>`), without a time."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

HEADER = "X-Smartlead-Signature"


def accepts(credentials: dict[str, Any], raw: bytes, headers: Mapping[str, str], _now: datetime) -> bool:
    """Whether a webhook is acceptable. The request must be signed if the account has a `signing_secret`."""
    if not (secret := credentials.get("signing_secret")):
        return True
    signed = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    signature = headers.get(HEADER, "").strip().lower().removeprefix("sha256=")
    return hmac.compare_digest(signature.encode(), signed.encode())
