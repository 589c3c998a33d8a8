"""Decides what two spellings have in common: every rule matches on folded text, so no rule repeats accents or case."""

import re
import unicodedata
from functools import lru_cache

MAX_CHARS = 200_000
"""Longest body that is read. Measured on real mail: a body over 200 kB is a quoted thread or an inlined attachment."""

MAX_LINES = 5_000
"""Most lines that are read, for the same reason: a body of 200,000 one-letter lines would take seconds."""

# Zero-width and direction marks that mail clients and spammers put inside words.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe0e\ufe0f\ufeff]"
)
_UNSEEN = re.compile(f"{_INVISIBLE.pattern}|[\U000e0000-\U000e007f]")
_SPACES = re.compile(r"[^\S\n]{2,}|[^\S\n ]")  # a plain space between two words is left alone
_ACCENTS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans(
    {
        "ł": "l",
        "ø": "o",
        "æ": "ae",
        "œ": "oe",
        "đ": "d",
        "ı": "i",
        "ß": "ss",
        "\u2018": "'",
        "\u2019": "'",
        "\u201b": "'",
        "`": "'",
        "\u00b4": "'",
        "\u02bc": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u201e": '"',
        "\u00ab": '"',
        "\u00bb": '"',
        "\u2010": "-",
        "\u2011": "-",
        "\u2012": "-",
        "\u2013": "-",
        "\u2014": "-",
        "\u2212": "-",
    }
)
# "Am 3. November" goes on: a point behind one or two digits ends nothing.
_SENTENCE_END = re.compile(r"(?<=[.!?…])(?<!\b\d\.)(?<!\b\d\d\.)[\"')\]]*\s+|(?<=[。！？])|\n+")


def clean(value: object) -> tuple[str, bool]:
    """The body as text that PostgreSQL can store, with plain newlines; and whether it was cut.

    NUL and lone surrogates occur in provider payloads and are dropped. Anything but a string reads as empty.
    """
    if not isinstance(value, str):
        return "", False
    truncated = len(value) > MAX_CHARS or value.count("\n", 0, MAX_CHARS) > MAX_LINES
    text = value[:MAX_CHARS].replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    if truncated:
        text = "\n".join(text.split("\n", MAX_LINES)[:MAX_LINES])
    return text.removeprefix("\ufeff"), truncated


def visible(text: str) -> str:
    """The text as a reader sees it: no invisible characters, and plain letters for their full-width forms."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text))


@lru_cache(maxsize=256)
def fold(text: str) -> str:
    """Lower case, no accents, no invisible characters, plain quotes and dashes, single spaces; newlines stay.

    Kana and Hangul keep their marks: only the Latin, Greek and Cyrillic combining accents go (so "й" folds to "и").
    """
    # Nine replies in ten, and none of the tables below has a letter for them but the backtick.
    if text.isascii():
        return _SPACES.sub(" ", text.lower().replace("`", "'")).strip()
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold().translate(_LETTERS)
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def sentences(text: str) -> list[str]:
    """The sentences of a text as written; a newline ends one, unless it only wraps a long line."""
    parts: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        parts.extend(_SENTENCE_END.split(_unwrap(paragraph)))
    return [part.strip() for part in parts if part and part.strip()]


# In single quotes an apostrophe between letters belongs to the speech ('don't contact me again').
_SPEECH = re.compile(r"""\"[^"\n]{0,300}\"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){1,300}'(?!\w)""")


def without_speech(folded: str) -> str:
    """A folded sentence without reported speech of three words or more: `Liked "reply STOP to opt out"` is no wish."""
    if '"' not in folded and "'" not in folded:
        return folded
    return _SPEECH.sub(lambda match: match[0] if len(match[0].split()) < 3 else '""', folded)


def _unwrap(paragraph: str) -> str:
    """Joins lines that a mail client wrapped: the line before is long and the next one goes on in lower case."""
    out: list[str] = []
    for line in paragraph.split("\n"):
        stripped = line.strip()
        if out and len(out[-1]) > 50 and stripped[:1].islower():
            out[-1] = f"{out[-1]} {stripped}"
        else:
            out.append(stripped)
    return "\n".join(out)
