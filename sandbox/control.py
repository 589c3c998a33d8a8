"""The sandbox's control API under `/_control/`. Commands are JSON or forms. Forms redirect to the control page.

A command from a web page of another origin is refused, so that no other page in the browser can control the sandbox.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox import control_page
from sandbox.state import Account
from sandbox.web import BadRequestError, ControlError, Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.core import Sandbox

logger = logging.getLogger(__name__)

routes = Router()

COMMANDS: tuple[tuple[str, str, int, str, Callable[[Any], Any]], ...] = (
    ("POST", "/faults", 201, "fault", asdict),
    ("DELETE", "/faults", 200, "clear_faults", lambda count: {"cleared": count}),
    ("POST", "/faults/clear", 200, "clear_faults", lambda count: {"cleared": count}),
    ("DELETE", "/faults/{fault_id}", 200, "clear_faults", lambda count: {"cleared": count}),
    ("POST", "/faults/{fault_id}/clear", 200, "clear_faults", lambda count: {"cleared": count}),
    ("GET", "/accounts/{provider}/{account}", 200, "set_account", Account.as_dict),
    ("POST", "/accounts/{provider}/{account}", 200, "set_account", Account.as_dict),
    ("POST", "/accounts", 200, "set_account", Account.as_dict),
    ("POST", "/webhooks", 201, "set_webhook", asdict),
    ("DELETE", "/webhooks/{provider}/{account}", 200, "remove_webhook", lambda gone: {"removed": gone}),
    ("POST", "/emit", 200, "emit", dict),
    ("POST", "/answers", 201, "set_answer", dict),
    ("POST", "/reset", 200, "reset", lambda _: {"reset": True}),
)
"""For each address: the status of the response, the method of Sandbox that it calls, and the body of the response."""


def handle(sandbox: "Sandbox", request: Request) -> Response:
    """Carries out a command of the sandbox's control API. A command from a form gets a redirect (303) to the control
    page.

    Responds with 400 and the name of an invalid field, 403 to a command from another origin, 404 for an unknown
    address, and 500 if the sandbox itself failed.
    """
    origin = request.headers.get("origin")
    if request.method not in ("GET", "HEAD") and origin not in (None, request.origin):
        return json_response({"error": "commands from another origin are refused", "field": "Origin"}, 403)
    match = routes.match("GET" if request.method == "HEAD" else request.method, request.path)
    if match is None:
        return json_response({"error": "no such command; see docs/sandbox.md"}, 404)
    route, params = match
    try:
        answer = route.handler(sandbox, request, params)
    except ControlError as exc:
        return json_response({"error": str(exc), "field": exc.field}, 400)
    except BadRequestError as exc:
        return json_response({"error": exc.message, "field": "body"}, 400)
    except Exception:
        logger.exception("sandbox command failed", extra={"route": route.template})
        return json_response({"error": "the sandbox itself failed, see its log"}, 500)
    if request.method == "POST" and _is_form(request):
        return Response(303, headers={"Location": "/_control/"})
    return answer


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def _values(request: Request) -> dict[str, Any]:
    """Returns the fields of a command. In a form, `a.b` is field b of object a, and empty fields are left out."""
    if not _is_form(request):
        return dict(request.data)
    values: dict[str, Any] = {}
    for name, text in request.data.items():
        outer, _, inner = name.partition(".")
        if text and inner:
            values.setdefault(outer, {})[inner] = text
        elif text:
            values[outer] = text
    return values


def _command(name: str, status: int, body: Callable[[Any], Any]) -> Callable[..., Response]:
    """Returns the handler of a control address. Path parameters override the fields of the request."""

    def handler(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
        values = {} if request.method == "GET" else _values(request)
        return json_response(body(getattr(sandbox, name)(**values | params)), status)

    return handler


for _method, _address, _status, _name, _body in COMMANDS:
    routes.on(_method, _address)(_command(_name, _status, _body))


@routes.on("GET", "/")
def page(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return control_page.page(sandbox)


@routes.on("GET", "/control.css")
def stylesheet(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return control_page.stylesheet()


@routes.on("GET", "/state.json")
def state(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response(sandbox.summary(limit=_limit(request), **_filters(request)))


@routes.on("GET", "/sends.json")
def sends(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return _records("sends", sandbox.sends(**_filters(request, "kind", "contains")), request)


@routes.on("GET", "/requests.json")
def requests(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return _records("requests", sandbox.requests(**_filters(request, "path")), request)


@routes.on("GET", "/faults")
def faults(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response({"faults": [asdict(fault) for fault in sandbox.faults.all()]})


@routes.on("POST", "/ingest")
def ingest(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    values = dict(request.data)
    if "body" in values:
        values["bodies"] = [values.pop("body")]
    return json_response({"learned": sandbox.ingest(**values)})


def _filters(request: Request, *more: str) -> dict[str, str | None]:
    return {name: request.query.get(name) for name in ("provider", "account", *more)}


def _limit(request: Request) -> int:
    return request.number("limit", 200, 0, 20_000)


def _records(name: str, records: list[dict[str, Any]], request: Request) -> Response:
    return json_response({"total": len(records), name: records[max(0, len(records) - _limit(request)) :]})
