"""Parses untrusted JSON, and removes values that Python accepts but PostgreSQL does not.

NUL and lone surrogates are removed from texts. NaN and Infinity (also as 1e999) are refused. Anything nested deeper
than 64 levels is read as null: we use nothing there, and an unknown field should not make us refuse an event. With a
plain `json.loads`, each of these would cause an error 500 later.
"""

import json
import math
import re
from typing import Any

from integrations.events import PayloadInvalid

DEPTH_LIMIT = 64
QUOTE = ord('"')
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
CLOSES = {"]": "[", "}": "{"}
TEXT_OR_VALUE = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[,\[{]', re.DOTALL)
"""Matches a string of a JSON document, or a byte after which a value may begin."""


def parse(body: bytes) -> Any:
    """Parses a UTF-8 JSON document, cleaned by `storable`. Raises PayloadInvalid (field `body`), also for NaN."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PayloadInvalid({"body": "must be UTF-8"}) from None
    try:
        parsed = _loads(text)
    except RecursionError:
        parsed = _loads(_pruned(text))
    return storable(parsed)


def storable(parsed: Any) -> Any:
    """Removes NUL and lone surrogates from a parsed value in place. Everything below DEPTH_LIMIT becomes None."""
    return _clean(parsed, DEPTH_LIMIT)


def has_more_values(body: bytes, limit: int) -> bool:
    """Whether the JSON document `body` has more than `limit` values. Creates no values, so it needs no memory."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") < limit:
        return False
    values = 1
    for number, token in enumerate(TEXT_OR_VALUE.finditer(body)):
        values += body[token.start()] != QUOTE
        if values > limit or number > 3 * limit:  # a value is at most two strings: itself and its name
            return True
    return False


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except ValueError:
        raise PayloadInvalid({"body": "must be JSON"}) from None


def _pruned(text: str) -> str:
    """Replaces what is nested too deep in `text` with null. The function uses no recursion."""
    pieces, start, open_ones = [], 0, []
    for token in TEXT_OR_BRACKET.finditer(text):
        bracket = token[0]
        if bracket in "[{":
            open_ones.append(bracket)
            if len(open_ones) == DEPTH_LIMIT + 1:
                pieces.append(text[start : token.start()])
        elif bracket in "]}":
            if not open_ones or open_ones.pop() != CLOSES[bracket]:
                break
            if len(open_ones) == DEPTH_LIMIT:
                pieces.append("null")
                start = token.end()
    return "".join(pieces) + (text[start:] if len(open_ones) <= DEPTH_LIMIT else "")


def _refuse(_name: str) -> None:
    raise ValueError("not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _clean(node: Any, depth: int) -> Any:
    if isinstance(node, str):
        return UNSTORABLE.sub("", node)
    if not isinstance(node, dict | list):
        return node
    if depth == 0:
        return None
    if isinstance(node, dict) and any(map(UNSTORABLE.search, node)):
        return {UNSTORABLE.sub("", name): _clean(part, depth - 1) for name, part in node.items()}
    for place in node if isinstance(node, dict) else range(len(node)):
        node[place] = _clean(node[place], depth - 1)
    return node
