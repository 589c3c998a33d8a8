"""The types of the model's answers about conversations and context packs.

A text that is too long is cut, and an unknown word is replaced, but nothing is refused: one long quote must not make a
whole reading fail. The docstrings of the answer types are sent to the model as part of the schema.
"""

from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import BeforeValidator

from integrations.openai.schema import ModelAnswer

SCHEMA_VERSION = "v2_followup_weighting"
ITEM_CHARS = 300
T = TypeVar("T")


def _text(limit: int) -> BeforeValidator:
    return BeforeValidator(lambda text: text.strip()[:limit] if isinstance(text, str) else text)


def _at_most(count: int) -> BeforeValidator:
    return BeforeValidator(lambda entries: entries[:count] if isinstance(entries, list) else entries)


def _one_of(words: Any, otherwise: str) -> BeforeValidator:
    """Replaces a value by that member of `words` (a Literal) which is equal except for case, or else by `otherwise`."""
    canonical = {word.lower(): word for word in get_args(words)}
    return BeforeValidator(lambda word: canonical.get(str(word).lower(), otherwise))


def _percent(number: Any) -> Any:
    return min(100, max(0, round(number))) if isinstance(number, int | float) else number


Item = Annotated[str, _text(ITEM_CHARS)]
Summary = Annotated[str, _text(1_200)]
Outcome = Literal["BOOKED", "REQUESTED", "STALLED", "NO_RESPONSE", "UNKNOWN"]
Objection = Literal["pricing", "timing", "authority", "need", "trust", "competitor", "none"]
Ending = Literal["positive", "negative", "neutral"]


class EvidenceQuote(ModelAnswer):
    """Words of the conversation, and the message they stand in."""

    quote: Item
    message_id: Annotated[str, _text(40)]


class ObjectionResponse(ModelAnswer):
    objection_type: Annotated[Objection, _one_of(Objection, otherwise="none")]
    agent_response: Annotated[str, _text(300)]
    outcome: Annotated[Ending, _one_of(Ending, otherwise="neutral")]


class FollowUp(ModelAnswer):
    what_worked: Annotated[list[Item], _at_most(14)]
    what_failed: Annotated[list[Item], _at_most(14)]
    key_phrases: Annotated[list[Item], _at_most(18)]
    tone_observations: Annotated[list[Item], _at_most(10)]
    objection_responses: Annotated[list[ObjectionResponse], _at_most(10)]


class FollowUpEffectiveness(ModelAnswer):
    score: Annotated[int, BeforeValidator(_percent)]
    converted_after_objection: bool
    notes: Item


class InsightAnswer(ModelAnswer):
    """The reading of one conversation."""

    outcome: Annotated[Outcome, _one_of(Outcome, otherwise="UNKNOWN")]
    summary: Summary
    key_events: Annotated[list[Item], _at_most(18)]
    what_worked: Annotated[list[Item], _at_most(14)]
    what_failed: Annotated[list[Item], _at_most(14)]
    key_phrases: Annotated[list[Item], _at_most(18)]
    evidence_quotes: Annotated[list[EvidenceQuote], _at_most(10)]
    recommended_tests: Annotated[list[Item], _at_most(12)]
    follow_up: FollowUp
    follow_up_effectiveness: FollowUpEffectiveness


class Claim(ModelAnswer):
    """One statement and the messages that bear it out."""

    text: Annotated[str, _text(600)]
    message_ids: Annotated[list[Annotated[str, _text(40)]], _at_most(12)]


class PackAnswer(ModelAnswer):
    """An answer to a question about a pack: a short text, then the claims it rests on."""

    answer: Summary
    claims: Annotated[list[Claim], _at_most(20)]


class PackSynthesis(PackAnswer):
    """What all conversations of a pack say together."""

    recommended_tests: Annotated[list[Item], _at_most(12)]
