"""Fetches a message's attachment from its provider while a person waits for it. The file is not stored here."""

import io
import threading
from collections.abc import Callable
from contextlib import ExitStack
from uuid import UUID

from inbox.models import Message
from inbox.trace import asking
from inbox.workspaces.accounts import NotAnswerable, answering
from integrations import registry
from integrations.attachments import LARGEST, Attachment
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.health import writer
from integrations.http.hosts import HostRefused, check_url
from integrations.spec import NONE, ProviderSpec, stated
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested

BUDGET_MS = 15_000
"""The time limit, in milliseconds, of a page that waits for a file."""
SLOT_COUNT = 2
SLOTS = threading.BoundedSemaphore(SLOT_COUNT)
"""Limits the number of files that a server process holds in memory at the same time."""
TOO_LARGE = f"It is larger than {LARGEST // (1024 * 1024)} MB, and Holdfast doesn’t fetch larger files."


class NotFetched(Exception):
    """A file could not be fetched. The text is a sentence with the reason for users."""


def why_not(spec: ProviderSpec, workspace_id: UUID, attachment: Attachment) -> str:
    """Why a message's file cannot be fetched, as a sentence; "" if an attempt is possible. Makes no call."""
    if isinstance(spec.files, NONE):
        return spec.files.why
    if not getattr(attachment, spec.files.needs):
        where = "gives it no id" if attachment.url else "doesn’t say where it is"
        return f"{spec.company} {where}, so Holdfast can’t fetch it."
    if attachment.size is not None and attachment.size > LARGEST:
        return TOO_LARGE
    if spec.files.needs == "url":
        try:
            check_url(spec.name, attachment.url, workspace_id)
        except HostRefused:
            return f"It isn’t stored at {spec.company}, so Holdfast doesn’t fetch it."
    return ""


class Held(io.BytesIO):
    """A file in memory. It takes a slot of SLOTS until it is closed or garbage-collected."""

    def __init__(self, content: bytes, leave: Callable[[], None]) -> None:
        super().__init__(content)
        self._leave = leave

    def close(self) -> None:
        super().close()
        self._leave()


def fetch(message: Message, attachment: Attachment) -> Held:
    """The file of a message: at most 25 MB, requested once, within 15 s. The caller closes it when the browser has
    received it. No database connection is held. The account's health is unaffected, because a file may be deleted or
    stored elsewhere. Raises NotFetched.
    """
    spec = registry.spec_of(registry.provider_of(message.source))
    if why := why_not(spec, message.workspace_id, attachment):
        raise NotFetched(why)
    try:
        account = answering(message, spec.name)
        with ExitStack() as place:
            deadline = place.enter_context(asking.slot(SLOTS, BUDGET_MS))
            with writer.unobserved():
                content = stated(spec.files).fetch(account, message.external_id, attachment, deadline)
            return Held(content, place.pop_all().close)
    except asking.Busy:
        raise NotFetched("Other files are being fetched right now. Try again in a few seconds.") from None
    except (Cancelled, DeadlineExceeded, ShutdownRequested):
        raise NotFetched(
            f"{spec.company} hadn’t sent it in full after {BUDGET_MS / 1000:g} s. Try again."
        ) from None
    except (NotAnswerable, ProviderMisconfigured) as error:
        raise NotFetched(str(error)) from None
    except ProviderError as error:
        raise NotFetched(_refusal(spec.company, error)) from None


def _refusal(company: str, error: ProviderError) -> str:
    if error.code == "answer_too_large":
        return TOO_LARGE
    if error.status is not None and 300 <= error.status < 400:
        return f"{company} keeps it at another address, which Holdfast doesn’t follow."
    if error.status in (404, 410):
        return f"{company} no longer has it."
    return f"{company} didn’t provide it: {error.outcome.label}."
