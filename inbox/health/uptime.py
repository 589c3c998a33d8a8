"""Computes an account's uptime by day for the health page, from the recorded changes of state."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import floor

from django.utils import timezone

from inbox.workspaces.accounts import name_of
from integrations import registry
from integrations.models import TROUBLED, HealthState, HealthTransition, WorkspaceIntegrationHealth
from jobs.durations import MINUTE_S, day, duration

DAYS = 30
DOWN = {HealthState.DISCONNECTED, HealthState.PROVIDER_DOWN}


@dataclass(frozen=True, slots=True)
class Day:
    """A day's bar in an account's chart. It is taller the longer the account was down. `tone` is "" without data."""

    tone: str
    height: int
    day: str
    word: str

    @property
    def title(self) -> str:
        return f"{self.day}: {self.word}"

    @property
    def y(self) -> int:
        return 10 - self.height


@dataclass(frozen=True, slots=True)
class Account:
    """An account with its bars (`strip`). `up` is the percentage of `span_s` in which the account was up; `span_s` is
    the time in s since the account was first used, 30 days at most.
    """

    name: str
    health: WorkspaceIntegrationHealth
    strip: list[Day]
    up: float
    span_s: float

    @property
    def share(self) -> str:
        return f"{self.up:g}% up in {duration(max(MINUTE_S, self.span_s))}"

    @property
    def channel(self) -> str:
        channel = registry.spec_of(self.health.provider).channel
        return channel if isinstance(channel, str) else ""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A period in which an account was in one state of trouble: from `change.at` to `ended` (None if it lasts)."""

    name: str
    change: HealthTransition
    ended: datetime | None

    @property
    def lasted(self) -> str:
        return duration(max(MINUTE_S, ((self.ended or timezone.now()) - self.change.at).total_seconds()))


def troubles(changes: Iterable[HealthTransition]) -> list[Trouble]:
    """Returns the periods of trouble that began with one of `changes`, which must be sorted newest first."""
    ends: dict[int, datetime] = {}
    periods = []
    for change in changes:
        if change.after in TROUBLED:
            periods.append(Trouble(name_of(change.health.integration), change, ends.get(change.health_id)))
        ends[change.health_id] = change.at
    return periods


def account(health: WorkspaceIntegrationHealth, changes: list[HealthTransition]) -> Account:
    """Returns the uptime of the account with this `health`. `changes` are all changes of its state, newest first."""
    now = timezone.localtime()
    begins = (now - timedelta(days=DAYS - 1)).replace(hour=0, minute=0, second=0, microsecond=0)
    known_since = max(begins, changes[-1].at if changes else health.since)
    outages = [trouble for trouble in troubles(changes) if trouble.change.after in DOWN]
    spans = [(max(outage.change.at, begins), max(outage.ended or now, begins)) for outage in outages]
    strip = [_day(begins + timedelta(days=number), known_since, now, spans) for number in range(DAYS)]
    total = max((now - known_since).total_seconds(), 1)
    down = sum((end - start).total_seconds() for start, end in spans)
    # The percentage is rounded down, so that an account with an outage never shows 100 %.
    up = floor(max(0, 1_000 * (1 - down / total))) / 10
    return Account(name_of(health.integration), health, strip, up, total)


def _day(
    start: datetime, known_since: datetime, now: datetime, spans: list[tuple[datetime, datetime]]
) -> Day:
    end = min(start + timedelta(days=1), now)
    down_s = sum(max(0.0, (min(stop, end) - max(broke, start)).total_seconds()) for broke, stop in spans)
    name = day(start)
    if end <= known_since:
        return Day("", 3, name, "no data")
    if not down_s:
        return Day("ok", 3, name, "up")
    length_s = (end - max(start, known_since)).total_seconds()
    return Day("bad", 5 + round(5 * down_s / length_s), name, f"down {duration(max(MINUTE_S, down_s))}")
