"""The body by which EmailBison would bring an invented reply (the button "Send a test event")."""

from typing import Any

from integrations.spec import SampleReply


def body(reply: SampleReply) -> dict[str, Any]:
    """A reply as EmailBison posts one from a person whom it does not know as a lead."""
    person = reply.person
    return {
        "event": {"type": "UNTRACKED_REPLY_RECEIVED", "workspace_id": reply.account_id or None},
        "data": {
            "campaign": None,
            "lead": None,
            "scheduled_email": None,
            "sender_email": None,
            "reply": {
                "id": reply.id,
                "email_subject": reply.subject,
                "from_email_address": person.email,
                "from_name": f"{person.first_name} {person.last_name}",
                "text_body": reply.text,
                "html_body": None,
                "date_received": reply.at.isoformat(),
                "automated_reply": False,
                "interested": False,
            },
        },
    }
