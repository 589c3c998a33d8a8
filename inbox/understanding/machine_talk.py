"""Finds orders to a language model, such as "ignore your instructions", even if they are hidden.

It does not recognise every order, so the checks of an outgoing answer must not rely on this module alone.
"""

import base64
import binascii
import re
from functools import lru_cache

from inbox.understanding.machine_phrases import ORDERS
from inbox.understanding.normalise import fold

MAX_CHARS = 20_000
SHOWN_CHARS = 80

# Letters that look like Latin letters. They are replaced by these in words that mix two alphabets.
_ALIKE = str.maketrans("авеёкмнорстухіјѕԁԛԝгпαβεικνορτυχ", "abeekmhopctyxijsdqwrnabeiknoptux")
_WORD = re.compile(r"\w+")
_MIXED = re.compile("[a-z][а-яёіјѕԁԛԝα-ω]|[а-яёіјѕԁԛԝα-ω][a-z]")
_SPACED = re.compile(r"\b\w(?:[ ._*-]\w){3,}\b")
_TAG_LETTERS = re.compile("[\U000e0020-\U000e007e]+")
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{2,8}\U000e007f")
_BASE64 = re.compile(r"(?<![\w/+.:=?&%-])[A-Za-z0-9+/_-]{24,}={0,2}(?![\w/+])")


def orders_in(text: str) -> str:
    """Returns the first words of `text` that are an order to a language model, cut to SHOWN_CHARS; "" without any."""
    return _found(text[:MAX_CHARS])


@lru_cache(maxsize=256)
def _found(text: str) -> str:
    if not text.strip():
        return ""
    hidden = _hidden(text)
    if hidden:
        return hidden[:SHOWN_CHARS]
    folded = _plain(text)
    lines = (line.strip(" >*-\"'") for line in folded.split("\n"))
    for candidate in (*lines, " ".join(folded.split())):
        for pattern in ORDERS:
            if match := pattern.search(candidate):
                return " ".join(match[0].split())[:SHOWN_CHARS]
    return ""


def _plain(text: str) -> str:
    """Returns `text` folded, with the letters that look-alikes imitate, and without spaces inside spaced words."""
    folded = fold(text)
    if not folded.isascii():
        folded = _WORD.sub(
            lambda word: word[0].translate(_ALIKE) if _MIXED.search(word[0]) else word[0], folded
        )
    return _SPACED.sub(lambda word: re.sub(r"[ ._*-]", "", word[0]), folded)


def _hidden(text: str) -> str:
    letters = "".join(_TAG_LETTERS.findall(_FLAG.sub("", text)))
    if letters:
        return "".join(chr(ord(letter) - 0xE0000) for letter in letters)
    return next((words for code in _BASE64.findall(text) if (words := _decoded(code))), "")


def _decoded(code: str) -> str:
    try:
        words = base64.b64decode(
            code + "=" * (-len(code) % 4), altchars=b"-_" if set(code) & set("-_") else None
        )
        text = words.decode("utf-8")
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() and text.count(" ") >= 2 else ""
