"""Returns every API error as application/problem+json (RFC 9457), without text that a person wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from api.access import InsufficientScope
from inbox.events.endpoints import EndpointRefused
from inbox.replying.review import KeyReused
from inbox.replying.send_claims import Refused, SendBlocked, SendUnderWay

REFUSALS = (Refused, EndpointRefused)
"""The errors with which `inbox` refuses an action. Their texts are sentences for the response."""
TYPE = "application/problem+json"
ROOT = "body"
"""The field of an error that concerns the whole body."""
INVALID = "invalid"
OF_FORM = {400: "malformed", 404: "not_found", 422: INVALID, 429: "throttled"}
"""Error codes by status, used instead of the less exact codes of Django REST framework's exceptions."""


DETAILS = {
    401: "Send a valid token: “Authorization: Bearer hf_…”.",
    404: "This workspace has nothing at this address.",
    415: "Send the body as application/json.",
}
FIELDS = "Some fields are invalid. “errors” lists them."


class NoSuchRow(Http404):
    """The workspace has no row with the id in the named field of the request's body."""


@contextmanager
def of_field(name: str) -> Iterator[None]:
    """A context manager that raises NoSuchRow for the field `name` if its block raises Http404."""
    try:
        yield
    except Http404:
        raise NoSuchRow(name) from None


class Conflict(exceptions.APIException):
    """The row has changed meanwhile, or another request with the same Idempotency-Key is running."""

    status_code = HTTPStatus.CONFLICT
    default_code = "conflict"


class Unprocessable(exceptions.APIException):
    """The request is well formed, but cannot be carried out."""

    status_code = HTTPStatus.UNPROCESSABLE_ENTITY
    default_code = "refused"


def answer(error: Exception, context: dict[str, Any]) -> Response | None:
    """The API's exception handler for Django REST framework. Returns None for an error in our own code."""
    if isinstance(error, REFUSALS):
        error = _of_refusal(error)
    standard = exception_handler(error, context)
    if standard is None:
        return None
    status, errors = standard.status_code, list[dict[str, str]]()
    code = _code(error)
    detail = DETAILS.get(status) or str(getattr(error, "detail", "")) or HTTPStatus(status).phrase
    if isinstance(error, exceptions.ValidationError):
        status, errors = HTTPStatus.UNPROCESSABLE_ENTITY, list(_flat(error.get_full_details()))
        detail = FIELDS
    elif isinstance(error, InsufficientScope):
        errors = [{"field": "scope", "code": error.default_code, "detail": error.scope}]
    elif isinstance(error, NoSuchRow):
        errors = [{"field": str(error), "code": code, "detail": "The workspace has no row with this id."}]
        detail = FIELDS
    elif status == HTTPStatus.NOT_FOUND and not context["request"].path.endswith("/"):
        detail = "Addresses end with a slash."
    body = problem(status, OF_FORM.get(status, code) if status != 422 or errors else code, detail, errors)
    return Response(body, status=status, content_type=TYPE, headers=_headers(standard))


def problem(
    status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None
) -> dict[str, Any]:
    """The JSON body of an error response. `code` names the kind of error. `errors` lists the invalid fields, each with
    a code and a sentence.
    """
    return {
        "type": code,
        "title": HTTPStatus(status).phrase,
        "status": int(status),
        "detail": detail,
        "errors": errors or [],
        "requestId": structlog.contextvars.get_contextvars().get("request_id", ""),
    }


def _of_refusal(refusal: Exception) -> exceptions.APIException:
    """The exception whose response reports `refusal`, a refused action: 422 if the message itself is the reason, or 409
    if its lead or draft has changed.
    """
    if isinstance(refusal, KeyReused):
        return Unprocessable(str(refusal), "idempotency_key_reused")
    if isinstance(refusal, SendUnderWay):
        return Conflict(str(refusal), "send_under_way")
    if isinstance(refusal, SendBlocked):
        return Unprocessable(str(refusal), "held")
    return Conflict(str(refusal))


def _headers(response: Response) -> dict[str, str]:
    kept = ("WWW-Authenticate", "Retry-After", "Allow")
    return {name: response[name] for name in kept if response.has_header(name)}


def _code(error: Exception) -> str:
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return "unauthorized"
    if isinstance(error, Http404 | PermissionDenied):
        return "not_found"
    codes = getattr(error, "get_codes", lambda: "error")()
    return codes if isinstance(codes, str) else INVALID


def _flat(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flattens a serializer's nested errors into a list with one entry per message, each with the path of its field."""
    if isinstance(details, dict) and "message" in details and "code" in details:
        yield {"field": path or ROOT, "code": str(details["code"]), "detail": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            below = path if name == "non_field_errors" else f"{path}.{name}".strip(".")
            yield from _flat(inner, below)
    else:
        for inner in details:
            yield from _flat(inner, path)
