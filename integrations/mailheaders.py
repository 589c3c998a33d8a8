"""Reads the headers of an e-mail that say how it was sent, from all forms in which providers pass headers on.

The forms are an object, a list of names and values, a text, and the whole source of the mail (RFC 5322). Only the
headers that rules look at are kept: others are long and contain people's names.
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
    """The headers of an e-mail that are listed in NAMES, by name in lower case; {} if none is there. If several
    `sources` have one, the first counts. A value is cut to VALUE_LIMIT characters.
    """
    found: dict[str, str] = {}
    for source in sources:
        for name, value in _pairs(source):
            key = str(name).strip().lower()
            if key in NAMES and isinstance(value, str):
                found.setdefault(key, " ".join(value.split())[:VALUE_LIMIT])
    return found


def _pairs(source: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(source, dict):
        return [
            (name, value[0] if isinstance(value, list) and value else value) for name, value in source.items()
        ]
    if isinstance(source, list):
        items = [item for item in source if isinstance(item, dict)]
        return [(item.get("name") or item.get("key"), item.get("value")) for item in items]
    if isinstance(source, str):
        head = source[:HEAD_LIMIT].replace("\r\n", "\n").lstrip("\n").partition("\n\n")[0]
        return [(name, str(value)) for name, value in HeaderParser().parsestr(head, headersonly=True).items()]
    return []
