"""Writes what answers a lead: drafts with gates, sends, follow-ups; also meetings, and facts that were asked for."""

from random import Random

from demo.scale.copying import NULL, as_time, escaped, time_or_null, truth
from demo.scale.jobs import Jobs
from demo.scale.rollups import OPEN_FOR, Summary
from demo.scale.tables import Tables
from demo.scale.talk import FOLLOW_UP, REPLY, FollowUps, Person, Said
from demo.scale.workspaces import PROMISES_MIN, Place
from demo.scale.year import DAY, HOUR, MINUTE, SECOND, Year, dashed, uuid_at
from inbox.intake.retention import KEEP_MODEL_CALLS_DAYS
from inbox.leads.tags import DRAFTED
from inbox.models import (
    Appointment,
    BookingCheck,
    Draft,
    Enrichment,
    FollowUpInstance,
    FollowUpTask,
    GateResult,
    OutboundSend,
)
from inbox.replying.gates import GATES, VERSION
from integrations import calendly
from integrations.models import AiCall

PRICES = {"tag": 900, "strategy": 2_100, "email": 3_400, "verify": 1_500}
"""What the calls of the model cost, in millionths of a dollar."""
JUDGED_DAYS = 90
"""Since when drafts are judged by the gates, where the workspace has that at all."""
MODEL, PROMPT = "gpt-5-mini", "7"
PASSED, FAILED = "Nothing speaks against it.", "Nobody has reviewed enough drafts yet."
INVITEE = "https://api.calendly.com/invitees/"


class Answers:
    """Writes the made-up drafts, sends, follow-ups, meetings and enrichments of leads in the seeded year."""

    def __init__(self, tables: Tables, year: Year, jobs: Jobs) -> None:
        self.year, self._tables, self._jobs = year, tables, jobs

    def propose(self, place: Place, person: Person, said: Said, later: list[Said], rng: Random) -> None:
        """Writes a made-up draft to the reply `said`, with the results of its gates and the records of its model calls.
        `later` are the messages after `said`.

        If our next answer in `later` came from a draft, this writes that draft as sent. Else 70 % of the replies with a
        tag in DRAFTED get one that nobody sent.
        """
        answer = next((one for one in later if one.draft or one.kind == REPLY), None)
        if answer is not None and answer.draft:
            self._draft(place, person, said, answer, "sent", rng)
        elif said.tag in DRAFTED and rng.random() < 0.7:
            waits = not later and self.year.until - said.at < 3 * OPEN_FOR
            self._draft(place, person, said, None, "pending" if waits else "rejected", rng)

    def _draft(
        self, place: Place, person: Person, said: Said, sent: Said | None, status: str, rng: Random
    ) -> None:
        at, would = said.at + 40 * SECOND, rng.random() < 0.4
        judged = place.judged and self.year.age_days(at) < JUDGED_DAYS
        text = escaped(sent.text) if sent else f"{person.first}: Gladly. Would Thursday at ten suit you?"
        decided = None if status == "pending" else min(sent.at if sent else at + HOUR, self.year.until)
        draft = sent.draft if sent else uuid_at(at, rng)
        self._tables[Draft].add(
            at, draft, place.id, person.id, said.id, said.channel,
            status, "Somebody has answered." if status == "rejected" else "", said.subject, text, text, MODEL, PROMPT,
            "shadow" if judged else "", truth(would) if judged else NULL,
            str(rng.choice(place.members)) if decided else NULL, time_or_null(decided),
            as_time(at), as_time(decided or at),
        )  # fmt: skip
        for feature in ("strategy", "email", "verify"):
            self.asked_model(place, feature, at, rng)
        if judged:
            self._gates(place, draft, at, -1 if would else rng.randrange(len(GATES)))

    def _gates(self, place: Place, draft: str, at: int, failing: int) -> None:
        time, gates = as_time(at), self._tables[GateResult]
        for position, gate in enumerate(GATES):
            passed = position != failing
            evidence = PASSED if passed else FAILED
            gates.add(
                at, place.id, draft, "draft", gate, str(position), truth(passed), evidence, VERSION, time
            )

    def asked_model(self, place: Place, feature: str, at: int, rng: Random) -> None:
        """Writes the record of a made-up call of the language model at time `at`, unless it
        would be deleted by now because of its age.
        """
        if self.year.age_days(at) >= KEEP_MODEL_CALLS_DAYS:
            return
        took, cost = int(rng.lognormvariate(7.8, 0.5)), int(PRICES[feature] * rng.uniform(0.7, 1.5))
        self._tables[AiCall].add(
            at, uuid_at(at, rng), place.id, NULL, feature, PROMPT, MODEL,
            str(cost), str(cost // 6), str(cost), str(took), "ok" if rng.random() < 0.98 else "timeout", as_time(at),
        )  # fmt: skip

    def send(
        self, place: Place, person: Person, said: Said, asked: Said | None, rng: Random, task: str = ""
    ) -> None:
        """Writes the OutboundSend of the made-up message `said`, an answer of ours or the step of a follow-up (`task`,
        its id), and the job that sent it. `asked` is the message that it answers, or None.
        """
        began = said.at - 4 * SECOND
        promised = (
            None if task or asked is None else asked.at + PROMISES_MIN.get(asked.tag, DAY // MINUTE) * MINUTE
        )
        self._tables[OutboundSend].add(
            began, said.send, place.id, person.id, said.channel,
            "followup" if task else "draft" if said.draft else "person",
            f"{dashed(task)}:1" if task else dashed(said.draft or said.id), said.draft or NULL,
            asked.id if asked and asked.channel == said.channel else NULL, str(rng.choice(place.members)),
            "sent", "", said.subject, escaped(said.text),
            {"sms": "ghl", "linkedin": "unipile"}.get(said.channel, place.mailer), said.account[0],
            f"sent-{said.external_id[:13]}", time_or_null(promised),
            as_time(began), as_time(said.at), as_time(said.at + SECOND),
        )  # fmt: skip
        self._jobs.of_send(place, said, rng)

    def rest(self, place: Place, person: Person, found: Summary, rng: Random) -> None:
        """Writes what a made-up lead has besides messages: meetings, follow-ups, and a phone
        number that an outside source was asked for.
        """
        self._meetings(place, person, found, rng)
        if person.followed:
            self._followed(place, person, person.followed, rng)
        if person.phone and rng.random() < 0.15:
            at = person.at + rng.randrange(1, 20) * MINUTE
            status = "found" if rng.random() < 0.7 else "not_found"
            self._tables[Enrichment].add(
                at, uuid_at(at, rng), place.id, person.id, "phone", status, as_time(at), as_time(at + HOUR), as_time(at)
            )  # fmt: skip

    def _meetings(self, place: Place, person: Person, found: Summary, rng: Random) -> None:
        """The lead's bookings. Each took the place of the one before; the last stands, or fell through."""
        before = ""
        for turn, (at, row) in enumerate(sorted(person.booked), 1):
            last, starts = turn == len(person.booked), at + rng.randrange(2, 12) * DAY
            gone = last and person.fell_through
            told = min(self.year.until, at + HOUR) if gone else at
            handled = min(starts, self.year.until) if gone and rng.random() < 0.8 else None
            self._tables[Appointment].add(
                at, row, place.id, person.id, calendly.NAME, INVITEE + dashed(row), person.email,
                as_time(starts), as_time(starts + HOUR // 2),
                "rescheduled" if not last else "cancelled" if gone else "booked",
                as_time(at), as_time(told) if gone else NULL, as_time(told), truth(not last), before,
                time_or_null(handled), as_time(at), as_time(told),
            )  # fmt: skip
            before = INVITEE + dashed(row)
        near = max(found.last_inbound_at or 0, *(at for at, _ in person.booked)) if person.booked else 0
        if near > self.year.until - 30 * DAY:
            looked = self.year.until - rng.randrange(2 * HOUR)
            times = as_time(looked + 2 * HOUR), as_time(looked)
            self._tables[BookingCheck].add(person.at, place.id, person.id, *times)

    def _followed(self, place: Place, person: Person, followed: FollowUps, rng: Random) -> None:
        sent, due = [one for one in person.said if one.kind == FOLLOW_UP], followed.due_at
        paused = due is not None and due > self.year.until and rng.random() < 0.05
        ended = sent[-1].at if sent else followed.started_at
        self._tables[FollowUpInstance].add(
            followed.started_at, followed.id, place.id, person.id, followed.sequence.id,
            "paused" if paused else "completed" if due is None else "active",
            NULL if due is None else followed.sequence.steps[followed.next_step][0], time_or_null(due),
            "person" if paused else "", as_time(followed.quiet_since), str(rng.choice(place.members)),
            as_time(followed.started_at), as_time(ended) if due is None else NULL,
            "All steps are done." if due is None else "",
        )  # fmt: skip
        for said in sent:
            asked = [one for one in person.said if one.kind == REPLY and one.channel == said.channel]
            task = uuid_at(said.at, rng)
            self.send(place, person, said, asked[-1] if asked else None, rng, task)
            self._tables[FollowUpTask].add(
                said.at, task, place.id, person.id, followed.id, followed.sequence.steps[said.step][0], said.channel,
                "sent", escaped(said.text), said.send, as_time(said.at - 20 * SECOND), as_time(said.at),
            )  # fmt: skip
