"""Classifies GoHighLevel's refusals (docs/reference/ghl.md). GHL has no error codes, so some are recognised by text."""

import re

from integrations.errors import (
    ACCOUNT_SUSPENDED,
    NO_FUNDS,
    NO_NUMBER,
    NUMBER_REFUSED,
    SUSPENDED,
    ProviderAuthError,
    ProviderRateLimited,
    ProviderRejected,
)
from integrations.http.retry import parse_retry_after_ms
from integrations.http.session import Response, ResponseVerdict

SMS_DND = "sms_dnd"
"""The contact refuses SMS. This is a state of the contact, not an error of the call."""
NOT_FOUND = "not_found"
"""The object does not exist. A contact may have been deleted or merged into another one."""
MISSING_PHONE = "missing_phone"
INVALID_COUNTRY_CODE = "invalid_country_code"
MISSING_SCOPE = "missing_scope"
"""The key is valid but lacks a permission. GHL answers 401, yet the account is not disconnected."""
STATES = {SMS_DND, MISSING_PHONE, INVALID_COUNTRY_CODE}
"""Refusals that concern the contact and last until the contact changes."""

TEXTS = (
    (re.compile(r"\bDND\b", re.I), SMS_DND),
    (re.compile(r"\bcontact\b.{0,60}\b(?:not found|does(?: not|n.t) exist)\b", re.I), NOT_FOUND),
    (re.compile(r"missing phone", re.I), MISSING_PHONE),
    (re.compile(r"invalid country (calling )?code", re.I), INVALID_COUNTRY_CODE),
)
CANNOT_SEND = (
    (re.compile(r"not registered|a2p|10 ?dlc|unregistered", re.I), NUMBER_REFUSED),
    (
        re.compile(r"(?:sms|messaging|number|account).{0,40}(?:suspended|deactivated|disabled)", re.I),
        NUMBER_REFUSED,
    ),
    (
        re.compile(
            r"no (?:phone )?number (?:found|assigned|available|is)|from ?number.{0,20}(?:missing|required|not)",
            re.I,
        ),
        NO_NUMBER,
    ),
    (re.compile(r"insufficient (?:funds|balance|credits?)|low balance|wallet", re.I), NO_FUNDS),
)
"""Texts about the location's own number or balance. No text can be sent until a person acts."""
THEIRS = re.compile(r"\b(?:contact|recipient|destination|landline|to[ _]?number)\b", re.I)
"""Words that show that a refusal concerns the recipient's number."""
PAUSE_MS = 10_000
"""The pause after a 429 without Retry-After: the window of GHL's limit (100 requests in 10 s)."""
PIT_PAUSE_MS = 30_000
"""The longer pause that GHL's search needs after it has reported that no point-in-time contexts are left."""


def classify(response: Response) -> ResponseVerdict | None:
    if response.ok:
        return None
    body = response.data if isinstance(response.data, dict) else {}
    message = body.get("message")
    text = " ".join(map(str, message)) if isinstance(message, list) else str(message or "")
    if response.status == 429:
        asked_ms = parse_retry_after_ms(response.headers.get("Retry-After"))
        pause_ms = PAUSE_MS if asked_ms is None else asked_ms
        if re.search(r"point.in.time|\bPIT\b", text, re.I):
            pause_ms = max(pause_ms, PIT_PAUSE_MS)
        return ResponseVerdict(ProviderRateLimited, retry_after_ms=pause_ms)
    if response.status in (401, 403) and re.search(r"not authorized for this scope", text, re.I):
        return ResponseVerdict(ProviderRejected, code=MISSING_SCOPE)
    if response.status in (400, 422):
        if code := _first(TEXTS, text):
            return ResponseVerdict(ProviderRejected, code=code)
        if SUSPENDED.search(text):
            return ResponseVerdict(ProviderAuthError, code=ACCOUNT_SUSPENDED)
        code = "" if THEIRS.search(text) else _first(CANNOT_SEND, text)
        return ResponseVerdict(ProviderRejected, code=code, cannot_send=bool(code))
    return ResponseVerdict(ProviderRejected, code=NOT_FOUND) if response.status == 404 else None


def _first(rows: tuple[tuple[re.Pattern[str], str], ...], text: str) -> str:
    return next((code for pattern, code in rows if pattern.search(text)), "")
