"""Insights of the seeded year: readings of conversations, context packs made of them, and questions about the packs."""

from dataclasses import dataclass
from hashlib import sha256
from random import Random
from typing import Any

from demo.scale.copying import NULL, as_json, as_time, truth
from demo.scale.rollups import Summary
from demo.scale.tables import Tables
from demo.scale.talk import OBJECTIONS, REPLY, Person
from demo.scale.workspaces import Place
from demo.scale.year import DAY, HOUR, MINUTE, Year, dashed, uuid_at
from inbox.models.lead import Tag
from insights.models import ContextPack, ConversationInsight, PackQuestion, PackThread
from insights.schema import SCHEMA_VERSION

SHARE_READ, SHARE_BOOKED_READ = 0.04, 0.85
THREADS = 60
"""The most conversations of one pack."""
QUESTIONS = (
    "What makes owners book a meeting?",
    "Which objections come up most?",
    "What do people ask about the price?",
    "Why do conversations go silent?",
)


@dataclass(slots=True)
class Read:
    """A made-up conversation that a model has read, with what context packs (conversations put together as an answer)
    need of it.
    """

    at: int
    lead: str
    insight: str
    outcome: str
    message: str


class Readings:
    """Writes what a model has found in the made-up conversations of the seeded year, and the context packs made of
    them.
    """

    def __init__(self, tables: Tables, year: Year) -> None:
        self.year = year
        self._recent: list[Read] = []
        self.readings, self.packs = tables[ConversationInsight], tables[ContextPack]
        self.threads, self.questions = tables[PackThread], tables[PackQuestion]

    def read(self, place: Place, person: Person, found: Summary, rng: Random) -> None:
        """Writes what a model has found in the conversation with the made-up lead `person`, and keeps it for `build`.
        It does so for some of the leads that have replied: SHARE_BOOKED_READ of those with a meeting, SHARE_READ of the
        others.
        """
        if found.last_inbound_at is None or rng.random() > (
            SHARE_BOOKED_READ if person.booked else SHARE_READ
        ):
            return
        at = min(self.year.until, person.said[-1].at + rng.randrange(1, 24) * HOUR)
        outcome = _outcome(person, found)
        quoted = next(one for one in reversed(person.said) if one.kind == REPLY)
        row = uuid_at(at, rng)
        self.readings.add(
            at,
            row,
            place.id,
            person.id,
            outcome,
            as_json(_data(outcome, quoted.text, dashed(quoted.id), rng)),
            SCHEMA_VERSION,
            "3",
            sha256(row.encode()).hexdigest(),
            "booked_cron" if person.booked else "chat_pack",
            str(4_000 + rng.randrange(9_000)),
            as_time(at),
            as_time(at),
        )
        self._recent.append(Read(found.last_inbound_at, person.id, row, outcome, dashed(quoted.id)))

    def build(self, place: Place, rng: Random) -> None:
        """Writes the context packs (conversations put together as an answer) of a made-up workspace from all that
        `read` has kept since the last call. So `read` must have had all of its leads, and none of another's.
        """
        read, self._recent = sorted(self._recent, key=lambda one: one.at), []
        for number, question in enumerate(QUESTIONS):
            previous = NULL
            for days in (90, 45, 2):
                until = self.year.until - days * DAY + number * HOUR
                found = [one for one in read if until - 30 * DAY < one.at <= until][-THREADS:]
                if found:
                    previous = self._pack(place, question, until, found, previous, rng, fresh=not number)

    def _pack(
        self,
        place: Place,
        question: str,
        until: int,
        found: list[Read],
        previous: str,
        rng: Random,
        *,
        fresh: bool,
    ) -> str:
        pack, ended = uuid_at(until, rng), until + rng.randrange(1, 9) * MINUTE
        outcomes = [one.outcome for one in found]
        self.packs.add(
            until,
            pack,
            place.id,
            str(rng.choice(place.members)),
            question,
            "D30",
            as_time(until - 30 * DAY),
            as_time(until),
            sha256(f"{question.lower()}\0D30".encode()).hexdigest(),
            truth(fresh),
            "COMPLETE",
            as_time(until),
            str(len(found)),
            as_json(_synthesis(found)),
            as_json({name: outcomes.count(name) for name in sorted(set(outcomes))}),
            "gpt-5-mini",
            "3",
            str(5_000 * len(found)),
            previous,
            as_time(until),
            as_time(until),
            as_time(ended),
        )
        for position, one in enumerate(found):
            self.threads.add(
                until, pack, one.lead, "positive" if one.outcome == "BOOKED" else "score", str(position), "done",
                one.outcome, one.insight, truth(rng.random() < 0.5), "1", as_time(ended),
            )  # fmt: skip
        if rng.random() < 0.5:
            asked = ended + 5 * MINUTE
            self.questions.add(
                asked, uuid_at(asked, rng), place.id, pack, str(rng.choice(place.members)), uuid_at(asked, rng),
                "And what did they say about the price?", "answered", as_json(_synthesis(found[:5])), "gpt-5-mini",
                "3000", as_time(asked), as_time(asked + MINUTE),
            )  # fmt: skip
        return pack


def _outcome(person: Person, found: Summary) -> str:
    if found.booked_at:
        return "BOOKED"
    if found.tag in (Tag.MEETING_REQUESTED, Tag.CALL_REQUESTED, Tag.INTERESTED):
        return "REQUESTED"
    return "STALLED" if not person.said[-1].inbound else "UNKNOWN"


def _data(outcome: str, quote: str, message: str, rng: Random) -> dict[str, Any]:
    objection = {
        "objection_type": rng.choice(OBJECTIONS),
        "agent_response": "We showed the numbers of a client of the same size.",
        "outcome": rng.choice(("positive", "neutral", "negative")),
    }
    return {
        "outcome": outcome,
        "summary": "They asked what the first month looks like, and what it costs.",
        "key_events": ["They answered the second mail."],
        "what_worked": ["A short question at the end."],
        "what_failed": ["A long first mail."],
        "key_phrases": [quote[:60]],
        "evidence_quotes": [{"quote": quote[:120], "message_id": message}],
        "recommended_tests": ["Name the price in the first mail."],
        "follow_up": {
            "what_worked": [],
            "what_failed": [],
            "key_phrases": [],
            "tone_observations": ["Friendly."],
            "objection_responses": [objection],
        },
        "follow_up_effectiveness": {
            "score": rng.randrange(100),
            "converted_after_objection": outcome == "BOOKED",
            "notes": "",
        },
    }


def _synthesis(found: list[Read]) -> dict[str, Any]:
    return {
        "answer": "A concrete time and one short question bring most answers.",
        "claims": [
            {"text": f"Reason {number}: they were shown what others paid.", "message_ids": [one.message]}
            for number, one in enumerate(found[:6], 1)
        ],
        "left_out": 0,
        "unknown": 0,
        "threads": len(found),
        "recommended_tests": ["Offer two times in the first answer."],
    }
