"""Classifies SmartLead's refusals. SmartLead has no error codes, so sender states are recognised by text."""

import re

from integrations.errors import ProviderRejected
from integrations.http.session import Response, ResponseVerdict, sender_verdict

SENDER_IS_DOWN = re.compile(
    r"(?:email ?account|mailbox|sender|smtp|imap)\b.{0,60}"
    r"(?:disconnected|not connected|reconnect|suspended|disabled|authentication failed|invalid (?:login|credentials))",
    re.I | re.S,
)
"""Texts that say that one mailbox is down. The key is valid, and other mailboxes still send."""


def classify(response: Response) -> ResponseVerdict | None:
    """Classifies a response of SmartLead. A 200 with `ok: false` or `success: false` is a refusal."""
    body = response.data if isinstance(response.data, dict) else {}
    no = body.get("ok") is False or body.get("success") is False
    refused = no if response.ok else response.status in (400, 409, 422)
    words = f"{body.get('message') or ''} {body.get('error') or ''}"
    unclear = ResponseVerdict(ProviderRejected, code="not_ok") if response.ok else None
    return sender_verdict(words, SENDER_IS_DOWN) or unclear if refused else None
