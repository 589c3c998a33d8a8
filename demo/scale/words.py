"""What people write in the seeded year: labelled replies, with sentences of ordinary people around them.

Both lie in `training/labelled/`, so the words are as frequent as in real mail, in some twenty languages. Made-up names
by Zipf's law make the vocabulary grow with the number of messages, as it does in real mail.
"""

import gzip
import json
import math
import re
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import Any

from inbox.models.lead import Tag

LABELLED = Path(__file__).resolve().parents[2] / "training" / "labelled"
LONGEST_REPLY = 700
MADE_UP = 200_000
"""How many made-up names there are. The n-th is about n times rarer than the first."""
MARKS = {
    "en": "the and you is of to for that with this are was have not your what from",
    "de": "der die das und ich nicht ist wir sie mit ein eine auf bitte für zu von",
    "fr": "le la les et je vous pas est une des pour que dans sur merci nous suis",
    "es": "el los las que por para con una usted pero gracias es muy como del tengo",
    "it": "il che per non una grazie sono con della gli anche come questo mi siete",
    "pt": "que não uma para com você obrigado os mas por muito está são meu isso",
    "nl": "het een ik niet van en voor dat met zijn je wij op bent graag wat",
    "sv": "och att det är jag inte på som för en vi har med om du till",
    "pl": "nie się jest na to że do proszę dziękuję mi jak czy ale za",
    "tr": "bir ve bu için değil çok ben ne teşekkürler mi da var",
}
"""Frequent words by which the language of a sentence in Latin letters is told."""
LANGUAGE_OF = {word: language for language, words in reversed(MARKS.items()) for word in words.split()}
SCRIPTS = (
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("uk", re.compile("[іїєґІЇЄҐ]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
)
OTHERS = "other"
SPOKEN = {
    "en": 62,
    "de": 9,
    "fr": 6,
    "es": 6,
    "nl": 5,
    "it": 4,
    "pt": 3,
    "sv": 1,
    "uk": 1,
    "ja": 1,
    "ko": 1,
    OTHERS: 1,
}
"""Of a hundred leads, how many speak which language."""
OURS = {
    "de": (
        "Gern. Passt Ihnen Donnerstag um zehn?",
        "Danke für die Antwort, ich schicke Ihnen die Übersicht.",
    ),
    "fr": ("Avec plaisir. Jeudi à dix heures vous conviendrait-il ?", "Merci, voici l’aperçu sur une page."),
    "es": ("Con gusto. ¿Le viene bien el jueves a las diez?", "Gracias, le envío el resumen en una página."),
    "nl": ("Graag. Past donderdag om tien uur?", "Dank voor uw antwoord, hierbij het overzicht."),
}
OURS_ELSE = (
    "Gladly. Would Thursday at ten suit you?",
    "Thanks for writing back, here is the overview on one page.",
    "Understood. May I show you how others your size went about it?",
    "Of course. It is a monthly price, and you can end it any month.",
    "Good question. We start within two weeks of a yes.",
)
REPLIED = {
    Tag.INTERESTED: 12, Tag.INFORMATION_REQUESTED: 13, Tag.MEETING_REQUESTED: 9, Tag.CALL_REQUESTED: 4,
    Tag.FOLLOW_UP: 8, Tag.OBJECTION: 10, Tag.NOT_INTERESTED: 20, Tag.NEUTRAL: 24,
}  # fmt: skip
"""Of a hundred replies that a person wrote and that are no opt-out, how many say what."""
_FIRST = """Adaeze Alex Amara Anders Anna Ben Bruno Carla Chen Clara Dana Dmitri Elena Emma Farid Finn Grace Greta Hana
Hugo Ines Irene Ivan Jack Jonas Julia Kavya Kenji Laura Leon Liam Lucia Luka Maria Marta Max Mei Mina Nils
Noah Nora Olga Omar Oscar Paul Pedro Petra Priya Quinn Rosa Ruth Sam Sara Selma Stefan Tara Tom Ugo Vera
Walid Wei Xenia Yusuf Zoe"""
_ROOTS = """Abbott Beck Berg Bianchi Brandt Castill Dahl Dubois Dunn Eriks Fischer Font Garci Grant Guerr Hart Hollis
Ibarr Jans Jens Kell Klein Kowal Lam Lind Lopez Marsh Mor Nak Nolan Okoy Oliv Park Petr Quist Rein Rinald
Rossi Sant Sato Schmid Silv Stein Tanak Thorn Ueda Vance Vargas Vogel Walsh Wint Wong Yates Zell"""
_ENDS = "er mann sen a ez i ini ov ski son ström s ley ford wood y el"
_TRADES = """Bakery Brewery Dental Electric Fitness Flooring Freight Gardens Heating Hotels Kitchens Legal Logistics
Masonry Optics Painting Plumbing Printing Realty Roofing Solar Studio Tools Travel Veterinary Windows"""
_TITLES = """Owner Founder CEO Director Manager Partner President Geschäftsführer Gérant Titolare Eigenaar Assistant
Buyer Controller"""
FIRST, ROOTS, TRADES, TITLES = (names.split() for names in (_FIRST, _ROOTS, _TRADES, _TITLES))
ENDS = ["", *_ENDS.split()]
SYLLABLES = [
    first + second for first in "bdfgklmnprstvz" for second in ("a", "e", "i", "o", "u", "ar", "en", "ix")
]


@dataclass
class Corpus:
    """The texts from which made-up messages are put together, by language. `replies` are also by what they are: a tag,
    "bounce", or "" where no rule decides.
    """

    replies: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    sentences: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def read(cls) -> "Corpus":
        """Reads the labelled replies and the ordinary sentences from which made-up messages are put together."""
        corpus = cls()
        with gzip.open(LABELLED / "learned.jsonl.gz", "rt", encoding="utf-8") as file:
            for line in file:
                row = json.loads(line)
                if text := _newest(row):
                    corpus.replies[_kind(row["expected"]), language_of(text)].append(text)
        with gzip.open(LABELLED / "ordinary.txt.gz", "rt", encoding="utf-8") as file:
            for line in file:
                corpus.sentences[language_of(line)].append(line.strip())
        return corpus

    def said(self, rng: Random, kind: str, language: str) -> str:
        """Makes up a reply of this kind (a tag, "bounce" or ""), in English if there is none of it in `language`. Often
        it has more sentences, and the name of what it is about.
        """
        text = rng.choice(self.replies.get((kind, language)) or self.replies[kind, "en"])
        if kind == "" or rng.random() < 0.25:
            parts = [text, *self.filler(rng, language, min(6, int(rng.expovariate(0.7))))]
            if rng.random() < 0.5:
                parts.append(f"{made_up(rng)} {rng.randrange(10, 99_999)}.")
            text = " ".join(parts)
        return text

    def filler(self, rng: Random, language: str, count: int) -> list[str]:
        """Draws `count` sentences that somebody who speaks `language` may write, in English if there are none in it."""
        return rng.choices(self.sentences.get(language) or self.sentences["en"], k=count) if count else []

    def ours(self, rng: Random, language: str, name: str) -> str:
        """Makes up an answer of ours to the lead called `name`. Its opening is in `language` if OURS has it, else in
        English.
        """
        opening = rng.choice(OURS.get(language, OURS_ELSE))
        return " ".join(
            (f"{name}: {opening}", *self.filler(rng, language, rng.randrange(3)), made_up(rng) + ".")
        )


def _newest(row: dict[str, Any]) -> str:
    text = row["expected"].get("newest_text") or row.get("text") or ""
    quotes = "\n>" in text or "wrote:" in text or "-----" in text
    return "" if quotes or "\x00" in text else text[:LONGEST_REPLY].strip()


def _kind(expected: dict[str, Any]) -> str:
    if expected.get("bounce"):
        return "bounce"
    if expected.get("opt_out"):
        return Tag.BLACKLIST
    if expected.get("out_of_office"):
        return Tag.OUT_OF_OFFICE
    if expected.get("auto_reply"):
        return Tag.AUTOMATED_REPLY
    return ""


def language_of(text: str) -> str:
    """The likeliest language of `text` by its letters and its frequent words; OTHERS where neither says one."""
    for language, letters in SCRIPTS:
        if letters.search(text):
            return language
    votes: dict[str, int] = defaultdict(int)
    for word in text.lower().split():
        if word.strip(".,!?:;") in LANGUAGE_OF:
            votes[LANGUAGE_OF[word.strip(".,!?:;")]] += 1
    return max(votes, key=lambda language: votes[language]) if votes else OTHERS


def made_up(rng: Random) -> str:
    """A made-up word as a name, drawn by Zipf's law: a few come often and most come seldom."""
    number, name = int(math.exp(rng.random() * math.log(MADE_UP))) + len(SYLLABLES), ""
    while number:
        number, syllable = divmod(number, len(SYLLABLES))
        name += SYLLABLES[syllable]
    return name.capitalize()


def weighted(shares: dict[Any, int]) -> tuple[list[Any], list[int]]:
    """The keys of `shares` and their running sums, as `random.choices` takes them (`cum_weights`)."""
    return list(shares), list(accumulate(shares.values()))
