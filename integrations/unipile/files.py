"""Files that came with a LinkedIn message: what Unipile tells of them, and how they are fetched."""

from typing import Any

from integrations.attachments import Attachment, as_stored, attachment
from integrations.models import Integration
from integrations.unipile.client import UnipileClient
from jobs.deadline import Deadline


def of(raw: Any) -> list[dict[str, Any]]:
    """The files in a message's `attachments`, as a MessageEvent has them. Unipile documents one object, but its API
    sends a list.
    """
    items = raw if isinstance(raw, list) else [raw]
    return as_stored(_attachment(file) for file in items if isinstance(file, dict))


def _attachment(file: dict[str, Any]) -> Attachment:
    size = file.get("file_size")
    return attachment(
        id=file.get("id"),
        name=file.get("file_name") or file.get("name"),
        type=file.get("type"),
        mimetype=file.get("mimetype"),
        size=size if size is not None else file.get("size"),
        url=file.get("url"),
    )


def fetch(account: Integration, message_id: str, file: Attachment, deadline: Deadline) -> bytes:
    """The file with its id, by Unipile's API."""
    return UnipileClient.for_integration(account).attachment(message_id, file.id, deadline)
