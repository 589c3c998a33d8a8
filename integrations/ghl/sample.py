"""The body by which a GoHighLevel workflow would bring an invented text message (the button "Send a test event")."""

from typing import Any

from integrations.spec import SampleReply


def body(reply: SampleReply) -> dict[str, Any]:
    """A text message as a workflow posts it. Its stated date tells two samples in the same words apart."""
    person = reply.person
    return {
        "location": {"id": reply.account_id or "sample"},
        "contact_id": "sample",
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "phone": person.phone,
        "company_name": person.company,
        "message": {"type": 2, "body": reply.text},
        "customData": {"Date": f"{reply.at.isoformat()} {reply.id}"},
    }
