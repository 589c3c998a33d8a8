"""Decides what a wish to opt out is in a language other than English: its words, and what turns them around."""

import re
from dataclasses import dataclass

from inbox.understanding.reading import Reading

_POLITE = re.compile(
    r"^\W*(?:(?:sie|vous|voces|lei|u|jullie|pan|pani) )?(?:bitte|konnten|konnen|konntest|kannst|wurden|"
    r"wurdest|pourriez|pouvez|voulez|podria\w*|puede\w*|"
    r"podeis|potrebbe|potreste|puo|potete|"
    r"poderia\w*|pode\w*|kunt|kun|kunnen|wilt|wil|zou\w*|czy (?:moz|mog)\w+|kan (?:ni|du|jeg|i|dere)|"
    r"vill ni|vil (?:i|du|dere)|muzete|mohli|"
    r"voisitteko|можете|не могли бы)\b|\b(?:bitte|s'il vous plait|svp|por favor|per favore|per cortesia|aub|"
    r"alstublieft|prosze|tack|prosim)\W*$"
)
_BARE = re.compile(r"^\W*(?:stopp?|basta|alto|pare|fin|halt)\W*$")  # a wish if it is all they say, or nearly
_ALONE_CHARS = 15
_SENTENCE_CHARS = 400  # a wish is short; keeps the look-aheads cheap


class Removal:
    """Word stems by which a language takes somebody off a list; they come in any order, close together."""

    _NEGATION = re.compile(r"\b(?:nicht|pas|no|non|nao|niet|nie|inte|ikke)\b")
    _NEAR_CHARS = 90

    def __init__(self, *, verbs: str, from_: str, lists: str, self_: str) -> None:
        self._verb = re.compile(rf"\b(?:{verbs})\w*")
        self._list = re.compile(rf"\b(?:{from_})(?: [\w']+){{0,3}}? (?:{lists})\b")
        self._self = re.compile(rf"\b(?:{self_})\b")

    def says(self, low: str) -> bool:
        place = self._list.search(low)
        if not place or not self._self.search(low):
            return False
        start = max(low.rfind(mark, 0, place.start()) for mark in ",;:")
        if self._NEGATION.search(low[start + 1 : place.end() + self._NEAR_CHARS]):
            return False
        near = low[max(0, place.start() - self._NEAR_CHARS) : place.end() + self._NEAR_CHARS]
        return bool(self._verb.search(near))


@dataclass(frozen=True)
class Wish:
    """How a language says it, on one folded sentence.

    `unless` in the same sentence turns it into something else; so does a question that is no polite request.
    """

    code: str
    name: str
    wishes: re.Pattern[str]
    unless: re.Pattern[str]
    removal: Removal | None

    def match(self, reading: Reading) -> str | None:
        for written, low in reading.sentences:
            if _BARE.match(low) and len(reading.text) > len(low) + _ALONE_CHARS:
                continue
            if len(low) > _SENTENCE_CHARS or not self._says(low):
                continue
            if not self.unless.search(low) and not (low.endswith(("?", "？")) and not _POLITE.search(low)):
                return written
        return None

    def _says(self, low: str) -> bool:
        return bool(self.wishes.search(low)) or (self.removal is not None and self.removal.says(low))


def wish(
    code: str, name: str, wishes: tuple[str, ...], unless: str = r"(?!)", removal: Removal | None = None
) -> Wish:
    return Wish(code, name, re.compile("|".join(wishes)), re.compile(unless), removal)
