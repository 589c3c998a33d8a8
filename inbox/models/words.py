"""The search entries of a text: its words and phone numbers, in the form of PostgreSQL's index.

Words are folded: lower case, without accents. A phone number is stored from its last digit backwards, because its
spellings differ at the beginning. Each entry begins with the end of the workspace's id, so a search reads only the
entries of one workspace.

The words are split here and not by PostgreSQL's parser, which treats "reyes.example" as one word. So the words of a
query, a text and a snippet are split alike. Names of leads are split by an expression of PostgreSQL (LEAD_WORDS),
because they change in many places; a test compares the two.
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
"""The number of characters of a message that are indexed. PostgreSQL refuses vectors above 1 MB."""
WORD_CHARS = 64
"""Longer words are found by their first characters."""
MIN_DIGITS, MAX_DIGITS = 7, 15
"""The number of digits of a phone number: fewer digits are a price or a time, and E.164 allows no more."""

SEPARATORS = (
    "\x01-/:-@\\[-`{-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u3003"
    "\u3008-\u3020\u3030\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\u060c\u061b\u061f\u06d4\u0964\u0965"
)
"""The characters between words, for regular expressions of Python and PostgreSQL. They are listed, because character
classes differ between databases.
"""
_WORD = re.compile(f"[^{SEPARATORS}]+")
_RAW_WORD = re.compile(f"(?:[^{SEPARATORS}]|{INVISIBLE.pattern})+")
"""A word before folding. Folding drops invisible characters, so "war\u00adranty" is one word."""
_NUMBER = re.compile(r"[+(]{0,2}[0-9](?:[ \t\u00a0\u202f().\-/\u2010-\u2013]{0,3}[0-9])*")
_DIGITS = re.compile("[0-9]+")
NUMBER = "#"
"""The prefix of an entry for a phone number, after the workspace. No word begins with it."""


def words_of(text: str) -> list[str]:
    """The folded words of `text` in their order, each cut to 64 characters."""
    return [word[:WORD_CHARS] for word in _WORD.findall(fold(text))]


def words_at(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """Yields each word of `text` as (start, end, folded words). A sign such as "½" folds to several words."""
    for match in _RAW_WORD.finditer(text):
        yield match.start(), match.end(), words_of(match[0])


def numbers_at(text: str) -> Iterator[tuple[int, int, str]]:
    """Yields each possible phone number as (start, end, its last 15 digits backwards), from 7 digits on.

    Each group of digits may be the end of a number, so one place may be yielded several times ("555-0119 2026-11-28").
    """
    for match in _NUMBER.finditer(text):
        digits = ""
        for group in _DIGITS.finditer(match[0]):
            digits += group[0]
            if len(digits) >= MIN_DIGITS:
                yield match.start(), match.start() + group.end(), digits[: -MAX_DIGITS - 1 : -1]


def mark_of(workspace_id: UUID) -> str:
    """The three characters that begin a workspace's entries. Workspaces may share them: also filter by workspace."""
    return str(workspace_id)[-3:]


def vector(workspace_id: UUID, subject: str, text: str) -> str:
    """The entries of a message, as the text of a tsvector. Text beyond SUBJECT_CHARS and TEXT_CHARS is not indexed."""
    mark, parts = mark_of(workspace_id), (subject[:SUBJECT_CHARS], text[:TEXT_CHARS])
    entries = {mark + word for part in parts for word in words_of(part)}
    entries |= {mark + NUMBER + digits for part in parts for _, _, digits in numbers_at(part)}
    # No entry contains a quote or a backslash, because both are separators.
    return " ".join(f"'{entry}'" for entry in sorted(entries))


class WordsField(SearchVectorField):  # type: ignore[type-arg]  # Django makes no field generic at run time
    """The column with a message's entries for the search, which each save computes from subject and text."""

    def pre_save(self, model_instance: Model, add: bool) -> Any:
        message: Any = model_instance
        return vector(message.workspace_id, message.subject, message.text)


class WordsQuery(Func):
    """A query for entries, in PostgreSQL's tsquery syntax.

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
    """An index expression for the folded words of `columns`. `of_workspace`: with the workspace's prefix."""
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
