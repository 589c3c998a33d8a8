"""Reads free meeting times from the calendar that an account's settings name (`spec.calendar`): when a text is written,
and again before it goes out. If the calendar does not answer, no text may offer a time.
"""

import logging
import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.utils import timezone
from django.utils.dateformat import format as format_date

from inbox.models import Appointment, OutboundSend, Workspace
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
"""The period for which free times are read. Calendly lists at most seven days (docs/reference/calendly.md, Calls)."""
GONE = "An offered time is no longer free."
TAKEN = "No longer free: "
UNKNOWN = "The calendar didn’t confirm that the offered times are still free."
AGAIN = "Offer another time, or send it as is."
WRITTEN = re.compile(r"[A-Z]\w+day \d{1,2} [A-Z]\w+, \d{1,2}:\d\d [AP]M")
"""Matches a meeting time in the form that `words` writes, without its time zone."""


def on_offer(workspace: Workspace, deadline: Deadline) -> list[Slot]:
    """Returns the result of `next_free`; [] if the calendar cannot be read."""
    try:
        return next_free(workspace, deadline)
    except (ProviderError, ProviderMisconfigured) as error:
        logger.warning(
            "free times not readable",
            extra={"workspace_id": str(workspace.pk), "error_class": type(error).__name__},
        )
        return []


def next_free(workspace: Workspace, deadline: Deadline) -> list[Slot]:
    """Returns the next OFFERED free times within business hours, one per half day, from 2 hours to 7 days ahead."""
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
    """Returns the text of a meeting time (aware, in the workspace's zone): "Monday 30 November, 3:00 PM CET"."""
    return format_date(local, "l j F, g:i A T")


def free_times(workspace: Workspace, start: datetime, end: datetime, deadline: Deadline) -> list[datetime]:
    """Returns bookable times between `start` and `end` (all aware); [] without a calendar. Raises calendar errors."""
    choice = _calendar(workspace)
    if choice is None:
        return []
    account, name = choice
    drop_connection()
    calendar = stated(registry.spec_of(account.provider).calendar)
    return calendar.free_times(account, name, start, end, deadline)


class Lack(NamedTuple):
    """The reason why there are no meeting times to offer, with the account and the setting that would provide them."""

    words: str
    account: Integration | None = None
    setting: str = ""


def lack(workspace: Workspace, accounts: list[Integration] | None = None) -> Lack | None:
    """Returns why the workspace has no calendar to ask; None if it has one. `accounts` are its accounts, if loaded."""
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
    """Returns those of `times` (aware) that have passed or cannot be booked, earliest first. Raises calendar errors."""
    wanted = sorted(set(times))
    ahead = [moment for moment in wanted if moment > timezone.now()]
    free = free_times(workspace, ahead[0], ahead[-1] + timedelta(minutes=1), deadline) if ahead else []
    return [moment for moment in wanted if moment not in free]


def _calendar(
    workspace: Workspace, accounts: list[Integration] | None = None
) -> tuple[Integration, str] | None:
    """Returns an account whose settings name a calendar, and the calendar. Accounts without a channel come first."""
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


def offered_in(offered: list[Slot], text: str) -> list[list[str]]:
    """Returns the slots of `offered` whose words are in `text`, in the stored form [ISO time, words]."""
    return [[slot.starts_at.isoformat(), slot.words] for slot in offered if slot.words in text]


def offer_problem(send: OutboundSend, deadline: Deadline) -> str:
    """Returns why `send` must not go out, if a meeting time in it is no longer free; otherwise "". The check of the
    first part of a long SMS covers all parts. In a person's message, times that the person wrote are checked too, and
    times of this lead's own meetings are not; a calendar that cannot be asked is a reason. For other messages, the
    calendar's errors are raised.
    """
    if send.part:
        return ""
    text = " ".join([send.text, *send.rest])
    task = getattr(send, "followup_task", None)
    offered = task.offered if task else send.draft.verification.get("offered", []) if send.draft else []
    times = {datetime.fromisoformat(moment): words for moment, words in offered if words in text}
    if task or send.approved_by_id is None:
        return GONE if unavailable(send.workspace, times, deadline) else ""
    try:
        times |= _written(send, text)
        booked = Appointment.objects.filter(workspace_id=send.workspace_id, lead_id=send.lead_id)
        met = set(booked.filter(starts_at__in=times).values_list("starts_at", flat=True))
        times = {moment: words for moment, words in times.items() if moment not in met}
        gone = unavailable(send.workspace, times, deadline)
    except (ProviderError, ProviderMisconfigured):
        return f"{UNKNOWN} {AGAIN}"
    return f"{TAKEN}{'; '.join(times[moment] for moment in gone[:3])}. {AGAIN}" if gone else ""


def are_why(reason: str) -> bool:
    """Whether `reason`, stored with a send, says that the send did not go out because of its meeting times."""
    return reason.startswith((GONE, TAKEN, UNKNOWN))


def _written(send: OutboundSend, text: str) -> dict[datetime, str]:
    """Returns the meeting times up to seven days ahead that `text` names in the form of `words`. A time that had passed
    when the text was written is not an offer ("Sorry that I missed you on …").
    """
    zone = hours.zone(send.workspace)
    written, last = send.created_at.astimezone(zone), timezone.now() + AHEAD
    offered = {}
    for start in set(WRITTEN.findall(text)) if _calendar(send.workspace) else ():
        for year in (written.year, written.year + 1):
            with suppress(ValueError):
                slot = datetime.strptime(f"{start} {year}", "%A %d %B, %I:%M %p %Y").replace(tzinfo=zone)
                if written < slot <= last and words(slot) in text:
                    offered[slot] = words(slot)
    return offered
