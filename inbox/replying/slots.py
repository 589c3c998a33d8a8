"""Reads free meeting times from the calendar in an account's settings (`spec.calendar`): when a text is written, and
again before it goes out. If no calendar answers, no text may offer a time.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.dateformat import format as format_date

from inbox.models import Workspace
from inbox.replying import hours
from inbox.replying.draft_material import Slot
from inbox.workspaces.accounts import connected
from integrations import registry
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.models import Integration
from integrations.spec import stated
from jobs.db import drop_connection
from jobs.deadline import Deadline

logger = logging.getLogger(__name__)

OFFERED = 3
NOTICE = timedelta(hours=2)
AHEAD = timedelta(days=7)
"""The period for which times are read. Calendly lists at most seven days (docs/reference/calendly.md, Calls)."""


def on_offer(workspace: Workspace, deadline: Deadline) -> list[Slot]:
    """`next_free`; [] if the calendar cannot be read."""
    try:
        return next_free(workspace, deadline)
    except (ProviderError, ProviderMisconfigured) as error:
        logger.warning(
            "free times not readable",
            extra={"workspace_id": str(workspace.pk), "error_class": type(error).__name__},
        )
        return []


def next_free(workspace: Workspace, deadline: Deadline) -> list[Slot]:
    """At most OFFERED free times within business hours, one per half day, from 2 hours to 7 days ahead."""
    start = timezone.now() + NOTICE
    zone = hours.zone(workspace)
    offered: list[Slot] = []
    half_days: set[tuple[Any, ...]] = set()
    for moment in free_times(workspace, start, start + AHEAD - NOTICE, deadline):
        local = moment.astimezone(zone)
        half_day = (local.date(), local.hour < 12)
        if hours.is_open(workspace, moment) and half_day not in half_days:
            half_days.add(half_day)
            offered.append(Slot(f"s{len(offered) + 1}", moment, words(local)))
        if len(offered) == OFFERED:
            break
    return offered


def words(local: datetime) -> str:
    """The wording of a meeting time: "Monday 30 November, 3:00 PM CET". `local` is in the workspace's time zone."""
    return format_date(local, "l j F, g:i A T")


def free_times(workspace: Workspace, start: datetime, end: datetime, deadline: Deadline) -> list[datetime]:
    """The bookable times between `start` and `end` (all aware); [] without a calendar. Raises the calendar's errors."""
    choice = _calendar(workspace)
    if choice is None:
        return []
    account, name = choice
    drop_connection()
    calendar = stated(registry.spec_of(account.provider).calendar)
    return calendar.free_times(account, name, start, end, deadline)


def has_calendar(workspace: Workspace) -> bool:
    return _calendar(workspace) is not None


class Lack(NamedTuple):
    """Why there are no meeting times to offer, with the account and the setting that would fix it."""

    words: str
    account: Integration | None = None
    setting: str = ""


def lack(workspace: Workspace, accounts: list[Integration] | None = None) -> Lack | None:
    """Why the workspace's calendar cannot be asked; None if it can. `accounts`: the workspace's, if loaded."""
    if _calendar(workspace, accounts) is not None:
        return None
    specs = [registry.spec_of(provider) for provider in _calendars()]
    for spec in specs:
        if account := connected(workspace.pk, spec.name, accounts):
            choice = stated(spec.calendar).choice
            label = next((setting.label for setting in spec.settings if setting.name == choice), choice)
            words = (
                f"{spec.label} is connected, but its “{label}” setting is empty, so there are no times to "
                "offer."
            )
            return Lack(words, account, choice)
    labels = " or ".join(spec.label for spec in specs)
    return Lack(f"No calendar is connected. Connect {labels} to offer times.")


def unavailable(workspace: Workspace, times: Iterable[datetime], deadline: Deadline) -> list[datetime]:
    """The `times` (aware) that have passed or cannot be booked, earliest first. Raises the calendar's errors."""
    wanted = sorted(set(times))
    ahead = [moment for moment in wanted if moment > timezone.now()]
    free = free_times(workspace, ahead[0], ahead[-1] + timedelta(minutes=1), deadline) if ahead else []
    return [moment for moment in wanted if moment not in free]


def _calendar(
    workspace: Workspace, accounts: list[Integration] | None = None
) -> tuple[Integration, str] | None:
    """The account whose settings choose a calendar, and that calendar. Accounts that carry no messages come first."""
    for provider in _calendars():
        account, chosen = (
            connected(workspace.pk, provider, accounts),
            stated(registry.spec_of(provider).calendar).choice,
        )
        if account is not None and account.config.get(chosen):
            return account, account.config[chosen]
    return None


def _calendars() -> list[str]:
    return sorted(registry.stating("calendar"), key=lambda name: bool(registry.spec_of(name).channel))
