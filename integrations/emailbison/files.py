"""Files that came with a mail: what EmailBison tells of them, and how they are fetched."""

from typing import Any

from django.conf import settings

from integrations.attachments import Attachment, as_stored, attachment
from integrations.client import file_at, required_secret
from integrations.emailbison.errors import classify
from integrations.models import Integration
from jobs.deadline import Deadline


def of(raw: Any) -> list[dict[str, Any]]:
    """The files in a reply's `attachments`, as a MessageEvent has them; [] for anything but a list."""
    items = [file for file in raw if isinstance(file, dict)] if isinstance(raw, list) else []
    return as_stored(
        attachment(id=file.get("id"), name=file.get("file_name"), url=file.get("download_url"))
        for file in items
    )


def fetch(account: Integration, _message_id: str, file: Attachment, deadline: Deadline) -> bytes:
    """The file at its `download_url`. The key goes along only if that is at the account's own address."""
    headers = {"Authorization": f"Bearer {required_secret(account, 'api_key')}"}
    return file_at(
        account, file.url, headers, deadline, classify=classify, timeout_ms=settings.EMAILBISON_TIMEOUT_MS
    )
