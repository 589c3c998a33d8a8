"""Writes the answers of the simulated model.

The answers prove only that everything is connected, and not how good answers are. `ANSWERS` has a function for each
schema that Holdfast requests. It uses only the few facts that the module `reading` finds in the prompt, so the same
prompt gets the same answer. A field that the function leaves out gets a blank of its type, so an answer is always
valid.
"""

from collections.abc import Callable
from typing import Any

from sandbox.phrases import PHRASES
from sandbox.reading import Facts

LINES = {
    "Meeting Requested": "Happy to find a time that works for both of us. Which day suits you best?",
    "Meeting Booked": "Thank you, it is in the calendar. I look forward to it.",
    "Call Requested": "Happy to talk. Which number and which day work best for you?",
    "Information Requested": "Glad to share more. Which part would be most useful to you first?",
    "Not Interested": "Understood, and thank you for telling me.",
    "Objection": "That is fair. May I ask what would have to be different for it to make sense?",
    "Follow Up": "That makes sense. I will come back to you then.",
}
"""The text of a draft after its greeting, by the tag of the reply.

The texts contain no link, price or time, because the product's check of drafts would refuse them.
"""

MEETING = ("Meeting Requested", "Call Requested")
SHORT_CHARS, SHORT_UNICODE_CHARS = 300, 200
"""The maximum number of characters of an SMS, less than three parts hold: with only ASCII letters, and with others."""
UNSAFE = {"Blacklist", "Automated Reply", "Out of Office", "Call Requested", "Objection", "Not Interested"}
OUTCOMES = {
    "Meeting Booked": "BOOKED",
    "Meeting Requested": "REQUESTED",
    "Call Requested": "REQUESTED",
    "Neutral": "UNKNOWN",
}
PLAN = "Answer what was asked, then offer one next step."


def draft(facts: Facts) -> str:
    """Returns the simulated model's text for an email, in the language of the reply: the facts that answer the lead's
    question, and then the sentences of `_end`.
    """
    say = PHRASES[facts.language]
    answers = [fact.sentence(say.here, short=False) for fact in facts.known]
    words = " ".join([say.thanks, *answers, _end(facts)])
    return f"{say.greeting.format(name=facts.first_name)},\n\n{words.strip()}\n\n{say.regards}"


def short_draft(facts: Facts) -> str:
    """Returns the simulated model's text for an SMS or LinkedIn message: facts that answer the lead's question, as many
    whole sentences as fit.
    """
    say = PHRASES[facts.language]
    greeting, end = say.greeting.format(name=facts.first_name), _end(facts)
    thanked = f"{greeting}, {say.thanks[0].lower()}{say.thanks[1:]}"
    lines: list[str] = []
    for line in (fact.sentence(say.here, short=True) for fact in facts.known):
        lines += [line] if _fits(" ".join([f"{greeting}.", *lines, line, end])) else []
    whole = " ".join([thanked, *lines, end]).strip()
    return whole if _fits(whole) else " ".join([f"{greeting}.", *lines, end]).strip()


def _fits(text: str) -> bool:
    return len(text) <= (SHORT_CHARS if text.isascii() else SHORT_UNICODE_CHARS)


def _end(facts: Facts) -> str:
    """Returns the end of a draft: a sentence if questions are still open, and the offered times.

    Without times, an English draft to a lead who wants to meet asks for a day. A draft with none of these and no fact
    ends with a next step.
    """
    say = PHRASES[facts.language]
    lines = [(say.rest if facts.known else say.later)] if facts.unknown else []
    if facts.offers:
        lines.append(say.offer.format(offers=facts.offers))
    elif facts.language == "en" and facts.tag in MEETING:
        lines.append(LINES[facts.tag])
    elif not facts.unknown and not facts.known:
        lines.append(LINES.get(facts.tag, say.next) if facts.language == "en" else say.next)
    return " ".join(lines)


def _cited(facts: Facts) -> list[str]:
    """Returns the first and the last message that the prompt names."""
    return list(dict.fromkeys(facts.message_ids[:1] + facts.message_ids[-1:]))


def _summary(facts: Facts) -> str:
    quote = " ".join(facts.quote.split())
    about = f'It ends with: "{quote}"' if quote else "There is nothing to read."
    return f"{len(facts.message_ids)} messages were read. The last one looks like {facts.tag}. {about}"


def _reason(facts: Facts) -> str:
    return f'The newest message says: "{facts.quote}"'


def _reading(facts: Facts) -> dict[str, Any]:
    return {
        "tag": facts.tag,
        "quote": facts.quote,
        "reason": _reason(facts),
        "objection_type": "pricing" if "expensive" in facts.newest.lower() else "none",
        "follow_up_on": facts.date(),
        "follow_up_certain": facts.date() is not None,
        "labels": [{"label": name, "reason": _reason(facts)} for name in facts.labels],
    }


def _strategy(facts: Facts) -> dict[str, Any]:
    return {
        "goal": PLAN,
        "answer_points": [fact.sentence("{link}", short=True) for fact in facts.known] or [_end(facts)],
        "next_step": PLAN,
        "offer_slots": list(facts.slots[:2]) if facts.tag == "Meeting Requested" else [],
        "facts": [fact.id for fact in facts.known],
        "unknown": [question[:200] for question in facts.unknown],
        "why": _reason(facts),
    }


def _insight(facts: Facts) -> dict[str, Any]:
    summary, quotes = _summary(facts), [facts.quote] if facts.quote else []
    worked: dict[str, Any] = {"what_worked": [summary], "what_failed": [summary], "key_phrases": quotes}
    ending = "positive" if facts.tag in LINES else "neutral"
    return worked | {
        "outcome": OUTCOMES.get(facts.tag, "STALLED"),
        "summary": summary,
        "evidence_quotes": [{"quote": facts.quote, "message_id": cited} for cited in _cited(facts)[-1:]],
        "recommended_tests": ["Ask one question at a time."],
        "follow_up": worked
        | {
            "tone_observations": ["Friendly."],
            "objection_responses": [
                {"objection_type": "none", "agent_response": "None was needed.", "outcome": ending}
            ],
        },
        "follow_up_effectiveness": {"score": 72, "notes": summary},
    }


def _pack(facts: Facts) -> dict[str, Any]:
    summary = _summary(facts)
    return {
        "answer": summary,
        "claims": [{"text": summary, "message_ids": _cited(facts)}],
        "recommended_tests": ["Ask one question at a time."],
    }


ANSWERS: dict[str, Callable[[Facts], dict[str, Any]]] = {
    "Reading": _reading,
    "LabelledReading": _reading,
    "Signature": lambda facts: {"phone": facts.phone(), "linkedin_url": facts.url()},
    "Strategy": _strategy,
    "Text": lambda facts: {"text": short_draft(facts) if facts.short else draft(facts)},
    "Verification": lambda facts: {"problems": []},
    "Evaluation": lambda facts: {
        "safe_to_send": facts.tag not in UNSAFE,
        "confidence": 0.93,
        "reason": _reason(facts),
    },
    "InsightAnswer": _insight,
    "PackSynthesis": _pack,
    "PackAnswer": _pack,
}
"""For each name of a schema, the function that writes the answer's fields."""


def answer(name: str, schema: dict[str, Any], facts: Facts) -> Any:
    """Returns the simulated model's answer: a value that is valid for the strict JSON schema `schema`, named `name`."""
    write = ANSWERS.get(name)
    return _filled(schema, schema, write(facts) if write else None)


def _filled(root: dict[str, Any], node: dict[str, Any], written: Any) -> Any:
    """Returns a value for the part `node` of the JSON schema `root`. The value is `written`; if that is None or not in
    the enum, it is a blank or an entry of the enum.
    """
    node = resolve(root, node)
    kinds = types_of(node)
    if "object" in kinds:
        fields = written or {}
        return {name: _filled(root, part, fields.get(name)) for name, part in node["properties"].items()}
    if members := [node["const"]] if "const" in node else node.get("enum"):
        return next(member for member in (written, "Neutral", members[0]) if member in members)
    if written is not None:
        return written
    if "anyOf" in node:
        nothing = any("null" in types_of(option) for option in node["anyOf"])
        return None if nothing else _filled(root, node["anyOf"][0], None)
    return next(blank for kind, blank in BLANKS.items() if kind in kinds)


BLANKS: dict[str, Any] = {
    "null": None,
    "array": [],
    "boolean": False,
    "integer": 0,
    "number": 0,
    "string": "",
}


def resolve(root: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Returns the part `node` of the JSON schema `root`. If the part is a `$ref`, returns the part to which it leads.
    Raises KeyError if that does not exist.
    """
    while "$ref" in node:
        target: Any = root
        for part in str(node["$ref"]).removeprefix("#").strip("/").split("/"):
            target = target[part] if part else target
        node = target
    return node


def types_of(node: dict[str, Any]) -> set[str]:
    """Returns the JSON types that the part `node` of a JSON schema names. The set is empty if `node` lists values
    (enum, const) or alternatives (anyOf) instead.
    """
    kinds = node.get("type")
    if kinds is None:
        return {"object"} if "properties" in node else set()
    return {kinds} if isinstance(kinds, str) else set(kinds)
