"""The recorded day of webhooks, moved to the last day of the same weekday, so that the demo's replies are recent.

The recording is of a Wednesday. Whole weeks are added to every date in it: the days of the week that people write
about stay right, and so do the spans between one message and the next.
"""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from inbox.webhooks.recorded_traffic import RecordedDelivery

RECORDED_ON = date(2026, 10, 14)
ENDS_AT_UTC = "23:00"
"""By then everything of the recorded day has happened."""
WEEK = timedelta(days=7)
AT_ITS_PACE = "real pace needed"
"""What the note of a webhook says that is a duplicate when the day is played faster than it was."""
MONTHS = (
    "January February March April May June July August September October November December",
    "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "januari februari maart april mei juni juli augustus september oktober november december",
    "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    "jan feb mar apr may jun jul aug sep oct nov dec",
)
"""The months as the recording writes them: English, German, Dutch, French, and short forms."""
AUTUMN: dict[str, tuple[list[str], int]] = {}
"""The months that the recording names, each with its language's list and its number."""
for _months in map(str.split, MONTHS):
    for _at in (8, 9, 10, 11):
        AUTUMN.setdefault(_months[_at], (_months, _at + 1))
_NAME = "|".join(sorted(AUTUMN, key=len, reverse=True))
ISO = re.compile(r"(?<!\d)2026-\d\d-\d\d(?=[T\" ])")
EPOCH = re.compile(r"(?<=_timestamp\": )(\d{10})(?=(?:\d{3})?[,}])")
"""The seconds of a time that Smartlead writes as a number, of seconds or of milliseconds."""
SPAN = re.compile(r"\b(\d{1,2})( au )(\d{1,2}) (octobre)\b")
DAY_FIRST = re.compile(rf"\b(\d{{1,2}})(\.? )({_NAME})\b(?! \d{{1,2}}\b(?!:))")
MONTH_FIRST = re.compile(rf"\b({_NAME})( )(\d{{1,2}})\b(?! {_NAME})")


def shift_for(now: datetime) -> timedelta:
    """The whole weeks by which the demo's recorded day is moved: the most after which it is over at `now` (aware). Zero
    if it is not over without being moved.
    """
    ended = datetime.fromisoformat(f"{RECORDED_ON}T{ENDS_AT_UTC}+00:00")
    return max((now - ended) // WEEK, 0) * WEEK


def starts_at(now: datetime) -> datetime:
    """Midnight (UTC) at which the demo's recorded day begins, after it is moved for `now` (aware)."""
    return datetime.combine(RECORDED_ON, time(), UTC) + shift_for(now)


def moved(lines: Iterable[RecordedDelivery], now: datetime) -> list[RecordedDelivery]:
    """The webhooks of the demo's recorded day, with their dates moved so that the day is recent at `now` (aware).
    Returns copies.

    Those that only the hours between them tell apart are left out, as the demo plays the day within minutes.
    """
    shift = shift_for(now)
    return [replace(line, body=_moved(line.body, shift)) for line in lines if AT_ITS_PACE not in line.note]


def _moved(body: object, shift: timedelta) -> object:
    text = json.dumps(body, ensure_ascii=False)
    text = ISO.sub(lambda found: (date.fromisoformat(found[0]) + shift).isoformat(), text)
    text = EPOCH.sub(lambda found: str(int(found[0]) + int(shift.total_seconds())), text)
    return json.loads(in_words(text, shift))


def in_words(text: str, shift: timedelta) -> str:
    """`text` with its dates in words ("Oct 13", "23 octobre") `shift` later, in the same language and order. Only dates
    with a month of AUTUMN (September to December) are moved.
    """

    def named(day: str, name: str) -> tuple[str, str]:
        months, month = AUTUMN[name]
        moved = date(RECORDED_ON.year, month, int(day)) + shift
        return str(moved.day), months[moved.month - 1]

    def span(found: re.Match[str]) -> str:
        (first, _), (last, month) = named(found[1], found[4]), named(found[3], found[4])
        return f"{first}{found[2]}{last} {month}"

    def day_first(found: re.Match[str]) -> str:
        day, month = named(found[1], found[3])
        return f"{day}{found[2]}{month}"

    def month_first(found: re.Match[str]) -> str:
        day, month = named(found[3], found[1])
        return f"{month}{found[2]}{day}"

    kept: list[str] = []

    def once(move: Callable[[re.Match[str]], str], found: re.Match[str]) -> str:
        kept.append(move(found))
        return f"\x00{len(kept) - 1}\x00"

    for pattern, move in ((SPAN, span), (MONTH_FIRST, month_first), (DAY_FIRST, day_first)):
        text = pattern.sub(partial(once, move), text)
    return re.sub("\x00(\\d+)\x00", lambda found: kept[int(found[1])], text)
