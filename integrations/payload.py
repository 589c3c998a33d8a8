"""The base class and field types of webhooks and API responses. The types tolerate fields that we do not use."""

import hashlib
import math
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from integrations.events import PayloadInvalid

Model = TypeVar("Model", bound=BaseModel)
HASHED = "sha256:"
"""The prefix of a hash that replaces a key which was too long."""


class Payload(BaseModel):
    """Base class of webhook bodies and API responses. Unknown fields are ignored, as providers often add some."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=False, frozen=True)


def _external_id(raw: Any) -> Any:
    """Returns an id as text. Providers send ids as numbers or texts; a bool, float or object is refused."""
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise ValueError("must be a number or a text")
    text = str(raw).strip()
    if not text or len(text) > 200:
        raise ValueError("must have 1 to 200 characters")
    return text


def _optional_text(raw: Any) -> Any:
    return "" if raw is None else raw


def _loose_text(raw: Any) -> Any:
    return str(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else _optional_text(raw)


def _optional_object(raw: Any) -> Any:
    return raw if isinstance(raw, dict) else {}


ExternalId = Annotated[str, BeforeValidator(_external_id)]
EventType = Annotated[str, Field(min_length=1, max_length=64)]
Text = Annotated[str, BeforeValidator(_optional_text)]
"""A text field that the provider may omit or send as null."""
LooseText = Annotated[str, BeforeValidator(_loose_text)]
"""A text field for which the provider sometimes sends a number."""
LooseObject = Annotated[dict[str, Any], BeforeValidator(_optional_object)]
"""An optional object. Any other value counts as empty."""


def validate(model: type[Model], body: Any) -> Model:
    """Parses the JSON `body` as `model`. Raises PayloadInvalid, which names each wrong field and quotes no value."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        raise PayloadInvalid(
            {
                ".".join(map(str, fault["loc"])) or "body": fault["msg"].removeprefix("Value error, ")
                for fault in error.errors(include_input=False, include_url=False)[:20]
            }
        ) from None


def field_at(body: Any, *names: str) -> Any:
    """Returns what nested JSON objects contain at the path `names`; None if they contain nothing there."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def parse_time(raw: Any) -> datetime | None:
    """Parses ISO 8601, epoch seconds or ms (also as text) into an aware time; None for any other value.

    A time without a zone is read as UTC. Years outside 2000 to 2100 are invalid.
    """
    if isinstance(raw, bool) or raw is None:
        return None
    try:
        if isinstance(raw, str):
            text = raw.strip()
            if text.lstrip("-").replace(".", "", 1).isdigit():
                return parse_time(float(text))
            parsed = datetime.fromisoformat(text)
            parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        elif isinstance(raw, int | float) and math.isfinite(raw):
            parsed = datetime.fromtimestamp(raw / 1000 if abs(raw) > 1e11 else raw, UTC)
        else:
            return None
        parsed = parsed.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return parsed if 2000 <= parsed.year <= 2100 else None


Moment = Annotated[datetime | None, BeforeValidator(parse_time)]
"""A time in any form that `parse_time` reads. Any other value counts as none."""


def first_time(*values: Any) -> datetime | None:
    """Returns the first of `values` that is a valid time, as an aware datetime; None if none is."""
    return next((time for time in map(parse_time, values) if time is not None), None)


def utc_text(at: datetime, timespec: str = "milliseconds") -> str:
    """Formats an aware time as ISO 8601 with a trailing Z."""
    return at.astimezone(UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


def split_name(name: str) -> tuple[str, str]:
    """Splits a full name into the first name and the rest. "Lindqvist, Ada" is read in reverse."""
    last, comma, first = " ".join(name.split()).partition(", ")
    if comma and "," not in first:
        return first, last
    first, _, last = " ".join(name.split()).partition(" ")
    return first, last


def names_of(first: str, last: str, full: str) -> tuple[str, str]:
    """Returns a person's first and last name. If both are empty, returns those in the full name (`split_name`)."""
    return (first, last) if first or last else split_name(full)


def digest(*parts: str) -> str:
    """Returns a stable hash of `parts` (40 hex characters), for events without a usable id of the provider."""
    return hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()[:40]


def short_key(text: str, limit: int = 200) -> str:
    """Returns `text` if it fits, else HASHED and its `digest`. A message id (RFC 5322) may have 998 characters."""
    return text if len(text) <= limit else f"{HASHED}{digest(text)}"
