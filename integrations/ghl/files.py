"""Files that came with a text: what GoHighLevel tells of them, and how they are fetched."""

from typing import Any

from django.conf import settings

from integrations.attachments import Attachment, as_stored, attachment
from integrations.client import file_at, required_secret
from integrations.ghl.client import VERSION
from integrations.ghl.errors import classify
from integrations.models import Integration
from jobs.deadline import Deadline


def of(raw: Any) -> list[dict[str, Any]]:
    """The files at the addresses in a text's `attachments`, as a MessageEvent has them; [] for anything but a list."""
    return as_stored(attachment(url=url) for url in (raw if isinstance(raw, list) else []))


def fetch(account: Integration, _message_id: str, file: Attachment, deadline: Deadline) -> bytes:
    """The file at its address. The key goes along only if that is at the account's own address."""
    headers = {"Authorization": f"Bearer {required_secret(account, 'api_key')}", **VERSION}
    return file_at(
        account, file.url, headers, deadline, classify=classify, timeout_ms=settings.GHL_TIMEOUT_MS
    )
