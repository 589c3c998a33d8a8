"""Decides how sure wording is of a label: learned weights of words and parts of words, added up over one reply.

The weights are learned by `manage.py train_rules` from labelled replies and kept in `weights/`, one file a label.
"""

import math
import re
import struct
from array import array
from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

WEIGHTS = Path(__file__).parent / "weights"
_BITS = 18
SLOTS = 1 << _BITS
"""Features share this many weights by hash: two that fall together share one, which costs less than a vocabulary."""
_MASK = SLOTS - 1

# Scripts without spaces between words: there a word is a run of one to three letters.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]+|[!?]|[^\w\s\x00-\x7f]")
_RUN = re.compile(f"[{_UNSPACED}]")
_PART_CHARS = 4
_NEGATION = (
    "not|don|dont|doesn|doesnt|didn|wouldn|won|never|no|without|nicht|nie|niemals|kein|keine|keinen|niet|nooit|geen|"
    "pas|jamais|aucun|nunca|non|mai|nao|inte|ikke|aldri|aldrig|ei|ala|alka|alkaa|ne|nu|niciodata|nem|hayir|yok|не|ни|"
    "нельзя|нет|لا|لم|לא|אל|न|नहीं|nahi|mat|khong|dung|jangan|tidak|bukan|δεν|μην|μη"
)
_NEGATIONS = frozenset(_NEGATION.split("|"))
_CLAUSE_END = re.compile("[.,;:!?\n。，、；：！？]")
_DENIED_WORDS = 4  # how far behind a negation: "do not ever again send"
_MOST_WORDS = 1_500
_WORD_CHARS = 60  # a longer run of letters is an address or noise


def slot(name: str) -> int:
    """Where the weight of a feature stands."""
    return crc32(name.encode()) & _MASK


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
    """A word's own slots, with those of its parts, and what the slots of pairs are made from."""

    slots: frozenset[int]
    name: bytes
    before: int  # the checksum of "word ", which goes on with a neighbour's name
    skipping: int  # the same of "word _ "


def _word(word: str, kind: str) -> _Word:
    """Most words of a reply have been seen in the one before; what is too long for a word is not worth keeping."""
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
def features(folded: str, kind: str = "") -> frozenset[int]:
    """The slots of a folded text: its words, pairs of neighbours and of next but one, and parts of words, so that a
    slip of the pen counts.

    `kind` keeps words apart by where they stand ("subject:", "question:").
    """
    words = [_word(word, kind) for word in _WORD.findall(folded)[:_MOST_WORDS]]
    slots, names, before, skipping = zip(*[_word("^", kind), *words, _word("$", kind)], strict=True)
    pairs = [*map(crc32, names[1:], before), *map(crc32, names[2:], skipping)]
    return frozenset([pair & _MASK for pair in pairs]).union(*slots[1:-1])


def denied(folded: str) -> set[int]:
    """The slots of the words behind a negation in its clause: "don't stop" and "stop" have little in common."""
    slots: set[int] = set()
    for clause in _CLAUSE_END.split(folded):
        left = 0
        for word in _WORD.findall(clause)[:_MOST_WORDS]:
            if word in _NEGATIONS:
                left = _DENIED_WORDS
            elif left:
                slots |= _word(word, "not:").slots
                left -= 1
    return slots


class Weights:
    """What was learned of one label."""

    def __init__(self, values: Iterable[float], bias: float) -> None:
        self._values = array("f", values)
        self._bias = bias

    def _score(self, slots: frozenset[int]) -> float:
        return self._bias + sum(map(self._values.__getitem__, slots)) / math.sqrt(len(slots) or 1)

    def probability(self, slots: frozenset[int]) -> float:
        """How sure the wording is of the label, 0 to 1; its length is divided out."""
        return 1 / (1 + math.exp(-max(min(self._score(slots), 30.0), -30.0)))

    def strongest(self, sentences: list[tuple[str, str]], otherwise: str) -> str:
        """The sentence, as written, that speaks most for the label: the evidence. Pairs are (written, folded)."""
        return max(sentences, key=lambda pair: self._score(features(pair[1])), default=(otherwise, ""))[0]

    def write(self, label: str) -> None:
        """Keep the weights in the file of `label`: little-endian 16-bit floats, the bias first."""
        (WEIGHTS / label).write_bytes(struct.pack(f"<{SLOTS + 1}e", self._bias, *self._values))


@cache
def weights(label: str) -> Weights:
    """The weights of a label, as `Weights.write` keeps them; read once a process."""
    bias, *values = struct.unpack(f"<{SLOTS + 1}e", (WEIGHTS / label).read_bytes())
    return Weights(values, bias)
