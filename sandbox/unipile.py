"""Simulates Unipile (LinkedIn) as far as Holdfast uses it. Each account id has its own state, whatever the API key.

A key belongs to the platform and only authenticates. An account with a status in BLOCKING or STATUS_CODES refuses every
LinkedIn call with the error of its status. As at Unipile itself, callers can still read the account's status and get a
reconnect link.
"""

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sandbox import unipile_events as events
from sandbox import unipile_hosted
from sandbox.provider import STATUS_CODES, Call, Provider
from sandbox.state import Account, Shelf, now_iso
from sandbox.web import BadRequestError, Request, Response, Router, json_response

if TYPE_CHECKING:
    from sandbox.core import Sandbox

routes = Router()
routes.include(unipile_hosted.routes)
routes.include(unipile_hosted.pages)

BLOCKING = {
    "disconnected": (401, "disconnected_account"),
    "stopped": (401, "disconnected_account"),
    "credentials": (401, "expired_credentials"),
    "checkpoint": (401, "checkpoint_error"),
    "restricted": (403, "account_restricted"),
    "deleted": (404, "resource_not_found"),
}
DEFAULT_TYPES = {
    400: "invalid_parameters",
    401: "missing_credentials",
    402: "insufficient_credits",
    403: "insufficient_permissions",
    404: "resource_not_found",
    429: "too_many_requests",
    503: "provider_unreachable",
}
DETAILS = {
    "disconnected_account": "The account appears to be disconnected from the provider service.",
    "expired_credentials": "The credentials of this account have expired, please reconnect it.",
    "account_restricted": "Access to this account has been restricted by the provider.",
    "insufficient_credits": "There are no InMail credits left on this account.",
    "missing_credentials": "The request carries no valid API key.",
}
CONNECTED = "DISTANCE_1"
NOTE_LIMIT = 300


@dataclass
class LinkedIn:
    """The data of one LinkedIn account in the simulated Unipile: chats, messages, people and invitations."""

    created_at: str = field(default_factory=now_iso)
    chats: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    messages: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    people: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    links: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    inmails_used: int = 0


class Unipile(Provider):
    name = "unipile"
    routes = routes
    statuses = (*BLOCKING, "connecting")
    new_data = LinkedIn
    build = staticmethod(events.build)
    learn = staticmethod(events.learn)
    status_event = staticmethod(events.account_status)
    events: tuple[str, ...] = events.EVENTS

    def credential(self, request: Request) -> str:
        if request.path.startswith("/hosted/"):
            return request.path  # the link itself authenticates
        return request.headers.get("x-api-key", "").strip()

    def account_name(self, sandbox: "Sandbox", request: Request, params: dict[str, str]) -> str:
        """Returns the LinkedIn account that a call is for: the account in the path, query or body, or else the account
        of the chat or message. Returns `*` if the call is for no account.
        """
        parts = request.path.split("/")
        if request.path.startswith("/hosted/"):
            return self.owner(sandbox, "links", parts[2])
        account_id = params.get("account_id") or request.query.get("account_id")
        if not account_id and request.method == "POST":
            account_id = request.data.get("account_id")
        for table, key in (("chats", "chat_id"), ("messages", "message_id")):
            if not account_id and key in params:
                account_id = self.owner(sandbox, table, params[key])
        return str(account_id or "*")

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        code = (
            code
            or DEFAULT_TYPES.get(status)
            or ("unexpected_error" if status >= 500 else "invalid_parameters")
        ).removeprefix("errors/")
        return {
            "status": status,
            "type": f"errors/{code}",
            "title": code.replace("_", " ").capitalize(),
            "detail": text or DETAILS.get(code, code.replace("_", " ")),
        }

    def blocked(self, call: Call) -> Response | None:
        if call.request.path.startswith(("/api/v1/accounts", "/api/v1/hosted/", "/hosted/")):
            return None
        if call.account.name == "*":
            return self.error(400, message="account_id is required")
        status = call.account.status
        if status in BLOCKING:
            return self.error(*BLOCKING[status])
        return self.error(STATUS_CODES[status]) if status in STATUS_CODES else None

    def holds(self, account: Account, body: dict[str, Any]) -> bool:
        return account.status not in ("ok", "connecting", "rate_limited") and "AccountStatus" not in body

    def owner(self, sandbox: "Sandbox", table: str, key: str) -> str:
        """Returns the name of the account whose `table` has a row `key`, or `*` if no account has it."""
        accounts = sandbox.state.accounts(self.name)
        return next((account.name for account in accounts if key in getattr(account.data, table)), "*")


# Accounts


@routes.on("GET", "/api/v1/accounts/{account_id}")
def account(call: Call) -> Response:
    if call.account.status == "deleted":
        raise BadRequestError("Account not found.", status=404, code="resource_not_found")
    return json_response(_account(call.account))


def _account(account: Account) -> dict[str, Any]:
    name = account.properties.get("name", "Alex Moreno")
    owner = account.properties.get("owner_id") or events.member_id(account.name)
    return {
        "object": "Account",
        "type": "LINKEDIN",
        "id": account.name,
        "name": name,
        "created_at": account.data.created_at,
        "connection_params": {"im": {"id": owner, "username": name}},
        "sources": [
            {"id": f"{account.name}_MESSAGING", "status": events.SOURCE_STATUS.get(account.status, "OK")}
        ],
        "groups": [],
    }


# People


@routes.on("GET", "/api/v1/users/{identifier}")
def profile(call: Call) -> Response:
    person = dict(person_of(call, call.params["identifier"]))
    first, _, last = person.pop("name").partition(" ")
    names = {"object": "UserProfile", "provider": "LINKEDIN", "first_name": first, "last_name": last}
    return json_response(person | names)


@routes.on("POST", "/api/v1/users/invite")
def invite(call: Call) -> Response:
    values = call.request.data
    person = person_of(call, required_text(values, "provider_id"))
    note = values.get("message") or ""
    if len(note) > NOTE_LIMIT:
        raise BadRequestError(f"message is longer than {NOTE_LIMIT} characters.")
    if person["network_distance"] == CONNECTED:
        raise BadRequestError("The recipient is already a relation.", status=422, code="already_connected")
    if person["pending_invitation"]:
        raise BadRequestError("An invitation is pending.", status=422, code="already_invited_recently")
    call.store.people[person["provider_id"]]["pending_invitation"] = True
    number = f"inv_{uuid.uuid4().hex[:12]}"
    call.sent("invite", number, to=person["provider_id"], text=note)
    return json_response({"object": "UserInvitationSent", "invitation_id": number}, 201)


@routes.on("GET", "/api/v1/linkedin/inmail_balance")
def inmail_balance(call: Call) -> Response:
    rest = inmails_left(call)
    balance = {"object": "LinkedinInmailBalance", "premium": rest, "recruiter": None, "sales_navigator": None}
    return json_response(balance)


def inmails_left(call: Call) -> int:
    used: int = call.store.inmails_used
    return max(0, int(call.account.properties.get("inmail_balance", 5)) - used)


def person_of(call: Call, identifier: str) -> dict[str, Any]:
    """Returns a person by public identifier or provider id.

    Creates an unknown person as a connection, unless the account's property `profiles` says otherwise.
    """
    person = events.keep_person(call.account, identifier)
    profiles = call.account.properties.get("profiles", {})
    set_by_command = profiles.get(person["public_identifier"]) or profiles.get(person["provider_id"]) or {}
    pending = person["pending_invitation"] or set_by_command.get("pending_invitation", False)
    return person | set_by_command | {"pending_invitation": pending} if set_by_command else person


# Chats


@routes.on("GET", "/api/v1/chats")
def chats(call: Call) -> Response:
    rows = newest_first(call.store.chats.values())
    return _list(call, "ChatList", between(call, rows))


@routes.on("POST", "/api/v1/chats")
def start_chat(call: Call) -> Response:
    values = call.request.data
    attendees = values.get("attendees_ids")
    if not attendees:
        raise BadRequestError("attendees_ids is required.")
    text = required_text(values, "text")
    inmail = bool((values.get("linkedin") or {}).get("inmail"))
    person = person_of(call, str(attendees[0]))
    if inmail and inmails_left(call) == 0:
        raise BadRequestError(DETAILS["insufficient_credits"], status=402, code="insufficient_credits")
    if not inmail and person["network_distance"] != CONNECTED:
        detail = "The recipient is not a first degree connection."
        raise BadRequestError(detail, status=422, code="no_connection_with_recipient")
    call.store.inmails_used += inmail
    chat = events.keep_chat(call.account, None, person)
    message = send_text(call, chat, text, "inmail" if inmail else "dm")
    return json_response({"object": "ChatStarted", "chat_id": chat["id"], "message_id": message["id"]}, 201)


@routes.on("GET", "/api/v1/chats/{chat_id}/messages")
def chat_messages(call: Call) -> Response:
    chat_id = chat_of(call)["id"]
    rows = [message for message in call.store.messages.values() if message["chat_id"] == chat_id]
    return _list(call, "MessageList", between(call, newest_first(rows)))


@routes.on("POST", "/api/v1/chats/{chat_id}/messages")
def send_message(call: Call) -> Response:
    message = send_text(call, chat_of(call), required_text(call.request.data, "text"), "dm")
    return json_response({"object": "MessageSent", "message_id": message["id"]}, 201)


@routes.on("GET", "/api/v1/chats/{chat_id}/attendees")
def chat_attendees(call: Call) -> Response:
    person = call.store.people[chat_of(call)["attendee_provider_id"]]
    attendee = {
        "object": "ChatAttendee",
        "id": hashlib.sha256(person["provider_id"].encode()).hexdigest()[:16],
        "account_id": call.account.name,
        "provider_id": person["provider_id"],
        "name": person["name"],
        "is_self": 0,
        "profile_url": f"https://www.linkedin.com/in/{person['public_identifier']}",
    }
    return _list(call, "ChatAttendeeList", [attendee])


@routes.on("GET", "/api/v1/messages")
def messages(call: Call) -> Response:
    return _list(call, "MessageList", between(call, newest_first(call.store.messages.values())))


@routes.on("GET", "/api/v1/messages/{message_id}")
def message(call: Call) -> Response:
    return json_response(_message(call))


@routes.on("GET", "/api/v1/messages/{message_id}/attachments/{attachment_id}")
def attachment(call: Call) -> Response:
    for file in _message(call).get("attachments") or ():
        if isinstance(file, dict) and file.get("id") == call.params["attachment_id"]:
            name = file.get("file_name") or file["id"]
            return Response(200, f"The file {name} of the sandbox.\n".encode(), "application/octet-stream")
    raise BadRequestError("Attachment not found.", status=404, code="resource_not_found")


def newest_first(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Sorts newest first. Of messages with the same timestamp, the one written last comes first."""
    return sorted(rows, key=lambda row: row["timestamp"])[::-1]


def _message(call: Call) -> dict[str, Any]:
    return call.look_up(call.store.messages, "message_id", "Message not found.")


def chat_of(call: Call) -> dict[str, Any]:
    return call.look_up(call.store.chats, "chat_id", "Chat not found.")


def send_text(call: Call, chat: dict[str, Any], text: str, kind: str) -> dict[str, Any]:
    message = events.keep_message(call.account, chat, text, is_ours=True)
    call.sent(kind, message["id"], to=chat["attendee_provider_id"], thread=chat["id"], text=text)
    return message


def required_text(values: dict[str, Any], name: str) -> str:
    text = values.get(name)
    if not isinstance(text, str) or not text.strip():
        raise BadRequestError(f"{name} is required.")
    return text


def between(call: Call, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    query = call.request.query
    if after := query.get("after"):
        items = [row for row in items if events.instant(row["timestamp"]) > events.instant(after)]
    if before := query.get("before"):
        items = [row for row in items if events.instant(row["timestamp"]) < events.instant(before)]
    return items


def _list(call: Call, kind: str, items: list[dict[str, Any]]) -> Response:
    limit, start = call.request.number("limit", 100, 1, 250), call.request.number("cursor", 0, 0, 10**9)
    cursor = str(start + limit) if len(items) > start + limit else None
    return json_response({"object": kind, "items": items[start : start + limit], "cursor": cursor})


PLAYER = Unipile()
