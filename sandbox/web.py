"""Requests, responses and routes as the sandbox's providers see them: plain values, no sockets."""

import functools
import json
import re
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


class BadRequestError(Exception):
    """The caller sent what the provider refuses.

    `status` and `code` go into the provider's own error shape, unless `response` is the whole answer already.
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
    """A command that cannot be carried out; `field` names what is wrong with it."""

    def __init__(self, field_name: str, message: str) -> None:
        super().__init__(message)
        self.field = field_name


@dataclass(frozen=True)
class Request:
    """One HTTP request with its body read; `path` is the provider's own path, without the sandbox's prefix."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    origin: str

    @functools.cached_property
    def data(self) -> dict[str, Any]:
        """The body as an object: JSON, or form fields (values that look like JSON stay text).

        Raises BadRequestError where a body is there and is neither, or is JSON but no object.
        """
        if not self.body:
            return {}
        if self.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return dict(urllib.parse.parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError) as exc:
            raise BadRequestError("The request body is not valid JSON.") from exc
        if not isinstance(value, dict):
            raise BadRequestError("The request body must be a JSON object.")
        return value

    def bearer(self) -> str:
        """The token of `Authorization: Bearer`, or an empty string."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """A number from the query string, clamped to [low, high]; anything unreadable is `default`."""
        try:
            return max(low, min(high, int(self.query.get(name, default))))
        except ValueError:
            return default


@dataclass
class Response:
    """What goes back; headers the server adds itself (Content-Length, Date, Connection) are not in here."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def json_response(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(status, json.dumps(value, separators=(",", ":")).encode(), headers=headers or {})


def text_response(text: str, status: int = 200, content_type: str = "text/plain; charset=utf-8") -> Response:
    return Response(status, text.encode(), content_type)


@dataclass(frozen=True)
class Route:
    method: str
    template: str
    pattern: re.Pattern[str]
    handler: Callable[..., Response]


class Router:
    """A provider's table of calls: `{name}` in a template matches one path segment."""

    def __init__(self) -> None:
        self._routes: dict[tuple[str, int], list[Route]] = {}

    def on(
        self, method: str, *templates: str
    ) -> Callable[[Callable[..., Response]], Callable[..., Response]]:
        """Register the decorated handler for every template, with and without a trailing slash."""

        def register(handler: Callable[..., Response]) -> Callable[..., Response]:
            for template in templates:
                pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(template.rstrip("/")))
                route = Route(method, template, re.compile(pattern + "/?$"), handler)
                self._routes.setdefault((method, template.rstrip("/").count("/")), []).append(route)
            return handler

        return register

    def include(self, other: "Router") -> None:
        """Take over another table's calls."""
        for key, routes in other._routes.items():
            self._routes.setdefault(key, []).extend(routes)

    def match(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """The first registered route that fits, with its decoded path parameters."""
        for route in self._routes.get((method, path.rstrip("/").count("/")), ()):
            found = route.pattern.match(path)
            if found:
                return route, {name: urllib.parse.unquote(part) for name, part in found.groupdict().items()}
        return None
