"""The bodies of the seeded year's deliveries, in the shape in which each provider posts them (docs/reference)."""

import json
from typing import Any

from demo.scale.talk import BOUNCE, REPLY, Person, Said
from demo.scale.workspaces import Place
from demo.scale.year import moment

NAMES = {
    ("emailbison", "reply"): "LEAD_REPLIED",
    ("emailbison", "sent"): "EMAIL_SENT",
    ("emailbison", "bounce"): "EMAIL_BOUNCED",
    ("smartlead", "reply"): "EMAIL_REPLY",
    ("smartlead", "sent"): "EMAIL_SENT",
    ("smartlead", "bounce"): "EMAIL_BOUNCE",
    ("instantly", "reply"): "reply_received",
    ("instantly", "sent"): "email_sent",
    ("instantly", "bounce"): "email_bounced",
    ("ghl", "message"): "InboundSMS",
    ("unipile", "message"): "message.received",
}
"""The event types by the two parts of a message's source."""


def contact(person: Person) -> str:
    """The id of the made-up lead's contact at GoHighLevel."""
    return f"contact{person.number:013d}"


def event_type(said: Said) -> str:
    """The provider's name for the webhook event that brought the made-up message `said`."""
    provider, _, what = said.source.partition("_")
    if said.source == "ghl_message" and not said.inbound:
        return "OutboundMessage"
    if said.source == "unipile_message" and not said.inbound:
        return "message.sent"
    return NAMES[provider, what]


def encoded(person: Person, said: Said, place: Place) -> str:
    """The body of the webhook with which the provider posted the made-up message `said`, as ASCII JSON."""
    return json.dumps(_body(person, said, place), separators=(",", ":"))


def _body(person: Person, said: Said, place: Place) -> dict[str, Any]:
    provider = said.source.partition("_")[0]
    return {
        "emailbison": _emailbison,
        "smartlead": _smartlead,
        "instantly": _instantly,
        "ghl": _ghl,
        "unipile": _unipile,
    }[provider](person, said, place)


def _emailbison(person: Person, said: Said, place: Place) -> dict[str, Any]:
    at, name = moment(said.at).isoformat(), event_type(said)
    data: dict[str, Any] = {
        "campaign": {"id": int(person.plan.external_id), "name": person.plan.name},
        "campaign_event": {"id": int(said.external_id), "type": name.lower(), "created_at": at},
        "lead": {
            "id": person.number + 1,
            "email": person.email,
            "first_name": person.first,
            "last_name": person.last,
        },
        "sender_email": {"id": int(said.account[0]), "email": said.account[1], "name": "Alex Moreno"},
    }
    if said.inbound:
        data["reply"] = {
            "id": int(said.external_id),
            "email_subject": said.subject,
            "from_email_address": said.sender,
            "from_name": person.name,
            "to": [{"address": said.account[1], "name": "Alex Moreno"}],
            "html_body": f"<div>{said.text}</div>",
            "text_body": said.text,
            "date_received": at,
            "automated_reply": said.kind == BOUNCE,
            "interested": said.interested,
            "type": "Tracked Reply",
            "folder": "Inbox",
        }
    else:
        data["scheduled_email"] = {
            "id": int(said.external_id),
            "email_subject": said.subject,
            "email_body": f"<p>{said.text}</p>",
            "status": "sent",
            "sent_at": at,
        }
    return {"event": {"type": name, "name": name.title(), "workspace_id": 4_200 + place.number}, "data": data}


def _smartlead(person: Person, said: Said, place: Place) -> dict[str, Any]:
    found = {
        "event_type": event_type(said),
        "campaign_id": int(person.plan.external_id),
        "campaign_name": person.plan.name,
        "sl_lead_email": person.email,
        "sl_lead_name": person.name,
        "stats_id": f"stats-{person.number}",
        "message_id": said.external_id,
        "from_email": said.sender or said.account[1],
        "to_email": said.account[1] if said.inbound else person.email,
        "subject": said.subject,
        "event_timestamp": moment(said.at).isoformat(),
    }
    if said.kind == REPLY:
        return {**found, "preview_text": said.text}
    return {**found, "sent_message": {"message_id": said.external_id, "html": f"<p>{said.text}</p>"}}


def _instantly(person: Person, said: Said, place: Place) -> dict[str, Any]:
    what = "reply" if said.inbound else "email"
    return {
        "type": event_type(said),
        "campaign_id": person.plan.external_id,
        "campaign_name": person.plan.name,
        "contact_email": person.email,
        "contact_name": person.name,
        "email_id": said.external_id,
        "email_account": said.account[1],
        "timestamp": moment(said.at).isoformat(),
        f"{what}_subject": said.subject,
        f"{what}_text": said.text,
    }


def _ghl(person: Person, said: Said, place: Place) -> dict[str, Any]:
    return {
        "contact_id": contact(person),
        "full_name": person.name,
        "email": person.email,
        "phone": person.phone,
        "location": {"id": said.account[0], "name": place.label},
        "message": {"type": 2, "body": said.text},
        "customData": {
            "ID": contact(person),
            "Phone Number": person.phone,
            "Message": said.text,
        },
    }


def _unipile(person: Person, said: Said, place: Place) -> dict[str, Any]:
    return {
        "event": event_type(said),
        "account_id": said.account[0],
        "message": {
            "id": said.external_id,
            "chat_id": f"chat{person.number}",
            "text": said.text,
            "sender_id": f"ACoAA{person.number:09x}",
            "sender_name": person.name,
            "timestamp": moment(said.at).isoformat(),
            "attachments": [],
        },
    }
