"""Classifies refusals of Instantly that the status does not explain, by their texts about the sending mailbox."""

import re

from integrations.errors import ACCOUNT_SUSPENDED, SENDER_DOWN, SUSPENDED, ProviderAuthError, ProviderRejected
from integrations.http.session import Response, ResponseVerdict

SENDER_IS_DOWN = re.compile(
    r"(?:\baccounts?|mailbox|sender|smtp|imap)\b.{0,60}"
    r"(?:disconnected|not connected|reconnect|paused|suspended|connection error|sending error|soft bounce error)",
    re.I | re.S,
)
"""Texts that say that one mailbox (Instantly's "account") is down. The key is valid, and other mailboxes still send."""


def classify(response: Response) -> ResponseVerdict | None:
    body = response.data if isinstance(response.data, dict) else {}
    if response.status not in (400, 409, 422):
        return None
    words = str(body.get("message") or "")
    if SENDER_IS_DOWN.search(words):
        return ResponseVerdict(ProviderRejected, code=SENDER_DOWN, cannot_send=True)
    return ResponseVerdict(ProviderAuthError, code=ACCOUNT_SUSPENDED) if SUSPENDED.search(words) else None
