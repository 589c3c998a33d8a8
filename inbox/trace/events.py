"""The parts of a trace: events with their time, the reason for the path that was taken, and links to rows."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from django.db.models import Model

from inbox.models import Draft, Lead, Message, OutboundSend, WebhookDelivery
from inbox.models.message import OWN
from integrations import registry
from integrations.models import Notice
from jobs.durations import duration
from jobs.models import BackgroundJob

WAIT_FROM_S = 1.0
"""The shortest wait, in seconds, that a trace shows."""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a row. `kind` is in `records.KINDS`. `table` and `state`, if any, go to `state_marks.state_of`."""

    kind: str
    id: UUID
    label: str
    table: str = ""
    state: str = ""


STATE_COLUMNS: dict[type[Model], tuple[str, str]] = {
    BackgroundJob: ("job", "status"),
    Draft: ("draft", "status"),
    Notice: ("notice", "state"),
    OutboundSend: ("send", "state"),
    WebhookDelivery: ("delivery", "verdict"),
}
"""The models whose rows have a state that links show: for each, the kind of row and the state's column."""


def link_to(row: Model) -> Link:
    """Returns the link to a lead, a message, or a row of a model in STATE_COLUMNS."""
    if isinstance(row, Lead):
        return Link("lead", row.pk, row.display_name)
    if isinstance(row, Message):
        ours = row.source == OWN or row.direction == Message.Direction.OUTBOUND
        number = "" if row.source == OWN else f" {row.external_id[:40]}"
        return Link("message", row.pk, f"{'Our message' if ours else 'Message'}{number}")
    kind, column = STATE_COLUMNS[type(row)]
    words = [kind.capitalize(), str(row.pk)[-6:]]
    if isinstance(row, BackgroundJob):
        words.insert(1, row.kind)
    if isinstance(row, OutboundSend) and row.part:
        words[-1] += f", part {row.part + 1}"
    return Link(kind, row.pk, " ".join(words), kind, getattr(row, column))


@dataclass(frozen=True, slots=True)
class Item:
    """A line below an event, shown when the event is unfolded. `tone` is "ok", "warn", "bad", "info" or ""."""

    what: str
    why: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """An event, shown as a line of a trace.

    `tone` is "ok", "warn", "bad", "info" or "". `branch` names the path taken, and `why` is its reason. `said`, and the
    fields that `quotes` names, hold text of people or models, which only users with the permission to read it see. `ms`
    is the duration in milliseconds. `waits`: whether the line is shown subdued, as for a wait.
    """

    at: datetime
    icon: str
    what: str
    tone: str = ""
    detail: str = ""
    branch: str = ""
    why: str = ""
    said: str = ""
    ms: float | None = None
    links: tuple[Link, ...] = ()
    items: tuple[Item, ...] = ()
    items_label: str = ""
    quotes: tuple[Literal["why", "items"], ...] = ()
    waits: bool = False

    @property
    def took(self) -> str:
        """The duration of the event as a text; "" if unknown."""
        return "" if self.ms is None else duration(self.ms / 1000)

    def without_words(self) -> "Event":
        """Returns the event without the texts of people and models."""
        return replace(
            self,
            said="",
            why="" if "why" in self.quotes else self.why,
            items=() if "items" in self.quotes else self.items,
        )


def wait(start: datetime | None, end: datetime | None, words: str) -> Iterable[Event]:
    """Returns the event of a wait from `start` to `end`; none if the wait is shorter than 1 s, or if either is None."""
    if start is None or end is None or (seconds := (end - start).total_seconds()) < WAIT_FROM_S:
        return ()
    return (Event(start, "clock", words, ms=seconds * 1000, waits=True),)


def sender_of(source: str) -> str:
    """Returns the name of the provider with this source of webhooks or messages; `source` if none declares it."""
    with suppress(LookupError):
        return registry.spec_of(registry.webhook_source(source).provider).label
    with suppress(LookupError):
        return registry.spec_of(registry.provider_of(source)).label
    return source


def provider_label(provider: str) -> str:
    """Returns the name of a provider for users; "The provider" if there is no such provider."""
    try:
        return registry.spec_of(provider).label
    except LookupError:
        return "The provider"
