"""Files that came with a LinkedIn message: what Unipile tells of them, and how they are fetched."""

from typing import Any

from integrations.attachments import Attachment, attachment, told
from integrations.models import Integration
from integrations.unipile.client import UnipileClient
from jobs.deadline import Deadline


def of(value: Any) -> list[dict[str, Any]]:
    """The files in a message's `attachments`, as a MessageEvent has them. Unipile documents one object, but its API
    sends a list.
    """
    items = value if isinstance(value, list) else [value]
    return told(_attachment(one) for one in items if isinstance(one, dict))


def _attachment(one: dict[str, Any]) -> Attachment:
    size = one.get("file_size")
    return attachment(
        id=one.get("id"),
        name=one.get("file_name") or one.get("name"),
        type=one.get("type"),
        mimetype=one.get("mimetype"),
        size=size if size is not None else one.get("size"),
        url=one.get("url"),
    )


def fetch(account: Integration, message_id: str, one: Attachment, deadline: Deadline) -> bytes:
    """The file with its id, by Unipile's API."""
    return UnipileClient.for_integration(account).attachment(message_id, one.id, deadline)
