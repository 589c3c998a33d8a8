"""Asks a provider about an address, a number or a message, while a person waits at a page.

A call takes at most BUDGET_MS, and only a few pages of a process may wait at a time. No database connection is held.
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
"""The time limit, in milliseconds, of a page that asks a provider."""
PROVIDER_MS = 30_000
"""The provider itself counts as too slow after this time. No page waits that long."""
OWN_PART_MS = 200
"""The milliseconds of BUDGET_MS that remain for queries and rendering."""
SLOT_COUNT = 4
SLOTS = threading.BoundedSemaphore(SLOT_COUNT)
"""Limits the threads of a server process that wait for a provider, so that others can serve other pages."""
BACK = timedelta(days=7)
"""The period of a provider's list that is read."""
LEADS = 5
MOST = 1_000
"""The maximum number of messages that are read from the list."""
FILE_BUDGET_MS = 15_000
"""The time limit, in milliseconds, of a page that waits for a file."""
FILE_SLOT_COUNT = 2
FILE_SLOTS = threading.BoundedSemaphore(FILE_SLOT_COUNT)
"""Limits the number of files that a server process holds in memory at the same time."""
TOO_LARGE = f"It’s larger than {LARGEST // (1024 * 1024)} MB, which is the limit."


class Busy(Exception):
    """The maximum number of pages of this process already waits for a provider's answer."""


NO_ANSWER = (Busy, ProviderError, ProviderMisconfigured, Cancelled, DeadlineExceeded, ShutdownRequested)
"""The errors of a provider's call in a slot that leave the page without an answer."""


@contextmanager
def slot(places: threading.BoundedSemaphore = SLOTS, budget_ms: int | None = None) -> Iterator[Deadline]:
    """Lets this page wait for a provider within the `with` block, without a database connection. The Deadline raises
    Cancelled after `budget_ms` (2.8 s by default). Raises Busy if all `places` are taken.
    """
    budget_ms = BUDGET_MS - OWN_PART_MS if budget_ms is None else budget_ms
    if not places.acquire(blocking=False):
        raise Busy
    try:
        drop_connection()
        gives_up_at = time.monotonic() + budget_ms / 1000
        # The person's patience ends the call as a cancellation. As a timeout, it would count against a provider that
        # answers a job in four seconds, and the breaker would stop the jobs.
        yield Deadline.after_ms(PROVIDER_MS, cancelled=lambda: time.monotonic() >= gives_up_at)
    finally:
        places.release()


@dataclass(frozen=True)
class Account:
    """A provider account that can be asked for messages. `cannot`: why it cannot be asked, "" if it can."""

    integration: Integration
    label: str
    cannot: str


@dataclass(frozen=True)
class Listed:
    """One message in a provider's list, and our own row of the message, if any."""

    at: datetime
    outbound: bool
    subject: str
    external_id: str
    ours: Link | None


@dataclass(frozen=True)
class Answer:
    """A provider's list of messages, requested by a person. `read` counts the messages; `listed` holds the matching
    ones. `complete` is False if the time or the limit ran out, or if the provider failed (`problem`).

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
    """The workspace's accounts, each with the reason why it cannot be asked, or ""."""
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
    """Reads the provider's messages of the last 7 days, at most 1,000, within 3 s. Returns the listed messages that
    match `wanted`.

    The Answer's `problem` holds an error of the provider.
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
    """Whether a listed message matches `wanted` by id, address or number, or belongs to one of `leads`."""
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
    """The listed messages with our rows of them. The provider's id identifies our own answers."""
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
    """A file could not be fetched. The text is a sentence with the reason for users."""


def why_not(spec: ProviderSpec, workspace_id: UUID, attachment: Attachment) -> str:
    """Why a message's file cannot be fetched, as a sentence; "" if an attempt is possible. Makes no call."""
    if isinstance(spec.files, NONE):
        return spec.files.why
    if not getattr(attachment, spec.files.needs):
        where = "doesn’t give it an ID" if attachment.url else "doesn’t say where it is"
        return f"{spec.company} {where}, so Holdfast can’t fetch it."
    if attachment.size is not None and attachment.size > LARGEST:
        return TOO_LARGE
    if spec.files.needs == "url":
        try:
            check_url(spec.name, attachment.url, workspace_id)
        except HostRefused:
            return f"It isn’t stored at {spec.company}, so Holdfast can’t fetch it."
    return ""


class Held(io.BytesIO):
    """A file that is held in memory. The file takes a slot of SLOTS until it is closed or garbage-collected."""

    def __init__(self, content: bytes, leave: Callable[[], None]) -> None:
        super().__init__(content)
        self._leave = leave

    def close(self) -> None:
        super().close()
        self._leave()


def fetch_file(message: Message, attachment: Attachment) -> Held:
    """The file of a message: at most 25 MB, requested once, within 15 s. The caller closes the file when the browser
    has received it. No database connection is held. The account's health is unaffected, because a file may be deleted
    or stored elsewhere. Raises NotFetched.
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
            f"{spec.company} hadn’t sent it in full after {FILE_BUDGET_MS / 1000:g} s. Try again."
        ) from None
    except (NotAnswerable, ProviderMisconfigured) as error:
        raise NotFetched(str(error)) from None
    except ProviderError as error:
        raise NotFetched(_refusal(spec.company, error)) from None


def _refusal(company: str, error: ProviderError) -> str:
    if error.code == "answer_too_large":
        return TOO_LARGE
    if error.status is not None and 300 <= error.status < 400:
        return f"{company} keeps it at another address, and Holdfast doesn’t follow redirects."
    if error.status in (404, 410):
        return f"{company} no longer has it."
    return f"{company} didn’t provide it: {error.outcome.label}."
