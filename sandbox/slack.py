"""Simulates Slack as far as Holdfast uses it: the Web API of one bot token, and incoming webhooks.

Errors are HTTP 200 with `ok: false`, except for too many requests (429) and an outage of Slack (5xx). An incoming
webhook responds with plain text.
"""

import hashlib
import json
import time
from dataclasses import dataclass, field
from typing import Any

from sandbox.provider import Call, Provider
from sandbox.state import Shelf
from sandbox.web import BadRequestError, Request, Response, Router, json_response, text_response

routes = Router()

ERRORS = {
    400: "invalid_arguments",
    401: "invalid_auth",
    403: "missing_scope",
    404: "unknown_method",
    429: "ratelimited",
}
SCOPES = "chat:write,im:write,users:read,users:read.email,channels:read,groups:read"
CHANNELS = {"C0SANDBOX01": "general", "C0SANDBOX02": "replies"}


@dataclass
class Workspace:
    """The data of one bot token in the simulated Slack: its messages, and its direct messages by user."""

    messages: dict[tuple[str, str], dict[str, Any]] = field(default_factory=Shelf)
    dms: dict[str, str] = field(default_factory=Shelf)
    last_ts: float = 0.0

    def next_ts(self) -> str:
        """Returns a new message timestamp of the simulated Slack, which is unique and increasing."""
        self.last_ts = max(time.time(), self.last_ts + 0.000_01)
        return f"{self.last_ts:.6f}"


class Slack(Provider):
    name = "slack"
    routes = routes
    new_data = Workspace

    def credential(self, request: Request) -> str:
        if request.path.startswith("/services/"):
            return request.path
        return request.bearer() or _field(request, "token")

    def error(self, status: int, code: str | None = None, message: str | None = None) -> Response:
        response = super().error(status, code, message)
        response.status = status if status == 429 or status >= 500 else 200
        return response

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        return {"ok": False, "error": code or ERRORS.get(status, "internal_error")}


def _field(request: Request, name: str) -> str:
    text = request.query.get(name)
    if text is None and request.method == "POST":
        text = request.data.get(name)
    return "" if text is None else text if isinstance(text, str) else json.dumps(text)


def _refuse(code: str) -> BadRequestError:
    return BadRequestError(code, code=code)


def _ok(call: Call, values: dict[str, Any]) -> Response:
    scopes = call.account.properties.get("scopes", SCOPES)
    return json_response({"ok": True, **values}, headers={"X-OAuth-Scopes": scopes})


@routes.on("POST", "/services/{team}/{bot}/{secret}", "/services/{team}/{secret}", "/services/{secret}")
def incoming_webhook(call: Call) -> Response:
    values = call.request.data
    text = values.get("text") or ""
    if not text and not values.get("blocks"):
        return text_response("no_text", 400)
    call.sent("webhook", call.store.next_ts(), to="webhook", text=text)
    return text_response("ok")


@routes.on("GET POST", "/api/auth.test")
def auth_test(call: Call) -> Response:
    ids = {"team_id": "T0SANDBOX", "user_id": "U0SANDBOT", "bot_id": "B0SANDBOX"}
    return _ok(call, {"url": "https://sandbox.slack.com/", "team": "Sandbox", "user": "holdfast", **ids})


@routes.on("POST", "/api/chat.postMessage")
def post_message(call: Call) -> Response:
    channel = _channel(call, _field(call.request, "channel"))
    message = {
        "type": "message",
        "user": "U0SANDBOT",
        "bot_id": "B0SANDBOX",
        "ts": call.store.next_ts(),
        **_content(call),
    }
    if metadata := call.request.data.get("metadata"):
        message["metadata"] = json.loads(metadata) if isinstance(metadata, str) else metadata
    call.store.messages[channel, message["ts"]] = message
    call.sent("post", message["ts"], to=channel, text=message["text"])
    return _ok(call, {"channel": channel, "ts": message["ts"], "message": message})


@routes.on("POST", "/api/chat.update")
def update_message(call: Call) -> Response:
    channel, ts = _field(call.request, "channel"), _field(call.request, "ts")
    message = call.store.messages.get((channel, ts))
    if message is None:
        raise _refuse("message_not_found")
    message |= _content(call) | {"edited": {"user": "U0SANDBOT", "ts": call.store.next_ts()}}
    call.sent("update", ts, to=channel, thread=ts, text=message["text"])
    return _ok(call, {"channel": channel, "ts": ts, "text": message["text"], "message": message})


def _content(call: Call) -> dict[str, Any]:
    blocks = call.request.data.get("blocks")
    try:
        parsed = json.loads(blocks) if isinstance(blocks, str) and blocks else blocks
    except ValueError as exc:
        raise _refuse("invalid_blocks_format") from exc
    text = _field(call.request, "text")
    if not text and not parsed:
        raise _refuse("no_text")
    return {"text": text, "blocks": parsed or []}


def _channel(call: Call, channel: str) -> str:
    """Returns the id of a channel that is named by id, #name or user id. Raises channel_not_found for anything else."""
    channels = call.account.properties.get("channels", CHANNELS)
    if channel.startswith("U"):
        return str(call.store.dms.setdefault(channel, "D0" + channel[1:]))
    channel_id = next((key for key, name in channels.items() if name == channel.removeprefix("#")), "")
    if channel_id or channel in channels:
        return channel_id or channel
    if channel.startswith(("C", "G", "D")) and channel.isalnum() and channel.isupper():
        return channel
    raise _refuse("channel_not_found")


@routes.on("GET POST", "/api/conversations.list")
def list_conversations(call: Call) -> Response:
    channels = [
        {
            "id": key,
            "name": name,
            "is_channel": True,
            "is_member": True,
            "is_archived": False,
            "is_private": False,
        }
        for key, name in call.account.properties.get("channels", CHANNELS).items()
    ]
    return _ok(call, {"channels": channels, "response_metadata": {"next_cursor": ""}})


@routes.on("GET POST", "/api/conversations.history")
def history(call: Call) -> Response:
    scopes = call.account.properties.get("scopes", SCOPES)
    if not {"channels:history", "groups:history"} & set(scopes.split(",")):
        raise _refuse("missing_scope")
    channel, oldest = _channel(call, _field(call.request, "channel")), _field(call.request, "oldest") or "0"
    hidden = set() if _field(call.request, "include_all_metadata") else {"metadata"}
    messages = [
        {name: field for name, field in message.items() if name not in hidden}
        for (where, ts), message in call.store.messages.items()
        if where == channel and float(ts) > float(oldest)
    ]
    return _ok(call, {"messages": messages[::-1][:200], "has_more": len(messages) > 200})


@routes.on("GET POST", "/api/users.lookupByEmail")
def lookup_user(call: Call) -> Response:
    email = _field(call.request, "email")
    if "@" not in email or email.startswith("nobody"):
        raise _refuse("users_not_found")
    user_id = "U" + hashlib.sha256(email.lower().encode()).hexdigest()[:9].upper()
    name = email.partition("@")[0]
    profile = {"email": email, "real_name": name.replace(".", " ").title()}
    user = {"id": user_id, "name": name, "deleted": False, "is_bot": False, "profile": profile}
    return _ok(call, {"user": user})


PLAYER = Slack()
