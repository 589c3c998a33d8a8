"""Classifies refusals of Instantly that the status does not explain, by their texts about the sending mailbox."""

import re

from integrations.http.session import Response, ResponseVerdict, sender_verdict
from integrations.payload import field_at

SENDER_IS_DOWN = re.compile(
    r"(?:\baccounts?|mailbox|sender|smtp|imap)\b.{0,60}"
    r"(?:disconnected|not connected|reconnect|paused|suspended|connection error|sending error|soft bounce error)",
    re.I | re.S,
)
"""Texts that say that one mailbox (Instantly's "account") is down. The key is valid, and other mailboxes still send."""


def classify(response: Response) -> ResponseVerdict | None:
    if response.status not in (400, 409, 422):
        return None
    return sender_verdict(str(field_at(response.data, "message") or ""), SENDER_IS_DOWN)
