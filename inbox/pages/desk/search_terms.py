"""The words, phone number and id in a text that a user typed into the search, and where they occur in a message."""

import contextlib
import re
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import phonenumbers
from django.db.models import Q, QuerySet
from django.db.models.functions import Reverse
from django.db.models.lookups import StartsWith

from inbox.leads.identity import normal_phone
from inbox.models import Lead, Workspace
from inbox.models.lead import LEAD_WORDS, LEAD_WORDS_HERE, by_alternate_email, by_alternate_phone
from inbox.models.words import NUMBER, HasWords, WordsQuery, mark_of, numbers_at, words_at, words_of

MIN_PHONE_DIGITS = 4
MAX_WORDS = 12
MIN_BYTES = 3
"""Shorter words match only whole words in messages, as too many begin with "a". A Chinese character has 3 bytes."""
MIN_PART = 3
"""The fewest letters of each part of a word that is looked for as two."""
MIN_FORGIVEN, LONGEST, MOST_FORGIVEN = 4, 24, 4
"""The fewest and most letters of a word that may have a typo, and the most words of a search with typos."""
MIN_PREFIX = 5
"""A longer word with a typo may also be the beginning of a name."""
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "абвгдежзиклмнопрстуфхцчшщъыьэюяєіґ",
    "αβγδεζηθικλμνξοπρστυφχψω",
)
"""The letters that a typo may have left out or changed, by script, as they are folded. In other scripts it may have
added or swapped some only.
"""
PHONE_LIKE = re.compile(r"[0-9\s()+./-]+")
AROUND = 24
"""How many characters a snippet shows before the first hit: few, so that even a narrow row shows the hit."""
SNIPPET_CHARS = 200
Word = tuple[str, bool]
Part = tuple[str, bool]
"""A piece of a text, and whether it is a hit."""


@dataclass(frozen=True)
class Typed:
    """A search. For each of the folded `words`, a flag says whether the word also matches as a prefix of longer words.

    `numbers` are the ends of phone numbers, with their digits reversed. `phone` is the whole number (E.164), if one was
    typed. `mark` precedes each word of this workspace in `Message.found_by`. `typos`: names match with one typo.
    """

    text: str
    words: list[Word]
    numbers: list[str]
    mark: str
    phone: str = ""
    typos: bool = False

    @classmethod
    def read(cls, workspace: Workspace, text: str) -> "Typed | None":
        """Parses `text` into a search of `workspace`; None if it is empty."""
        text = text.replace("\0", "").strip()
        if not text:
            return None
        dialled = re.sub(r"^00", "+", text)
        phone = normal_phone(dialled, workspace.phone_region) if PHONE_LIKE.fullmatch(text) else ""
        return cls(text, _words(text), _number_ends(workspace, text), mark_of(workspace.pk), phone)

    @property
    def in_messages(self) -> WordsQuery:
        """The query for `Message.found_by`: all of `words`, which must not be empty, or one of `numbers`."""
        words = [
            f"'{self.mark}{word}'{':*' * (begins and len(word.encode()) >= MIN_BYTES)}"
            for word, begins in self.words
        ]
        numbers = [f"'{self.mark}{NUMBER}{number}':*" for number in self.numbers]
        return WordsQuery(" | ".join([f"({' & '.join(words)})", *numbers]))

    @property
    def identity(self) -> Q:
        """The filter for leads whose id, id at EmailBison or GoHighLevel, address or phone number equals the text."""
        condition = Q(emailbison_lead_id=self.text) | Q(ghl_contact_id=self.text)
        if "@" in self.text:
            address = self.text.lower()
            condition |= Q(email=address) | by_alternate_email(address)
        if self.phone:
            condition |= by_alternate_phone(self.phone)
        with contextlib.suppress(ValueError):
            condition |= Q(pk=uuid.UUID(self.text))
        return condition

    @cached_property
    def names(self) -> Q | None:
        """The filter for leads whose names match; None if no word was typed."""
        query = names_query(self.text, self.mark, typos=self.typos)
        return Q(HasWords(LEAD_WORDS_HERE, query)) if query else None

    @property
    def phones(self) -> list[Q]:
        """A filter for each of `numbers`: leads whose phone number ends with these digits."""
        return [~Q(phone="") & Q(StartsWith(Reverse("phone"), number)) for number in self.numbers]

    def snippet(self, *texts: str) -> list[Part]:
        """Returns an excerpt of about 200 characters, in pieces, from the first of `texts` with a hit; else []."""
        for text in texts:
            if hits := _merged(self._hits(text)):
                start = max(0, hits[0][0] - AROUND)
                start = text.rfind(" ", 0, start) + 1 if start else 0
                return _pieces(text, hits, start, start + SNIPPET_CHARS)
        return []

    def marked(self, text: str) -> list[Part]:
        """Returns the whole `text` in pieces, in which the hits are marked."""
        return _pieces(text, _merged(self._hits(text)), 0, len(text))

    def _hits(self, text: str) -> Iterator[tuple[int, int]]:
        for start, end, words in words_at(text):
            if any(_is_hit(word, *wanted) for word in words for wanted in self.words):
                yield start, end
        for start, end, digits in numbers_at(text) if self.numbers else ():
            if any(digits.startswith(number) for number in self.numbers):
                yield start, end


def names_query(text: str, *marks: str, typos: bool = False) -> WordsQuery | None:
    """Returns the query for leads whose names or address words begin with the words of `text`; None without a word.

    Two words also match as one, and a long word as two. With `typos`, a word also matches the words at one typo from it
    (docs/adr/0095-a-typo-is-asked-for-in-the-query.md). With the `marks` of workspaces the query is for
    LEAD_WORDS_HERE, without one for LEAD_WORDS.
    """
    words = _words(text)
    typos = typos and len(words) <= MOST_FORGIVEN
    queries = [way for mark in marks or [""] for way in _spellings(words, mark, typos)]
    return WordsQuery(" | ".join(f"({query})" for query in queries)) if words else None


def _spellings(words: list[Word], mark: str, typos: bool) -> Iterator[str]:
    """Yields a query for the words as they are typed, and one for each two of them as one word."""

    def entry(word: str, begins: bool) -> str:
        return f"'{mark}{word}'{':*' * begins}"

    def ways(word: str, begins: bool) -> Iterator[str]:
        yield entry(word, begins)
        for at in range(MIN_PART, min(len(word), LONGEST) - MIN_PART + 1):
            yield f"{entry(word[:at], False)} & {entry(word[at:], begins)}"
        for near in sorted(near_words(word)) if typos else ():
            yield entry(near, begins and len(near) > MIN_PREFIX)

    yield " & ".join(f"({' | '.join(ways(*word))})" for word in words)
    plain = [entry(*word) for word in words]
    for at, ((word, _), (following, begins)) in enumerate(pairwise(words)):
        yield " & ".join([*plain[:at], entry(word + following, begins), *plain[at + 2 :]])


def near_words(word: str) -> set[str]:
    """Returns the words with one letter more, less, changed or swapped; none for a short word or a number."""
    if not MIN_FORGIVEN <= len(word) <= LONGEST or word.isdigit():
        return set()
    letters = {letter for alphabet in ALPHABETS if set(alphabet) & set(word) for letter in alphabet}
    parts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    less = {start + end[1:] for start, end in parts}
    swapped = {start + end[1] + end[0] + end[2:] for start, end in parts if len(end) > 1}
    more = {start + letter + end for start, end in parts for letter in letters}
    changed = {start + letter + end[1:] for start, end in parts if end for letter in letters}
    return (less | swapped | more | changed) - {word}


def leads_with_name(leads: QuerySet[Lead], text: str, workspaces: Iterable[uuid.UUID]) -> QuerySet[Lead]:
    """Returns those of `leads` whose names or addresses match, with one typo if none does; without a word, nobody.

    Workspaces may share marks, so `leads` must be limited to the `workspaces` as well.
    """
    query, forgiving = names_query(text, *map(mark_of, workspaces)), names_query(text, typos=True)
    if query is None:
        return leads.none()
    hits = leads.filter(HasWords(LEAD_WORDS_HERE, query))
    # The words at one typo are many, so they are not asked for with the mark of each workspace.
    return hits if hits.exists() else leads.filter(HasWords(LEAD_WORDS, forgiving))


def _words(text: str) -> list[Word]:
    parts = [words_of(typed) for typed in text.split()]
    return [(word, number == len(words)) for words in parts for number, word in enumerate(words, 1)][
        :MAX_WORDS
    ]


def _is_hit(word: str, wanted: str, begins: bool) -> bool:
    return word == wanted or (begins and len(wanted.encode()) >= MIN_BYTES and word.startswith(wanted))


def _number_ends(workspace: Workspace, text: str) -> list[str]:
    """Returns the digits of a typed phone number, reversed and without the prefixes of some spellings."""
    if not PHONE_LIKE.fullmatch(text):
        return []
    digits = re.sub(r"\D", "", text)
    numbers = {digits, digits.lstrip("0")}
    for spelling in [text, f"+{digits[2:]}"] if digits.startswith("00") else [text]:
        with contextlib.suppress(phonenumbers.NumberParseException):
            parsed = phonenumbers.parse(spelling, workspace.phone_region)
            if (
                phonenumbers.is_possible_number_with_reason(parsed)
                == phonenumbers.ValidationResult.IS_POSSIBLE
            ):
                numbers.add(phonenumbers.national_significant_number(parsed))
    ends: list[str] = []
    for number in sorted((number[::-1] for number in numbers if len(number) >= MIN_PHONE_DIGITS), key=len):
        if not any(number.startswith(end) for end in ends):  # a shorter end matches it too
            ends.append(number)
    return ends


def _merged(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _pieces(text: str, hits: list[tuple[int, int]], start: int, until: int) -> list[Part]:
    until = min(until, len(text))
    pieces: list[Part] = [("…", False)] if start else []
    at = start
    for begin, end in hits:
        if begin >= until:
            break
        pieces += [(text[at:begin], False), (text[begin:end], True)]
        at = end
    pieces.append((text[at:until], False))
    if until < len(text):
        pieces.append(("…", False))
    return [piece for piece in pieces if piece[0]]
