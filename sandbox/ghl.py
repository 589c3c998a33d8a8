"""Simulates GoHighLevel as far as Holdfast uses it: contacts, SMS conversations and appointments of one location per
key.

An SMS to a contact with do-not-disturb, or to a deleted contact, is refused. An SMS to an unknown contact id is
accepted, because replayed webhooks contain such ids.
"""

import secrets
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox import ghl_events as events
from sandbox.provider import Call, Provider
from sandbox.state import Shelf
from sandbox.web import BadRequestError, Response, Router, json_response

routes = Router()

DND = "Cannot send message as DND is active for SMS."


@dataclass
class Location:
    """The data of one location in the simulated GoHighLevel: contacts, conversations, messages and appointments."""

    contacts: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    by_phone: dict[str, str] = field(default_factory=Shelf)
    by_email: dict[str, str] = field(default_factory=Shelf)
    conversations: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    messages: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    by_conversation: dict[str, deque[str]] = field(default_factory=Shelf)
    appointments: dict[str, dict[str, Any]] = field(default_factory=Shelf)
    deleted: dict[str, bool] = field(default_factory=Shelf)


class GoHighLevel(Provider):
    name = "ghl"
    routes = routes
    new_data = Location
    build = staticmethod(events.build)
    learn = staticmethod(events.learn)
    events = events.EVENTS
    texts = {
        400: "Bad Request",
        401: "Invalid Private Integration token",
        403: "The token does not have access to this location.",
        404: "Not found",
        429: "Too Many Requests",
        500: "Internal server error",
    }
    retry_after_s = 10

    def error_body(self, status: int, code: str | None, text: str) -> dict[str, Any]:
        return {"statusCode": status, "message": text, "traceId": str(uuid.uuid4())}


def _traced(values: dict[str, Any], status: int = 200) -> Response:
    return json_response({**values, "traceId": str(uuid.uuid4())}, status)


# Conversations


@routes.on("POST", "/conversations/messages")
def send_message(call: Call) -> Response:
    values = call.request.data
    if values.get("type") != "SMS":
        raise BadRequestError("type must be SMS", status=422)
    contact_id, text = values.get("contactId"), values.get("message")
    if not isinstance(contact_id, str) or not 15 <= len(contact_id) <= 64 or not contact_id.isalnum():
        raise BadRequestError("contactId must be a valid contact id", status=422)
    if not isinstance(text, str) or not text.strip():
        raise BadRequestError("There is no message or attachments for this message. Skip sending.")
    if contact_id in call.store.deleted:
        raise BadRequestError("Contact not found", status=404)
    contact = call.store.contacts.get(contact_id) or events.keep_contact(
        call.account, {"id": contact_id, "phone": "+15555550100"}
    )
    if contact["dnd"] or contact_id in call.account.properties.get("dnd_contacts", ()):
        raise BadRequestError(DND)
    if not contact["phone"]:
        raise BadRequestError("Missing phone number")
    message = events.keep_message(call.account, contact, text, inbound=False)
    call.sent("sms", message["id"], to=contact_id, thread=message["conversationId"], text=text)
    body = {
        "conversationId": message["conversationId"],
        "messageId": message["id"],
        "message": text,
        "contactId": contact_id,
        "dateAdded": message["dateAdded"],
    }
    return json_response(body, 201)


@routes.on("GET", "/conversations/search")
def search_conversations(call: Call) -> Response:
    rows = list(call.store.conversations.values())
    if contact_id := call.request.query.get("contactId"):
        rows = [conversation for conversation in rows if conversation["contactId"] == contact_id]
    rows.sort(key=lambda conversation: conversation["lastMessageDate"], reverse=True)
    limit = call.request.number("limit", 20, 1, 100)
    return _traced({"conversations": rows[:limit], "total": len(rows)})


@routes.on("GET", "/conversations/messages/export")
def export_messages(call: Call) -> Response:
    query, rows = call.request.query, list(call.store.messages.values())
    if contact_id := query.get("contactId"):
        rows = [message for message in rows if message["contactId"] == contact_id]
    if start := query.get("startDate"):
        rows = [message for message in rows if message["dateAdded"] >= start]
    rows.reverse()
    limit, first = call.request.number("limit", 100, 1, 500), call.request.number("cursor", 0, 0, 10**9)
    cursor = str(first + limit) if len(rows) > first + limit else None
    return _traced({"messages": rows[first : first + limit], "nextCursor": cursor, "total": len(rows)})


@routes.on("GET", "/conversations/{conversation_id}/messages")
def conversation_messages(call: Call) -> Response:
    conversation = call.look_up(call.store.conversations, "conversation_id", "Conversation not found")
    ids = list(call.store.by_conversation[conversation["id"]])[::-1]
    last = call.request.query.get("lastMessageId")
    ids = ids[ids.index(last) + 1 :] if last in ids else ids
    limit = call.request.number("limit", 20, 1, 100)
    page = [
        call.store.messages[message_id] for message_id in ids[:limit] if message_id in call.store.messages
    ]
    messages = {
        "lastMessageId": page[-1]["id"] if page else None,
        "nextPage": len(ids) > limit,
        "messages": page,
    }
    return _traced({"messages": messages})


# Contacts


@routes.on("POST", "/contacts/upsert")
def upsert_contact(call: Call) -> Response:
    stored = events.find_contact(call.account, call.request.data)
    contact = events.keep_contact(call.account, _person(call) | ({"id": stored["id"]} if stored else {}))
    return _traced({"new": stored is None, "contact": contact}, 200 if stored else 201)


@routes.on("POST", "/contacts/search")
def search_contacts(call: Call) -> Response:
    contacts = list(call.store.contacts.values())
    for condition in call.request.data["filters"]:
        wanted = str(condition["value"]).lower()
        contacts = [row for row in contacts if str(row.get(condition["field"]) or "").lower() == wanted]
    return _traced({"contacts": contacts[: call.request.data["pageLimit"]], "total": len(contacts)})


@routes.on("GET", "/contacts/{contact_id}")
def contact(call: Call) -> Response:
    return _traced({"contact": call.look_up(call.store.contacts, "contact_id", "Contact not found")})


@routes.on("PUT", "/contacts/{contact_id}")
def change_contact(call: Call) -> Response:
    row = call.look_up(call.store.contacts, "contact_id", "Contact not found")
    return _traced(
        {"succeded": True, "contact": events.keep_contact(call.account, _person(call) | {"id": row["id"]})}
    )


@routes.on("DELETE", "/contacts/{contact_id}")
def delete_contact(call: Call) -> Response:
    row = call.look_up(call.store.contacts, "contact_id", "Contact not found")
    del call.store.contacts[row["id"]]
    call.store.deleted[row["id"]] = True
    return _traced({"succeded": True})


@routes.on("GET", "/contacts/{contact_id}/appointments")
def contact_appointments(call: Call) -> Response:
    contact_id = call.params["contact_id"]
    if contact_id in call.store.deleted:
        raise BadRequestError("Contact not found", status=404)
    return _traced({"events": [a for a in call.store.appointments.values() if a["contactId"] == contact_id]})


def _person(call: Call) -> dict[str, Any]:
    values = dict(call.request.data)
    values.pop("id", None)
    return values


# Calendars and the rest


@routes.on("GET", "/calendars/")
def calendars(call: Call) -> Response:
    calendar = {
        "id": "CalSandbox0000000001",
        "name": "Intro call",
        "locationId": _location(call),
        "slotDuration": 30,
    }
    return _traced({"calendars": [calendar]})


@routes.on("GET", "/calendars/{calendar_id}/free-slots")
def free_slots(call: Call) -> Response:
    day = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    slots: dict[str, Any] = {}
    for offset in range(1, 6):
        start = day + timedelta(days=offset)
        times = [(start + timedelta(hours=hour)).isoformat() for hour in (14, 15, 18)]
        slots[start.date().isoformat()] = {"slots": times}
    return _traced(slots)


@routes.on("POST", "/calendars/events/appointments")
def create_appointment(call: Call) -> Response:
    values = call.request.data
    for name in ("calendarId", "contactId", "startTime"):
        if not values.get(name):
            raise BadRequestError(f"{name} should not be empty", status=422)
    ids = {"id": secrets.token_hex(10), "locationId": _location(call)}
    appointment = events.keep_appointment(call.account, {**values, **ids})
    call.sent("booking", appointment["id"], to=values["contactId"], text=str(values["startTime"]))
    return json_response(appointment, 201)


@routes.on("PUT", "/calendars/events/appointments/{appointment_id}")
def change_appointment(call: Call) -> Response:
    stored = call.look_up(call.store.appointments, "appointment_id", "Appointment not found")
    return json_response(events.keep_appointment(call.account, {**call.request.data, "id": stored["id"]}))


@routes.on("GET", "/locations/{location_id}")
def location(call: Call) -> Response:
    profile = {"id": call.params["location_id"], "name": "Sandbox", "timezone": "America/New_York"}
    return _traced({"location": profile})


def _location(call: Call) -> str:
    return str(
        call.request.query.get("locationId") or call.account.properties.get("location_id", "LocSandbox01")
    )


PLAYER = GoHighLevel()
