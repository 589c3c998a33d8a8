"""The sandbox's control API under `/_control/`. Commands are JSON.

A command from a web page of another origin is refused, so that no other page in the browser can control the sandbox.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sandbox.state import Account
from sandbox.web import BadRequestError, ControlError, Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.core import Sandbox

logger = logging.getLogger(__name__)

routes = Router()

COMMANDS: tuple[tuple[str, str, int, str, Callable[[Any], Any]], ...] = (
    ("POST", "/faults", 201, "fault", asdict),
    ("DELETE", "/faults", 200, "clear_faults", lambda count: {"cleared": count}),
    ("DELETE", "/faults/{fault_id}", 200, "clear_faults", lambda count: {"cleared": count}),
    ("POST", "/faults/{fault_id}/clear", 200, "clear_faults", lambda count: {"cleared": count}),
    ("GET", "/accounts/{provider}/{account}", 200, "set_account", Account.as_dict),
    ("POST", "/accounts/{provider}/{account}", 200, "set_account", Account.as_dict),
    ("POST", "/accounts", 200, "set_account", Account.as_dict),
    ("POST", "/webhooks", 201, "set_webhook", asdict),
    ("POST", "/emit", 200, "emit", dict),
    ("POST", "/answers", 201, "set_answer", dict),
    ("POST", "/reset", 200, "reset", lambda _: {"reset": True}),
)
"""For each command: HTTP method, address, status of the response, the method of Sandbox that carries the command out,
and the function that turns its result into the response's body.
"""


def handle(sandbox: "Sandbox", request: Request) -> Response:
    """Carries out a command of the sandbox's control API.

    Responds with 400 and the name of an invalid field, 403 to a command from another origin, 404 for an unknown
    address, and 500 if the sandbox itself failed.
    """
    origin = request.headers.get("origin")
    if request.method != "GET" and origin not in (None, request.origin):
        return json_response({"error": "commands from another origin are refused", "field": "Origin"}, 403)
    match = routes.match(request.method, request.path)
    if match is None:
        return json_response({"error": "no such command; see docs/sandbox.md"}, 404)
    route, params = match
    try:
        return route.handler(sandbox, request, params)
    except ControlError as exc:
        return json_response({"error": str(exc), "field": exc.field}, 400)
    except BadRequestError as exc:
        return json_response({"error": exc.message, "field": "body"}, 400)
    except Exception:
        logger.exception("sandbox command failed", extra={"route": route.template})
        return json_response({"error": "the sandbox itself failed, see its log"}, 500)


def _command(name: str, status: int, body: Callable[[Any], Any]) -> Callable[..., Response]:
    """Returns the handler of a control address. Path parameters override the fields of the request."""

    def handler(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
        values = {} if request.method == "GET" else request.data
        return json_response(body(getattr(sandbox, name)(**values | params)), status)

    return handler


for _method, _address, _status, _name, _body in COMMANDS:
    routes.on(_method, _address)(_command(_name, _status, _body))


@routes.on("GET", "/state.json")
def state(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    filters = {name: request.query.get(name) for name in ("provider", "account")}
    return json_response(sandbox.summary(limit=request.number("limit", 200, 0, 20_000), **filters))


@routes.on("POST", "/ingest")
def ingest(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    values = dict(request.data)
    if "body" in values:
        values["bodies"] = [values.pop("body")]
    return json_response({"learned": sandbox.ingest(**values)})
