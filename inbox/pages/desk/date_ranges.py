"""Reads a time in words, such as "last 7 days" or "older than 2 days", as a span of days in the active time zone."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

EXAMPLES = (
    "today",
    "yesterday",
    "last 24 hours",
    "last 7 days",
    "last 30 days",
    "this week",
    "last week",
    "this month",
    "last month",
    "older than 2 days",
)
MOST_DAYS = 3_660
UNIT_DAYS = {"day": 1, "week": 7, "month": 30, "year": 365}
_COUNTED = re.compile(r"(?:(?:in )?the )?(?:last|past) (\d{1,4}) (hour|day|week|month|year)s?")
_OLDER = re.compile(r"(?:older|longer|more) than (\d{1,4}) (hour|day|week|month|year)s?(?: ago)?")


@dataclass(frozen=True)
class Span:
    """A span of time that includes `start` and excludes `end`. None leaves that side open."""

    start: datetime | None = None
    end: datetime | None = None

    def and_(self, span: "Span") -> "Span":
        starts = [edge for edge in (self.start, span.start) if edge]
        ends = [edge for edge in (self.end, span.end) if edge]
        return Span(max(starts, default=None), min(ends, default=None))


def days(first: date | None, last: date | None) -> Span:
    """Returns the span of whole days from `first` to `last`, both included. None leaves that side open."""
    return Span(_begin(first) if first else None, _begin(last + timedelta(days=1)) if last else None)


def read(text: str) -> Span | None:
    """Returns the span that `text` names; None if it is not understood or reaches back more than ten years.

    "last 7 days" includes today. "older than 2 days" counts from now.
    """
    words = " ".join(text.lower().split())
    if match := _COUNTED.fullmatch(words):
        ago = _length(match)
        return Span(start=_ago(ago, whole_days=match[2] != "hour")) if ago else None
    if match := _OLDER.fullmatch(words):
        ago = _length(match)
        return Span(end=timezone.now() - ago) if ago else None
    return _named(words, timezone.localdate())


def _length(match: re.Match[str]) -> timedelta | None:
    count, unit = int(match[1]), match[2]
    length = timedelta(hours=count) if unit == "hour" else timedelta(days=count * UNIT_DAYS[unit])
    return length if timedelta(0) < length <= timedelta(days=MOST_DAYS) else None


def _ago(length: timedelta, *, whole_days: bool) -> datetime:
    """Returns the start of a span of this length. With `whole_days`, today is its last day."""
    if whole_days:
        return _begin(timezone.localdate() - length + timedelta(days=1))
    return timezone.now() - length


def _named(words: str, today: date) -> Span | None:
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    a_day, a_week = timedelta(days=1), timedelta(days=7)
    by_words = {
        "today": (today, None),
        "yesterday": (today - a_day, today - a_day),
        "this week": (monday, None),
        "last week": (monday - a_week, monday - a_day),
        "this month": (first, None),
        "last month": ((first - a_day).replace(day=1), first - a_day),
    }
    return days(*by_words[words]) if words in by_words else None


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
