"""Requests, responses and routes as the simulated providers see them: plain values without sockets."""

import functools
import itertools
import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ParamSpec, TypeVar

from pydantic import ValidationError, validate_call

P = ParamSpec("P")
R = TypeVar("R")


class BadRequestError(Exception):
    """The caller sent something that the simulated provider refuses.

    The response is an error in the provider's own form with `status` and `code`, unless `response` replaces it.
    """

    def __init__(
        self, message: str, *, status: int = 400, code: str | None = None, response: "Response | None" = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code
        self.response = response


class ControlError(ValueError):
    """A command to the sandbox cannot be carried out. `field` names the field that is wrong."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name


def command(method: Callable[P, R]) -> Callable[P, R]:
    """Checks the fields of a command by their annotations, and converts the parts of its address. Raises ControlError,
    which names an invalid field.
    """
    checked = validate_call(method)

    @functools.wraps(method)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return checked(*args, **kwargs)
        except ValidationError as error:
            fault = error.errors(include_url=False)[0]
            if isinstance(refusal := fault.get("ctx", {}).get("error"), ControlError):
                raise refusal from None
            raise ControlError(str(fault["loc"][0]), fault["msg"]) from None

    return run


@dataclass(frozen=True)
class Request:
    """One HTTP request to a simulated provider, with its body. `path` is the provider's own path, without the sandbox's
    prefix.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    origin: str

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        """The request's body as a dict: JSON, or form fields (values that look like JSON stay text).

        Raises BadRequestError if the body is neither, or is JSON but not an object.
        """
        if not self.body:
            return {}
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            parsed = json.loads(self.body)
        except (ValueError, RecursionError) as exc:
            raise BadRequestError("The request body is not valid JSON.") from exc
        if not isinstance(parsed, dict):
            raise BadRequestError("The request body must be a JSON object.")
        return parsed

    def bearer(self) -> str:
        """Returns the token in the request's header `Authorization: Bearer`, or ""."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Returns the number `name` from the request's query string. A number outside the range from `low` to `high` is
        moved to its nearer end; an invalid value becomes `default`.
        """
        try:
            return max(low, min(high, int(self.query.get(name, default))))
        except ValueError:
            return default


def refused_field(
    values: dict[str, Any], fields: dict[str, type], required: tuple[str, ...]
) -> tuple[str, str]:
    """Returns the first field of a request's body that does not match the documentation of the call, and the reason:
    "missing", "unknown" or "type". Returns ("", "") if all fields match. `fields` are the documented fields.
    """
    missing = [
        (name, "missing")
        for name in required
        if values.get(name) in (None, [], {}) or not str(values[name]).strip()
    ]
    unknown = [(name, "unknown") for name in values if name not in fields]
    wrong = [
        (name, "type") for name in fields if not isinstance(values.get(name, fields[name]()), fields[name])
    ]
    return next(iter(missing + unknown + wrong), ("", ""))


def required(fields: dict[str, Any], name: str, words: str) -> Any:
    """Returns a field of an event. Raises BadRequestError if it is missing; `words` describe the expected value."""
    if not fields.get(name):
        raise BadRequestError(words, code=name)
    return fields[name]


def lead_of(fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the field `lead` of an event. Raises BadRequestError if it has no email address."""
    lead: dict[str, Any] = fields.get("lead") or {}
    if not lead.get("email"):
        raise BadRequestError("an object with an email", code="lead")
    return lead


@dataclass
class Response:
    """An HTTP response of a simulated provider. It lacks the headers that the server itself adds (Content-Length, Date,
    Connection).
    """

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def json_response(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(status, json.dumps(body, separators=(",", ":")).encode(), headers=headers or {})


def text_response(text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Response:
    return Response(status, text.encode(), content_type)


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Callable[..., Response]


class Router:
    """A simulated provider's table of calls and handlers. `{name}` in a template matches one path segment."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, int], list[Route]] = {}

    def on(
        self, methods: str, *templates: str
    ) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Returns a decorator that registers the handler of a call: one or more methods and path templates, each with
        or without a trailing slash.
        """

        def register(handler: Callable[..., Response]) -> Callable[..., Response]:
            for method, template in itertools.product(methods.split(), templates):
                pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template.rstrip("/")))
                route = Route(method, template, re.compile(pattern + "/?$"), handler)
                self._routes.setdefault((method, template.rstrip("/").count("/")), []).append(route)
            return handler

        return register

    def include(self, router: "Router") -> None:
        """Adds another Router's calls to this one."""
        for key, routes in router._routes.items():
            self._routes.setdefault(key, []).extend(routes)

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Returns the first registered call that matches method and path, with its decoded path parameters, or None."""
        for route in self._routes.get((method, path.rstrip("/").count("/")), ()):
            match = route.pattern.match(path)
            if match:
                return route, {name: urllib.parse.unquote(part) for name, part in match.groupdict().items()}
        return None
