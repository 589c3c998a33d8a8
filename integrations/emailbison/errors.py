"""Classifies EmailBison's error responses (docs/reference/emailbison.md, Refusals)."""

import re
from typing import Any

from integrations.errors import ACCOUNT_SUSPENDED, SENDER_DOWN, SUSPENDED, ProviderAuthError, ProviderRejected
from integrations.http.session import Response, ResponseVerdict

INVALID_SENDER = "invalid_sender"
"""The mailbox may not send, but another mailbox of the workspace may. Nothing was sent."""
NOT_FOUND = "not_found"
REFUSED = "success_false"
WRONG_KEY = "host_or_key"
"""The key has expired, or it belongs to an EmailBison instance at another address."""
SENDER_IS_DOWN = re.compile(
    r"(?:sender[ _]e?-?mail(?: account| address)?|mailbox|inbox|e-?mail account)s? (?:is|are|was|has been) "
    r"(?:not connected|disconnected|disabled|suspended)",
    re.I,
)
"""Texts that say that one mailbox is down while the workspace's others work. EmailBison has no codes for this."""


def classify(response: Response) -> ResponseVerdict | None:
    """A 200 with `success: false` is a refusal as well."""
    body = response.data if isinstance(response.data, dict) else {}
    inner = body.get("data")
    inner = inner if isinstance(inner, dict) else {}
    if response.ok:
        refused = body.get("success") is False or inner.get("success") is False
        if refused and SENDER_IS_DOWN.search(_words(body, inner)):
            return ResponseVerdict(ProviderRejected, code=SENDER_DOWN, cannot_send=True)
        return ResponseVerdict(ProviderRejected, code=REFUSED) if refused else None
    if response.status in (401, 403):
        return ResponseVerdict(ProviderAuthError, code=WRONG_KEY)
    if response.status == 404:
        return ResponseVerdict(ProviderRejected, code=NOT_FOUND)
    if response.status in (400, 409, 422) and SENDER_IS_DOWN.search(_words(body, inner)):
        return ResponseVerdict(ProviderRejected, code=SENDER_DOWN, cannot_send=True)
    if response.status in (400, 409, 422) and SUSPENDED.search(_words(body, inner)):
        return ResponseVerdict(ProviderAuthError, code=ACCOUNT_SUSPENDED)
    if response.status in (400, 422) and _names_sender(body, inner):
        return ResponseVerdict(ProviderRejected, code=INVALID_SENDER)
    return None


def _names_sender(body: dict[str, Any], inner: dict[str, Any]) -> bool:
    errors = body.get("errors")
    if isinstance(errors, dict) and "sender_email_id" in errors:
        return True
    return re.search(r"sender[ _]email[ _]id.*invalid", _words(body, inner), re.I | re.S) is not None


def _words(body: dict[str, Any], inner: dict[str, Any]) -> str:
    texts = (body.get("message"), body.get("error"), inner.get("message"), body.get("errors"))
    return "\n".join(str(text) for text in texts if text)
