"""The search entries of a text: its words and phone numbers, in the form of PostgreSQL's index.

Words are folded: lower case, without accents. A phone number is stored from its last digit backwards, because its
spellings differ at the beginning. Each entry begins with the end of the workspace's id, so a search reads only the
entries of one workspace.

This module splits texts into words, so that queries, texts and snippets are split alike. PostgreSQL's own parser is not
used, because it treats "reyes.example" as one word. A PostgreSQL expression (LEAD_WORDS) splits the names of leads,
because names change in many places; a test compares its words with those of this module.
"""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.contrib.postgres.search import SearchVectorField
from django.db.models import BooleanField, F, Func, Model, TextField, Value
from django.db.models.functions import Cast, Concat, Lower, Replace, Right

from inbox.understanding.normalise import INVISIBLE, fold

SUBJECT_CHARS, TEXT_CHARS = 1_000, 50_000
"""The numbers of characters of a message's subject and text that are indexed. PostgreSQL refuses vectors above 1 MB."""
WORD_CHARS = 64
"""The maximum length of an indexed word. A longer word is cut to its first characters."""
MIN_DIGITS, MAX_DIGITS = 7, 15
"""The range of digits in a phone number. A number with fewer digits is a price or a time; E.164 allows no more."""

SEPARATORS = (
    "\x01-/:-@\\[-`{-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u3003"
    "\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u060c\u061b\u061f\u06d4\u0964\u0965"
)
"""The characters between words, for regular expressions of Python and PostgreSQL. The characters are listed one by one,
because character classes differ between databases.
"""
_WORD = re.compile(f"[^{SEPARATORS}]+")
_RAW_WORD = re.compile(f"(?:[^{SEPARATORS}]|{INVISIBLE.pattern})+")
"""A word before folding. Folding drops invisible characters, so "war\u00adranty" is one word."""
_NUMBER = re.compile(r"[+(]{0,2}[0-9](?:[ \t\u00a0\u202f().\-/\u2010-\u2013]{0,3}[0-9])*")
_DIGITS = re.compile("[0-9]+")
NUMBER = "#"
"""The character after the workspace's prefix in the entry for a phone number. No word begins with it."""


def words_of(text: str) -> list[str]:
    """Returns the folded words of `text` in their order, each cut to 64 characters."""
    return [word[:WORD_CHARS] for word in _WORD.findall(fold(text))]


def words_at(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yields each word of `text` as (start, end, folded words). A sign such as "½" folds to several words."""
    for match in _RAW_WORD.finditer(text):
        yield match.start(), match.end(), words_of(match[0])


def numbers_at(text: str) -> Iterator[tuple[int, int, str]]:
    """Yields each possible phone number of at least 7 digits as (start, end, its last 15 digits backwards).

    Each group of digits may end a number, so several numbers may have the same start ("555-0119 2026-11-28").
    """
    for match in _NUMBER.finditer(text):
        digits = ""
        for group in _DIGITS.finditer(match[0]):
            digits += group[0]
            if len(digits) >= MIN_DIGITS:
                yield match.start(), match.start() + group.end(), digits[: -MAX_DIGITS - 1 : -1]


def mark_of(workspace_id: UUID) -> str:
    """Returns the prefix (3 characters) of a workspace's entries. Others may share it, so also filter by workspace."""
    return str(workspace_id)[-3:]


def vector(workspace_id: UUID, subject: str, text: str) -> str:
    """Returns a message's search entries in the form of a tsvector, without text beyond SUBJECT_CHARS or TEXT_CHARS."""
    mark, parts = mark_of(workspace_id), (subject[:SUBJECT_CHARS], text[:TEXT_CHARS])
    entries = {mark + word for part in parts for word in words_of(part)}
    entries |= {mark + NUMBER + digits for part in parts for _, _, digits in numbers_at(part)}
    # No entry contains a quote or a backslash, because both are separators.
    return " ".join(f"'{entry}'" for entry in sorted(entries))


class WordsField(SearchVectorField):  # type: ignore[type-arg]  # Django makes no field generic at run time
    """The column with a message's search entries. Each save computes them from the message's subject and text."""

    def pre_save(self, model_instance: Model, add: bool) -> Any:
        message: Any = model_instance
        return vector(message.workspace_id, message.subject, message.text)


class WordsQuery(Func):
    """An SQL expression for a search query in PostgreSQL's tsquery syntax.

    The subquery hides the words from the planner. For two frequent words that never occur together, the planner would
    otherwise read the whole table.
    """

    template = "(SELECT %(expressions)s::tsquery)"

    def __init__(self, text: str) -> None:
        super().__init__(Value(text))


class HasWords(Func):
    """An SQL expression: whether a tsvector (the first argument) matches a tsquery (the second argument)."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()


def _text(function: str, *parts: Any) -> Func:
    return Func(*parts, function=function, output_field=TextField())


def _folded(text: Any) -> Func:
    marked = Func(text, template="normalize(%(expressions)s, NFKD)", output_field=TextField())
    plain = _text("regexp_replace", marked, Value("[\u0300-\u036f]+"), Value(""), Value("g"))
    letters = _text(
        "translate",
        Lower(Func(plain, template="normalize(%(expressions)s, NFC)", output_field=TextField())),
        Value("łøđıς"),
        Value("lodiσ"),
    )
    for letter, two in (("æ", "ae"), ("œ", "oe"), ("ß", "ss")):
        letters = Replace(letters, Value(letter), Value(two))
    return letters


def names_vector(*columns: str, of_workspace: bool = False) -> Func:
    """Returns an index expression for the folded words of `columns`, with the workspace's prefix if `of_workspace`."""
    parts: list[Any] = [F(columns[0])]
    for column in columns[1:]:
        parts += [Value(" "), F(column)]
    folded, apart = _folded(Concat(*parts)), f"[{SEPARATORS}]+"
    nothing: Value | Func = Value("")
    if of_workspace:
        mark = Right(Cast("workspace", TextField()), 3)
        spaced = _text("regexp_replace", folded, Value(apart), Concat(Value(" "), mark), Value("g"))
        folded, apart, nothing = Concat(mark, spaced), " ", mark
    words = Func(folded, Value(apart), function="regexp_split_to_array")
    return Func(
        Func(words, nothing, function="array_remove"),
        function="array_to_tsvector",
        output_field=SearchVectorField(),
    )
