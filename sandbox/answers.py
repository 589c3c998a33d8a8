"""Generates the answers of the simulated model: valid for any strict JSON schema, and sensible for the fields that we
request.

They only prove that everything is connected, not how good answers are. The form comes from the schema. The content
comes from the field's name, the schema's name, and the few facts that `reading` finds in the prompt. The same prompt
gives the same answer. A value that does not fit the schema is dropped, so an answer is always valid.
"""

import re
from collections.abc import Callable
from typing import Any

from sandbox.phrases import PHRASES
from sandbox.reading import Facts

Writer = Callable[[Facts], Any]

LINES = {
    "Meeting Requested": "Happy to find a time that works for both of us. Which day suits you best?",
    "Meeting Booked": "Thank you, it is in the calendar. I look forward to it.",
    "Call Requested": "Happy to talk. Which number and which day work best for you?",
    "Information Requested": "Glad to share more. Which part would be most useful to you first?",
    "Not Interested": "Understood, and thank you for telling me.",
    "Objection": "That is fair. May I ask what would have to be different for it to make sense?",
    "Follow Up": "That makes sense. I will come back to you then.",
}
"""The text of a draft after its greeting, by tag.

It contains no link, price or time, because the check of drafts would refuse them.
"""

MEETING = ("Meeting Requested", "Call Requested")
SHORT_CHARS, SHORT_UNICODE_CHARS = 300, 200
"""The most characters of a text message in three parts, with some room. Non-ASCII letters need a wider alphabet."""
UNSAFE = {"Blacklist", "Automated Reply", "Out of Office", "Call Requested", "Objection", "Not Interested"}
OUTCOMES = {
    "Meeting Booked": "BOOKED",
    "Meeting Requested": "REQUESTED",
    "Call Requested": "REQUESTED",
    "Neutral": "UNKNOWN",
}


def draft(facts: Facts) -> str:
    """Returns the simulated model's text for an e-mail, in the language of the reply: the facts that answer the lead's
    question, and then what is still open, or a next step.
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
    """Returns the end of a draft: what is still open, and the offered times.

    If the draft has none of these and no fact, it ends with a next step.
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
    about = f'It ends with: "{facts.quote}"' if facts.quote else "There is nothing to read."
    return f"{len(facts.message_ids)} messages were read. The last one looks like {facts.tag}. {about}"


FIELDS: tuple[tuple[str, Writer], ...] = (
    (r"(sentiment|tag|label|category|classification|intent)(_tag)?", lambda f: f.tag),
    (r"confidence|probability|certainty", lambda f: 0.93),
    (r"(effectiveness_)?score", lambda f: 72),
    (r"outcome", lambda f: (OUTCOMES.get(f.tag, "STALLED"), "positive" if f.tag in LINES else "neutral")),
    (r"objection_type", lambda f: "pricing" if "expensive" in f.newest.lower() else "none"),
    (r"(evidence_)?(quote|excerpt)|evidence_text", lambda f: f.quote),
    (r"(evidence_)?quotes|key_phrases", lambda f: [f.quote] if f.quote else []),
    (
        r"reason(ing)?|rationale|explanation|why|justification|evidence",
        lambda f: f'The newest message says: "{f.quote}"',
    ),
    (r"(cited_|evidence_|source_)?(message_ids|messages|citations|sources|ids|evidence)", _cited),
    (
        r"(cited_|evidence_|source_)?(message_id|citation|source|evidence|id)",
        lambda f: next(reversed(_cited(f)), None),
    ),
    (r"first_name|greeting_name", lambda f: f.first_name),
    (r"subject(_line)?", lambda f: "Re: your message"),
    (r"(email_|draft_|reply_)?html", lambda f: "<p>" + draft(f).replace("\n\n", "</p><p>") + "</p>"),
    (
        r"(email_|draft_|reply_|message_)?(text|body|message|reply|draft|content)|revised(_text|_draft)?",
        draft,
    ),
    (
        r"strategy|approach|plan|goal|next_step|call_to_action",
        lambda f: "Answer what was asked, then offer one next step.",
    ),
    (r"tone", lambda f: "friendly-professional"),
    (r"summary|synthesis|overview|headline|answer|claim|finding|notes", _summary),
    (
        r"(is_)?(safe|ok|valid|approved|passed|passes|verified|supported|acceptable)(_to_send)?",
        lambda f: f.tag not in UNSAFE,
    ),
    (r".*(review|escalat|fabricat|invent|risk|opt_?out|bounce|is_auto).*", lambda f: (False, [])),
    (
        r"(.*_)?(issues|problems|violations|errors|warnings|failures|concerns|mismatches|red_flags)",
        lambda f: [],
    ),
    (r"(.*_)?(phone|mobile)(_number)?", lambda f: (f.phone(), "")),
    (r"(.*_)?(url|website|link)", lambda f: (f.url(), "")),
    (r"(.*_)?certain", lambda f: f.date() is not None),
    (
        r"(answer_)?points",
        lambda f: [fact.sentence("{link}", short=True) for fact in f.known] or [_end(f)],
    ),
    (r"(offer(ed)?_)?slots", lambda f: list(f.slots[:2]) if f.tag == "Meeting Requested" else []),
    (r"facts", lambda f: [fact.id for fact in f.known]),
    (r"(.*_)?(unknowns?|missing|open_questions)", lambda f: [question[:200] for question in f.unknown]),
    (
        r"(.*_)?(until|date|at|on|due|when|deadline|timestamp)",
        lambda f: (f.date(), f.date() and f"{f.date()}T09:00:00Z"),
    ),
)
"""The value of a field by its name. Of several candidates in a tuple, the first one that fits is used."""

FEATURES: dict[str, dict[str, Writer]] = {
    "verif": {
        "ok": lambda f: True,
        "passed": lambda f: True,
        "approved": lambda f: True,
        "valid": lambda f: True,
    },
    "sms": dict.fromkeys(("text", "body", "message", "reply", "draft", "content"), short_draft),
    "linkedin": dict.fromkeys(("text", "body", "message", "reply", "draft", "content"), short_draft),
    "strategy": {"message": lambda f: "Answer what was asked, then offer one next step."},
    "pack": dict.fromkeys(("text", "body", "message", "content", "answer"), _summary),
    "insight": dict.fromkeys(("text", "body", "message", "content", "what_worked", "what_failed"), _summary),
    "synthesis": dict.fromkeys(("text", "body", "message", "content"), _summary),
    "signature": {"title": lambda f: None, "company": lambda f: None},
    "snooze": {"snooze": lambda f: f.date() is not None, "should_snooze": lambda f: f.date() is not None},
}
"""Fields that a feature fills in its own way. A feature is a word in the schema's name."""


class Unfit(Exception):
    """The JSON schema does not allow the value that the simulated model has for a field."""


def answer(name: str, schema: dict[str, Any], facts: Facts) -> Any:
    """Returns the simulated model's answer: a value that is valid for the JSON schema `schema`, named `name`."""
    words = f"{name.lower()} sms" if facts.short else name.lower()
    special = {
        field: write for word, row in FEATURES.items() if word in words for field, write in row.items()
    }
    return _Sheet(schema, special, facts).fill(schema, name.lower(), 0)


class _Sheet:
    def __init__(self, root: dict[str, Any], special: dict[str, Writer], facts: Facts) -> None:
        self._root = root
        self._special = special
        self._facts = facts

    def fill(self, node: dict[str, Any], name: str, depth: int) -> Any:
        """Returns a value that is valid for the part `node` of the JSON schema, for the field `name`."""
        node = resolve(self._root, node)
        if "const" in node:
            return node["const"]
        for candidate in self._candidates(name):
            try:
                return self._fit(candidate, node)
            except Unfit:
                continue
        options = node.get("anyOf")
        if options:
            return self._choose(options, name, depth)
        if "enum" in node:
            return next(
                (choice for choice in node["enum"] if str(choice).lower() == "neutral"), node["enum"][0]
            )
        kinds = types_of(node)
        if "object" in kinds:
            properties = node.get("properties", {})
            return {key: self.fill(child, key.lower(), depth + 1) for key, child in properties.items()}
        if "array" in kinds:
            return self._array(node, name, depth)
        return None if "null" in kinds else _plain(node, kinds, name)

    def _choose(self, options: list[dict[str, Any]], name: str, depth: int) -> Any:
        """Chooses one of several forms: null if it is allowed, else the first one.

        A recursive form ends at a certain depth.
        """
        resolved = [resolve(self._root, option) for option in options]
        structured = [option for option in resolved if {"object", "array"} & types_of(option)]
        if structured and depth < 6:
            return self.fill(structured[0], name, depth + 1)
        if any("null" in types_of(option) for option in resolved):
            return None
        return self.fill(resolved[0], name, depth + 1)

    def _array(self, node: dict[str, Any], name: str, depth: int) -> list[Any]:
        count = max(int(node.get("minItems", 0)), 1 if depth < 8 else 0)
        count = min(count, int(node.get("maxItems", count)))
        singular = name.removesuffix("s") if not name.endswith("ss") else name
        return [self.fill(node.get("items", {}), singular, depth + 1) for _ in range(count)]

    def _candidates(self, name: str) -> tuple[Any, ...]:
        special = [self._special[name]] if name in self._special else []
        values = [
            write(self._facts)
            for write in special + [w for pattern, w in FIELDS if re.fullmatch(pattern, name)]
        ]
        return tuple(
            entry for fitting in values for entry in (fitting if isinstance(fitting, tuple) else (fitting,))
        )

    def _fit(self, entry: Any, node: dict[str, Any]) -> Any:
        """Changes the value to fit the node: moves it into range, cuts it, or spells it like a member of the enum.
        Raises Unfit.
        """
        node = resolve(self._root, node)
        if "anyOf" in node:
            return self._fit_any(entry, node["anyOf"])
        if "enum" in node:
            return _member(entry, node["enum"])
        kinds = types_of(node)
        if isinstance(entry, list) and "array" in kinds:
            return self._fit_list(entry, node)
        if isinstance(entry, bool) or entry is None:
            if ("null" if entry is None else "boolean") in kinds:
                return entry
            raise Unfit
        if isinstance(entry, int | float) and kinds & {"integer", "number"}:
            return _clamped(entry, node, whole="number" not in kinds)
        if isinstance(entry, str) and "string" in kinds:
            return _cut(entry, node)
        if isinstance(entry, str) and "integer" in kinds and entry.isdecimal():
            return int(entry)
        raise Unfit

    def _fit_any(self, entry: Any, options: list[dict[str, Any]]) -> Any:
        for option in options:
            try:
                return self._fit(entry, option)
            except Unfit:
                continue
        raise Unfit

    def _fit_list(self, values: list[Any], node: dict[str, Any]) -> list[Any]:
        fitted = [self._fit(entry, node.get("items", {})) for entry in values]
        if len(fitted) < int(node.get("minItems", 0)):
            raise Unfit
        return fitted[: int(node.get("maxItems", len(fitted)))]


def resolve(root: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """Returns the part `node` of the JSON schema `root`, and follows its `$ref`, as often as necessary. Raises KeyError
    if the target does not exist.
    """
    while "$ref" in node:
        target: Any = root
        for part in str(node["$ref"]).removeprefix("#").strip("/").split("/"):
            target = target[part] if part else target
        node = target
    return node


def types_of(node: dict[str, Any]) -> set[str]:
    """Returns the JSON types that the part `node` of a JSON schema names. The set is empty if it lists its values
    (enum, const) or its forms (anyOf) instead.
    """
    kinds = node.get("type")
    if kinds is None:
        return {"object"} if "properties" in node else set()
    return {kinds} if isinstance(kinds, str) else set(kinds)


def _member(entry: Any, members: list[Any]) -> Any:
    """Returns the enum's member that equals the value, ignoring case and punctuation. Raises Unfit."""
    wanted = _bare(entry)
    for member in members:
        if type(member) is type(entry) and _bare(member) == wanted:
            return member
    raise Unfit


def _bare(text: Any) -> str:
    return re.sub(r"[^a-z0-9]", "", str(text).lower())


def _clamped(number: float, node: dict[str, Any], *, whole: bool) -> float:
    high = node.get("maximum", node.get("exclusiveMaximum"))
    low = node.get("minimum", node.get("exclusiveMinimum"))
    if high is not None and high <= 1 < number:
        number = number / 100
    number = number if high is None else min(number, high)
    number = number if low is None else max(number, low)
    return round(number) if whole else number


def _cut(text: str, node: dict[str, Any]) -> str:
    """Cuts the text to the allowed length. Raises Unfit if it then violates a pattern or a format."""
    text = text[: int(node.get("maxLength", len(text)))]
    pattern, form = node.get("pattern"), node.get("format")
    if len(text) < int(node.get("minLength", 0)) or (pattern and not re.search(pattern, text)):
        raise Unfit
    if form in FORMATS and not re.fullmatch(FORMATS[form][0], text):
        raise Unfit
    return text


FORMATS = {
    "date": (r"\d{4}-\d\d-\d\d", "2030-01-15"),
    "date-time": (r"\d{4}-\d\d-\d\dT.+(Z|[+-]\d\d:\d\d)", "2030-01-15T09:00:00Z"),
    "time": (r"\d\d:\d\d:\d\d.*", "09:00:00Z"),
    "email": (r"[^@\s]+@[^@\s]+", "lead@example.com"),
    "uuid": (r"[0-9a-fA-F-]{36}", "00000000-0000-4000-8000-000000000001"),
    "uri": (r"https?://.+", "https://example.com/"),
    "hostname": (r"[\w.-]+", "example.com"),
    "ipv4": (r"[\d.]+", "192.0.2.1"),
    "ipv6": (r"[0-9a-f:]+", "2001:db8::1"),
    "duration": (r"P.+", "P1D"),
}


def _plain(node: dict[str, Any], kinds: set[str], name: str) -> Any:
    """Returns a value for a field that FIELDS does not contain."""
    if "boolean" in kinds:
        return False
    if "integer" in kinds or "number" in kinds:
        return _clamped(1, node, whole="integer" in kinds)
    if node.get("format") in FORMATS:
        return FORMATS[node["format"]][1]
    text = name.replace("_", " ").strip().capitalize() or "Text"
    return text.ljust(int(node.get("minLength", 0)), ".")[: int(node.get("maxLength", 200))]
