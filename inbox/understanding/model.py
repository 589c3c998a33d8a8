"""What the model says of a reply, and what of it is believed: only what its quote from the newest text bears out."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from pydantic import Field

from inbox.models.lead import Tag
from inbox.understanding.normalise import fold
from inbox.understanding.tags import JUDGED
from integrations.openai.schema import ModelAnswer

TagName = Literal[tuple(str(tag) for tag in JUDGED)]  # type: ignore[valid-type]
Objection = Literal["none", "pricing", "timing", "authority", "need", "trust", "competitor"]

UNPROVEN = {Tag.MEETING_BOOKED: Tag.MEETING_REQUESTED}
"""What a tag becomes that needs evidence from outside (an appointment, the provider) and has none."""


class Reading(ModelAnswer):
    """The model's answer (strict schema: every field is required)."""

    tag: TagName
    quote: str
    confidence: float = Field(ge=0, le=1)
    reason: str
    objection_type: Objection
    follow_up_on: str | None
    follow_up_certain: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is believed of a reading. `follow_up_on` only where the person named the day themselves."""

    tag: str
    quote: str
    confidence: float
    reason: str
    objection: str
    follow_up_on: date | None


def judge(reading: Reading, newest_text: str, *, booked: bool) -> Judgement | None:
    """Hold the reading against the text and the evidence; None where it quotes what the person did not write.

    `booked`: an appointment or the provider proves a meeting. Without it Meeting Booked is Meeting Requested.
    """
    if reading.tag != Tag.NEUTRAL and not quoted(reading.quote, newest_text):
        return None
    tag, reason = Tag(reading.tag), reading.reason
    if tag in UNPROVEN and not booked:
        tag, reason = UNPROVEN[tag], f"No appointment is known yet. {reason}"
    day = _day(reading.follow_up_on) if reading.follow_up_certain else None
    return Judgement(tag, reading.quote, reading.confidence, reason[:300], reading.objection_type, day)


def undecided(why: str) -> Judgement:
    """No opinion: a person has to say what the reply means, and nothing goes out by itself."""
    return Judgement(Tag.NEUTRAL, "", 0.0, f"{why} A person has to say what it means.", "none", None)


def quoted(quote: str, text: str) -> bool:
    """Whether `quote` stands in `text`, but for case, white space and typography."""
    wanted = _plain(quote)
    return bool(wanted) and wanted in _plain(text)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w@%€$£]+", " ", fold(text)).split())


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
