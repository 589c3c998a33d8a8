"""Checks the model's answer about a reply. It counts only if the newest text contains the words that it quotes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from inbox.leads.tags import JUDGED
from inbox.models.lead import Tag
from inbox.understanding import machine_talk
from inbox.understanding.normalise import fold
from integrations.openai.schema import ModelAnswer

if TYPE_CHECKING:
    TagName = str
else:
    TagName = Literal[tuple(str(tag) for tag in JUDGED)]
Objection = Literal["none", "pricing", "timing", "authority", "need", "trust", "competitor"]

UNPROVEN = {Tag.MEETING_BOOKED: Tag.MEETING_REQUESTED}
"""The tags that need an external proof (an appointment, or a provider's report), each with the tag without proof."""


class Reading(ModelAnswer):
    """The model's answer about a reply. The schema is strict: every field is required."""

    tag: TagName
    quote: str
    reason: str
    objection_type: Objection
    follow_up_on: str | None
    follow_up_certain: bool


class Fit(ModelAnswer):
    """A label that the model suggests for the newest reply, and the model's reason."""

    label: str
    reason: str


class LabelledReading(Reading):
    """The model's answer about a reply in a workspace with labels."""

    labels: list[Fit]


@dataclass(frozen=True, slots=True)
class Judgement:
    """The trusted part of the model's answer. `follow_up_on` is set only if the model was certain of the day."""

    tag: str
    quote: str
    reason: str
    objection: str
    follow_up_on: date | None


def judge(reading: Reading, newest_text: str, *, booked: bool) -> Judgement | None:
    """Returns the trusted part of the model's answer; None if its quote is not in the reply or is an order to a
    machine. The tag Neutral needs no quote. `booked` says whether a meeting is proven.
    """
    if reading.tag != Tag.NEUTRAL and (
        not quoted(reading.quote, newest_text) or machine_talk.orders_in(reading.quote)
    ):
        return None
    tag, reason = Tag(reading.tag), reading.reason
    if tag in UNPROVEN and not booked:
        tag, reason = UNPROVEN[tag], f"No appointment is known yet. {reason}"
    day = _day(reading.follow_up_on) if reading.follow_up_certain else None
    return Judgement(tag, reading.quote, reason[:300], reading.objection_type, day)


def fitting(reading: Reading, names: Iterable[str]) -> dict[str, str]:
    """Returns those of the labels `names` that the model suggests, each with its reason (up to 300 characters)."""
    fits = {fit.label: fit.reason[:300] for fit in getattr(reading, "labels", ())}
    return {name: fits[name] for name in names if name in fits}


def undecided(why: str) -> Judgement:
    """Returns a judgement with the tag Neutral, for the reason `why`. A person must decide about the reply."""
    return Judgement(Tag.NEUTRAL, "", f"{why} A person needs to choose the tag.", "none", None)


def quoted(quote: str, text: str) -> bool:
    """Whether `text` contains the words of `quote`. Case, white space and punctuation are ignored."""
    wanted = _plain(quote)
    return bool(wanted) and wanted in _plain(text)


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w@%€$£]+", " ", fold(text)).split())


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None
