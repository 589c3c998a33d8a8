"""Does Slack vouch for these bytes: `X-Slack-Signature` v0, five minutes, checked by Slack's own library."""

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
    """Whether Slack signed `raw` within five minutes of `now`. False without SLACK_SIGNING_SECRET: fail closed."""
    secret = settings.SLACK_SIGNING_SECRET
    if not secret:
        return False
    try:
        return SignatureVerifier(secret, _At(now)).is_valid_request(raw, dict(headers))
    except (ValueError, TypeError):  # the library reads the timestamp as a number, and the body as UTF-8
        return False
