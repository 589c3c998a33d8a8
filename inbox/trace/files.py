"""Fetches a file that came with a message from its provider, while a person waits for it. It is stored nowhere here."""

import threading

from inbox.models import Message
from inbox.trace import asking
from inbox.workspaces.accounts import NotAnswerable, answering
from integrations import registry
from integrations.attachments import LARGEST, Attachment
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.health import writer
from integrations.spec import NONE
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested

BUDGET_MS = 15_000
"""The most milliseconds that a page waits for a file."""
SLOT_COUNT = 2
SLOTS = threading.BoundedSemaphore(SLOT_COUNT)
"""Limits how many files a server process holds in memory at the same time."""
MEGABYTES = LARGEST // (1024 * 1024)


class NotFetched(Exception):
    """A file could not be fetched. The text is a sentence for people that says why."""


def fetch(message: Message, one: Attachment) -> bytes:
    """The file `one` that came with `message`: at most 25 MB, by one call to the provider, within 15 s. No connection
    to the database is held meanwhile. The call says nothing about the account's health, as a file may be gone or lie
    elsewhere. Raises NotFetched.
    """
    spec = registry.spec_of(registry.provider_of(message.source))
    if isinstance(spec.files, NONE):
        raise NotFetched(spec.files.why)
    if not getattr(one, spec.files.needs):
        raise NotFetched(f"{spec.company} does not say where this file is.")
    try:
        account = answering(message, spec.name)
        with asking.slot(SLOTS, BUDGET_MS) as deadline, writer.unobserved():
            return spec.files.fetch(account, message.external_id, one, deadline)
    except asking.Busy:
        raise NotFetched("Other files are being fetched just now. Try again in a few seconds.") from None
    except (Cancelled, DeadlineExceeded, ShutdownRequested):
        raise NotFetched(
            f"{spec.company} had not given it in full after {BUDGET_MS / 1000:g} s. Try again."
        ) from None
    except (NotAnswerable, ProviderMisconfigured) as error:
        raise NotFetched(str(error)) from None
    except ProviderError as error:
        raise NotFetched(_refusal(spec.company, error)) from None


def _refusal(company: str, error: ProviderError) -> str:
    if error.code == "answer_too_large":
        return f"It is larger than {MEGABYTES} MB, and larger files are not fetched."
    if error.status is not None and 300 <= error.status < 400:
        return f"{company} keeps it at another address, which is not followed from here."
    if error.status in (404, 410):
        return f"{company} does not have it any more."
    return f"{company} did not give it: {error.outcome.label}."
