"""Example Mail as Holdfast uses it: messages, answers and stopped campaigns of one key per account."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from sandbox.provider import Call, Provider
from sandbox.state import Account, Shelf, now_iso
from sandbox.web import BadRequestError, Response, Router, json_response

routes = Router()
EVENTS = {"reply": "reply", "sent": "step", "bounced": None, "unsubscribed": None, "mailbox": None}
"""The webhooks, and the kind of message that each of them tells of."""
MAILBOX = "alex@outreach.example.com"


@dataclass
class Mail:
    messages: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    stopped: dict[str, dict[str, Any]] = field(default_factory=Shelf)


class ExampleMail(Provider):
    name = "examplemail"
    routes = routes

    events = tuple(EVENTS)

    def new_data(self) -> Mail:
        return Mail()

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        return {"error": code or "refused", "message": text}

    def build(self, account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        body = {"id": fields.get("id") or str(uuid.uuid4()), "type": event, "at": now_iso()}
        if event == "mailbox":
            return body | {"mailbox": fields.get("mailbox") or MAILBOX, "state": fields.get("state")}
        lead, campaign = fields.get("lead") or {}, fields.get("campaign") or {"id": "c-1", "name": "Q1"}
        if not lead.get("email"):
            raise BadRequestError("an object with an email", code="lead")
        return body | {
            "lead": lead["email"],
            "first_name": lead.get("first_name") or "",
            "last_name": lead.get("last_name") or "",
            "campaign_id": campaign["id"],
            "campaign_name": campaign.get("name") or "",
            "mailbox": fields.get("mailbox") or MAILBOX,
            "subject": fields.get("subject") or "Re: hi",
            "text": fields.get("text") or "",
            "files": fields.get("files") or [],
        }

    def learn(self, account: Account, body: dict[str, Any]) -> None:
        if kind := EVENTS.get(str(body.get("type"))):
            names = (
                "id",
                "lead",
                "first_name",
                "last_name",
                "mailbox",
                "subject",
                "text",
                "campaign_id",
                "at",
                "files",
            )
            account.data.messages[str(body["id"])] = {"kind": kind} | {name: body.get(name) for name in names}


@routes.on("GET", "/v1/me")
def me(call: Call) -> Response:
    return json_response({"id": call.account.name, "name": "Sandbox"})


@routes.on("GET", "/v1/messages")
def messages(call: Call) -> Response:
    query = call.request.query
    found = list(call.store.messages.values())[::-1]
    for name in ("lead", "kind"):
        if wanted := query.get(name):
            found = [one for one in found if one[name] == wanted]
    if since := query.get("since"):
        found = [one for one in found if one["at"] >= since[:19]]
    start = next((n + 1 for n, one in enumerate(found) if one["id"] == query.get("after")), 0)
    page = found[start : start + 100]
    more = {"next": page[-1]["id"]} if len(found) > start + 100 else {}
    return json_response({"items": page, **more})


@routes.on("GET", "/v1/messages/{message_id}/files/{file_id}")
def file(call: Call) -> Response:
    message = call.store.messages.get(call.params["message_id"]) or {}
    if not any(one["id"] == call.params["file_id"] for one in message.get("files") or ()):
        raise BadRequestError("there is no such file", status=404, code="file")
    return Response(200, b"The file of the sandbox.", "application/octet-stream")


@routes.on("POST", "/v1/messages/{message_id}/answers")
def answer(call: Call) -> Response:
    values, parent = call.request.data, call.store.messages.get(call.params["message_id"])
    if not (values.get("text") or values.get("html")) or not values.get("to"):
        raise BadRequestError("an answer has a text and somebody to get it", code="answer")
    made: dict[str, Any] = {"id": str(uuid.uuid4()), "kind": "answer", "at": now_iso()}
    made |= {name: values.get(name) for name in ("mailbox", "subject", "text", "html")}
    made["lead"] = parent["lead"] if parent else values["to"][0]
    call.store.messages[made["id"]] = made | {"campaign_id": parent and parent["campaign_id"]}
    call.sent("answer", made["id"], to=made["lead"], thread=call.params["message_id"], text=values["text"])
    return json_response({"id": made["id"]})


@routes.on("POST", "/v1/campaigns/{campaign_id}/stops")
def stop(call: Call) -> Response:
    key = f"{call.params['campaign_id']}:{call.request.data.get('email')}"
    call.store.stopped[key] = {"at": now_iso()}
    return json_response({"stopped": True})


PLAYER = ExampleMail()
