"""Builds Unipile's webhooks, and stores the people, chats and messages that they concern."""

import hashlib
import re
import urllib.parse
import uuid
from datetime import UTC, datetime
from typing import Any

from sandbox.state import Account, now_iso
from sandbox.web import BadRequestError, required

MESSAGES = ("message.received", "message_received", "message.sent")
EVENTS = (*MESSAGES, "AccountStatus")

SOURCE_STATUS = {
    "ok": "OK",
    "connecting": "CONNECTING",
    "disconnected": "CREDENTIALS",
    "credentials": "CREDENTIALS",
    "checkpoint": "CREDENTIALS",
    "restricted": "ERROR",
    "stopped": "STOPPED",
    "deleted": "DELETED",
}
"""Unipile's words for the sandbox's account statuses. Statuses that only affect calls have none: `rate_limited`."""


def build(account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the body of the webhook that the simulated Unipile posts for `event`, from the fields in docs/sandbox.md.
    Raises BadRequestError, which names a missing field.
    """
    if event == "AccountStatus":
        return _status_body(account, str(fields.get("message") or SOURCE_STATUS.get(account.status, "OK")))
    person = sender_of(account, fields)
    chat, message = keep_event(account, person, fields, is_ours=event == "message.sent")
    return message_event(account, chat, message, event)


def sender_of(account: Account, fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the person that an event's field `sender` names."""
    sender = fields.get("sender") or {}
    return keep_person(account, str(sender.get("id") or sender.get("url") or "dana-reyes-example"), sender)


def keep_event(
    account: Account, person: dict[str, Any], fields: dict[str, Any], *, is_ours: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Stores the message of an event in the chat with `person`. Returns chat and message. Raises BadRequestError."""
    text = required(fields, "text", "the message's text")
    chat = keep_chat(account, fields.get("chat_id"), person)
    message_id, at = fields.get("message_id"), fields.get("timestamp")
    message = keep_message(account, chat, text, is_ours=is_ours, message_id=message_id, at=at)
    message["attachments"] = fields.get("attachments") or []
    return chat, message


def account_status(account: Account, status: str) -> dict[str, Any] | None:
    """Returns the AccountStatus webhook for a change to `status`. Returns None if Unipile has no word for the old or
    the new status (SOURCE_STATUS), such as `rate_limited`.
    """
    if status not in SOURCE_STATUS or account.status not in SOURCE_STATUS:
        return None
    return _status_body(account, "RECONNECTED" if status == "ok" else SOURCE_STATUS[status])


def message_event(
    account: Account, chat: dict[str, Any], message: dict[str, Any], event: str
) -> dict[str, Any]:
    is_ours = bool(message["is_sender"])
    name = account.properties.get("name", "Alex Moreno") if is_ours else chat["name"]
    slug = (
        "alex-moreno-example"
        if is_ours
        else account.data.people[chat["attendee_provider_id"]]["public_identifier"]
    )
    body = {
        "id": message["id"],
        "chat_id": chat["id"],
        "text": message["text"],
        "sender_id": message["sender_id"],
        "sender_name": name,
        "sender_linkedin_url": f"https://www.linkedin.com/in/{slug}",
        "timestamp": message["timestamp"],
        "attachments": message["attachments"],
    }
    return {"event": event, "account_id": account.name, "message": body}


def learn(account: Account, body: dict[str, Any]) -> None:
    """Stores the message or the new connection of a webhook's body in the simulated Unipile. A stored message stays as
    it is.
    """
    message, connection = body.get("message"), body.get("connection")
    if isinstance(connection, dict):
        profile = {"name": connection.get("name"), "url": connection.get("linkedin_url")}
        keep_person(
            account, str(connection.get("linkedin_member_id") or connection.get("linkedin_url")), profile
        )
    if not isinstance(message, dict) or message["id"] in account.data.messages:
        return
    is_ours = body.get("event") == "message.sent"
    profile = {"name": message.get("sender_name"), "url": message.get("sender_linkedin_url")}
    chat = account.data.chats.get(message["chat_id"])
    if chat is None:
        stranger = f"attendee-of-{message['chat_id']}"
        person = keep_person(
            account, stranger if is_ours else message["sender_id"], {} if is_ours else profile
        )
        chat = keep_chat(account, message["chat_id"], person)
    stored = keep_message(
        account,
        chat,
        message.get("text") or "",
        is_ours=is_ours,
        message_id=message["id"],
        at=message.get("timestamp"),
    )
    stored["attachments"] = message.get("attachments") or []


def member_id(text: str) -> str:
    """Returns an invented LinkedIn member id for a name or other text, always the same for the same text. A text that
    is already a member id is returned as it is.
    """
    return text if text.startswith("ACoAA") else "ACoAA" + hashlib.sha256(text.encode()).hexdigest()[:12]


def keep_person(account: Account, identifier: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
    """Returns the simulated LinkedIn's person with that provider id, public identifier or profile URL. The person is
    created if necessary. `values` may have a name, which replaces the old one, and a profile URL.
    """
    values = values or {}
    slug = _slug(values.get("url")) or _slug(identifier)
    people = account.data.people
    provider_id = identifier if identifier.startswith("ACoAA") else member_id(slug or identifier)
    person = people.get(provider_id) or next(
        (p for p in people.values() if p["public_identifier"] == slug), None
    )
    if person is None:
        public = slug or f"member-{provider_id[-6:].lower()}"
        person = {
            "provider_id": provider_id,
            "public_identifier": public,
            "name": re.sub(r"-(example|\w*\d\w*)$", "", public).replace("-", " ").title(),
            "network_distance": "DISTANCE_1",
            "pending_invitation": False,
            "open_profile": False,
        }
        people[provider_id] = person
    if values.get("name"):
        person["name"] = values["name"]
    return person


def keep_chat(account: Account, chat_id: str | None, person: dict[str, Any]) -> dict[str, Any]:
    """Returns the simulated Unipile's chat with that id, or for None the person's chat. Creates it if necessary."""
    chats = account.data.chats
    if chat_id is None:
        chats_with = (c for c in chats.values() if c["attendee_provider_id"] == person["provider_id"])
        chat = next(chats_with, None)
    else:
        chat = chats.get(chat_id)
    if chat is None:
        chat_id = chat_id or f"chat_{uuid.uuid4().hex[:12]}"
        chat = {
            "object": "Chat",
            "id": chat_id,
            "account_id": account.name,
            "account_type": "LINKEDIN",
            "provider_id": f"2-{chat_id}",
            "attendee_provider_id": person["provider_id"],
            "name": person["name"],
            "type": 0,
            "timestamp": "",
            "unread_count": 0,
        }
        chats[chat_id] = chat
    return chat


def keep_message(
    account: Account,
    chat: dict[str, Any],
    text: str,
    *,
    is_ours: bool,
    message_id: str | None = None,
    at: str | None = None,
) -> dict[str, Any]:
    """Adds a message to a chat of the simulated Unipile, in the form of Unipile's lists of messages, and returns it."""
    at = at or now_iso()
    message = {
        "object": "Message",
        "id": message_id or f"msg_{uuid.uuid4().hex[:16]}",
        "account_id": account.name,
        "chat_id": chat["id"],
        "chat_provider_id": chat["provider_id"],
        "sender_id": member_id(account.name) if is_ours else chat["attendee_provider_id"],
        "text": text,
        "timestamp": at,
        "is_sender": int(is_ours),
        "attachments": [],
        "reactions": [],
        "seen": 0,
        "deleted": 0,
        "edited": 0,
        "is_event": 0,
    }
    account.data.messages[message["id"]] = message
    chat["timestamp"] = max(chat["timestamp"], at)
    chat["unread_count"] = 0 if is_ours else chat["unread_count"] + 1
    return message


def instant(text: str) -> datetime:
    """Parses a time in a request into an aware datetime. Raises BadRequestError if it is not an ISO 8601 date."""
    try:
        at = datetime.fromisoformat(urllib.parse.unquote(text))
    except ValueError as exc:
        raise BadRequestError(f"{text!r} is not an ISO 8601 date.") from exc
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _slug(url: str | None) -> str | None:
    """Returns the public identifier in a profile URL, or the text itself if it is one; None for anything else."""
    if not url or url.startswith("ACoAA"):
        return None
    match = re.search(r"linkedin\.com/in/([^/?#]+)", url)
    return match.group(1) if match else (None if "/" in url else url)


def _status_body(account: Account, message: str) -> dict[str, Any]:
    return {"AccountStatus": {"account_id": account.name, "account_type": "LINKEDIN", "message": message}}
