"""Classifies EmailBison's error responses (docs/reference/emailbison.md, Refusals)."""

import re

from integrations.errors import SENDER_DOWN, ProviderAuthError, ProviderRejected
from integrations.http.session import Response, ResponseVerdict, sender_verdict
from integrations.payload import field_at

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
    """Returns the verdict about a refusal (even a 200 with `success: false`); None if the HTTP status is enough."""
    paths = (("message",), ("error",), ("data", "message"), ("errors",))
    words = "\n".join(str(text) for path in paths if (text := field_at(response.data, *path)))
    if response.ok:
        answers = (field_at(response.data, "success"), field_at(response.data, "data", "success"))
        if not any(answer is False for answer in answers):
            return None
        is_down = SENDER_IS_DOWN.search(words) is not None
        return ResponseVerdict(
            ProviderRejected, code=SENDER_DOWN if is_down else REFUSED, cannot_send=is_down
        )
    if response.status in (401, 403):
        return ResponseVerdict(ProviderAuthError, code=WRONG_KEY)
    if response.status == 404:
        return ResponseVerdict(ProviderRejected, code=NOT_FOUND)
    if response.status in (400, 409, 422) and (verdict := sender_verdict(words, SENDER_IS_DOWN)):
        return verdict
    names_sender = field_at(response.data, "errors", "sender_email_id") is not None
    names_sender |= re.search(r"sender[ _]email[ _]id.*invalid", words, re.I | re.S) is not None
    if response.status in (400, 422) and names_sender:
        return ResponseVerdict(ProviderRejected, code=INVALID_SENDER)
    return None
