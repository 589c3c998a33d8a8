"""Reads the headers of an email that say how it was sent, in all forms in which providers pass them on.

The forms are an object, a list of names and values, a text, and the whole source of the mail (RFC 5322).
"""

from collections.abc import Iterable
from email.parser import HeaderParser
from typing import Any

NAMES = frozenset(
    {
        "auto-submitted",
        "content-type",
        "feedback-id",
        "list-id",
        "list-unsubscribe",
        "precedence",
        "return-path",
        "x-auto-response-suppress",
        "x-autoreply",
        "x-autorespond",
        "x-autoresponder",
        "x-failed-recipients",
    }
)
VALUE_LIMIT = 1_000
HEAD_LIMIT = 64_000


def headers_of(*sources: Any) -> dict[str, str]:
    """Returns the headers listed in NAMES by lower-case name, each cut to VALUE_LIMIT. Earlier sources win."""
    headers: dict[str, str] = {}
    for source in sources:
        for name, text in _pairs(source):
            key = str(name).strip().lower()
            if key in NAMES and isinstance(text, str):
                headers.setdefault(key, " ".join(text.split())[:VALUE_LIMIT])
    return headers


def _pairs(source: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(source, dict):
        return [(name, text[0] if isinstance(text, list) and text else text) for name, text in source.items()]
    if isinstance(source, list):
        items = [header for header in source if isinstance(header, dict)]
        return [(header.get("name") or header.get("key"), header.get("value")) for header in items]
    if isinstance(source, str):
        head = source[:HEAD_LIMIT].replace("\r\n", "\n").lstrip("\n").partition("\n\n")[0]
        return [(name, str(text)) for name, text in HeaderParser().parsestr(head, headersonly=True).items()]
    return []
