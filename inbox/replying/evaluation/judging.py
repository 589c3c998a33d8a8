"""Finds the questions that a draft answers, those that it leaves to a person, and its statements without a source.
No model is asked: expressions, figures and links are compared as strings in folded text.
"""

import re
from dataclasses import dataclass, field

from inbox.models import WorkspaceFact
from inbox.models.lead import Channel
from inbox.replying import chosen_facts, limits, unsourced_statements
from inbox.replying.evaluation.cases import Case, LabelledFact
from inbox.understanding.language import language_of
from inbox.understanding.normalise import fold

EMAIL_WORDS, LINKEDIN_CHARS, SMS_CHARS = 140, 600, 300
"""The maximum lengths that the prompts request (prompts/email.md, linkedin.md, sms.md)."""
FEWEST_WORDS = 4

DEFERRING = {
    "en": (
        r"(?:come|get|be) back to you|find (?:\w+ ){0,2}out|look into|let you know|follow up with you",
        r"check (?:with|that|this|whether|if|on|for)|ask (?:my|our|a|the) \w+|confirm (?:that|this|it|whether|with)",
        r"(?:colleague|manager) (?:will|has to)",
    ),
    "de": (
        r"melde (?:ich )?mich|melden (?:wir )?uns|klare|erkundige|gebe ihnen bescheid|prufen? |kollegin|kollege",
        r"frage (?:ich )?\w*(?: \w+){0,3} nach|lasse (?:ich )?(?:es )?sie wissen|finden? (?:\w+ ){1,3}heraus",
    ),
    "fr": (
        r"revien(?:s|drai|drons) vers vous|revenons vers vous|me renseigne|nous renseignons|vous tiens au courant",
        r"verifie|vous dirai|pose la question|demande a|collegue",
    ),
    "es": (
        r"averigu|consult(?:o|are|ar|amos)\b|vuelvo a escribir|me informo|pregunt(?:o|are)\b|companer",
        r"(?:le|les|los|te|se lo) (?:confirm|avis|dig|dire)",
    ),
    "it": (
        r"(?:le|ti|vi) (?:faccio|faro|faremo) sapere|mi informo|verific(?:o|hero|hiamo)|chied(?:o|ero)\b",
        r"torno da (?:lei|te)|ricontatt|collega",
    ),
    "pt": (
        r"vou (?:verificar|confirmar|perguntar|ver|saber|averiguar)|volto a (?:falar|escrever|responder)",
        r"retorno|informo-me|colega|lhe (?:digo|aviso)",
    ),
    "nl": (
        r"kom(?:en)? (?:\w+ ){1,5}op terug|zoek(?:en)? (?:\w+ ){1,3}uit|vra(?:ag|gen) (?:\w+ ){1,4}na",
        r"laat (?:\w+ ){1,3}weten|ga (?:\w+ ){1,2}na\b|uitzoeken|navragen|nagaan|collega",
    ),
    "sv": (r"aterkomm|tar? reda pa|kollar|fragar|undersok|hora? av mig|kollega",),
    "pl": (r"sprawdz|dowiem sie|dam znac|dopyta|zapyta|potwierdz|wroc|ustal[ei]|koleg|kolezan",),
}
"""Patterns for promises that somebody will find out and come back, by language, for text without accents."""
_DEFERRING = re.compile(rf"\b(?:{'|'.join('|'.join(words) for words in DEFERRING.values())})")


@dataclass(frozen=True, slots=True)
class Drafted:
    """A draft without its signature. `problems`: the findings of the check. `open`: its plan leaves a question open."""

    text: str
    open: bool = False
    problems: tuple[str, ...] = ()
    revised: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """Findings about a draft. `outcomes`: "answered", "deferred" or "neither" per ask. `too`: "long", "short" or ""."""

    outcomes: tuple[str, ...]
    unsourced: list[str] = field(default_factory=list)
    contradictions: list[str] = field(default_factory=list)
    never: list[str] = field(default_factory=list)
    language: str = ""
    too: str = ""


def judge(case: Case, drafted: Drafted) -> Judged:
    text, facts = drafted.text, case.company.facts
    deferred = drafted.open and _DEFERRING.search(fold(text)) is not None
    return Judged(
        outcomes=tuple(_outcome(case.fact(ask), text, deferred) for ask in case.reply.asks),
        unsourced=unsourced(text, case),
        contradictions=[words for fact in facts for words in fact.wrong if _holds(text, words)],
        never=[
            fact.question for fact in facts if fact.kind == WorkspaceFact.Kind.NEVER and _said(text, fact)
        ],
        language=language_of(text),
        too=_too(case.reply.channel, text),
    )


def _outcome(fact: LabelledFact | None, text: str, deferred: bool) -> str:
    contradicted = fact is not None and any(_holds(text, words) for words in fact.wrong)
    if fact is not None and shows(text, fact) and not contradicted:
        return "answered"
    return "deferred" if deferred else "neither"


def shows(text: str, fact: LabelledFact) -> bool:
    return all(any(_holds(text, words) for words in group) for group in fact.shows)


def _said(text: str, fact: LabelledFact) -> bool:
    return chosen_facts.holds(text, fact.question) or shows(text, fact)


def _holds(text: str, words: str) -> bool:
    """Whether `text` contains `words`. A figure matches in any spelling; other words match the beginning of a word."""
    if re.fullmatch(r"\d+(?:\.\d+)?", words):
        return unsourced_statements.plain(words) in unsourced_statements.numbers(text)
    folded = fold(words)
    edge = r"(?<!\w)" if folded[:1].isalnum() else ""
    return re.search(edge + re.escape(folded), fold(text)) is not None


def unsourced(text: str, case: Case) -> list[str]:
    return [statement.words for statement in unsourced_statements.unsourced(text, *_sources(case))]


def _sources(case: Case) -> tuple[str, str]:
    company, reply = case.company, case.reply
    sayable = [
        f"{fact.question}\n{fact.answer}" for fact in company.facts if fact.kind != WorkspaceFact.Kind.NEVER
    ]
    ours = [company.name, company.persona_name, company.service_description, company.signature, *sayable]
    ours += [turn.text for turn in reply.thread if turn.by == "us"]
    theirs = [turn.text for turn in reply.thread if turn.by == "lead"] + [reply.reply]
    return "\n".join(ours), "\n".join([*theirs, reply.first_name])


def _too(channel: str, text: str) -> str:
    words = limits.words(text)
    if words < FEWEST_WORDS and channel == Channel.EMAIL:
        return "short"
    if not text.strip():
        return "short"
    most_of: dict[str, int] = {Channel.LINKEDIN: LINKEDIN_CHARS, Channel.SMS: SMS_CHARS}
    most = most_of.get(channel)
    return "long" if (len(text) > most if most else words > EMAIL_WORDS) else ""
