"""Does Calendly vouch for these bytes: `Calendly-Webhook-Signature: t=<unix>,v1=<HMAC-SHA256 of "t.body">`.

Calendly recommends three minutes of tolerance; five bear a clock that is a little off. It signs every attempt anew.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

HEADER = "Calendly-Webhook-Signature"
TOLERANCE_S = 300


def signing_key(credentials: dict) -> str:
    """The integration's own key, else the one of the whole installation; "" where there is none."""
    return credentials.get("signing_key") or settings.CALENDLY_WEBHOOK_SIGNING_KEY


def valid(credentials: dict, raw: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Whether `raw` is signed with the key, not more than five minutes off `now`. False without a key: fail closed.

    The digest may be hex or base64, and any one of several `v1` counts, as while a key is rotated.
    """
    key = signing_key(credentials)
    parts = [part.strip().partition("=") for part in headers.get(HEADER, "").split(",")]
    times = [value for name, _, value in parts if name == "t"]
    if not key or len(times) != 1 or not (times[0].isascii() and times[0].isdigit()) or len(times[0]) > 12:
        return False
    if abs(int(times[0]) - now.timestamp()) > TOLERANCE_S:
        return False
    expected = hmac.new(key.encode(), times[0].encode() + b"." + raw, hashlib.sha256).digest()
    forms = (expected.hex().encode(), base64.b64encode(expected))
    given = [value.strip().encode() for name, _, value in parts if name == "v1"]
    return any(hmac.compare_digest(value, form) for value in given[:4] for form in forms)


def accepts(credentials: dict, raw: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """For a request that came with a workspace's key: a signature is needed only where a signing key is known."""
    return not signing_key(credentials) or valid(credentials, raw, headers, now)
