"""The body by which Example Mail would bring an invented reply (the button "Send a test event")."""

from typing import Any

from integrations.spec import SampleReply
from tests.example_provider import payloads


def body(reply: SampleReply) -> dict[str, Any]:
    """A reply as Example Mail posts one, without a campaign."""
    person = reply.person
    return {
        "id": reply.id,
        "type": payloads.REPLY,
        "at": reply.at.isoformat(),
        "account": reply.account_id,
        "lead": person.email,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company": person.company,
        "subject": reply.subject,
        "text": reply.text,
    }
