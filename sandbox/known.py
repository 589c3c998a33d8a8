"""Finds the workspace's facts in a prompt, and decides which of them answer a reply's questions.

The module compares words, and rare words count most. This proves that facts, plan and draft are passed on. No test may
use the module to judge how good an answer is.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

LINE = re.compile(r"^(F\d+) \[(answer|price|link|never)\] (.+?)(?: -> (.*))?$", re.MULTILINE)
USED = re.compile(r"^Facts to use: (.+)$", re.MULTILINE)
NOT_KNOWN = re.compile(r"^Not known, do not guess: (.+)$", re.MULTILINE)
URL = re.compile(r"https?://[^\s\"'<>)]+")

PRICE = re.compile(
    r"\b(?:how much|hw much|price\w*|pricing|costs?|charg\w+|rate|ballpark|fee|kost\w*|preis\w*|combien|tarifs?|loyer"
    r"|cuanto|precio|cuesta|cobran|quanto|costa|prezzo|prijs|pris|kostar|ile|cena|kosztuje|custa|preco)\b"
)
BARGAIN = re.compile(
    r"\b(?:discount|price match|better price|deal|rabatt?|remise|moins cher|trop cher|descuento|sconti?o?|korting"
    r"|van de prijs af|desconto|znizk\w+|setup fee|all in|could you do|come down)\b|\d ?%"
)
ASKING = re.compile(
    r"^\W*(?:q?\d+\W+)?(?:(?:and|und|et|y|e|en|och|i|so|ok)\W+)?(?:ab )?"
    r"(?:whats?|which|how|when|where|who|do|does|can|could|is|are|any|will|send|need"
    r"|was|welche|wie|wann|wo|wer|gibt|haben|kommt?|kommen|kann|konnen|sind|(?:bitte )?schicken"
    r"|quel\w*|quand|ou|faut|avez|vous|envoyez|hay|tienen|trabajan|cuando|quando|dove|fate|c'e"
    r"|wat|kan|doen|vad|finns|funkar|czy|jak|macie|tem|posso)\b"
)
WHEN = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|tomorrow|next week|this week|\d{1,2} ?[ap]m|\d{1,2}:\d\d"
    r"|(?:send|some|three) times|montag|dienstag|mittwoch|donnerstag|freitag|lundi|mardi|mercredi|jeudi|vendredi"
    r"|lunes|martes|jueves|viernes)\b"
)
"""A question about a day or a time, which no fact about a company can answer."""
PARTS = re.compile(r"(?<=[.!?;:])\s+|\n+|\s+(?:and|und|et|y|e|en|och|i)\s+|,\s+(?=\w+ \w+)|\?")
FILLER = set(
    re.findall(
        r"\w+",
        """
the you your our have does what when where which with this that from will they them there take need much long
many work works about would could want know sind haben eine einen wird werden auch noch bitte wenn ihre ihnen
oder dass nicht avez vous votre notre nous dans avec pour sont peut quel quelle faut est-ce tienen ustedes para
como cuando konnen kann nehmen kommt kommen combien sous chez autres fait dove viene quanto costa any can are
all for and one how who get per day days each only sure nur wir wie was bei der die das les des une sur pas del
los las und est que qui mit von zum zur yes lot guys please thanks
""",
    )
)


@dataclass(frozen=True)
class Known:
    """A fact about the company, as the prompt states it. `answer` is "" if the fact has no answer."""

    id: str
    kind: str
    question: str
    answer: str

    def sentence(self, here: str, *, short: bool) -> str:
        """Returns the fact as a sentence of a draft. `here` is the phrase that introduces a link. `short` returns only
        its first sentence.
        """
        link = URL.search(self.answer)
        if self.kind == "link" and link:
            return here.format(link=link.group().rstrip(".,;"))
        text = re.split(r"(?<=[.!?])\s+(?=\S)", self.answer)[0] if short else self.answer
        return text if text.endswith((".", "!", "?")) else f"{text}."


def listed(section: str) -> tuple[Known, ...]:
    """Returns the facts about the company in a section of the prompt."""
    return tuple(Known(*groups) for groups in LINE.findall(section))


def planned(plan: str, facts: tuple[Known, ...]) -> tuple[tuple[Known, ...], tuple[str, ...]]:
    """Returns the `facts` that a plan in the prompt names for use, in the plan's order, and the questions that the plan
    lists as not known.
    """
    ids = re.findall(r"F\d+", " ".join(USED.findall(plan)))
    by_id = {fact.id: fact for fact in facts}
    return tuple(by_id[fact_id] for fact_id in ids if fact_id in by_id), tuple(NOT_KNOWN.findall(plan))


def matched(newest: str, facts: tuple[Known, ...]) -> tuple[tuple[Known, ...], tuple[str, ...]]:
    """Returns the `facts` that answer the questions in the reply `newest`, in the questions' order, and the questions
    that no fact answers, without questions about a day or a time.
    """
    usable = [fact for fact in facts if fact.kind != "never" and fact.answer]
    answers: dict[str, Known] = {}
    unknown: list[str] = []
    for part, is_question in _parts(newest):
        folded = fold(part)
        fact = _best(folded, usable) if is_question or ASKING.search(folded) or PRICE.search(folded) else None
        if fact is not None:
            answers.setdefault(fact.id, fact)
        elif (is_question or BARGAIN.search(folded)) and not WHEN.search(folded):
            unknown.append(part)
    return tuple(answers.values()), tuple(unknown)


def _parts(text: str) -> list[tuple[str, bool]]:
    parts: list[tuple[str, bool]] = []
    for sentence in re.findall(r"[^.!?\n]+(?:[.!](?=\S)[^.!?\n]+)*[.!?]*", text):
        is_question = sentence.rstrip().endswith("?") or ASKING.search(fold(sentence)) is not None
        pieces = [piece for each in PARTS.split(sentence) if (piece := each.strip(" ,?!."))]
        # In "Sounds good, do you …", only one clause is a question: the clause that asks, or the clause before the
        # question mark. A clause of filler words, such as "or not", is no question.
        parts += [
            (clause, is_question and bool(_stems(clause)) and _asks(clause, pieces)) for clause in pieces
        ]
    return parts


def _asks(piece: str, pieces: list[str]) -> bool:
    return piece == pieces[-1] or ASKING.search(fold(piece)) is not None


def _best(folded: str, usable: list[Known]) -> Known | None:
    if BARGAIN.search(folded):
        return None
    priced = PRICE.search(folded) is not None
    candidates = [fact for fact in usable if fact.kind == "price"] if priced else []
    wanted = _stems(folded)
    spread = Counter(stem for fact in usable for stem in _stems(f"{fact.question} {fact.answer}"))

    def score(fact: Known) -> float:
        question, answer = _stems(fact.question), _stems(fact.answer)
        return sum((1.0 if stem in question else 0.6) / spread[stem] for stem in wanted & (question | answer))

    best = max(candidates or usable, key=score, default=None)
    return best if best is not None and (candidates or score(best) >= 0.45) else None


def _stems(text: str) -> set[str]:
    words = re.findall(r"[^\W\d_]{3,}", fold(text))
    return {word.removesuffix("s")[:5] for word in words if word not in FILLER}


def fold(text: str) -> str:
    """Returns the text in lower case and without accents."""
    decomposed = unicodedata.normalize("NFD", text.casefold().replace("’", "'"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))
