"""Removes secrets from a webhook's body and headers before they are stored.

Some senders put their secret into the body or a header, for example SmartLead into the field `secret_key`. No later
step needs the secret.
"""

import json
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from urllib.parse import quote

from jobs.redaction import redact_addresses

MARK = "[secret]"
SHORTEST = 8
"""A shorter secret is removed only from fields named as secrets: elsewhere, it may equal an ordinary word."""
LONGEST = 200
"""No key is longer (`WebhookView.authenticate`). A longer secret is not searched in escaped form."""
NAMES = rb"secret_key|secret|api_?key|token|password|response_url"
IN_JSON = re.compile(rb'("(?:%b)"\s*:\s*")(?:[^"\\]|\\.)+' % NAMES, re.IGNORECASE | re.DOTALL)
IN_QUOTED_JSON = re.compile(
    rb"(%%22(?:%b)%%22(?:%%20|\+)*(?:%%3A|:)(?:%%20|\+)*%%22)(?:(?!%%22)[^&])+" % NAMES, re.IGNORECASE
)
"""Matches secrets in JSON within a form, as Slack sends them: `token` is the app's old shared secret, and anybody with
the `response_url` may write into the channel for half an hour.
"""
OWN = re.compile(rb'"secret_key"\s*:\s*"((?:[^"\\]|\\.){%d,%d})"' % (SHORTEST, LONGEST), re.DOTALL)
"""Matches SmartLead's field for its secret, which may differ from the secret that authenticated the request."""
IN_FORM = re.compile(rb"((?:\A|&)(?:%b)=)[^&]+" % NAMES, re.IGNORECASE)
STRIPPED = rb"(?:\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2})*"
"""Matches what JSON parsing drops between two characters (integrations.rawjson)."""


def without_secrets(body: bytes, secrets: Collection[str]) -> bytes:
    """Returns `body` with MARK in place of each of `secrets`, in any notation, and of the fields in NAMES.

    JSON stays JSON, and a form stays a form. A secret shorter than SHORTEST is replaced only in those fields.
    SmartLead's own secret is replaced everywhere.
    """
    # JSON parsers keep the last value of a repeated name
    marked = [match.decode(errors="replace") for match in OWN.findall(body)[-1:]]
    for secret in (*secrets, *marked):
        if len(secret) >= SHORTEST:
            body = _without(body, secret)
    body = IN_JSON.sub(rb"\1" + MARK.encode(), body)
    if body.lstrip()[:1] not in (b"{", b"["):
        body = IN_FORM.sub(rb"\1" + MARK.encode(), IN_QUOTED_JSON.sub(rb"\1" + MARK.encode(), body))
    return body


def _without(body: bytes, secret: str) -> bytes:
    for written in {secret, json.dumps(secret)[1:-1], secret.replace("/", "\\/"), quote(secret, safe="")}:
        body = body.replace(written.encode(), MARK.encode())
    if b"\\" not in body or len(secret) > LONGEST:
        return body
    return _escaped(secret).sub(MARK.encode(), body)


@lru_cache(maxsize=256)
def _escaped(secret: str) -> re.Pattern[bytes]:
    """Returns a pattern for the secret in JSON, where any of its characters may be escaped."""
    return re.compile(STRIPPED.join(map(_character, secret)), re.DOTALL)


def _character(character: str) -> bytes:
    units = character.encode("utf-16-be")
    escaped = b"".join(rb"\\u(?i:%02x%02x)" % tuple(units[at : at + 2]) for at in range(0, len(units), 2))
    return rb"(?:%b|\\?%b)" % (escaped, re.escape(character.encode(errors="replace")))


def headers_without_secrets(headers: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """Returns `headers` with MARK in place of each of `secrets` with 8 characters or more. Removes queries and keys
    from the addresses that a header quotes.
    """
    clean = {}
    for name, text in headers.items():
        for secret in secrets:
            if len(secret) >= SHORTEST:
                text = text.replace(secret, MARK).replace(quote(secret, safe=""), MARK)
        clean[name] = redact_addresses(text)
    return clean
