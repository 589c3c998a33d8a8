"""The body by which Unipile would bring an invented LinkedIn message (the button "Send a test event")."""

from typing import Any

from integrations.spec import SampleReply


def body(reply: SampleReply) -> dict[str, Any]:
    """A message as Unipile posts one. It names no chat, so nothing can be written into one."""
    person = reply.person
    return {
        "event": "message_received",
        "account_id": reply.account_id or "sample",
        "account_type": "LINKEDIN",
        "message_id": reply.id,
        "message": reply.text,
        "is_sender": False,
        "timestamp": reply.at.isoformat(),
        "sender": {
            "attendee_name": f"{person.first_name} {person.last_name}",
            "attendee_provider_id": person.linkedin_member_id,
        },
    }
