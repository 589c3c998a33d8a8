"""Finds the time until which to leave a lead alone: 09:00 in the lead's time zone, on the day that the lead names or on
which the lead returns.
"""

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta, tzinfo
from operator import attrgetter

from inbox.understanding import snooze_phrases as phrases
from inbox.understanding.dates import Named, named_days, next_month
from inbox.understanding.normalise import fold, sentences

APPLY_AT = 0.95
"""The minimum confidence (0 to 1) at which a snooze is applied automatically. Below it, pages only suggest it."""

_MONTH_DAY_CONFIDENCE = 0.99
_QUARTER_CONFIDENCE = 0.97
_BARE_CONFIDENCE = 0.9
_VAGUE_CONFIDENCE = 0.8
_MORNING = time(9)
_AT_LEAST = timedelta(hours=1)
AT_MOST = timedelta(days=550)

_NEAR_CHARS = 32
_UNIT_DAYS = {"d": 1, "t": 1, "w": 7, "m": 30}

_BARE_WORDS = 5  # such a short text ("Maybe next quarter") answers our question about the time


@dataclass(frozen=True)
class Snooze:
    """The time (aware) until which to leave a lead alone, its confidence (0 to 1), and the sentence with this time."""

    until: datetime
    confidence: float
    quote: str


def deferral(text: str, reference: datetime, tz: tzinfo) -> Snooze | None:
    """Returns the surest of the later times for which a person asks, from an hour to 550 days ahead; None without one.

    The confidence is 0.99 for a day that follows "after", "until" or "from", 0.97 for a quarter or fiscal year, 0.9 for
    any other day, and 0.8 for a vaguer time. It is at most 0.9, which only suggests a snooze, unless the text asks us
    to act at that time, or is very short, and no other clause asks for something now. `reference` (aware) is the time
    of receipt, and `tz` the lead's time zone.
    """
    today = reference.astimezone(tz).date()
    english = bool(phrases.ENGLISH.search(fold(text[:5000])))
    best: Snooze | None = None
    now = False
    for sentence in sentences(text):
        low = fold(sentence)
        clauses = [clause for clause in phrases.CLAUSE.split(low) if clause.strip()]
        then = any(phrases.ASKS.search(clause) and phrases.THEN.search(clause) for clause in clauses)
        bare = len(text.split()) <= _BARE_WORDS
        for clause in clauses:
            asks = bool(phrases.ASKS.search(clause))
            dated = [(day, confidence) for day, confidence, _ in _cued(clause, today, english)]
            days = (*_quarters(clause, today), *dated, *_vague(clause, today))
            ahead = [
                Snooze(
                    until, confidence if asks or then or bare else min(confidence, _BARE_CONFIDENCE), sentence
                )
                for day, confidence in days
                if _AT_LEAST < (until := _morning(day, tz)) - reference < AT_MOST
            ]
            best = max((*ahead, *filter(None, [best])), key=attrgetter("confidence"), default=None)
            now |= not ahead and (
                (asks and not phrases.THEN.search(clause)) or ("?" in low and len(clauses) == 1)
            )
    return replace(best, confidence=min(best.confidence, _BARE_CONFIDENCE)) if best and now else best


def ends(clause: str, today: date) -> bool:
    """Whether a folded clause limits its wish to a time, as by a day that it names ("no mails until May 3")."""
    cues = _cued(clause, today, bool(phrases.ENGLISH.search(clause)))
    return bool(_quarters(clause, today)) or any(cued for _, _, cued in cues)


def return_day(text: str, reference: datetime, tz: tzinfo) -> Snooze | None:
    """Returns 09:00 on the working day on which an absent person returns, according to the automatic reply `text`; None
    if it names no future day.

    `reference` (aware) is the time of receipt, and `tz` the lead's time zone.
    """
    today = reference.astimezone(tz).date()
    low = fold(text[:5000])
    candidates: list[tuple[int, date]] = []
    for span in named_days(text, today):
        before, behind = low[max(0, span.start - 60) : span.start], low[span.end : span.end + 24]
        if _back_on(before, behind):
            candidates.append((2, span.day))
        elif phrases.UNTIL.search(before) or phrases.UNTIL_BEHIND.match(behind):
            last_day = phrases.LAST_DAY.search(before) or phrases.LAST_DAY_BEHIND.match(behind)
            candidates.append((1, _day_after(span) if last_day else span.day))
    ahead = [(rank, _working_day(day)) for rank, day in candidates if timedelta(0) < day - today < AT_MOST]
    if not ahead:
        return None
    top = max(rank for rank, _ in ahead)
    until = _morning(max(day for rank, day in ahead if rank == top), tz)
    return Snooze(until, _MONTH_DAY_CONFIDENCE, text.strip()[:200]) if until - reference > _AT_LEAST else None


def _back_on(before: str, behind: str) -> bool:
    """Whether the words around a day say that the person returns on it ("back on …", "… wieder im Büro")."""
    if phrases.RANGE_BEHIND.match(behind):
        return False
    return bool(phrases.BACK_BEHIND.match(behind)) or bool(
        phrases.BACK.search(before[-45:]) and not phrases.UNTIL.search(before[-14:])
    )


def _day_after(span: Named) -> date:
    """Returns the day after a named day; for a month ("through June"), the first day of the next month."""
    return next_month(span.day) if span.kind == "month" else span.day + timedelta(days=1)


def _cued(low: str, today: date, english: bool) -> list[tuple[date, float, bool]]:
    """Returns the days that a text names, each as (day, confidence, whether a word such as "until" precedes it)."""
    out = []
    for span in named_days(low, today):
        before = low[max(0, span.start - _NEAR_CHARS) : span.start]
        if phrases.PAST.search(before) or phrases.RANGE_BEHIND.match(low[span.end : span.end + 24]):
            continue
        after, since = phrases.AFTER.search(before), phrases.FROM.search(before)
        if not english:
            after, since = (
                after or phrases.AFTER_ABROAD.search(before),
                since or phrases.FROM_ABROAD.search(before),
            )
        cued = bool(after or since)
        confidence = _MONTH_DAY_CONFIDENCE if cued else _BARE_CONFIDENCE
        day = _day_after(span) if after else span.day
        out.append((day, confidence if span.kind == "day" else _VAGUE_CONFIDENCE, cued))
    return out


def _quarters(low: str, today: date) -> list[tuple[date, float]]:
    out = []
    for match in phrases.QUARTER.finditer(low):
        if phrases.PAST.search(low[max(0, match.start() - _NEAR_CHARS) : match.start()]):
            continue
        day = _quarter_day(match, today, bool(phrases.END.search(low[: match.start()])))
        if day:
            out.append((day, _QUARTER_CONFIDENCE))
    for match in phrases.FISCAL.finditer(low):
        year = int(match["year"]) % 100 + 2000 if match["year"] else today.year + 1
        out.append((date(year, 1, 1), _QUARTER_CONFIDENCE))
    return out


def _quarter_day(match: re.Match[str], today: date, end: bool) -> date | None:
    """Returns the first day of the named quarter, or of its last month if `end`; None if this day has passed."""
    current = (today.month - 1) // 3 + 1
    word = match["word"]
    if word and word not in phrases.QUARTER_WORDS:
        number, year = current % 4 + 1, today.year + (1 if current == 4 else 0)
    else:
        number = int(match["n"] or match["n2"] or phrases.QUARTER_WORDS[word])
        year = today.year + (1 if match["next"] else 0)
        if match["year"]:
            year = int(match["year"]) % 100 + 2000
        elif not match["next"] and number < current:
            year += 1
    day = date(year, number * 3 - (0 if end else 2), 1)
    return day if day > today else None


def _vague(low: str, today: date) -> list[tuple[date, float]]:
    starts = {
        phrases.NEXT_WEEK: today + timedelta(days=7 - today.weekday()),
        phrases.NEXT_MONTH: next_month(today),
        phrases.NEXT_YEAR: date(today.year + 1, 1, 2),
    }
    days = [
        starts.get(ahead) or today + timedelta(days=ahead)
        for pattern, ahead in phrases.VAGUE
        if pattern.search(low)
    ]
    for match in phrases.IN_N.finditer(low):
        number = phrases.NUMBERS.get(match["n"]) or int(match["n"])
        days.append(today + timedelta(days=number * _UNIT_DAYS[match["unit"][0]]))
    return [(day, _VAGUE_CONFIDENCE) for day in days]


def _working_day(day: date) -> date:
    return day + timedelta(days=7 - day.weekday() if day.weekday() > 4 else 0)


def _morning(day: date, tz: tzinfo) -> datetime:
    return datetime.combine(day, _MORNING, tzinfo=tz)
