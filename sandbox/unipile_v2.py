"""Simulates version 2 of Unipile's API at its own address, as described by the specification of Unipile's own client
(https://github.com/unipile/unipile-python). Version 2 uses the same classes for LinkedIn data as version 1.
"""

import uuid
from typing import TYPE_CHECKING, Any

from sandbox import unipile_events as events
from sandbox import unipile_hosted
from sandbox.provider import STATUS_CODES, Call
from sandbox.state import Account, now_iso
from sandbox.unipile import (
    CONNECTED,
    NOTE_LIMIT,
    Unipile,
    between,
    chat_of,
    inmails_left,
    newest_first,
    person_of,
    send_text,
)
from sandbox.web import BadRequestError, Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.core import Sandbox
    from sandbox.outbox import Webhook

routes = Router()
routes.include(unipile_hosted.pages)

BLOCKING = {
    "disconnected": (401, "provider/invalid_authorization"),
    "restricted": (403, "api/account_restricted"),
    "deleted": (404, "api/resource_not_found"),
}
WORDS = {"ok": "running", "disconnected": "disconnected", "errored": "errored", "paused": "paused"}
"""Unipile's words for the sandbox's account statuses."""
TYPES = {
    400: "api/invalid_parameters",
    401: "api/missing_authorization",
    403: "api/insufficient_permissions",
    404: "api/resource_not_found",
    422: "provider/unprocessable_entity",
    429: "api/too_many_requests",
    503: "api/proxy_error",
}
MESSAGES = ("message.new", "message.update")
RELATIONS = ("relation.new", "relation.request.accept")
ACCOUNT_EVENTS = (
    *("account.add", "account.reconnect", "account.remove", "account.locked", "account.unlocked"),
    *(f"account.status.{word}" for word in (*WORDS.values(), "degraded", "partial")),
)
REFUSALS = {
    "missing": "{} is required.",
    "unknown": "{} is not a parameter of this method.",
    "type": "{} has the wrong type.",
}
INBOXES = ("CLASSIC_PRIMARY", "CLASSIC_UNREAD")
DEGREES = {CONNECTED: "FIRST_DEGREE", "DISTANCE_2": "SECOND_DEGREE", "DISTANCE_3": "THIRD_DEGREE"}


class UnipileV2(Unipile):
    name = "unipile_v2"
    routes = routes
    statuses = (*BLOCKING, "errored", "paused")
    events = (*MESSAGES, *RELATIONS, *ACCOUNT_EVENTS)

    def account_name(self, sandbox: "Sandbox", request: Request, params: dict[str, str]) -> str:
        if request.path.startswith("/hosted/"):
            return self.owner(sandbox, "links", request.path.split("/")[2])
        if request.path == "/v2/auth/link":
            return str(request.data.get("account_id") or "*")
        return params.get("account_id", "*")

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        kind = code or TYPES.get(status) or ("api/internal_error" if status >= 500 else TYPES[400])
        title = kind.partition("/")[2].replace("_", " ").capitalize()
        body = {"object": "Error", "type": kind, "status": status, "title": title}
        return body | {"detail": text or title, "req_id": f"req-{uuid.uuid4().hex[:6]}"}

    def blocked(self, call: Call) -> Response | None:
        if call.request.path.startswith("/hosted/"):
            return None
        if not call.account.name.startswith("acc_"):
            return self.error(400, message="account_id must match ^acc_.")
        if "account_id" in call.request.query:
            return self.error(400, message=REFUSALS["unknown"].format("account_id"))
        status = call.account.status
        if call.request.path.startswith(("/v2/accounts/", "/v2/auth/")) and status != "deleted":
            return None
        if status in BLOCKING:
            return self.error(*BLOCKING[status])
        return self.error(STATUS_CODES[status]) if status in STATUS_CODES else None

    def build(self, account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        if event.startswith("account."):
            return _event(account, event, {"timestamp": now_iso()} | fields)
        person = events.sender_of(account, fields)
        if event in RELATIONS:
            relation = {"id": f"rel_{uuid.uuid4().hex[:8]}", "object": "UserRelation", "user": _user(person)}
            return _event(account, event, relation)
        chat, message = events.keep_event(account, person, fields, is_ours=bool(fields.get("is_sender")))
        message["edited"] = int(event == "message.update")
        ids = {"chat_id": chat["id"], "message_id": message["id"]}
        return _event(account, event, ids if event == "message.update" else _message(account, message))

    def learn(self, account: Account, body: dict[str, Any]) -> None:
        """Stores nothing: `build` has stored the event."""

    def holds(self, account: Account, body: dict[str, Any]) -> bool:
        return account.status in BLOCKING and not str(body.get("type")).startswith("account.")

    def status_event(self, account: Account, status: str) -> dict[str, Any] | None:
        if status not in WORDS or account.status not in WORDS:
            return None
        return _event(account, f"account.status.{WORDS[status]}", {"timestamp": now_iso()})

    def signature(self, webhook: "Webhook", payload: bytes) -> dict[str, str]:
        return {"Unipile-Signature": webhook.timed_signature(payload, "v0")}


def _event(account: Account, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"evt_{uuid.uuid4().hex[:16]}",
        "created_at": now_iso(),
        "account_id": account.name,
        "account_provider": "linkedin",
        "type": kind,
        "payload": payload,
    }


def _user(person: dict[str, Any]) -> dict[str, Any]:
    return {
        "object": "User",
        "id": person["provider_id"],
        "type": "individual",
        "public_identifier": person["public_identifier"],
        "display_name": person["name"],
        "profile_url": f"https://www.linkedin.com/in/{person['public_identifier']}",
    }


def _message(account: Account, row: dict[str, Any]) -> dict[str, Any]:
    flags = ("hidden", "seen", "delivered", "deleted", "pinned", "event", "mentionned")
    message = {
        "object": "Message",
        "provider": "linkedin",
        "id": row["id"],
        "chat_id": row["chat_id"],
        "sender_id": row["sender_id"],
        "text": row["text"],
        "timestamp": row["timestamp"],
        "is_sender": bool(row["is_sender"]),
        "is_edited": bool(row["edited"]),
        "attachments": row["attachments"],
        "reactions_counter": [],
    } | {f"is_{flag}": False for flag in flags}
    sender = account.data.people.get(row["sender_id"])
    return message | {"sender": _user(sender)} if sender else message


def _chat(account: Account, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "object": "Chat",
        "provider": "linkedin",
        "id": row["id"],
        "name": row["name"],
        "last_message_timestamp": row["timestamp"],
        "muted_until": None,
        "user_id": row["attendee_provider_id"],
        "user": _user(account.data.people[row["attendee_provider_id"]]),
        "type": "1to1",
        "is_1to1": True,
        "is_group": False,
        "is_channel": False,
        "is_pinned": False,
        "is_readonly": False,
        "is_archived": False,
        "folders": [],
        "unread_count": row["unread_count"],
    }


def _list(call: Call, rows: list[dict[str, Any]]) -> Response:
    limit, start = call.request.number("limit", 20, 1, 100), call.request.number("offset", 0, 0, 10**9)
    return json_response({"data": rows[start : start + limit], "total_count": len(rows)})


@routes.on("GET", "/v2/accounts/{account_id}")
def account(call: Call) -> Response:
    unnamed = "running" if call.account.status in STATUS_CODES else "disconnected"
    owner = call.account.properties.get("owner_id") or events.member_id(call.account.name)
    body = {
        "object": "Account",
        "id": call.account.name,
        "application_id": "app_sandbox",
        "user_id": owner,
        "name": call.account.properties.get("name", "Alex Moreno"),
        "created_at": call.store.created_at,
        "status": WORDS.get(call.account.status, unnamed),
        "provider": "linkedin",
    }
    return json_response(body)


@routes.on("GET", "/v2/{account_id}/users/{user_id}")
def user(call: Call) -> Response:
    person = person_of(call, call.params["user_id"])
    first, _, last = person["name"].partition(" ")
    specifics: dict[str, Any] = {
        "network_distance": DEGREES.get(person["network_distance"], person["network_distance"]),
        "is_open_profile": person["open_profile"],
    }
    if person["pending_invitation"]:
        specifics["relation_request"] = {"object": "RelationRequest", "id": "inv_1", "type": "sent"}
        specifics["relation_request_status"] = "PENDING"
    names = {"first_name": first, "last_name": last, "is_blocked": False, "provider": "linkedin"}
    return json_response(_user(person) | names | {"specifics": specifics})


@routes.on("POST", "/v2/{account_id}/users/me/relation-requests")
def invite(call: Call) -> Response:
    values = call.check_body({"user_id": str, "message": str}, ("user_id",), REFUSALS)
    person, note = person_of(call, values["user_id"]), values.get("message") or ""
    if len(note) > NOTE_LIMIT:
        raise BadRequestError(f"message is longer than {NOTE_LIMIT} characters.")
    if person["network_distance"] == CONNECTED or person["pending_invitation"]:
        raise BadRequestError("There is a relation or a request already.", status=422)
    call.store.people[person["provider_id"]]["pending_invitation"] = True
    number = f"inv_{uuid.uuid4().hex[:12]}"
    request = {
        "object": "RelationRequest",
        "id": number,
        "type": "sent",
        "user": _user(person),
        "created_at": now_iso(),
        "message": note,
    }
    call.sent("invite", number, to=person["provider_id"], text=note)
    return json_response(request, 201)


@routes.on("GET", "/v2/{account_id}/linkedin/inmail-credits")
def inmail_credits(call: Call) -> Response:
    return json_response({"object": "InmailCredits", "credits": {"classic": inmails_left(call)}})


@routes.on("GET", "/v2/{account_id}/inboxes")
def inboxes(call: Call) -> Response:
    return _list(call, [{"object": "Inbox", "id": name, "disabled": False} for name in INBOXES])


@routes.on("GET", "/v2/{account_id}/inboxes/{inbox_id}/chats")
def chats(call: Call) -> Response:
    rows = newest_first(call.store.chats.values())
    unread = call.params["inbox_id"] == "CLASSIC_UNREAD"
    return _list(call, [_chat(call.account, row) for row in rows if row["unread_count"] or not unread])


@routes.on("POST", "/v2/{account_id}/inboxes/{inbox_id}/chats/send")
def start_chat(call: Call) -> Response:
    fields: dict[str, type] = {
        "text": str,
        "name": str,
        "users_ids": list,
        "attachments": list,
        "specifics": dict,
    }
    values = call.check_body(fields, ("text", "users_ids"), REFUSALS)
    if call.params["inbox_id"] != INBOXES[0]:
        raise BadRequestError("Only a primary inbox can start a chat.", status=422)
    classic = (values.get("specifics") or {}).get("linkedin", {}).get("classic", {})
    inmail, person = bool(classic.get("inmail")), person_of(call, str(values["users_ids"][0]))
    if inmail and inmails_left(call) == 0:
        raise BadRequestError("There are no InMail credits left on this account.", status=422)
    if not inmail and person["network_distance"] != CONNECTED:
        raise BadRequestError("The recipient is not a first degree connection.", status=422)
    call.store.inmails_used += inmail
    chat = events.keep_chat(call.account, None, person)
    message = send_text(call, chat, values["text"], "inmail" if inmail else "dm")
    return json_response({"object": "ChatStarted", "chat_id": chat["id"], "message_id": message["id"]})


@routes.on("GET", "/v2/{account_id}/chats/{chat_id}")
def chat(call: Call) -> Response:
    return json_response(_chat(call.account, chat_of(call)))


@routes.on("GET", "/v2/{account_id}/chats/{chat_id}/messages")
def messages(call: Call) -> Response:
    chat_id = chat_of(call)["id"]
    rows = [row for row in newest_first(call.store.messages.values()) if row["chat_id"] == chat_id]
    return _list(call, [_message(call.account, row) for row in between(call, rows)])


@routes.on("POST", "/v2/{account_id}/chats/{chat_id}/messages/send")
def send_message(call: Call) -> Response:
    fields: dict[str, type] = {"text": str, "quote_id": str, "attachments": list}
    text = call.check_body(fields, ("text",), REFUSALS)["text"]
    message = send_text(call, chat_of(call), text, "dm")
    return json_response({"object": "MessageSent", "message_id": message["id"]})


@routes.on("GET", "/v2/{account_id}/chats/{chat_id}/messages/{message_id}")
def message(call: Call) -> Response:
    return json_response(_message(call.account, _message_row(call)))


@routes.on("GET", "/v2/{account_id}/chats/{chat_id}/messages/{message_id}/attachments/{attachment_id}")
def attachment(call: Call) -> Response:
    if any(file.get("id") == call.params["attachment_id"] for file in _message_row(call)["attachments"]):
        return Response(200, b"A file of the sandbox.\n", "application/octet-stream")
    raise BadRequestError("Attachment not found.", status=404)


@routes.on("POST", "/v2/auth/link")
def auth_link(call: Call) -> Response:
    names = ("account_id", "expires_on", "redirect_uri", "domain", "state")
    fields: dict[str, type] = {**dict.fromkeys(names, str), "config": dict}
    values = call.check_body(fields, names[:3], REFUSALS)
    link = {"expiresOn": values["expires_on"], "success_redirect_url": values["redirect_uri"]}
    url = unipile_hosted.new_link(call, values["account_id"], link)
    return json_response({"object": "HostedAuthLink", "link": url})


def _message_row(call: Call) -> dict[str, Any]:
    row = call.look_up(call.store.messages, "message_id", "Message not found.")
    if row["chat_id"] != call.params["chat_id"]:
        raise BadRequestError("Message not found.", status=404)
    return row


PLAYER = UnipileV2()
