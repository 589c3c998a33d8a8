"""Files that came with a mail: what EmailBison tells of them, and how they are fetched."""

from typing import Any

from django.conf import settings

from integrations.attachments import Attachment, attachment, told
from integrations.client import file_at, required_secret
from integrations.emailbison.errors import classify
from integrations.models import Integration
from jobs.deadline import Deadline


def of(value: Any) -> list[dict[str, Any]]:
    """The files in a reply's `attachments`, as a MessageEvent has them; [] for anything but a list."""
    items = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
    return told(
        attachment(id=one.get("id"), name=one.get("file_name"), url=one.get("download_url")) for one in items
    )


def fetch(account: Integration, _message_id: str, one: Attachment, deadline: Deadline) -> bytes:
    """The file at its `download_url`. The key goes along only if that is at the account's own address."""
    headers = {"Authorization": f"Bearer {required_secret(account, 'api_key')}"}
    return file_at(
        account, one.url, headers, deadline, classify=classify, timeout_ms=settings.EMAILBISON_TIMEOUT_MS
    )
