"""JSON from strangers: bounded, without the values that Python accepts and PostgreSQL does not.

NUL and lone surrogates are stripped from texts, NaN and Infinity (also as 1e999) are refused. What is nested deeper
than 64 levels is read as null: nothing that we use stands there, and a field that we do not know is no reason to refuse
the event. A plain `json.loads` turns each of these into a 500 somewhere later.
"""

import json
import math
import re
from typing import Any

from integrations.events import PayloadInvalid

DEPTH_LIMIT = 64
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
CLOSES = {"]": "[", "}": "{"}


def parse(body: bytes) -> Any:
    """The value of a UTF-8 JSON document. Raises PayloadInvalid (field `body`) for anything that is none."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise PayloadInvalid({"body": "must be UTF-8"}) from None
    try:
        value = _loads(text)
    except RecursionError:
        value = _loads(_pruned(text))
    return _clean(value, DEPTH_LIMIT)


def _loads(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except ValueError:
        raise PayloadInvalid({"body": "must be JSON"}) from None


def _pruned(text: str) -> str:
    """`text` with null for what is nested too deep for the parser, found without recursion.

    What is cut out has its brackets in pairs; otherwise the rest is no JSON either, and the parser says so.
    """
    kept, start, open_ones = [], 0, []
    for token in TEXT_OR_BRACKET.finditer(text):
        bracket = token[0]
        if bracket in "[{":
            open_ones.append(bracket)
            if len(open_ones) == DEPTH_LIMIT + 1:
                kept.append(text[start : token.start()])
        elif bracket in "]}":
            if not open_ones or open_ones.pop() != CLOSES[bracket]:
                break
            if len(open_ones) == DEPTH_LIMIT:
                kept.append("null")
                start = token.end()
    return "".join(kept) + (text[start:] if len(open_ones) <= DEPTH_LIMIT else "")


def _refuse(_name: str) -> None:
    raise ValueError("not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return UNSTORABLE.sub("", value)
    if isinstance(value, dict | list):
        if depth == 0:
            return None
        if isinstance(value, list):
            return [_clean(item, depth - 1) for item in value]
        return {UNSTORABLE.sub("", name): _clean(item, depth - 1) for name, item in value.items()}
    return value
