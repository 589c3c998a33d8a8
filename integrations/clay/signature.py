"""Verifies that a Clay callback has the shared secret, or an HMAC-SHA256 (hex) of the body, which covers no time."""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.conf import settings

HEADERS = ("X-Clay-Signature", "X-Webhook-Signature")


def valid(raw: bytes, headers: Mapping[str, str]) -> bool:
    """Whether the request contains CLAY_CALLBACK_SECRET or is signed with it. False if the setting is empty."""
    return bool(settings.CLAY_CALLBACK_SECRET) and _valid(raw, headers, settings.CLAY_CALLBACK_SECRET)


def accepts(credentials: dict[str, Any], raw: bytes, headers: Mapping[str, str], _now: datetime) -> bool:
    """Whether the request matches the account's `callback_secret`. True if the account has no such secret."""
    secret = credentials.get("callback_secret")
    return not secret or _valid(raw, headers, secret)


def _valid(raw: bytes, headers: Mapping[str, str], secret: str) -> bool:
    signature = next((headers[name].strip() for name in HEADERS if headers.get(name)), "")
    signed = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    matches = hmac.compare_digest(signature.lower().removeprefix("sha256=").encode(), signed.encode())
    return matches or (
        not settings.CLAY_CALLBACK_USE_HMAC and hmac.compare_digest(signature.encode(), secret.encode())
    )
