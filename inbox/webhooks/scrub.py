"""Secrets, taken out of what a webhook brought before it is stored.

A sender proves itself with a secret, and some put it into the body or repeat it in a header: SmartLead sends
`secret_key`, a workflow quotes the address that it calls. Nothing needs it again: a replay has to prove nothing.
"""

import json
import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from urllib.parse import quote

from config.logs import redact_addresses

MARK = "[secret]"
SHORTEST = 8
"""A shorter secret is looked for at the places that are called one only: elsewhere it could be anybody's word."""
LONGEST = 200
"""No key is longer (`WebhookView.authenticate`), and a longer one is not looked for in escaped characters."""
NAMES = rb"secret_key|secret|api_?key|token|password|response_url"
IN_JSON = re.compile(rb'("(?:%b)"\s*:\s*")(?:[^"\\]|\\.)+' % NAMES, re.IGNORECASE | re.DOTALL)
IN_QUOTED_JSON = re.compile(
    rb"(%%22(?:%b)%%22(?:%%20|\+)*(?:%%3A|:)(?:%%20|\+)*%%22)(?:(?!%%22)[^&])+" % NAMES, re.IGNORECASE
)
"""JSON within a form, as Slack sends it: its `token` is the app's old shared secret, and whoever has its `response_url`
may write into the channel for half an hour."""
OWN = re.compile(rb'"secret_key"\s*:\s*"((?:[^"\\]|\\.){%d,%d})"' % (SHORTEST, LONGEST), re.DOTALL)
"""SmartLead's place for the secret, which may be another than the one that has opened the door."""
IN_FORM = re.compile(rb"((?:\A|&)(?:%b)=)[^&]+" % NAMES, re.IGNORECASE)
STRIPPED = rb"(?:\\u0000|\\u[dD][89a-fA-F][0-9a-fA-F]{2})*"
"""What reading JSON drops between two characters (integrations.rawjson)."""


def without_secrets(body: bytes, secrets: Collection[str]) -> bytes:
    """`body` with MARK for each of `secrets`, however it is written there, and for the value of each field of NAMES.

    What SmartLead calls its secret is looked for everywhere too. JSON stays JSON, and a form stays a form. A secret
    shorter than SHORTEST is replaced in those fields only.
    """
    own = [
        found.decode(errors="replace") for found in OWN.findall(body)[-1:]
    ]  # the last one is what readers see
    for secret in (*secrets, *own):
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
    """The secret as JSON may write it, any of its characters escaped."""
    return re.compile(STRIPPED.join(map(_character, secret)), re.DOTALL)


def _character(one: str) -> bytes:
    units = one.encode("utf-16-be")
    escaped = b"".join(rb"\\u(?i:%02x%02x)" % tuple(units[at : at + 2]) for at in range(0, len(units), 2))
    return rb"(?:%b|\\?%b)" % (escaped, re.escape(one.encode(errors="replace")))


def headers_without_secrets(headers: Mapping[str, str], secrets: Collection[str]) -> dict[str, str]:
    """`headers` with MARK for each of `secrets`, and without queries and keys in the addresses that they quote."""
    kept = {}
    for name, value in headers.items():
        for secret in secrets:
            if len(secret) >= SHORTEST:
                value = value.replace(secret, MARK).replace(quote(secret, safe=""), MARK)
        kept[name] = redact_addresses(value)
    return kept
