"""What Instantly's refusals mean, where the status does not say it: texts about the mailbox that sends."""

import re

from integrations.errors import ACCOUNT_SUSPENDED, SENDER_DOWN, SUSPENDED, ProviderAuthError, ProviderRejected
from integrations.http import Response, Verdict

SENDER_IS_DOWN = re.compile(
    r"(?:\baccounts?|mailbox|sender|smtp|imap)\b.{0,60}"
    r"(?:disconnected|not connected|reconnect|paused|suspended|connection error|sending error|soft bounce error)",
    re.I | re.S,
)
"""The mailbox (Instantly calls it account), not the workspace's key: others go on."""


def classify(response: Response) -> Verdict | None:
    """None where the status says it all."""
    body = response.data if isinstance(response.data, dict) else {}
    if response.status not in (400, 409, 422):
        return None
    words = str(body.get("message") or "")
    if SENDER_IS_DOWN.search(words):
        return Verdict(ProviderRejected, code=SENDER_DOWN, cannot_send=True)
    return Verdict(ProviderAuthError, code=ACCOUNT_SUSPENDED) if SUSPENDED.search(words) else None
