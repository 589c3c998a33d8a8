"""The body by which SmartLead would bring an invented reply (the button "Send a test event")."""

from typing import Any

from integrations.spec import SampleReply


def body(reply: SampleReply) -> dict[str, Any]:
    """A reply as SmartLead posts one from a person who is in no campaign."""
    person = reply.person
    return {
        "event_type": "UNTRACKED_REPLIES",
        "event_timestamp": reply.at.isoformat(),
        "subject": reply.subject,
        "sender_detail": f"{person.first_name} {person.last_name} <{person.email}>",
        "recipient_detail": "",
        "visible_text": reply.text,
        "reply_message": {
            "message_id": f"<{reply.id}@sample.invalid>",
            "text": reply.text,
            "html": "",
            "time": reply.at.isoformat(),
        },
    }
