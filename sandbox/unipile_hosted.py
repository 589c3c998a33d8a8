"""Simulates Unipile's hosted page on which the owner reconnects a LinkedIn account. The link of the page works once and
expires. Both versions of the API have this page.
"""

import html
import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.provider import Call
from sandbox.unipile_events import instant
from sandbox.web import BadRequestError, Response, Router, json_response, text_response

routes, pages = Router(), Router()


@routes.on("POST", "/api/v1/hosted/accounts/link")
def hosted_link(call: Call) -> Response:
    values = call.request.data
    name = (
        values.get("reconnect_account")
        if values.get("type") == "reconnect"
        else f"uni_acc_{uuid.uuid4().hex[:8]}"
    )
    if not name:
        raise BadRequestError("reconnect_account is required for type reconnect.")
    return json_response({"object": "HostedAuthUrl", "url": new_link(call, name, values)}, 201)


def new_link(call: Call, name: str, values: dict[str, Any]) -> str:
    """Returns the URL of a new page for the account `name`. `values` have the field names of version 1."""
    provider, token = call.account.provider, uuid.uuid4().hex
    call.sandbox.state.account(provider, name).data.links[token] = {**values, "account": name}
    return f"{call.request.origin}/{provider}/hosted/{token}"


@pages.on("GET", "/hosted/{token}")
def hosted_page(call: Call) -> Response:
    _link(call)
    owner = html.escape(call.account.properties.get("name", call.account.name))
    form = (
        f'<p>Account: {owner}</p><form method="post"><button type="submit">Reconnect LinkedIn</button></form>'
    )
    return _html("Reconnect your LinkedIn account", form)


@pages.on("POST", "/hosted/{token}")
def hosted_reconnect(call: Call) -> Response:
    link = _link(call)
    del call.store.links[call.params["token"]]
    call.sandbox.set_account(call.account.provider, call.account.name, "ok")
    if link.get("success_redirect_url"):
        return Response(303, headers={"Location": link["success_redirect_url"]})
    return _html("Connected", "<p>The account is connected again. You can close this page.</p>")


def _link(call: Call) -> dict[str, Any]:
    link: dict[str, Any] | None = call.store.links.get(call.params["token"])
    if link is None or (link.get("expiresOn") and instant(link["expiresOn"]) < datetime.now(UTC)):
        page = _html("Link expired", "<p>This link has been used or has expired.</p>", 410)
        raise BadRequestError("link expired", response=page)
    return link


def _html(title: str, content: str, status: int = 200) -> Response:
    icon = '<link rel="icon" href="data:,">'
    head = f'<head><meta charset="utf-8"><title>{title}</title>{icon}</head>'
    page = f'<!doctype html><html lang="en">{head}<body><main><h1>{title}</h1>{content}</main></body></html>'
    return text_response(page, status, "text/html; charset=utf-8")
