"""Parses a text that a user typed into the search, as words, phone number and id, and finds these in a message."""

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
"""A shorter word matches only whole words in messages, as too many begin with "a". A Chinese character has 3 bytes."""
MIN_PART = 3
"""The minimum number of letters of each part if a word is also searched for as two words."""
MIN_FORGIVEN, LONGEST, MOST_FORGIVEN = 4, 24, 4
"""The fewest and most letters of a word that may have a typo, and the most words of a search that allows typos."""
MIN_PREFIX = 5
"""A word with a typo that is longer than this may also be the beginning of a name."""
ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz",
    "0123456789",
    "абвгдежзиклмнопрстуфхцчшщъыьэюяєіґ",
    "αβγδεζηθικλμνξοπρστυφχψω",
)
"""The letters that a typo may have left out or replaced, by script, in folded form. For other scripts, a search only
corrects letters that were added or swapped.
"""
PHONE_LIKE = re.compile(r"[0-9\s()+./-]+")
AROUND = 24
"""How many characters a snippet shows before its first hit: few, so that even a narrow row shows the hit."""
SNIPPET_CHARS = 200
Word = tuple[str, bool]
Part = tuple[str, bool]
"""A piece of a text, and whether the piece is a hit."""


@dataclass(frozen=True)
class Typed:
    """A search. Each of `words` (in lower case, without accents) has a flag: whether it also matches as a prefix.

    `numbers` are the ends of phone numbers, with their digits reversed. `phone` is the whole number (E.164), if one was
    typed. `mark` precedes each word of this workspace in `Message.found_by`. `typos`: whether names may match with one
    typo.
    """

    text: str
    words: list[Word]
    numbers: list[str]
    mark: str
    phone: str = ""
    typos: bool = False

    @classmethod
    def read(cls, workspace: Workspace, text: str) -> "Typed | None":
        """Parses `text` as a search of `workspace`. Returns None if the text is empty."""
        text = text.replace("\0", "").strip()
        if not text:
            return None
        dialled = re.sub(r"^00", "+", text)
        phone = normal_phone(dialled, workspace.phone_region) if PHONE_LIKE.fullmatch(text) else ""
        return cls(text, _words(text), _number_ends(workspace, text), mark_of(workspace.pk), phone)

    @property
    def in_messages(self) -> WordsQuery:
        """The query for `Message.found_by`: all of `words`, or one of `numbers`. There must be at least one word."""
        words = [
            f"'{self.mark}{word}'{':*' * (begins and len(word.encode()) >= MIN_BYTES)}"
            for word, begins in self.words
        ]
        numbers = [f"'{self.mark}{NUMBER}{number}':*" for number in self.numbers]
        return WordsQuery(" | ".join([f"({' & '.join(words)})", *numbers]))

    @property
    def identity(self) -> Q:
        """The filter for leads whose id, EmailBison id, GoHighLevel id, address or phone number is the text."""
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
        """The filter for leads whose names match the words; None if no word was typed."""
        query = names_query(self.text, self.mark, typos=self.typos)
        return Q(HasWords(LEAD_WORDS_HERE, query)) if query else None

    @property
    def phones(self) -> list[Q]:
        """The filters for leads whose phone number ends with the digits of one of `numbers`, one filter for each."""
        return [~Q(phone="") & Q(StartsWith(Reverse("phone"), number)) for number in self.numbers]

    def snippet(self, *texts: str) -> list[Part]:
        """Returns an excerpt of about 200 characters, in pieces, from the first of `texts` that has a hit; else []."""
        for text in texts:
            if hits := _merged(self._hits(text)):
                start = max(0, hits[0][0] - AROUND)
                start = text.rfind(" ", 0, start) + 1 if start else 0
                return _pieces(text, hits, start, start + SNIPPET_CHARS)
        return []

    def marked(self, text: str) -> list[Part]:
        """Returns the whole `text` in pieces, each with whether it is a hit."""
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

    Two words also match as one, and a long word as two. With `typos`, words with one typo also match
    (docs/adr/0095-a-typo-is-asked-for-in-the-query.md). With the `marks` of workspaces, which precede each word, the
    query is for the index on LEAD_WORDS_HERE; without them, for that on LEAD_WORDS.
    """
    words = _words(text)
    typos = typos and len(words) <= MOST_FORGIVEN
    queries = [way for mark in marks or [""] for way in _spellings(words, mark, typos)]
    return WordsQuery(" | ".join(f"({query})" for query in queries)) if words else None


def _spellings(words: list[Word], mark: str, typos: bool) -> Iterator[str]:
    """Yields a query for the words as they were typed, and for each pair of neighbours, joined into one word."""

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
    """Returns the words that differ from `word` by one typo; none if it is short, very long or a number."""
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
    """Returns those of `leads` whose names or addresses match `text`, or if none does, match with one typo.

    Without a word in `text`, nobody matches. Workspaces may share marks, so `leads` must itself be limited to the
    `workspaces`.
    """
    query, forgiving = names_query(text, *map(mark_of, workspaces)), names_query(text, typos=True)
    if query is None:
        return leads.none()
    hits = leads.filter(HasWords(LEAD_WORDS_HERE, query))
    # There are too many words with one typo to search for each of them with each workspace's mark.
    return hits if hits.exists() else leads.filter(HasWords(LEAD_WORDS, forgiving))


def _words(text: str) -> list[Word]:
    parts = [words_of(typed) for typed in text.split()]
    return [(word, number == len(words)) for words in parts for number, word in enumerate(words, 1)][
        :MAX_WORDS
    ]


def _is_hit(word: str, wanted: str, begins: bool) -> bool:
    return word == wanted or (begins and len(wanted.encode()) >= MIN_BYTES and word.startswith(wanted))


def _number_ends(workspace: Workspace, text: str) -> list[str]:
    """Returns the digits of a typed phone number, reversed, without the prefixes that some spellings have."""
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
        if not any(number.startswith(end) for end in ends):  # a shorter end matches this number too
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
