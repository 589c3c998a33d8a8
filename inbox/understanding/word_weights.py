"""Computes the probability of a label from wording: learned weights of words and parts of words, summed over one reply.

`manage.py train_rules` learns the weights from labelled replies. They are stored in `weights/`, with the expressions
that occur only in replies of the label. A manifest beside them describes the training data.
"""

import math
import re
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import repeat
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

WEIGHTS = Path(__file__).parent / "weights"
_BITS = 20
SLOTS = 1 << _BITS
"""Features share this number of weights by hash. Most slots stay empty, because rare features are not learned."""
_MASK = SLOTS - 1

ENOUGH = 12
"""A reply with fewer known features is weighed as if it had this number: a few words decide little."""

# Scripts without spaces between words. In these, a word is a run of one to three letters.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
# Punctuation is not a word: "Sure!" must not be judged like shouted text.
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+")
_RUN = re.compile(f"[{_UNSPACED}]")
_PART_CHARS = 4
_NEGATION = (
    "not|don|dont|doesn|doesnt|didn|wouldn|won|never|no|without|nicht|nie|niemals|kein|keine|keinen|niet|nooit|geen|"
    "pas|jamais|aucun|nunca|non|mai|nao|inte|ikke|aldri|aldrig|ei|ala|alka|alkaa|ne|nu|niciodata|nem|hayir|yok|не|ни|"
    "нельзя|нет|لا|لم|לא|אל|न|नहीं|nahi|mat|khong|dung|jangan|tidak|bukan|δεν|μην|μη"
)
_NEGATIONS = frozenset(_NEGATION.split("|"))
_CLAUSE_END = re.compile("[.,;:!?\n。，、；：！？]")
QUESTION_MARKS = ("?", "？", "؟")
_DENIED_WORDS = 4  # the reach of a negation: "do not ever again send"
_MOST_WORDS = 1_500
_WORD_CHARS = 60  # a longer run of letters is an address or noise
_EXPRESSION_WORDS = 5
_LONE_WORD_CHARS = 7  # a shorter word alone means too little


def slot(name: str) -> int:
    """The slot of a feature's weight."""
    return crc32(name.encode()) & _MASK


def words(folded: str) -> list[str]:
    """The words of a folded text or, in a script without spaces, its runs of letters."""
    return _WORD.findall(folded)[:_MOST_WORDS]


@lru_cache(maxsize=256)
def count_words(folded: str) -> int:
    """The number of words in a text. In a script without spaces, two letters count as one word."""
    return sum((len(word) + 1) // 2 if _RUN.match(word) else 1 for word in words(folded))


def _parts(word: str) -> Iterable[str]:
    if _RUN.match(word):
        for length in (1, 2, 3):
            yield from (word[start : start + length] for start in range(len(word) - length + 1))
    elif len(word) > 2:
        padded = f"_{word}_"
        yield from (
            padded[start : start + _PART_CHARS] for start in range(max(len(padded) - _PART_CHARS, 0) + 1)
        )


class _Word(NamedTuple):
    """A word's own slots, including those of its parts, and the checksums for the slots of pairs."""

    slots: frozenset[int]
    name: bytes
    before: int  # the checksum of "word ", to be continued with a neighbour's name
    skipping: int  # the checksum of "word _ "


def _word(word: str, kind: str) -> _Word:
    """Caches words, because most words of a reply also occurred in the previous one. Overlong words are not cached."""
    return _kept_word(word, kind) if len(word) <= _WORD_CHARS else _new_word(word, kind)


def _new_word(word: str, kind: str) -> _Word:
    read = word[:_WORD_CHARS]
    return _Word(
        frozenset((slot(kind + read), *(slot(f"{kind}~{part}") for part in _parts(read)))),
        word.encode(),
        crc32(f"{kind}{word} ".encode()),
        crc32(f"{kind}{word} _ ".encode()),
    )


_kept_word = lru_cache(maxsize=16_384)(_new_word)


@lru_cache(maxsize=256)
def features(folded: str, kind: str = "", most_words: int = _MOST_WORDS) -> frozenset[int]:
    """The slots of a folded text: its words, pairs of adjacent words and of words with one between them, and parts of
    words, so that misspelled words count.

    `kind` separates words by their place ("subject:", "question:"). Words after the first `most_words` are not read.
    """
    found = _WORD.findall(folded)[:most_words]
    known = _kept_word if max(map(len, found), default=0) <= _WORD_CHARS else _word
    read = map(known, found, repeat(kind))
    slots, names, before, skipping = zip(*[_word("^", kind), *read, _word("$", kind)], strict=True)
    pairs = [*map(crc32, names[1:], before), *map(crc32, names[2:], skipping)]
    return frozenset([pair & _MASK for pair in pairs]).union(*slots[1:-1])


@lru_cache(maxsize=256)
def wish_features(folded: str) -> frozenset[int]:
    """The slots of a folded sentence that indicate a wish: its words, its negated words, and those of a question."""
    asked = features(folded, "question:") if folded.endswith(QUESTION_MARKS) else frozenset()
    return features(folded).union(denied(folded), asked)


def denied(folded: str) -> set[int]:
    """The slots of the words after a negation in its clause: "don't stop" and "stop" have little in common."""
    slots: set[int] = set()
    for clause in _CLAUSE_END.split(folded):
        left = 0
        for word in words(clause):
            if word in _NEGATIONS:
                left = _DENIED_WORDS
            elif left:
                slots |= _word(word, "not:").slots
                left -= 1
    return slots


def expressions_in(folded: str) -> Iterator[str]:
    """Every run of one to five words within a clause, joined by spaces: the candidates for expressions of a label.

    A single word counts from seven letters on. A letter of a script without spaces counts as a word.
    """
    for clause in _CLAUSE_END.split(folded):
        read: list[str] = []
        for word in words(clause):
            read += word if _RUN.match(word) else [word]
        for length in range(1, _EXPRESSION_WORDS + 1):
            for start in range(len(read) - length + 1):
                run = read[start : start + length]
                if length > 1 or len(run[0]) >= _LONE_WORD_CHARS:
                    yield " ".join(run)


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-max(min(logit, 30.0), -30.0)))


class Weights:
    """The learned data of one label: the weights of features, and the expressions that only its replies contain."""

    def __init__(self, values: Iterable[float], bias: float, expressions: Iterable[str] = ()) -> None:
        self._values = array("f", values)
        self._bias = bias
        self.expressions = frozenset(expressions)

    def score(self, slots: Iterable[int]) -> float:
        """The support of features for the label, in logits, normalised by number. Unknown features do not count."""
        known = list(filter(None, map(self._values.__getitem__, slots)))
        return self._bias + sum(known) / math.sqrt(max(len(known), ENOUGH))

    def probability(self, slots: frozenset[int]) -> float:
        """The probability, 0 to 1, that the wording has the label."""
        return sigmoid(self.score(slots))

    def strongest_clause(self, clauses: list[frozenset[int]]) -> float:
        """The probability, 0 to 1, that a text has the label: the mean of the value of all clauses together and that of
        the strongest clause.
        """
        together = self.score(frozenset().union(*clauses))
        return sigmoid((together + max(map(self.score, clauses))) / 2 if len(clauses) > 1 else together)

    def express(self, folded: str) -> bool:
        """Whether a text contains an expression that, in the training data, is almost exclusive to the label."""
        return not self.expressions.isdisjoint(expressions_in(folded))

    def strongest(self, sentences: list[tuple[str, str]], otherwise: str) -> str:
        """The original sentence that supports the label most: the evidence. Pairs are (original, folded)."""
        return max(sentences, key=lambda pair: self.score(features(pair[1])), default=(otherwise, ""))[0]

    def as_bytes(self) -> bytes:
        """The compressed content of a label's file: the bias, the known slots with their weights as 16-bit floats
        (little-endian), then the expressions, one per line.
        """
        known = [(number, value) for number, value in enumerate(self._values) if value]
        numbers, values = zip(*known, strict=True) if known else ((), ())
        head = struct.pack("<eI", self._bias, len(known))
        weights = struct.pack(f"<{len(known)}I{len(known)}e", *numbers, *values)
        return zlib.compress(head + weights + "\n".join(sorted(self.expressions)).encode(), 9)

    @classmethod
    def from_bytes(cls, kept: bytes) -> "Weights":
        """The weights that `as_bytes` stored."""
        data = zlib.decompress(kept)
        bias, count = struct.unpack_from("<eI", data)
        start = struct.calcsize("<eI")
        numbers = struct.unpack_from(f"<{count}I", data, start)
        values = struct.unpack_from(f"<{count}e", data, start + 4 * count)
        found = cls(bytes(4 * SLOTS), bias, data[start + 6 * count :].decode().splitlines())
        for number, value in zip(numbers, values, strict=True):
            found._values[number] = value
        return found


_own: dict[str, Weights] = {}


def use(own: dict[str, Weights]) -> dict[str, Weights]:
    """Makes the process use an installation's `own` weights (by label), and the product's for the other labels.

    Returns the own weights that were used before.
    """
    before = dict(_own)
    _own.clear()
    _own.update(own)
    return before


def weights(label: str) -> Weights:
    return _own.get(label) or shipped(label)


@cache
def shipped(label: str) -> Weights:
    """The product's own weights of a label, read once per process."""
    return Weights.from_bytes((WEIGHTS / label).read_bytes())
