"""Finds until when a lead is to be left alone: 09:00 in the lead's zone on the day that the reply names.

That is the day that a person asks for, or on which an absent person is back.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from inbox.understanding.dates import Named, named_days
from inbox.understanding.normalise import fold, sentences

APPLY_AT = 0.95
"""The confidence from which a snooze is applied by itself. Below it the page only suggests a follow-up."""

_MONTH_DAY_CONFIDENCE = 0.99
_QUARTER_CONFIDENCE = 0.97
_BARE_CONFIDENCE = 0.9
_VAGUE_CONFIDENCE = 0.8
_MORNING = time(9)
_AT_LEAST = timedelta(hours=1)
AT_MOST = timedelta(days=550)

_WEEKDAYS = r"mon|tue|wed|thu|fri|monday|tuesday|wednesday|thursday|friday|montag|dienstag|mittwoch|donnerstag|freitag"
_BETWEEN = rf"(?: (?:the|zum|dem|den|le|el|il|o|dia|about|around|mindestens|de|del|{_WEEKDAYS}))*\W*$"
_AFTER = re.compile(rf"\b(?:after|past|once|following){_BETWEEN}")
_FROM = re.compile(
    rf"\b(?:until|till|til|from|as of|starting|beginning|not before|no earlier than){_BETWEEN}"
)
# "Do" is "until" in Polish, "da" is "from" in Italian, "po" is "after" in Czech. So these are not used in
# English texts.
_AFTER_ABROAD = re.compile(
    rf"\b(?:nach|nachdem|apres|despues (?:del?|de)|dopo(?: il)?|depois (?:de|do)|na|po|efter|etter|jalkeen|"
    rf"после){_BETWEEN}"
)
_FROM_ABROAD = re.compile(
    r"\b(?:ab|bis|a partir (?:du|de|del|do)|jusqu'?(?:au|a)|hasta(?: el)?|desde(?: el)?|fino al?|da(?:l)?|"
    r"ate(?: o)?|vanaf|tot|do|od|"
    rf"fran|fra|tills|till|til|до|с){_BETWEEN}"
)
_ENGLISH = re.compile(
    r"\b(?:the|can|we|we're|you|are|and|your|back|again|he|she|they|at|will|would|could|please|after|until|"
    r"i'm|i'll|it's|"
    r"this|that|with)\b"
)
_PAST = re.compile(
    r"\b(?:since|ago|last|previous|was|were|wrote|sent|seit|letzte\w*|depuis|dernier\w*|desde hace|signed|"
    r"through|established|est\.)\b[^,;]{0,15}$"
)
_NEAR_CHARS = 32

_QUARTER = re.compile(
    r"\b(?:q(?P<n>[1-4])|(?P<n2>[1-4])(?:st|nd|rd|th|\.|er|e|o|º)? ?(?:quarter|quartal|trimestre|kwartaal|"
    r"kwartal|kvartal)|(?P<word>first|second|third|fourth|last|next|nachstes|prochain|proximo|"
    r"prossimo) (?:calendar |fiscal )?(?:quarter|quartal|trimestre|kwartaal|kvartal))\b"
    r"(?: ?(?:of |/|'|in )?(?P<year>20\d\d|\d\d\b))?(?P<next> (?:of )?next year| nachsten jahres|"
    r" nachstes jahr| l'annee prochaine| del proximo ano| do proximo ano| dell'anno prossimo| volgend jaar|"
    r" nasta ar)?"
)
_FISCAL = re.compile(
    r"\b(?:(?:new|next|the next|our next|our new) (?:fiscal|financial|budget) year|fy ?'?(?P<year>20\d\d|"
    r"\d\d))\b"
)
_QUARTER_WORDS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "last": 4}
_END = re.compile(r"\b(?:end of|late|ende|fin|finales de|fine|eind)(?: the)? ?$")

_VAGUE = (
    (re.compile(r"\b(?:tomorrow|tmrw|morgen|demain|manana|domani|amanha|jutro|imorgon|i morgen)\b"), 1),
    (
        re.compile(
            r"\b(?:next week|nachste\w* woche|la semaine prochaine|la (?:proxima semana|semana que viene)|"
            r"la prossima settimana|(?:na )?(?:proxima semana|semana que vem)|volgende week|"
            r"w przyszlym tygodniu|nasta vecka|naeste uge|neste uke)\b"
        ),
        None,
    ),
    (
        re.compile(
            r"\b(?:next month|nachste\w* monat|le mois prochain|el (?:proximo mes|mes que viene)|"
            r"il prossimo mese|(?:no )?proximo mes|volgende maand|w przyszlym miesiacu|nasta manad)\b"
        ),
        30,
    ),
    (
        re.compile(
            r"\b(?:next year|nachste\w* jahr|l'annee prochaine|el (?:proximo ano|ano que viene)|"
            r"l'anno prossimo|volgend jaar|nasta ar)\b"
        ),
        366,
    ),
    (re.compile(r"\bin (?:a|one|1) week\b"), 7),
    (re.compile(r"\bin (?:a|one|1) month\b"), 30),
)
_IN_N = re.compile(
    r"\bin (?:about |around )?(?P<n>\d{1,2}|two|three|four|five|six|zwei|drei|vier|sechs) (?P<unit>days?|"
    r"weeks?|months?|tagen|wochen|monaten)\b"
)
_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "zwei": 2, "drei": 3, "vier": 4, "sechs": 6}

_BACK = re.compile(
    r"\b(?:back|return\w*|reopen\w*|re-open\w*|available|erreichbar|wieder|zuruck|de retour|retour|regreso|"
    r"vuelta|vuelvo|rientro|ritorno|retorno|volto|terug|powrot\w*|wracam|tillbaka|ater|tilbage|tilbake|zpet|"
    r"vratim|vracim|"
    r"takaisin)\b[^.!?\n]{0,25}$|"
    r"\b(?:ab|a partir (?:du|de|del)|as of|from)(?: (?:dem|le|el|monday|montag))?\W*$|"
    r"\b(?:respond|reply|answer)\b[^.!?\n]{0,30}\bon(?: \w{3,10}day,?)?\W*$"
)
_UNTIL = re.compile(
    r"\b(?:until|till|til|bis|jusqu'?(?:au|a)?|hasta|fino|ate|tot|do|tom|t\.o\.m\.|saakka|through|thru|"
    r"до)\b[^.!?\n]{0,22}$|"
    r"\d\S{0,3} ?(?:\w{3,12} )?(?:to|au|al|ao|a|-|and|et|e|y|i|und)(?: (?:the|el|il|le))?\W*$"
)
# The named day is itself a day off: the text says so, or "until" means that in the language, or it ends a
# range.
_LAST_DAY = re.compile(
    r"\b(?:through|thru|inclusive|including|einschliesslich|einschl|inkl|inclus|incluso|inclusive|compreso|"
    r"incluido|en met|och med|og med|tom|wlacznie|vcetne)\b|\b(?:bis|do|till|saakka|до)\b[^.!?\n]{0,22}$|"
    r"\b(?:from|vom|von|du|del|dal|de|od|fran|fra|van|between)\b.{2,40}\b(?:to|through|until|bis|au|al|ao|"
    r"tot|do|till|til|and)\b[^.!?\n]{0,22}$"
)
_RANGE_BEHIND = re.compile(r"\W{0,3}(?:to|through|thru|until|till|bis|au|al|ao|tot|do|til|-)\b|\W{0,2}-")
_BACK_BEHIND = re.compile(
    r".{0,12}\b(?:wieder|zuruck|back|again|weer|de retour|tilbage|tilbake|tillbaka)\b|\W?(?:以降|から|に復帰|에 복귀|"
    r"回来|返回)"
)
_UNTIL_BEHIND = re.compile(r"\W?(?:saakka|asti|ig|まで|까지|为止)\b|\W?(?:まで|까지|为止)")
_LAST_DAY_BEHIND = re.compile(
    r"\W{0,3}(?:inclusive|included|inclus|incluso|einschl|inkl|wlacznie|saakka|asti|ig|まで|까지|为止)"
)


@dataclass(frozen=True)
class Snooze:
    """The time (aware) until which a lead is to be left alone, as a reply asks; how sure that is (`confidence`, 0 to
    1); and the sentence that says it.
    """

    until: datetime
    confidence: float
    quote: str


def deferral(text: str, reference: datetime, tz: tzinfo) -> Snooze | None:
    """The later time at which a person asks to be written to; None if the reply names none, or only times less than an
    hour or more than 550 days ahead. Of several the surest is taken.

    The confidence is 0.99 for a month and day behind "after", "until" or "from"; 0.97 for a quarter or fiscal year; 0.9
    for a day without such a word; 0.8 for a month, a weekday or "next week". `reference` (aware) is when the message
    was received; `tz` is the lead's zone.
    """
    today = reference.astimezone(tz).date()
    english = bool(_ENGLISH.search(fold(text[:5000])))
    best: Snooze | None = None
    for sentence in sentences(text):
        low = fold(sentence)
        for day, confidence in (*_quarters(low, today), *_dated(low, today, english), *_vague(low, today)):
            until = _morning(day, tz)
            if not _AT_LEAST < until - reference < AT_MOST:
                continue
            if best is None or confidence > best.confidence:
                best = Snooze(until, confidence, sentence)
    return best


def return_day(text: str, reference: datetime, tz: tzinfo) -> Snooze | None:
    """09:00 on the working day on which an absent person is back, read from an automatic reply; None if it names no day
    to come. `reference` (aware) is when the message was received; `tz` is the lead's zone.
    """
    today = reference.astimezone(tz).date()
    low = fold(text[:5000])
    candidates: list[tuple[int, date]] = []
    for named in named_days(text, today):
        left, right = low[max(0, named.start - 60) : named.start], low[named.end : named.end + 24]
        if _back_on(left, right):
            candidates.append((2, named.day))
        elif _UNTIL.search(left) or _UNTIL_BEHIND.match(right):
            last_day = _LAST_DAY.search(left) or _LAST_DAY_BEHIND.match(right)
            candidates.append((1, _day_after(named) if last_day else named.day))
    ahead = [(rank, _working_day(day)) for rank, day in candidates if timedelta(0) < day - today < AT_MOST]
    if not ahead:
        return None
    top = max(rank for rank, _ in ahead)
    until = _morning(max(day for rank, day in ahead if rank == top), tz)
    return Snooze(until, _MONTH_DAY_CONFIDENCE, text.strip()[:200]) if until - reference > _AT_LEAST else None


def _back_on(left: str, right: str) -> bool:
    """Whether the day is the day of return ("back on …", "ab dem …", "… wieder im Büro") and does not begin a range."""
    if _RANGE_BEHIND.match(right):
        return False
    return bool(_BACK_BEHIND.match(right)) or bool(_BACK.search(left[-45:]) and not _UNTIL.search(left[-14:]))


def _day_after(named: Named) -> date:
    """The day after the last day off. A month as the last day off ("through June") is off to its end."""
    if named.kind == "month":
        return (named.day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return named.day + timedelta(days=1)


def _dated(low: str, today: date, english: bool) -> list[tuple[date, float]]:
    out = []
    for named in named_days(low, today):
        left = low[max(0, named.start - _NEAR_CHARS) : named.start]
        if _PAST.search(left) or _RANGE_BEHIND.match(low[named.end : named.end + 24]):
            continue
        after, since = _AFTER.search(left), _FROM.search(left)
        if not english:
            after, since = after or _AFTER_ABROAD.search(left), since or _FROM_ABROAD.search(left)
        out.append((_first_day(named, bool(after)), _confidence(named, bool(after or since))))
    return out


def _first_day(named: Named, after: bool) -> date:
    if not after:
        return named.day
    return (
        named.day + timedelta(days=1)
        if named.kind != "month"
        else (named.day + timedelta(days=31)).replace(day=1)
    )


def _confidence(named: Named, cued: bool) -> float:
    if named.kind == "day":
        return _MONTH_DAY_CONFIDENCE if cued else _BARE_CONFIDENCE
    return _VAGUE_CONFIDENCE


def _quarters(low: str, today: date) -> list[tuple[date, float]]:
    out = []
    for match in _QUARTER.finditer(low):
        if _PAST.search(low[max(0, match.start() - _NEAR_CHARS) : match.start()]):
            continue
        day = _quarter_day(match, today, bool(_END.search(low[: match.start()])))
        if day:
            out.append((day, _QUARTER_CONFIDENCE))
    for match in _FISCAL.finditer(low):
        year = int(match["year"]) % 100 + 2000 if match["year"] else today.year + 1
        out.append((date(year, 1, 1), _QUARTER_CONFIDENCE))
    return out


def _quarter_day(match: re.Match[str], today: date, end: bool) -> date | None:
    """The first day of the quarter that is meant, or of its last month for "end of". None for the current quarter."""
    current = (today.month - 1) // 3 + 1
    word = match["word"]
    if word and word not in _QUARTER_WORDS:
        number, year = current % 4 + 1, today.year + (1 if current == 4 else 0)
    else:
        number = int(match["n"] or match["n2"] or _QUARTER_WORDS[word])
        year = today.year + (1 if match["next"] else 0)
        if match["year"]:
            year = int(match["year"]) % 100 + 2000
        elif not match["next"] and number < current:
            year += 1
    day = date(year, number * 3 - (0 if end else 2), 1)
    return day if day > today else None


def _vague(low: str, today: date) -> list[tuple[date, float]]:
    out = []
    for pattern, days in _VAGUE:
        if pattern.search(low):
            if days is None:
                out.append((today + timedelta(days=7 - today.weekday()), _VAGUE_CONFIDENCE))
            elif days == 30:
                out.append(((today.replace(day=1) + timedelta(days=31)).replace(day=1), _VAGUE_CONFIDENCE))
            elif days == 366:
                out.append((date(today.year + 1, 1, 2), _VAGUE_CONFIDENCE))
            else:
                out.append((today + timedelta(days=days), _VAGUE_CONFIDENCE))
    for match in _IN_N.finditer(low):
        number = _NUMBERS.get(match["n"]) or int(match["n"])
        unit = match["unit"][0]
        out.append(
            (today + timedelta(days=number * {"d": 1, "t": 1, "w": 7, "m": 30}[unit]), _VAGUE_CONFIDENCE)
        )
    return out


def _working_day(day: date) -> date:
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)


def _morning(day: date, tz: tzinfo) -> datetime:
    return datetime.combine(day, _MORNING, tzinfo=tz)
