"""Finds the calendar days that a text names, in many languages. Relative days count from a given day."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

from inbox.understanding.normalise import fold

_MONTH_WORDS = {
    1: "january jan januar janvier janv enero ene gennaio gen janeiro "
    "januari styczen stycznia sty januara januarie leden ledna tammikuu января янв",
    2: "february feb februar fevrier fevr febrero febbraio fevereiro fev "
    "februari luty lutego lut unor unora helmikuu февраля фев",
    3: "march marcius mar marz mars marts marzo marco maart mrt marzec marca brezen brezna maaliskuu марта",
    4: "april aprilis apr avril avr abril abr aprile kwiecien kwietnia kwi duben dubna huhtikuu апреля апр",
    5: "may majus mai mayo maggio mag maio mei maj maja kveten kvetna toukokuu мая",
    6: "june junius jun juni juin junio giugno giu junho czerwiec czerwca cze cerven cervna kesakuu июня",
    7: "july julius jul juli juillet juil julio luglio lug julho lipiec lipca lip cervenec cervence heinakuu июля",
    8: "august augusztus aug aout agosto ago augustus augusti sierpien sierpnia sie srpen srpna elokuu августа авг",
    9: "september szeptember sept sep septembre septiembre settembre set "
    "setembro wrzesien wrzesnia wrz zari syyskuu сентября сен",
    10: "october oct oktober okt octobre octubre ottobre ott outubro "
    "out pazdziernik pazdziernika paz rijen rijna lokakuu октября окт",
    11: "november nov novembre noviembre novembro listopad listopada lis marraskuu ноября ноя",
    12: "december dec dezember dez decembre diciembre dic dicembre "
    "dezembro grudzien grudnia gru prosinec prosince joulukuu декабря дек",
}
MONTHS = {word: number for number, words in _MONTH_WORDS.items() for word in words.split()}
_WEEKDAY_WORDS = (
    "monday mon montag lundi lunes lunedi segunda "
    "maandag poniedzialek poniedzialku mandag pondeli mandagen понедельник",
    "tuesday tue tues dienstag mardi martes martedi terca dinsdag wtorek wtorku tisdag tirsdag utery вторник",
    "wednesday wed mittwoch mercredi miercoles mercoledi quarta "
    "woensdag sroda srode srody onsdag streda среду",
    "thursday thu thur thurs donnerstag jeudi jueves "
    "giovedi quinta donderdag czwartek czwartku torsdag ctvrtek четверг",
    "friday fri freitag vendredi viernes venerdi sexta vrijdag piatek piatku fredag patek пятницу",
    "saturday sat samstag samedi sabado sabato zaterdag sobota sobote lordag субботу",
    "sunday sun sonntag dimanche domingo domenica zondag niedziela niedziele sondag nedele воскресенье",
)
WEEKDAYS = {word: number for number, words in enumerate(_WEEKDAY_WORDS) for word in words.split()}

_M = "|".join(sorted(MONTHS, key=len, reverse=True))
_W = "|".join(sorted(WEEKDAYS, key=len, reverse=True))
_YEAR = r"(?:,? ?(?:de |del |do |of )?(?P<year>20\d\d))?"
_ISO = re.compile(r"\b(?P<year>20\d\d)-(?P<month>\d{1,2})-(?P<day>\d{1,2})\b")
_EAST = re.compile(
    r"(?:(?P<year>20\d\d)\s?[年년]\s?)?(?P<month>\d{1,2})\s?[月월]\s?(?P<day>\d{1,2})\s?[日일号]"
)
_DAY_MONTH = re.compile(
    rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th|er|\.|º|°|o|e)? ?(?:of |de |den |d')?(?P<name>{_M})\b\.?{_YEAR}"
)
_MONTH_DAY = re.compile(
    rf"\b(?P<name>{_M})\b\.? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:.]\d|\s?(?:%|am\b|"
    rf"pm\b)){_YEAR}"
)
_DOTTED = re.compile(r"\b(?P<day>\d{1,2})\. ?(?P<month>\d{1,2})\.(?: ?(?P<year>20\d\d|\d\d)\b)?(?!\d)")
_SLASHED = re.compile(
    r"\b(?P<a>\d{1,2})(?P<sep>[/-])(?P<b>\d{1,2})(?:(?P=sep)(?P<year>20\d\d|\d\d))?\b(?![/-])"
)
_MONTH_ONLY = re.compile(
    rf"(?:(?P<part>early|beginning of|start of|mid|mid-|middle of|end of|late|anfang|mitte|ende|debut|mi-|"
    rf"fin|principios de|mediados de|finales de|inizio|meta|fine|begin|eind) ?(?:of |de |"
    rf"di )?)?\b(?P<name>{_M})\b\.?(?: (?P<year>20\d\d))?(?! ?\d)"
)
_ORDINAL = re.compile(
    rf"(?<!dopo )(?<!alle )(?<!verso )\b(?:the |den |dem |le |el |il |dia )(?P<day>\d{{1,2}})(?:st|nd|rd|th|"
    rf"er|\.)?(?=[\s,.;!?)]|"
    rf"$)(?! ?(?:%|people|of us|percent|am\b|pm\b|uhr\b|{_M}))|\b(?:{_W}),? (?:the |den |"
    rf"dem )?(?P<day2>\d{{1,2}})(?:st|nd|rd|th|\.)(?=[\s,.;!?)]|$)"
)
_WEEKDAY = re.compile(rf"\b(?P<name>{_W})\b")
_ENGLISH = re.compile(r"\b(?:the|until|till|will|back|return|returning|starting|from|office|and|my|is)\b")
_AMBIGUOUS_SHORT = frozenset(
    {"mar", "may", "set", "out", "dic", "lis", "paz", "sie", "gen", "ago", "mai", "gru", "fin"}
)

_SLACK_DAYS = 30


@dataclass(frozen=True)
class Named:
    """A day that a text names, and its place in `fold(text)`. `kind` is "day", "month" or "weekday".

    If the text names a month, `day` is its first day; for the middle of a month, the 15th; for the end of a month, the
    first day of the next one.
    """

    day: date
    start: int
    end: int
    kind: str


def named_days(text: str, today: date) -> list[Named]:
    """Returns the days that the first 5,000 characters of `text` name, in the order of the text.

    A day without a year is the next such day from 30 days before `today` on. A weekday is the next such day after
    `today`; it is left out if it only introduces a date ("Monday, November 30").
    """
    low = fold(text[:5000])
    days: list[Named] = []
    for pattern in (_ISO, _EAST, _DAY_MONTH, _MONTH_DAY, _DOTTED):
        for match in pattern.finditer(low):
            names = match.groupdict()
            month = MONTHS[names["name"]] if "name" in names else int(names["month"])
            _add(days, match, _resolve(int(match["day"]), month, match["year"], today), "day")
    month_first = _month_comes_first(low)
    for match in _SLASHED.finditer(low):
        if match[0] == "24/7" or (match["sep"] == "-" and not match["year"]):
            continue
        a, b = int(match["a"]), int(match["b"])
        month, day = (a, b) if (month_first and a <= 12) or b > 12 else (b, a)
        _add(days, match, _resolve(day, month, match["year"], today), "day")
    for match in _ORDINAL.finditer(low):
        _add(days, match, _day_of_month(int(match["day"] or match["day2"]), today), "day")
    for match in _MONTH_ONLY.finditer(low):
        if match["name"] not in _AMBIGUOUS_SHORT or match["part"]:
            _add(days, match, _read_month(match, today), "month")
    for match in _WEEKDAY.finditer(low):
        ahead = (WEEKDAYS[match["name"]] - today.weekday() - 1) % 7 + 1
        _add(days, match, today + timedelta(days=ahead), "weekday")
    days.sort(key=lambda span: span.start)
    return [span for span, after in zip(days, [*days[1:], None], strict=False) if not _part_of(span, after)]


def _part_of(span: Named, after: Named | None) -> bool:
    """Whether a weekday only introduces the following date, as in "Monday, November 30"."""
    return span.kind == "weekday" and after is not None and after.kind == "day" and after.start - span.end < 7


def _add(days: list[Named], match: re.Match[str], day: date | None, kind: str) -> None:
    if day is None:
        return
    overlaps = any(match.start() < span.end and span.start < match.end() for span in days)
    if not overlaps:
        days.append(Named(day, match.start(), match.end(), kind))


def _read_month(match: re.Match[str], today: date) -> date | None:
    part = match["part"] or ""
    month = MONTHS[match["name"]]
    if re.match(r"end|late|ende|fin|eind|fine", part):
        first = _resolve(1, month, match["year"], today - timedelta(days=31))
        return next_month(first) if first else None
    return _resolve(15 if re.match(r"mi|me", part) else 1, month, match["year"], today)


def _resolve(day: int, month: int, year: str | None, today: date) -> date | None:
    try:
        if year:
            return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
        nearest = date(today.year, month, day)
        past = nearest < today - timedelta(days=_SLACK_DAYS)
        return date(today.year + 1, month, day) if past else nearest
    except ValueError:
        return None


def _day_of_month(day: int, today: date) -> date | None:
    first = today.replace(day=1)
    for _ in range(3):
        with suppress(ValueError):  # a month may not have this day
            if first.replace(day=day) > today:
                return first.replace(day=day)
        first = next_month(first)
    return None


def next_month(day: date) -> date:
    """Returns the first day of the month after `day`."""
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


def _month_comes_first(low: str) -> bool:
    """Whether 3/11 means March 11: a date such as 3/25 in the text decides, or else whether the text is English."""
    pairs = [(int(match["a"]), int(match["b"])) for match in _SLASHED.finditer(low)]
    if any(a > 12 for a, _ in pairs):
        return False
    return any(b > 12 for _, b in pairs) or bool(_ENGLISH.search(low))
