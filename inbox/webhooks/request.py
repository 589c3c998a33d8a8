"""Reads a webhook request: its body up to a limit, its key, and the headers that are stored."""

import re
from collections.abc import Callable
from typing import Any

from rest_framework.request import Request

from inbox.webhooks.scrub import MARK
from integrations import rawjson
from integrations.events import PayloadInvalid
from integrations.spec import WebhookSource

BODY_LIMIT = 1024 * 1024
DRAIN_LIMIT = 8 * 1024 * 1024
CHUNK = 64 * 1024
CLIENT_ID = "clientId"
"""The query parameter of older addresses. It is stored among the headers, because a replay must also check it."""
SECRET_HEADER = re.compile(
    r"secret|token|auth|sign|cookie|key|pass|credential|session|hmac|jwt|proxy|forwarded", re.IGNORECASE
)


class PayloadTooLarge(Exception):
    """The body of a webhook request is larger than 1 MiB."""


class BodyBrokenOff(Exception):
    """The body could not be read to its end: the sender disconnected, or the chunks are malformed."""


def read_body(request: Request) -> bytes:
    """Returns the raw bytes of a body, even of a chunked one. Raises PayloadTooLarge over 1 MiB, and BodyBrokenOff.

    Django reads no body without a Content-Length, so a chunked body is read from the server. A body that is too large
    is still read, up to 8 MiB, so that the sender gets our answer.
    """
    environ = request.META
    chunked = not environ.get("CONTENT_LENGTH") and environ.get("wsgi.input_terminated")
    stream = environ["wsgi.input"] if chunked else request._request
    parts, size = [], 0
    while chunk := _read(stream):
        size += len(chunk)
        if size <= BODY_LIMIT:
            parts.append(chunk)
        elif size > DRAIN_LIMIT:
            break
    if size > BODY_LIMIT:
        raise PayloadTooLarge
    return b"".join(parts)


def _read(stream: Any) -> bytes:
    try:
        chunk: bytes = stream.read(CHUNK)
    except Exception as error:  # each server raises different errors
        raise BodyBrokenOff from error
    return chunk


def candidate_key(request: Request, source: WebhookSource, body: Callable[[], bytes]) -> str:
    """Returns the webhook key from a header, or else from the body, which `body()` reads; "" if there is no key."""
    return next(iter(secrets_in_headers(request, source)), "") or _secret_in_body(source, body)


def secrets_in_headers(request: Request, source: WebhookSource) -> list[str]:
    """Returns the headers that may hold the webhook key: a bearer token, then the headers that the source names."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = token if scheme.lower() == "bearer" else ""
    secrets = [request.headers.get(name, "") for name in ("X-Webhook-Secret", *source.secret_headers)]
    return [secret.strip() for secret in (bearer, *secrets) if secret.strip()]


def _secret_in_body(source: WebhookSource, body: Callable[[], bytes]) -> str:
    if not source.secret_field:
        return ""
    try:
        parsed = rawjson.parse(body())
    except PayloadInvalid:
        return ""
    secret = parsed.get(source.secret_field) if isinstance(parsed, dict) else None
    return secret if isinstance(secret, str) else ""


def safe_headers(request: Request) -> dict[str, str]:
    """Returns the headers and the query's `clientId`. MARK replaces the value of a header whose name suggests a secret.
    At most 40 headers are returned, each cut to 500 characters.
    """
    headers: dict[str, str] = {}
    for name, text in [*request.headers.items()][:40]:
        is_secret = SECRET_HEADER.search(name)
        headers[name[:100]] = MARK if is_secret else rawjson.UNSTORABLE.sub("", text)[:500]
    if client_id := request.GET.get(CLIENT_ID):
        headers[CLIENT_ID] = rawjson.UNSTORABLE.sub("", client_id)[:100]
    return headers
