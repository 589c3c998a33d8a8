"""Parses the end of a snooze from words: "tomorrow 9am", "next Tuesday", "in 3 weeks", "5 March at 14:00".

The words mean times in the time zone that they name ("8am PT", "fri 9am London"), or else in the active one, which is
the workspace's. For a day without a time, the snooze ends when the workspace opens.
"""

import calendar
import re
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from inbox.pages.access import WorkspaceRequest, workspace_view
from inbox.understanding.dates import WEEKDAYS, named_days
from inbox.understanding.normalise import fold

MOST_DAYS = 366
MOST_CHARS = 80
NOT_UNDERSTOOD = "{}: “{}” isn’t a time we understand. Try “tomorrow 9am” or “in 3 weeks”."
NUMBERS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
PARTS_OF_DAY = {
    "morning": time(9),
    "noon": time(12),
    "afternoon": time(14),
    "evening": time(18),
    "tonight": time(18),
}
_CLOCK = re.compile(r"(?:\bat )?\b(?P<hour>\d{1,2})(?:[:.](?P<minute>\d\d))? ?(?P<half>am|pm)\b")
_CLOCK_24 = re.compile(
    r"(?:\bat )?\b(?:(?P<hour>\d{1,2}):|(?<=\w )(?P<dotted>\d{1,2})\.)(?P<minute>\d\d)\b(?!\.)|"
    r"\bat (?P<only>\d{1,2})$"
)
_IN = re.compile(
    rf"(?:in |after )?(?P<count>\d{{1,3}}|{'|'.join(NUMBERS)}) "
    r"(?P<unit>minute|hour|day|week|month|year)s?(?: from now)?"
)
_WEEKDAY = re.compile(rf"(?:(?P<next>next)|on|this|until)? ?(?P<day>{'|'.join(map(re.escape, WEEKDAYS))})")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})\b")
_ZONE_NAMES = {"e": "New_York", "c": "Chicago", "m": "Denver", "p": "Los_Angeles"}
_CITY = re.compile(
    r"^(?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific|US)/(?!North|South|West|Victoria)([^/]+)$"
)
_SHORT_ZONE = re.compile(r"([ecmp])[sd]?t")


class NotUnderstood(ValueError):
    """The words name no time, or a time that has passed or is too far ahead. The exception's text tells users so."""


def read(text: str, opens_at: time, label: str = "Snooze until", zone: ZoneInfo | None = None) -> datetime:
    """Returns the time (aware) that `text` names, relative to now, in the zone that it names, or else in `zone` (None:
    the active one). Days such as "tomorrow" begin in the active zone. Raises NotUnderstood, whose text begins with
    `label`.

    "Next Tuesday" is the Tuesday of the next week. "Tuesday" is the next Tuesday to come.
    """
    words, zone_in_words = _zone(" ".join(fold(text[:MOST_CHARS]).split()).strip(" .,"))
    if not words:
        raise NotUnderstood(f"{label}: enter a time.")
    if why := _two_days(words):
        raise NotUnderstood(f"{label}: {why}")
    today = timezone.localdate()
    with timezone.override(zone_in_words or zone or timezone.get_current_timezone()):
        now = timezone.localtime()
        until = _exact(words, now) or _on_a_day(words, now, today, opens_at)
    if until is None:
        raise NotUnderstood(NOT_UNDERSTOOD.format(label, text.strip()[:40]))
    until = timezone.localtime(until, zone)
    if until <= now:
        raise NotUnderstood(f"{label}: {until:%H:%M} on {until.day} {until:%B %Y} has passed.")
    if until > now + timedelta(days=MOST_DAYS):
        raise NotUnderstood(f"{label}: choose a time in the next year.")
    return until


@cache
def _zones() -> dict[str, str]:
    """Returns the IANA zones by the words for them: "europe/london", "london"; "eastern" is the zone of the US."""
    keys = sorted(key for key in available_timezones() if "Etc/GMT" not in key)
    names = {key: key for key in keys} | {city: key for key in keys for city in _CITY.findall(key)}
    return {name.replace("_", " ").lower(): key for name, key in names.items()}


def _zone(words: str) -> tuple[str, ZoneInfo | None]:
    """Returns `words` without the time zone at their end, and that zone; None if they end with none."""
    parts = words.removesuffix(" time").replace("_", " ").split(" ")
    for at in range(1, len(parts)):
        name = " ".join(parts[at:])
        short = _SHORT_ZONE.fullmatch(name)
        if key := f"America/{_ZONE_NAMES[short[1]]}" if short else _zones().get(name):
            return " ".join(parts[:at]), ZoneInfo(key)
    return words, None


def _two_days(words: str) -> str:
    """Returns why a day with slashes is refused: 3/12 is a different day in New York and in London; else ""."""
    if (match := _SLASHED.search(words)) is None:
        return ""
    first, second = int(match[1]), int(match[2])
    if first == second or not (1 <= first <= 12 and 1 <= second <= 12):
        return ""
    day_first, month_first = (f"{d} {calendar.month_abbr[m]}" for d, m in ((first, second), (second, first)))
    return f"“{match[0]}” could be {day_first} or {month_first}. Write “{day_first}” or “{month_first}”."


def _exact(words: str, now: datetime) -> datetime | None:
    """Returns the time that is some minutes or hours ahead; None if the words do not name such a time."""
    match = _IN.fullmatch(words)
    if match is None or match["unit"] not in ("minute", "hour"):
        return None
    return now + timedelta(**{f"{match['unit']}s": _number(match["count"])})


def _on_a_day(words: str, now: datetime, today: date, opens_at: time) -> datetime | None:
    at, rest = _hour(words)
    for name, hour in PARTS_OF_DAY.items():
        if at is None and re.search(rf"\b{name}\b", rest):
            at, rest = hour, re.sub(rf" ?\b(?:in the |this |at )?{name}\b ?", " ", rest).strip()
            rest = rest or "today"
    day = _day(rest, today) if rest else _next(at, now)
    if day is None or (rest == "today" and at is None):
        return None
    return timezone.make_aware(datetime.combine(day, at or opens_at))


def _hour(words: str) -> tuple[time | None, str]:
    match = _CLOCK.search(words) or _CLOCK_24.search(words)
    if match is None:
        return None, words
    groups = match.groupdict()
    hour = int(groups.get("hour") or groups.get("dotted") or groups.get("only") or 0)
    if groups.get("half"):
        if not 1 <= hour <= 12:
            return None, words
        hour = hour % 12 + (12 if groups["half"] == "pm" else 0)
    minute = int(groups["minute"] or 0)
    if hour > 23 or minute > 59 or (groups.get("dotted") and 1 <= minute <= 12):
        return None, words  # "10.12" is also a day
    rest = f"{words[: match.start()]} {words[match.end() :]}"
    return time(hour, minute), " ".join(rest.split()).strip(" ,")


def _next(at: time | None, now: datetime) -> date | None:
    return None if at is None else now.date() + timedelta(days=at <= now.time())


def _day(words: str, today: date) -> date | None:
    monday = today + timedelta(days=7 - today.weekday())
    first = (today.replace(day=1) + timedelta(days=31)).replace(day=1)
    by_word = {
        "today": today,
        "yesterday": today - timedelta(days=1),
        "tomorrow": today + timedelta(days=1),
        "tmrw": today + timedelta(days=1),
        "day after tomorrow": today + timedelta(days=2),
        "the day after tomorrow": today + timedelta(days=2),
        "next week": monday,
        "next month": first,
        "next year": date(today.year + 1, 1, 1),
        "weekend": today + timedelta(days=(5 - today.weekday() - 1) % 7 + 1),
        "this weekend": today + timedelta(days=(5 - today.weekday() - 1) % 7 + 1),
    }
    if words in by_word:
        return by_word[words]
    if match := _IN.fullmatch(words):
        return _ahead(today, _number(match["count"]), match["unit"])
    if match := _WEEKDAY.fullmatch(words):
        number = WEEKDAYS[match["day"]]
        return monday + timedelta(days=number) if match["next"] else _first(number, today)
    days = named_days(words, today)
    if len(days) != 1 or days[0].kind != "day":
        return None
    around = words[: days[0].start] + words[days[0].end :]
    return None if re.sub(r"\b(?:on|until|the)\b|[ ,]", "", around) else days[0].day


def _first(weekday: int, today: date) -> date:
    return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)


def _ahead(today: date, count: int, unit: str) -> date | None:
    if unit in ("minute", "hour"):
        return None
    if unit in ("day", "week"):
        return today + timedelta(days=count * {"day": 1, "week": 7}[unit])
    months = today.month - 1 + count * {"month": 1, "year": 12}[unit]
    year, month = today.year + months // 12, months % 12 + 1
    return date(year, month, min(today.day, calendar.monthrange(year, month)[1])) if year < 2200 else None


def _number(word: str) -> int:
    return NUMBERS[word] if word in NUMBERS else int(word)


@workspace_view()
def snooze_words(request: WorkspaceRequest) -> HttpResponse:
    """`w/<workspace>/inbox/snooze/?words=…&for=<form>`: shows the time in the words as a button, or what is wrong."""
    form, words = request.GET.get("for"), request.GET.get("words", "").replace("\0", "").strip()
    context: dict[str, object] = {"form": form if form in ("triage", "bulk", "all") else None, "words": words}
    if words:
        try:
            until = read(words, request.workspace.opens_at)
        except NotUnderstood as reason:
            context["problem"] = str(reason)
        else:
            context["until"] = timezone.localtime(until)
    page = "inbox/_snooze_words.html" if request.htmx else "inbox/snooze_words.html"
    return render(request, page, context)
