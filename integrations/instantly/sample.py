"""The body by which Instantly would bring an invented reply (the button "Send a test event")."""

from typing import Any

from integrations.spec import SampleReply


def body(reply: SampleReply) -> dict[str, Any]:
    """A reply as Instantly posts one, without a campaign."""
    person = reply.person
    return {
        "event_type": "reply_received",
        "timestamp": reply.at.isoformat(),
        "workspace": reply.account_id,
        "lead_email": person.email,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "companyName": person.company,
        "email_id": reply.id,
        "reply_subject": reply.subject,
        "reply_text": reply.text,
    }
