"""Cleans and folds text, so that different spellings compare as equal. The patterns of rules match folded text."""

import re
import unicodedata
from functools import lru_cache

MAX_CHARS = 200_000
"""The maximum number of characters of a body that are read. A longer body contains a quoted thread or an attachment."""

MAX_LINES = 5_000
"""The maximum number of lines of a body that are read. A body of 200,000 lines of one letter would take seconds."""

# Matches zero-width characters and direction marks, which mail clients and spammers put inside words.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe0e\ufe0f\ufeff]"
)
_UNSEEN = re.compile(f"{INVISIBLE.pattern}|[\U000e0000-\U000e007f]")
_SPACES = re.compile(r"[^\S\n]{2,}|[^\S\n ]")  # a single plain space needs no replacement
_ACCENTS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i", "ß": "ss"}
    | dict.fromkeys("\u2018\u2019\u201b`\u00b4\u02bc", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-")
)
ADDRESS = r"[a-z0-9!#$%&'*+/=?^_{|}~.-]{1,64}@[a-z0-9][a-z0-9.-]{1,250}[a-z0-9]"
# A full stop after one or two digits ends no sentence, as in "Am 3. November".
_SENTENCE_END = re.compile(r"(?<=[.!?…])(?<!\b\d\.)(?<!\b\d\d\.)[\"')\]]*\s+|(?<=[。！？])|\n+")


def clean(raw: object) -> tuple[str, bool]:
    """Returns `raw` as text that PostgreSQL can store, with "\\n" as newline, and whether the text was cut.

    NUL characters and lone surrogates, which providers send, are dropped. A value that is not a string becomes "".
    """
    if not isinstance(raw, str):
        return "", False
    truncated = len(raw) > MAX_CHARS or raw.count("\n", 0, MAX_CHARS) > MAX_LINES
    text = raw[:MAX_CHARS].replace("\x00", "").encode("utf-8", "ignore").decode("utf-8")
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n").replace("\u2029", "\n")
    if truncated:
        text = "\n".join(text.split("\n", MAX_LINES)[:MAX_LINES])
    return text.removeprefix("\ufeff"), truncated


def visible(text: str) -> str:
    """Returns the text as people see it: without invisible characters, and with plain letters for full-width ones."""
    return unicodedata.normalize("NFKC", _UNSEEN.sub("", text))


@lru_cache(maxsize=256)
def fold(text: str) -> str:
    """Returns the text for comparisons: lower case, no accents, no invisible characters, plain quotes and dashes.

    Runs of spaces become one space, and newlines stay. Only Latin, Greek and Cyrillic letters lose their accents.
    """
    # Nine in ten replies are plain ASCII. Of all the replacements below, only that of the backtick affects them.
    if text.isascii():
        return _SPACES.sub(" ", text.lower().replace("`", "'")).strip()
    text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text)).casefold().translate(_LETTERS)
    text = _ACCENTS.sub("", unicodedata.normalize("NFD", text))
    return _SPACES.sub(" ", unicodedata.normalize("NFC", text)).strip()


def sentences(text: str) -> list[str]:
    """Returns the sentences of a text as written. A newline ends a sentence unless it only wraps a long line."""
    parts: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        parts.extend(_SENTENCE_END.split(_unwrap(paragraph)))
    return [part.strip() for part in parts if part and part.strip()]


# In a quotation in single quotes, an apostrophe between letters is not its end: 'don't contact me again'.
_SPEECH = re.compile(r"""\"[^"\n]{0,300}\"|(?<!\w)'(?:[^'\n]|(?<=\w)'(?=\w)){1,300}'(?!\w)""")


def without_speech(folded: str) -> str:
    """Returns a folded sentence with `""` in place of each quotation of three words or more, which others said."""
    if '"' not in folded and "'" not in folded:
        return folded
    return _SPEECH.sub(lambda match: match[0] if len(match[0].split()) < 3 else '""', folded)


def _unwrap(paragraph: str) -> str:
    """Joins lines that a mail client has wrapped: a long line, and a next line that begins in lower case."""
    out: list[str] = []
    for line in paragraph.split("\n"):
        stripped = line.strip()
        if out and len(out[-1]) > 50 and stripped[:1].islower():
            out[-1] = f"{out[-1]} {stripped}"
        else:
            out.append(stripped)
    return "\n".join(out)
