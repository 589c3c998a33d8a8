"""The sandbox's control API under `/_control/`. Commands are JSON or forms. Forms redirect to the control page.

A command from a web page of another origin is refused, so that no other page in the browser can control the sandbox.
"""

import logging
from typing import TYPE_CHECKING, Any

from sandbox import control_page
from sandbox.web import BadRequestError, ControlError, Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.core import Sandbox

logger = logging.getLogger(__name__)

routes = Router()

FILTERS = ("provider", "account", "kind", "contains", "path")


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


@routes.on("GET", "/")
def page(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return control_page.page(sandbox)


@routes.on("GET", "/control.css")
def stylesheet(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return control_page.stylesheet()


@routes.on("GET", "/state.json")
def state(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    query = request.query
    limit = request.number("limit", 200, 0, 20_000)
    return json_response(
        sandbox.summary(provider=query.get("provider"), account=query.get("account"), limit=limit)
    )


@routes.on("GET", "/sends.json")
def sends(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return _records("sends", sandbox.sends(**_filters(request, "path")), request)


@routes.on("GET", "/requests.json")
def requests(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return _records("requests", sandbox.requests(**_filters(request, "kind", "contains")), request)


def _filters(request: Request, *unused: str) -> dict[str, str | None]:
    return {name: request.query.get(name) for name in FILTERS if name not in unused}


def _records(name: str, records: list[dict[str, Any]], request: Request) -> Response:
    limit = request.number("limit", 200, 0, 20_000)
    return json_response(
        {"total": len(records), name: records[len(records) - limit :] if limit < len(records) else records}
    )


@routes.on("GET", "/faults")
def faults(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response({"faults": [fault.as_dict() for fault in sandbox.faults.all()]})


@routes.on("POST", "/faults")
def add_fault(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response(sandbox.fault(**_values(request)).as_dict(), 201)


@routes.on("DELETE", "/faults")
@routes.on("POST", "/faults/clear")
def clear_faults(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response({"cleared": sandbox.clear_faults()})


@routes.on("DELETE", "/faults/{fault_id}")
@routes.on("POST", "/faults/{fault_id}/clear")
def clear_fault(sandbox: "Sandbox", request: Request, params: dict[str, Any]) -> Response:
    return json_response({"cleared": sandbox.clear_faults(**params)})


@routes.on("GET", "/accounts/{provider}/{account}")
def account(sandbox: "Sandbox", request: Request, params: dict[str, Any]) -> Response:
    return json_response(sandbox.set_account(**params).as_dict())


@routes.on("POST", "/accounts", "/accounts/{provider}/{account}")
def set_account(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response(sandbox.set_account(**_values(request) | params).as_dict())


@routes.on("POST", "/webhooks")
def set_webhook(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response(sandbox.set_webhook(**_values(request)).as_dict(), 201)


@routes.on("DELETE", "/webhooks/{provider}/{account}")
def remove_webhook(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response({"removed": sandbox.outbox.remove_webhook(**params)})


@routes.on("POST", "/emit")
def emit(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response(sandbox.emit(**_values(request)))


@routes.on("POST", "/ingest")
def ingest(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    values = dict(request.data)
    if "body" in values:
        values["bodies"] = [values.pop("body")]
    return json_response({"learned": sandbox.ingest(**values)})


@routes.on("POST", "/answers")
def set_answer(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    return json_response(sandbox.set_answer(**request.data), 201)


@routes.on("POST", "/reset")
def reset(sandbox: "Sandbox", request: Request, params: dict[str, str]) -> Response:
    sandbox.reset()
    return json_response({"reset": True})
