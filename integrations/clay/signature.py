"""Does a Clay callback carry what we agreed on: the shared secret, or an HMAC-SHA256 (hex) of the raw body with it.

Clay signs no time, so there is nothing to be stale; a callback sent twice changes nothing.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings

HEADERS = ("X-Clay-Signature", "X-Webhook-Signature")


def valid(raw: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the callback is vouched for with CLAY_CALLBACK_SECRET. False where that is not set: fail closed.

    With CLAY_CALLBACK_USE_HMAC the bare secret is refused.
    """
    return bool(settings.CLAY_CALLBACK_SECRET) and _valid(raw, headers, settings.CLAY_CALLBACK_SECRET)


def accepts(credentials: dict, raw: bytes, headers: Mapping[str, str], _now: datetime) -> bool:
    """For a callback that came with a workspace's key: the integration's own `callback_secret`, where it has one."""
    secret = credentials.get("callback_secret")
    return not secret or _valid(raw, headers, secret)


def _valid(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    given = next((headers[name].strip() for name in HEADERS if headers.get(name)), "")
    signed = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    matches = hmac.compare_digest(given.lower().removeprefix("sha256=").encode(), signed.encode())
    return matches or (
        not settings.CLAY_CALLBACK_USE_HMAC and hmac.compare_digest(given.encode(), secret.encode())
    )
