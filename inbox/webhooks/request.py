"""What a webhook request carries: its bytes (bounded, chunked or not), its key, and the headers worth keeping."""

from integrations import rawjson
from integrations.events import PayloadInvalid
from integrations.spec import WebhookSource

BODY_LIMIT = 1024 * 1024
DRAIN_LIMIT = 8 * 1024 * 1024
CHUNK = 64 * 1024
CLIENT_ID = "clientId"
"""In the query of an address of the older form; kept beside the headers, as a replay must judge it too."""
SECRET_HEADERS = ("secret", "token", "authorization", "signature", "cookie", "key", "proxy", "forwarded")


class PayloadTooLarge(Exception):
    """The body is over 1 MiB."""


class BodyBrokenOff(Exception):
    """The body could not be read to its end: the sender is gone, or its chunks are none."""


def read_body(request) -> bytes:
    """The raw bytes of the body, also of one sent in chunks. Raises PayloadTooLarge over 1 MiB, and BodyBrokenOff.

    Django reads no body without a Content-Length; the server ends a chunked one by itself (`wsgi.input_terminated`).
    What is too large is read on for a while, so that the sender gets our answer and not a broken connection.
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


def _read(stream) -> bytes:
    try:
        return stream.read(CHUNK)
    except Exception as error:  # each server has its own
        raise BodyBrokenOff from error


def candidate_key(request, source: WebhookSource, body: bytes) -> str:
    """The secret from the other places where it may stand if not in the path (docs/reference/addresses.md, Keys)."""
    return next(iter(secrets_in_headers(request, source)), "") or _secret_in_body(source, body)


def secrets_in_headers(request, source: WebhookSource) -> list[str]:
    """What the headers give for a secret, in the order in which it counts: a bearer token, then the named places."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    bearer = token if scheme.lower() == "bearer" else ""
    named = [request.headers.get(name, "") for name in ("X-Webhook-Secret", *source.secret_headers)]
    return [value.strip() for value in (bearer, *named) if value.strip()]


def _secret_in_body(source: WebhookSource, body: bytes) -> str:
    if not (source.secret_field and body):
        return ""
    try:
        value = rawjson.parse(body)
    except PayloadInvalid:
        return ""
    secret = value.get(source.secret_field) if isinstance(value, dict) else None
    return secret if isinstance(secret, str) else ""


def safe_headers(request) -> dict[str, str]:
    """The request's headers without those that could open anything by their name, cut to a size that cannot hurt."""
    kept = {}
    for name, value in request.headers.items():
        if not any(part in name.lower() for part in SECRET_HEADERS) and len(kept) < 40:
            kept[name[:100]] = rawjson.UNSTORABLE.sub("", value)[:500]
    if client_id := request.GET.get(CLIENT_ID):
        kept[CLIENT_ID] = rawjson.UNSTORABLE.sub("", client_id)[:100]
    return kept
