"""Formats durations, days and times in the same way on every page, in every mail and in every notice."""

from datetime import date, datetime

from django.utils import timezone
from django.utils.dateformat import format as format_date

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
TWO_UNITS_BELOW = 10
"""From ten hours or ten days on, the smaller unit is left out: "12 h", "23 days"."""


def duration(seconds: float) -> str:
    """Formats seconds, rounded down: "34 ms", "9.4 s", "16 min", "1 h 30 min", "12 h", "1 day 3 h", "23 days"."""
    ms = max(0, int(seconds * 1_000))
    if ms < 1_000:
        return f"{ms} ms"
    if ms < 10_000:
        return f"{ms // 100 / 10:g} s"
    whole_s = ms // 1_000
    if whole_s < MINUTE_S:
        return f"{whole_s} s"
    if whole_s < HOUR_S:
        return f"{whole_s // MINUTE_S} min"
    if whole_s < DAY_S:
        count, rest = whole_s // HOUR_S, whole_s % HOUR_S // MINUTE_S
        words, smaller = f"{count} h", f"{rest} min"
    else:
        count, rest = whole_s // DAY_S, whole_s % DAY_S // HOUR_S
        words, smaller = f"{count} day" if count == 1 else f"{count} days", f"{rest} h"
    return f"{words} {smaller}" if rest and count < TWO_UNITS_BELOW else words


def day(at: date) -> str:
    """Formats a day in the current time zone: "Tue 24 Nov". The year is added if it is not the current one."""
    local = timezone.localdate(at) if isinstance(at, datetime) else at
    return format_date(local, "D j M" if local.year == timezone.localdate().year else "D j M Y")


def moment(at: datetime) -> str:
    """Formats a time in the current time zone: "20 Nov, 14:05". The year is added if it is not the current one."""
    local = timezone.localtime(at)
    return format_date(local, "j M, H:i" if local.year == timezone.localdate().year else "j M Y, H:i")
