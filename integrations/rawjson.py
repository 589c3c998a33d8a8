"""JSON from strangers: bounded, without the values that Python accepts and PostgreSQL does not.

NUL and lone surrogates are stripped from texts, NaN and Infinity (also as 1e999) are refused, and so is nesting beyond
64 levels. A plain `json.loads` turns each of these into a 500 somewhere later.
"""

import json
import math
import re
from typing import Any

from integrations.events import PayloadInvalid

DEPTH_LIMIT = 64
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def parse(body: bytes) -> Any:
    """The value of a UTF-8 JSON document. Raises PayloadInvalid (field `body`) for anything that is none."""
    try:
        value = json.loads(body.decode("utf-8-sig"), parse_constant=_refuse, parse_float=_finite)
    except UnicodeDecodeError:
        raise PayloadInvalid({"body": "must be UTF-8"}) from None
    except RecursionError:
        raise PayloadInvalid({"body": f"is nested deeper than {DEPTH_LIMIT} levels"}) from None
    except ValueError:
        raise PayloadInvalid({"body": "must be JSON"}) from None
    return _clean(value, DEPTH_LIMIT)


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
            raise PayloadInvalid({"body": f"is nested deeper than {DEPTH_LIMIT} levels"})
        if isinstance(value, list):
            return [_clean(item, depth - 1) for item in value]
        return {UNSTORABLE.sub("", name): _clean(item, depth - 1) for name, item in value.items()}
    return value
