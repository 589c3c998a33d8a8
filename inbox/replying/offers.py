"""Checks that the meeting times in a text are still free in the calendar before it goes out."""

import re
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone

from inbox.models import Appointment, OutboundSend
from inbox.replying import hours, slots
from inbox.replying.draft_material import Slot
from integrations.errors import ProviderError, ProviderMisconfigured
from jobs.deadline import Deadline

GONE = "An offered time is no longer free."
TAKEN = "No longer free: "
UNKNOWN = "The calendar didn’t confirm that the offered times are still free."
AGAIN = "Offer another time, or send it as is."
WRITTEN = re.compile(r"[A-Z]\w+day \d{1,2} [A-Z]\w+, \d{1,2}:\d\d [AP]M")
"""The format of a meeting time in a text (`slots.words`), without its time zone and year."""


def listed(offered: list[Slot], text: str) -> list[list[str]]:
    """The slots of `offered` that `text` names, in their stored form: [ISO time, words]."""
    return [[slot.starts_at.isoformat(), slot.words] for slot in offered if slot.words in text]


def problem(send: OutboundSend, deadline: Deadline) -> str:
    """Why `send` must not go out because a meeting time in it is no longer free; "" if it may go out. The check of the
    first part of a long SMS covers all parts. For a person's message, it includes times that the person wrote, excludes
    meetings of this lead, and reports a calendar that cannot be asked. For other messages, it raises the calendar's
    errors.
    """
    if send.part:
        return ""
    text = " ".join([send.text, *send.rest])
    task = getattr(send, "followup_task", None)
    offered = task.offered if task else send.draft.verification.get("offered", []) if send.draft else []
    times = {datetime.fromisoformat(moment): words for moment, words in offered if words in text}
    if task or send.approved_by_id is None:
        return GONE if slots.unavailable(send.workspace, times, deadline) else ""
    try:
        times |= _written(send, text)
        met = set(_met(send, times))
        times = {moment: words for moment, words in times.items() if moment not in met}
        gone = slots.unavailable(send.workspace, times, deadline)
    except (ProviderError, ProviderMisconfigured):
        return f"{UNKNOWN} {AGAIN}"
    return f"{TAKEN}{'; '.join(times[moment] for moment in gone[:3])}. {AGAIN}" if gone else ""


def are_why(reason: str) -> bool:
    """Whether a message did not go out because of its meeting times, according to its `reason`."""
    return reason.startswith((GONE, TAKEN, UNKNOWN))


def _written(send: OutboundSend, text: str) -> dict[datetime, str]:
    """The meeting times that `text` names in the format of an offer, up to seven days ahead. A time that had passed
    when the text was written is no offer ("Sorry that I missed you on …").
    """
    zone = hours.zone(send.workspace)
    written, last = send.created_at.astimezone(zone), timezone.now() + slots.AHEAD
    offered = {}
    for words in set(WRITTEN.findall(text)) if slots.has_calendar(send.workspace) else ():
        for year in (written.year, written.year + 1):
            with suppress(ValueError):
                slot = datetime.strptime(f"{words} {year}", "%A %d %B, %I:%M %p %Y").replace(tzinfo=zone)
                if written < slot <= last and slots.words(slot) in text:
                    offered[slot] = slots.words(slot)
    return offered


def _met(send: OutboundSend, times: Iterable[datetime]) -> QuerySet[Appointment, datetime | None]:
    """Those of `times` at which this lead has a meeting in the calendar."""
    meetings = Appointment.objects.filter(
        workspace_id=send.workspace_id, lead_id=send.lead_id, starts_at__in=times
    )
    return meetings.values_list("starts_at", flat=True)
