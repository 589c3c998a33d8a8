"""Asks a provider for its messages or for a file, while a person waits for the page.

A call has a time limit, and only a few pages of a process may wait at a time. They wait without a database connection.
"""

import io
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.utils import timezone

from inbox.leads import identity
from inbox.models import Lead, Message, OutboundSend, Workspace
from inbox.trace.events import Link, link_to
from inbox.trace.search import Wanted, leads_of
from inbox.workspaces.accounts import NotAnswerable, answering, usable
from integrations import registry
from integrations.attachments import LARGEST, Attachment
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.events import MessageEvent
from integrations.health import writer
from integrations.http.hosts import HostRefused, check_url
from integrations.models import Integration
from integrations.spec import NONE, ProviderSpec, stated
from jobs.db import drop_connection
from jobs.deadline import Deadline
from jobs.durations import duration
from jobs.errors import Cancelled, DeadlineExceeded, ShutdownRequested

BUDGET_MS = 3_000
"""The time limit, in milliseconds, for a page that asks a provider for messages."""
PROVIDER_MS = 30_000
"""After this time, in milliseconds, the call counts as a timeout of the provider. Pages give up earlier."""
OWN_PART_MS = 200
"""The milliseconds of BUDGET_MS that are reserved for our own queries and rendering."""
SLOT_COUNT = 4
SLOTS = threading.BoundedSemaphore(SLOT_COUNT)
"""Limits the threads of a server process that wait for a provider, so that the other threads can serve pages."""
BACK = timedelta(days=7)
"""How far back a provider's list of messages is read."""
LEADS = 5
MOST = 1_000
"""The maximum number of messages that are read from a provider's list."""
FILE_BUDGET_MS = 15_000
"""The time limit, in milliseconds, for a page that fetches a file."""
FILE_SLOT_COUNT = 2
FILE_SLOTS = threading.BoundedSemaphore(FILE_SLOT_COUNT)
"""Limits the number of files that a server process holds in memory at the same time."""
TOO_LARGE = f"This file is larger than the limit of {LARGEST // (1024 * 1024)} MB."


class Busy(Exception):
    """No slot is free: as many pages of this process as the limit allows already wait for a provider."""


NO_ANSWER = (Busy, ProviderError, ProviderMisconfigured, Cancelled, DeadlineExceeded, ShutdownRequested)
"""The exceptions of a call in a `slot` after which the page is shown without the provider's answer."""


@contextmanager
def slot(places: threading.BoundedSemaphore = SLOTS, budget_ms: int | None = None) -> Iterator[Deadline]:
    """Takes one of `places` for the `with` block, closes the database connection, and yields a Deadline. The Deadline
    raises Cancelled after `budget_ms` (2.8 s by default). Raises Busy if all `places` are taken.
    """
    budget_ms = BUDGET_MS - OWN_PART_MS if budget_ms is None else budget_ms
    if not places.acquire(blocking=False):
        raise Busy
    try:
        drop_connection()
        gives_up_at = time.monotonic() + budget_ms / 1000
        # The end of `budget_ms` cancels the call. If it counted as a timeout, the breaker would also stop the jobs of a
        # provider that answers within four seconds, which is fast enough for jobs.
        yield Deadline.after_ms(PROVIDER_MS, cancelled=lambda: time.monotonic() >= gives_up_at)
    finally:
        places.release()


@dataclass(frozen=True)
class Account:
    """An account whose provider can be asked for messages. `cannot` says why it cannot be asked; "" if it can."""

    integration: Integration
    label: str
    cannot: str


@dataclass(frozen=True)
class Listed:
    """A message in a provider's list, with a link to our own row of the message, if there is one."""

    at: datetime
    outbound: bool
    subject: str
    external_id: str
    ours: Link | None


@dataclass(frozen=True)
class Answer:
    """The result of asking a provider for its messages. `read` counts the messages that were read; `listed` holds the
    matching ones. `complete` is False if the time, the limit or an error (`problem`) ended the reading early.

    `poll_every`: how often missing messages are fetched automatically, as a text.
    """

    label: str
    asked_at: datetime
    since: datetime
    read: int = 0
    poll_every: str = ""
    listed: list[Listed] = field(default_factory=list)
    complete: bool = True
    problem: str = ""

    @property
    def missing(self) -> int:
        return sum(message.ours is None for message in self.listed)


def accounts(workspace: Workspace) -> list[Account]:
    """Returns the workspace's accounts, each with the reason why it cannot be asked, or ""."""
    rows = Integration.objects.filter(workspace=workspace).order_by("provider", "name", "pk")
    return [Account(row, row.label, _cannot(row)) for row in rows]


def _cannot(integration: Integration) -> str:
    spec = registry.spec_of(integration.provider)
    if isinstance(spec.replies, NONE):
        return f"{spec.label} doesn’t list messages. {spec.replies.why}"
    if not integration.enabled:
        return f"This {spec.label} account is off."
    return "" if usable(integration) else f"This {spec.label} account is missing its key."


def ask(workspace: Workspace, account: Account, wanted: Wanted) -> Answer:
    """Reads the messages that the account's provider lists for the last 7 days, at most 1,000, within 3 s. Returns
    those that match `wanted`.

    If the provider cannot be asked or fails, `problem` of the Answer says so.
    """
    now, spec = timezone.now(), registry.spec_of(account.integration.provider)
    blank = Answer(account.label, now, now - BACK, complete=False)
    if account.cannot or isinstance(spec.replies, NONE):
        return replace(blank, problem=account.cannot)
    leads = list(leads_of(workspace, wanted)[:LEADS])
    events: list[MessageEvent] = []
    read, complete, problem = 0, False, ""
    try:
        with slot() as deadline:
            messages = iter(spec.replies(account.integration, blank.since, deadline))
            for event in islice(messages, MOST):
                read += 1
                if isinstance(event, MessageEvent) and about(workspace, wanted, leads, event):
                    events.append(event)
            complete = next(messages, None) is None
    except NO_ANSWER as error:
        problem = _problem(account.label, error)
    every = spec.poll_every
    return replace(
        blank,
        read=read,
        poll_every=duration(every.total_seconds()) if isinstance(every, timedelta) else "",
        listed=_known(workspace, events),
        complete=complete,
        problem=problem,
    )


def _problem(label: str, error: Exception) -> str:
    if isinstance(error, Busy):
        return "Other pages are asking providers right now. Try again in a few seconds."
    if isinstance(error, ProviderMisconfigured):
        return str(error)
    if isinstance(error, ProviderError):
        return f"{label} didn’t respond: {error.outcome.label}."
    return f"{label} hadn’t responded in full after {BUDGET_MS // 1000} s."


def about(workspace: Workspace, wanted: Wanted, leads: list[Lead], event: MessageEvent) -> bool:
    """Whether the listed message `event` matches `wanted` by id, address or number, or belongs to one of `leads`."""
    if wanted.text == event.external_id:
        return True
    if wanted.email and wanted.email == identity.normal_email(event.from_address):
        return True
    identities = identity.identities_of(workspace, event.person)
    if (
        wanted.email
        and identities.get("email") == wanted.email
        or wanted.phone
        and identities.get("phone") == wanted.phone
    ):
        return True
    return any(getattr(lead, name) == identifier for lead in leads for name, identifier in identities.items())


def _known(workspace: Workspace, events: list[MessageEvent]) -> list[Listed]:
    """Returns the listed messages with links to our rows. Our own answers are matched by the provider's id."""
    ids = [event.external_id for event in events]
    stored = Message.objects.filter(
        workspace=workspace, source__in={event.source for event in events}, external_id__in=ids
    )
    ours = {
        (message.source, message.external_id): link_to(message)
        for message in stored.only("pk", "source", "external_id", "direction")
    }
    sends = {
        send.provider_message_id: link_to(send)
        for send in OutboundSend.objects.filter(workspace=workspace, provider_message_id__in=ids)
    }
    return [
        Listed(
            event.occurred_at,
            event.direction == Message.Direction.OUTBOUND,
            event.subject,
            event.external_id,
            ours.get((event.source, event.external_id)) or sends.get(event.external_id),
        )
        for event in events
    ]


class NotFetched(Exception):
    """A file could not be fetched. The exception's text is a sentence for users with the reason."""


def why_not(spec: ProviderSpec, workspace_id: UUID, attachment: Attachment) -> str:
    """Returns why a file cannot be fetched, as a sentence; "" if fetching can be tried. Makes no call."""
    if isinstance(spec.files, NONE):
        return spec.files.why
    if not getattr(attachment, spec.files.needs):
        where = "doesn’t give the file an ID" if attachment.url else "doesn’t say where the file is"
        return f"{spec.company} {where}, so Holdfast can’t fetch it."
    if attachment.size is not None and attachment.size > LARGEST:
        return TOO_LARGE
    if spec.files.needs == "url":
        try:
            check_url(spec.name, attachment.url, workspace_id)
        except HostRefused:
            return f"This file isn’t stored at {spec.company}, so Holdfast can’t fetch it."
    return ""


class Held(io.BytesIO):
    """A file in memory. It takes one of the FILE_SLOTS until it is closed or garbage-collected."""

    def __init__(self, content: bytes, leave: Callable[[], None]) -> None:
        super().__init__(content)
        self._leave = leave

    def close(self) -> None:
        super().close()
        self._leave()


def fetch_file(message: Message, attachment: Attachment) -> Held:
    """Requests a message's file once and returns it: at most 25 MB, within 15 s. The caller closes the file when the
    browser has received it. No database connection is held. A failure does not change the account's health, because the
    file may have been deleted or be stored elsewhere. Raises NotFetched.
    """
    spec = registry.spec_of(registry.provider_of(message.source))
    if why := why_not(spec, message.workspace_id, attachment):
        raise NotFetched(why)
    try:
        account = answering(message, spec.name)
        with ExitStack() as place:
            deadline = place.enter_context(slot(FILE_SLOTS, FILE_BUDGET_MS))
            with writer.unobserved():
                content = stated(spec.files).fetch(account, message.external_id, attachment, deadline)
            return Held(content, place.pop_all().close)
    except Busy:
        raise NotFetched("Other files are being fetched right now. Try again in a few seconds.") from None
    except (Cancelled, DeadlineExceeded, ShutdownRequested):
        raise NotFetched(
            f"{spec.company} hadn’t sent the whole file after {FILE_BUDGET_MS / 1000:g} s. Try again."
        ) from None
    except (NotAnswerable, ProviderMisconfigured) as error:
        raise NotFetched(str(error)) from None
    except ProviderError as error:
        raise NotFetched(_refusal(spec.company, error)) from None


def _refusal(company: str, error: ProviderError) -> str:
    if error.code == "answer_too_large":
        return TOO_LARGE
    if error.status is not None and 300 <= error.status < 400:
        return f"{company} redirects to another address, and Holdfast doesn’t follow redirects."
    if error.status in (404, 410):
        return f"{company} no longer has this file."
    return f"{company} didn’t provide this file: {error.outcome.label}."
