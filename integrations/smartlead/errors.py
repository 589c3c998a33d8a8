"""What SmartLead's refusals mean. It has no error codes: a few texts are states of the mailbox that sends."""

import re

from integrations.errors import ACCOUNT_SUSPENDED, SENDER_DOWN, SUSPENDED, ProviderAuthError, ProviderRejected
from integrations.http import Response, Verdict

SENDER_IS_DOWN = re.compile(
    r"(?:email ?account|mailbox|sender|smtp|imap)\b.{0,60}"
    r"(?:disconnected|not connected|reconnect|suspended|disabled|authentication failed|invalid (?:login|credentials))",
    re.I | re.S,
)
"""The mailbox, not the key: others of the account go on."""


def classify(response: Response) -> Verdict | None:
    """None where the status says it all. A 200 with `ok: false` is a refusal."""
    body = response.data if isinstance(response.data, dict) else {}
    refused = body.get("ok") is False if response.ok else response.status in (400, 409, 422)
    words = f"{body.get('message') or ''} {body.get('error') or ''}"
    if refused and SENDER_IS_DOWN.search(words):
        return Verdict(ProviderRejected, code=SENDER_DOWN, cannot_send=True)
    if refused and SUSPENDED.search(words):
        return Verdict(ProviderAuthError, code=ACCOUNT_SUSPENDED)
    if response.ok and refused:
        return Verdict(ProviderRejected, code="not_ok")
    return None
