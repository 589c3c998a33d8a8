"""Builds GoHighLevel's webhooks for inbound SMS (workflow) and for the app, and stores contacts and messages."""

import re
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.state import Account, now_iso, ring
from sandbox.web import BadRequestError, required

CARRIER_STOP = {"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
CARRIER_START = {"START", "UNSTOP"}
CONTACT_FIELDS = (
    "email",
    "phone",
    "firstName",
    "lastName",
    "companyName",
    "tags",
    "customFields",
    "timezone",
    "state",
)


def build(account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Returns the body of the webhook that the simulated GoHighLevel posts for `event`: an inbound SMS ("sms" or ""),
    or an event of the app.

    As in GoHighLevel's webhooks, an SMS has no id. Creates or changes the contact, and the appointment of the event.
    Raises BadRequestError for an unknown event or a missing field.
    """
    if event in APPOINTMENT_EVENTS:
        return _appointment_event(account, event, fields)
    if event in APP_EVENTS:
        return APP_EVENTS[event](account, event, fields)
    return _text(account, fields, required(fields, "text", "the SMS's text"))


def _text(account: Account, fields: dict[str, Any], text: str) -> dict[str, Any]:
    contact = _contact(account, fields.get("contact") or {})
    location = {
        "id": account.properties.get("location_id", "LocSandbox01"),
        "name": "Sandbox",
        "country": "US",
    }
    empty = {"address": "", "city": "", "state": "NY", "postalCode": "", "fullAddress": ""}
    return {
        "contact_id": contact["id"],
        "first_name": contact["firstName"],
        "last_name": contact["lastName"],
        "full_name": contact["contactName"],
        "email": contact["email"],
        "phone": contact["phone"],
        "tags": ",".join(contact["tags"] or []),
        "country": "US",
        "date_created": contact["dateAdded"],
        "full_address": "",
        "contact_type": "lead",
        "location": {**location, **empty},
        "message": {"type": 2, "body": text},
        "workflow": {"id": "wf-1", "name": "Inbound SMS"},
        "customData": _custom_data(contact, text) | (fields.get("custom_data") or {}),
        "contact": {"attributionSource": {"sessionSource": "CRM UI", "medium": "manual", "mediumId": None}},
        "attributionSource": {},
        "triggerData": {},
    }


APPOINTMENT_EVENTS = ("AppointmentCreate", "AppointmentUpdate", "AppointmentDelete")


def _appointment_event(account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Builds an appointment's event.

    If `appointment_id` is unknown, an appointment is created. The appointment then gets `status` and `start_time`.
    """
    stored = account.data.appointments.get(fields.get("appointment_id"))
    if stored is None:
        if event != "AppointmentCreate" and not fields.get("contact"):
            raise BadRequestError("the id of a known appointment, or its contact", code="appointment_id")
        contact = _contact(account, fields.get("contact") or {})
        start = (datetime.now(UTC) + timedelta(days=2)).replace(microsecond=0).isoformat()
        values = {"contactId": contact["id"], "calendarId": "CalSandbox0000000001", "startTime": start}
        stored = keep_appointment(
            account, values | {"id": fields.get("appointment_id") or secrets.token_hex(10)}
        )
    changes = {"appointmentStatus": fields.get("status"), "startTime": fields.get("start_time")}
    keep_appointment(
        account, {"id": stored["id"]} | {name: field for name, field in changes.items() if field}
    )
    if event == "AppointmentDelete":
        account.data.appointments.pop(stored["id"])
    return {"type": event, "locationId": stored["locationId"], "appointment": dict(stored)}


def keep_appointment(account: Account, values: dict[str, Any]) -> dict[str, Any]:
    """Creates or changes the simulated GoHighLevel's appointment with the id in `values`, and returns it."""
    stored: dict[str, Any] = account.data.appointments.setdefault(
        values["id"],
        {
            "locationId": account.properties.get("location_id", "LocSandbox01"),
            "appointmentStatus": "confirmed",
            "title": "Intro call",
            "dateAdded": now_iso(),
        },
    )
    stored.update(values, dateUpdated=now_iso())
    return stored


MESSAGE_TYPES = ("SMS", "Email", "WhatsApp", "FB", "IG", "GMB", "Live Chat")
DND_CHANNELS = ("Call", "Email", "SMS", "WhatsApp", "GMB", "FB")
DND_STATES = ("active", "inactive", "permanent")


def _message_event(account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Builds the app's event about a message on the channel `message_type`. An email has HTML, and its own id field."""
    kind = fields.get("message_type", "SMS")
    if kind not in MESSAGE_TYPES:
        raise BadRequestError(f"one of {', '.join(MESSAGE_TYPES)}", code="message_type")
    text = required(fields, "text", "the message's text")
    contact = _contact(account, fields.get("contact") or {})
    message = keep_message(account, contact, text, inbound=event == "InboundMessage")
    message["messageType"] = f"TYPE_{kind.upper().replace(' ', '_')}"
    body = _app(account, event) | {
        "body": text,
        "contactId": contact["id"],
        "conversationId": message["conversationId"],
        "dateAdded": message["dateAdded"],
        "direction": message["direction"],
        "messageType": kind,
    }
    if kind != "Email":
        return body | {"messageId": message["id"], "contentType": "text/plain", "attachments": []}
    mail = {"emailMessageId": message["id"], "from": contact["email"], "subject": fields.get("subject", "")}
    return body | mail | {"body": f"<div>{text}</div>", "to": ["hello@sandbox.example.com"]}


def _dnd_event(account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
    """Builds the event of a contact's do-not-disturb.

    As in GoHighLevel's own events, `dnd` is absent unless the state applies to all channels.
    """
    states = fields.get("channels") or {}
    if not set(states) <= set(DND_CHANNELS) or not set(states.values()) <= set(DND_STATES):
        raise BadRequestError(f"{', '.join(DND_CHANNELS)}: {', '.join(DND_STATES)}", code="channels")
    contact = _contact(account, fields.get("contact") or {})
    contact["dnd"] = bool(fields.get("dnd")) or states.get("SMS") in ("active", "permanent")
    settings = {name: {"status": state, "message": "", "code": ""} for name, state in states.items()}
    base = {name: contact[name] for name in ("id", "email", "phone", "firstName", "lastName", "companyName")}
    body = _app(account, event) | base | {"dndSettings": settings, "dateUpdated": now_iso()}
    return body | ({"dnd": True} if fields.get("dnd") else {})


def _email_stats(account: Account, event: str, fields: dict[str, Any]) -> dict[str, Any]:
    contact = _contact(account, fields.get("contact") or {})
    statistic = {"event": fields.get("statistic", "unsubscribed"), "id": secrets.token_hex(10)}
    stamp = {"timestamp": int(datetime.now(UTC).timestamp()), "recipient": contact["email"]}
    return _app(account, event) | {"webhookPayload": statistic | stamp}


def _app(account: Account, event: str, _fields: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": event, "locationId": account.properties.get("location_id", "LocSandbox01")}


APP_EVENTS: dict[str, Callable[[Account, str, dict[str, Any]], dict[str, Any]]] = {
    "InboundMessage": _message_event,
    "OutboundMessage": _message_event,
    "ContactDndUpdate": _dnd_event,
    "LCEmailStats": _email_stats,
    "INSTALL": _app,
    "UNINSTALL": _app,
}
EVENTS = ("", "sms", *APPOINTMENT_EVENTS, *APP_EVENTS)

NAMES = {"id": "id", "first_name": "firstName", "last_name": "lastName", "email": "email", "phone": "phone"}
"""The names that `emit` uses for the fields of a contact, each with GoHighLevel's name."""


def _contact(account: Account, fields: dict[str, Any]) -> dict[str, Any]:
    values = {api: fields[name] for name, api in NAMES.items() if fields.get(name)}
    return find_contact(account, values) or keep_contact(account, {"phone": "+15555550123", **values})


def _custom_data(contact: dict[str, Any], text: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "ID": contact["id"],
        "Phone Number": contact["phone"],
        "First Name": contact["firstName"] or "",
        "Last Name": contact["lastName"] or "",
        "Email": contact["email"] or "",
        "Message": text,
        "Date": f"{now:%b} {now.day}th, {now.year}",
        "Time": f"{now:%I:%M %p}",
    }


def learn(account: Account, body: dict[str, Any]) -> None:
    """Stores the appointment, or the contact and the SMS, of a webhook's body in the simulated GoHighLevel. The
    carriers' keywords (STOP, START) set and lift do-not-disturb.
    """
    if isinstance(body.get("appointment"), dict) and body["appointment"].get("id"):
        keep_contact(account, {"id": body["appointment"].get("contactId")})
        account.data.appointments[body["appointment"]["id"]] = dict(body["appointment"])
        return
    if not body.get("contact_id"):
        return
    values = {"id": body["contact_id"], "email": body.get("email"), "phone": body.get("phone")}
    contact = keep_contact(
        account, {**values, "firstName": body.get("first_name"), "lastName": body.get("last_name")}
    )
    text = (body.get("message") or {}).get("body") or (body.get("customData") or {}).get("Message")
    if text:
        keep_message(account, contact, text, inbound=True)
        word = re.sub(r"[^A-Z]", "", text.upper()) if len(text) < 16 else ""
        contact["dnd"] = (contact["dnd"] or word in CARRIER_STOP) and word not in CARRIER_START


def find_contact(account: Account, values: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the simulated GoHighLevel's contact with the id in `values`. Without an id, finds the contact by phone
    number, or else by email address. Returns None if no contact matches.
    """
    store = account.data
    contact_id = (
        values.get("id")
        or store.by_phone.get(_digits(values.get("phone")))
        or store.by_email.get(str(values.get("email") or "").lower())
    )
    contact: dict[str, Any] | None = store.contacts.get(contact_id)
    return contact


def keep_contact(account: Account, values: dict[str, Any]) -> dict[str, Any]:
    """Creates or changes the simulated GoHighLevel's contact with the id in `values`, and returns it. Without an id,
    creates a contact.
    """
    store = account.data
    contact: dict[str, Any] | None = store.contacts.get(values.get("id"))
    if contact is None:
        contact = dict.fromkeys(CONTACT_FIELDS) | {
            "id": values.get("id") or secrets.token_hex(10),
            "dnd": False,
        }
        contact |= {"tags": [], "dateAdded": now_iso(), "locationId": account.properties.get("location_id")}
        store.contacts[contact["id"]] = contact
    contact.update({name: values[name] for name in (*CONTACT_FIELDS, "dnd") if values.get(name) is not None})
    contact["contactName"] = " ".join(filter(None, (contact["firstName"], contact["lastName"])))
    if contact["phone"]:
        store.by_phone[_digits(contact["phone"])] = contact["id"]
    if contact["email"]:
        store.by_email[contact["email"].lower()] = contact["id"]
    return contact


def keep_message(account: Account, contact: dict[str, Any], text: str, *, inbound: bool) -> dict[str, Any]:
    """Adds an SMS to the contact's conversation at the simulated GoHighLevel, and returns it."""
    store, at = account.data, now_iso()
    conversation_id = f"conv{contact['id']}"
    conversation = store.conversations.get(conversation_id)
    if conversation is None:
        conversation = {"id": conversation_id, "contactId": contact["id"], "type": "TYPE_PHONE"}
        conversation |= {"contactName": contact["contactName"], "phone": contact["phone"], "unreadCount": 0}
        conversation["locationId"] = contact["locationId"]
        store.conversations[conversation_id] = conversation
        store.by_conversation[conversation_id] = ring()
    message = {
        "id": secrets.token_hex(10),
        "type": 2,
        "messageType": "TYPE_SMS",
        "direction": "inbound" if inbound else "outbound",
        "status": "delivered",
        "body": text,
        "contentType": "text/plain",
        "contactId": contact["id"],
        "conversationId": conversation_id,
        "locationId": contact["locationId"],
        "dateAdded": at,
        "source": "workflow" if inbound else "api",
    }
    store.messages[message["id"]] = message
    store.by_conversation[conversation_id].append(message["id"])
    conversation.update(lastMessageBody=text, lastMessageDate=at, lastMessageDirection=message["direction"])
    return message


def _digits(phone: Any) -> str:
    return re.sub(r"\D", "", str(phone or ""))
