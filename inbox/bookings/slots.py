"""The times that may be offered: the calendar's own, read when a text is written and looked at again before it goes.

What is offered is named in the account's settings (`spec.calendar.choice`). Without a calendar, or with one that does
not answer, there are no times, and no text may name one.
"""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.dateformat import format as format_date

from inbox.accounts import connected
from inbox.models import Workspace
from inbox.replying import hours
from inbox.replying.context import Slot
from integrations import registry
from integrations.errors import ProviderError, ProviderMisconfigured
from integrations.models import Integration
from jobs.db import drop_connection
from jobs.deadline import Deadline

logger = logging.getLogger(__name__)

OFFERED = 3
NOTICE = timedelta(hours=2)
AHEAD = timedelta(days=7)
"""Calendly answers for at most seven days."""


def on_offer(workspace: Workspace, deadline: Deadline) -> list[Slot]:
    """The next free times within business hours, soonest first, at most one a half day; [] where there are none."""
    start = timezone.now() + NOTICE
    zone = hours.zone(workspace)
    offered: list[Slot] = []
    half_days: set[tuple] = set()
    for moment in _readable_times(workspace, start, start + AHEAD - NOTICE, deadline):
        local = moment.astimezone(zone)
        half_day = (local.date(), local.hour < 12)
        if hours.is_open(workspace, moment) and half_day not in half_days:
            half_days.add(half_day)
            offered.append(Slot(f"s{len(offered) + 1}", moment, words(local)))
        if len(offered) == OFFERED:
            break
    return offered


def words(local: datetime) -> str:
    """How a time is written, in the workspace's zone."""
    return format_date(local, "l j F, g:i A T")


def free_times(workspace: Workspace, start: datetime, end: datetime, deadline: Deadline) -> list[datetime]:
    """The calendar's free times; [] where there is no calendar. Raises what the client raises."""
    found = _calendar(workspace)
    if found is None:
        return []
    account, name = found
    drop_connection()
    return registry.spec_of(account.provider).calendar.free_times(account, name, start, end, deadline)


def _readable_times(
    workspace: Workspace, start: datetime, end: datetime, deadline: Deadline
) -> list[datetime]:
    try:
        return free_times(workspace, start, end, deadline)
    except (ProviderError, ProviderMisconfigured) as error:
        logger.warning(
            "free times not readable",
            extra={"workspace_id": str(workspace.pk), "error_class": type(error).__name__},
        )
        return []


def still_free(workspace: Workspace, times: Iterable[datetime], deadline: Deadline) -> bool:
    """Whether all of `times` can still be booked, as the calendar says now. Raises what the client raises."""
    wanted = set(times)
    if not wanted:
        return True
    if min(wanted) <= timezone.now():
        return False
    listed = free_times(workspace, min(wanted), max(wanted) + timedelta(minutes=1), deadline)
    return wanted <= set(listed)


def _calendar(workspace: Workspace) -> tuple[Integration, str] | None:
    """The account whose settings choose a calendar; of several, one that carries no messages goes first."""
    for provider in sorted(
        registry.stating("calendar"), key=lambda name: bool(registry.spec_of(name).channel)
    ):
        account, chosen = connected(workspace.pk, provider), registry.spec_of(provider).calendar.choice
        if account is not None and account.config.get(chosen):
            return account, account.config[chosen]
    return None
