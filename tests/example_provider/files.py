"""Files that came with a mail: what Example Mail tells of them, and how they are fetched."""

from typing import Any

from integrations.attachments import Attachment, as_stored, attachment
from integrations.models import Integration
from jobs.deadline import Deadline
from tests.example_provider.client import ExampleMailClient


def of(value: Any) -> list[dict[str, Any]]:
    """The files in a message's `files`, as a MessageEvent has them; [] for anything but a list."""
    items = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return as_stored(
        attachment(id=one.get("id"), name=one.get("name"), type=one.get("type"), size=one.get("size"))
        for one in items
    )


def fetch(account: Integration, message_id: str, one: Attachment, deadline: Deadline) -> bytes:
    """The file with its id, by Example Mail's API."""
    return ExampleMailClient.for_integration(account).file(message_id, one.id, deadline)
