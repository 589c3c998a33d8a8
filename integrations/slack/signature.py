"""Verifies Slack's signature, `X-Slack-Signature` v0 with a tolerance of five minutes, by Slack's own library."""

from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from slack_sdk.signature import Clock, SignatureVerifier


class _At(Clock):
    def __init__(self, now: datetime) -> None:
        self._now = now.timestamp()

    def now(self) -> float:
        return self._now


def valid(raw: bytes, headers: Mapping[str, str], now: datetime) -> bool:
    """Whether Slack signed the request. Returns False if SLACK_SIGNING_SECRET is not set."""
    secret = settings.SLACK_SIGNING_SECRET
    if not secret:
        return False
    try:
        return SignatureVerifier(secret, _At(now)).is_valid_request(raw, dict(headers))
    except (ValueError, TypeError):  # the library parses the timestamp as a number and the body as UTF-8
        return False
