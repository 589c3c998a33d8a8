"""Finds statements in a text that its sources do not contain. The check of drafts and `evaluate_drafts` use it. Only
our own words prove a price, a link or a promise; the lead's words also prove names, numbers, times and days. Statements
are compared as strings in folded text. A statement in plain words ("our crews are careful") is not detected.
"""

import re
from collections.abc import Callable, Collection, Iterator
from decimal import Decimal
from typing import NamedTuple

from inbox.replying import amounts
from inbox.replying.draft_material import LINK, bare_link
from inbox.understanding.dates import MONTHS, WEEKDAYS
from inbox.understanding.language import language_of
from inbox.understanding.normalise import fold

ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
CLOCK = re.compile(
    r"\b\d{1,2}:\d{2}\b(?:\s?[ap]\.?m\b)?|\b\d{1,2}\s?[ap]\.?m\b|\b\d{1,2}\s?(?:uhr|h\d{2}|h)\b", re.I
)
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,'\u00a0\u202f]\d{3}(?!\d))*(?:[.,]\d+)?")
_LISTED = re.compile(r"^\s*\d{1,2}[.)]\s", re.M)
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")

_COUNTS = {
    "en": "two three four five six seven eight nine ten eleven twelve fifteen=15 twenty=20 thirty=30 forty=40 fifty=50"
    " sixty=60 seventy=70 eighty=80 ninety=90 hundred=100 thousand=1000 million=1000000 half dozen double triple",
    "de": "zwei drei vier funf sechs sieben acht neun zehn elf zwolf funfzehn=15 zwanzig=20 dreissig=30 vierzig=40"
    " funfzig=50 sechzig=60 siebzig=70 achtzig=80 neunzig=90 hundert=100 tausend=1000 halb halbe halben doppelt",
    "fr": "deux trois quatre cinq six sept huit neuf dix onze douze quinze=15 vingt=20 trente=30 quarante=40"
    " cinquante=50 soixante=60 cent=100 cents=100 mille=1000 million=1000000 moitie double",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez once doce quince=15 veinte=20 treinta=30 cuarenta=40"
    " cincuenta=50 sesenta=60 setenta=70 ochenta=80 noventa=90 cien=100 ciento=100 mil=1000 mitad doble",
    "it": "due tre quattro cinque sei=- sette otto nove dieci undici dodici quindici=15 venti=20 trenta=30 quaranta=40"
    " cinquanta=50 sessanta=60 settanta=70 ottanta=80 novanta=90 cento=100 mille=1000 mila=1000 meta doppio",
    "pt": "dois tres quatro cinco seis sete oito nove dez onze doze quinze=15 vinte=20 trinta=30 quarenta=40"
    " cinquenta=50 sessenta=60 setenta=70 oitenta=80 noventa=90 cem=100 cento=100 mil=1000 metade dobro",
    "nl": "twee drie vier vijf zes zeven acht negen tien elf twaalf vijftien=15 twintig=20 dertig=30 veertig=40"
    " vijftig=50 zestig=60 zeventig=70 tachtig=80 negentig=90 honderd=100 duizend=1000 helft dubbel",
    "sv": "tva tre fyra fem sex sju atta nio tio elva tolv femton=15 tjugo=20 trettio=30 fyrtio=40"
    " femtio=50 sextio=60 sjuttio=70 attio=80 nittio=90 hundra=100 tusen=1000 halften dubbelt",
    "pl": "dwa trzy cztery piec szesc siedem osiem dziewiec dziesiec jedenascie dwanascie pietnascie=15 dwadziescia=20"
    " trzydziesci=30 czterdziesci=40 piecdziesiat=50 szescdziesiat=60 siedemdziesiat=70 osiemdziesiat=80"
    " dziewiecdziesiat=90 sto=100 tysiac=1000 polowa polowe podwojnie",
}
"""Folded number words by language. The first eleven mean 2 to 12; each later number has its value beside it. Later
words without a value are fractions and multiples.
"""


def _counts() -> dict[str, dict[str, int | None]]:
    table: dict[str, dict[str, int | None]] = {}
    for language, words in _COUNTS.items():
        table[language] = {}
        for place, entry in enumerate(words.split()):
            word, _, number = entry.partition("=")
            if number != "-":
                table[language][word] = int(number) if number else place + 2 if place < 11 else None
    return table


COUNTS = _counts()

PROMISE = re.compile(
    r"\b(?:guarant\w+|refund\w*|money.back|for free|(?:are|is|be|months?|weeks?) free|free of charge|unlimited"
    r"|certifi\w+|complian\w+|accredited|licen[cs]ed|insured|award\w*|garantier\w*|garantie\w*|erstatt\w+|kostenlos\w*|gratis"
    r"|unbegrenzt\w*|unbeschrankt\w*|zertifi\w+|konform\w*|garanti\w*|rembours\w+|gratuit\w*|illimit\w+|conform\w+"
    r"|garantiz\w+|garantia\w*|reembols\w*|ilimitad\w+|certificad\w+|rimbors\w+|certificat\w+|gecertificeerd\w*"
    r"|terugbeta\w*|onbeperkt\w*|aterbetal\w*|obegransa\w*|certifierad\w*|gwarant\w+|zwrot\w*|bezplatn\w*|darmow\w*"
    r"|nieograniczon\w*|certyfik\w+)\b"
)
"""Matches words of promises, in lower case and without accents, in the languages of the number words `_COUNTS`."""

_AMBIGUOUS = {"segunda", "terca", "quarta", "quinta", "sexta"}
"""Portuguese day names that are ordinary words in other languages."""
_DAYS = {word for word in WEEKDAYS if len(word) >= 5} - _AMBIGUOUS
_DAYS |= {"tomorrow", "demain", "domani", "amanha", "imorgon", "jutro", "ubermorgen"}
_DAY_MONTH = {word for word in MONTHS if len(word) >= 3}
_DATE = re.compile(
    r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b|\b[^\W\d_]{3,}\.? \d{1,2}\b"
    r"|\b\d{1,2}\.? (?:de )?[^\W\d_]{3,}"
)
_PLAIN = (
    "i ok pm am ps fyi asap faq pdf crm ceo cto cfo coo sms ai roi kpi hr it eu uk us usa utc gmt cet est pst et id tv"
    " mr mrs ms dr herr frau monsieur madame english german french spanish italian portuguese dutch swedish polish sie"
    " ihr ihre ihnen ihren ihrem ihrer pan pani panstwo panstwa europe google zoom teams meet linkedin"
)
"""Words that are often capitalised but name neither a client nor a certificate."""
_PLAIN_CAPITALS = frozenset(_PLAIN.split())
_BREAK = re.compile(r"[.!?¿¡:…\n•–—(\"“„»«-]\s*$")


class Statement(NamedTuple):
    """A statement without a source. `kind` is "email address", "link", "price", "percentage", "number", "promise",
    "name", "time" or "day".
    """

    kind: str
    words: str


def unsourced(text: str, ours: str, theirs: str) -> list[Statement]:
    """Returns the statements in `text` that our words (`ours`) do not prove. For some kinds, the lead's words
    (`theirs`) count as proof too.
    """
    everything = f"{ours}\n{theirs}"
    bare = LINK.sub(" ", ADDRESS.sub(" ", text))
    statements = [
        *_new("email address", ADDRESS.findall(text), {a.lower() for a in ADDRESS.findall(ours)}, str.lower),
        *_new(
            "link", LINK.findall(ADDRESS.sub(" ", text)), set(map(bare_link, LINK.findall(ours))), bare_link
        ),
        *(Statement(kind, words) for kind, words in amounts.unknown(bare, ours)),
        *_new("promise", PROMISE.findall(fold(bare)), set(PROMISE.findall(fold(ours)))),
    ]
    rest = _LISTED.sub(" ", amounts.PERCENT.sub(" ", amounts.PRICE.sub(" ", bare)))
    for phone in amounts.phones(rest).values():
        rest = rest.replace(phone, " ")
    figures = numbers(everything) | {str(number) for _, number in _worded(everything)}
    statements += _new("number", _NUMBER.findall(CLOCK.sub(" ", rest)), figures, plain)
    statements += [
        Statement("number", words)
        for words, number in dict(_worded(rest)).items()
        if (str(number) not in figures if number is not None else words not in fold(everything))
    ]
    clocks = set(map(clock, CLOCK.findall(fold(everything))))
    statements += _new("time", CLOCK.findall(fold(bare)), clocks, clock)
    return list(dict.fromkeys([*statements, *_names(bare, everything), *_days(bare, everything)]))


def numbers(text: str) -> set[str]:
    """Returns the normalised numbers in `text`: "1,250", "1.250" and "1250" are equal, as are "19,50" and "19.5"."""
    return {plain(number) for number in _NUMBER.findall(text)}


def plain(number: str) -> str:
    whole = re.sub(r"[.,'\u00a0\u202f](?=\d{3}(?!\d))", "", number)
    return format(Decimal(whole.replace(",", ".")).normalize(), "f")


def clock(text: str) -> str:
    """Returns a time of day in a normalised form: "15:00" for "3 pm", "3:00 PM" and "15:00"."""
    match = re.match(r"(\d{1,2})(?:[:h](\d{2}))?\s*([ap])?", text.strip())
    if match is None:
        return text
    hour = int(match[1]) % 12 + (12 if match[3] == "p" else 0) if match[3] else int(match[1])
    return f"{hour:02}:{match[2] or '00'}"


def _worded(text: str) -> Iterator[tuple[str, int | None]]:
    counts = COUNTS.get(language_of(text) or "en", COUNTS["en"])
    run: list[str] = []
    for word in [*re.findall(r"[^\W\d_]+|[.,;!?\n]", fold(text)), "."]:
        if word in counts:
            run.append(word)
        elif run:
            yield " ".join(run), _value([counts[word] for word in run])
            run = []


def _value(parts: list[int | None]) -> int | None:
    total = 0
    for part in parts:
        if part is None:
            return None
        total = max(total, 1) * part if part >= 100 else total + part
    return total


def _names(text: str, everything: str) -> Iterator[Statement]:
    """Yields the names that no source contains: runs of capitalised words inside a sentence. German capitalises every
    noun, so in German a run must have two words, or one that is all in capitals.
    """
    sources = set(_WORD.findall(fold(everything)))
    least = 2 if language_of(text) == "de" else 1
    run: list[str] = []
    for match in [*_WORD.finditer(text), None]:
        word = match[0] if match else ""
        starts = (
            match is None or not text[: match.start()].strip() or bool(_BREAK.search(text[: match.start()]))
        )
        ordinary = not word[:1].isupper() or (starts and not word[1:2].isupper())
        if not ordinary and not _is_sourced(fold(word), sources):
            run.append(word)
            continue
        if len(run) >= least or any(name.isupper() for name in run):
            yield Statement("name", " ".join(run))
        run = []


def _is_sourced(word: str, sources: Collection[str]) -> bool:
    bare = re.sub(r"['’]s?$", "", word)
    return (
        bare in sources
        or bare in _PLAIN_CAPITALS
        or bare in WEEKDAYS
        or bare in MONTHS
        or bare.startswith("i'")
    )


def _days(text: str, everything: str) -> Iterator[Statement]:
    folded, sources = fold(text), fold(everything)
    for word in dict.fromkeys(
        re.findall(r"(?:segunda|terca|quarta|quinta|sexta)-feira|[^\W\d_]{5,}", folded)
    ):
        day = word if word in _DAYS else word.removesuffix("s")
        if (day in _DAYS or day.endswith("-feira")) and day not in sources:
            yield Statement("day", day)
    for date in dict.fromkeys(_DATE.findall(folded)):
        date_words = set(re.findall(r"[^\W\d_]{3,}", date)) - {"de"}
        if (not date_words or date_words & _DAY_MONTH) and date not in sources:
            yield Statement("day", date)


def _new(
    kind: str, written: list[str], sources: set[str], key: Callable[[str], str] = str
) -> list[Statement]:
    return [
        Statement(kind, words.rstrip(".,;:!?"))
        for words in dict.fromkeys(written)
        if key(words) not in sources
    ]
