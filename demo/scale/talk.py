"""One lead of the seeded year, and what was written: campaign steps, replies, answers, follow-ups, bounces."""

from dataclasses import dataclass, field
from random import Random

from demo.scale.words import (
    ENDS,
    FIRST,
    REPLIED,
    ROOTS,
    SPOKEN,
    TITLES,
    TRADES,
    Corpus,
    weighted,
)
from demo.scale.workspaces import Place, Plan, Sequence
from demo.scale.year import DAY, HOUR, MINUTE, SECOND, Year, dashed, uuid_at
from inbox.models.lead import Suspicion, Tag
from inbox.models.message import OWN
from inbox.understanding.rules import RULES_VERSION
from integrations import ghl, registry, unipile
from integrations.spec import Counts

STEP, REPLY, BOUNCE, ANSWER, BY_HAND, FOLLOW_UP = "step", "reply", "bounce", "answer", "by hand", "follow-up"
LONGEST = 500
"""The most messages of one conversation. Of TALKATIVE leads of a workspace, one comes near it."""
TALKATIVE = 5_000
SHARE_SILENT, SHARE_BOUNCED, SHARE_OPTED_OUT = 0.4, 0.03, 0.05
SHARE_FOLLOWED, SHARE_DUE = 0.5, 0.42
"""Of the leads to whom we wrote last, how many got follow-ups, and how many have one that is due now."""
CHANNELS = weighted({"email": 82, "sms": 10, "linkedin": 8})
SPEAKING = weighted(SPOKEN)
SAID = weighted(REPLIED)
BY_MODEL = "model gpt-5-mini, prompt 7"
OBJECTIONS = ("pricing", "timing", "authority", "need", "trust", "competitor")
MACHINES = (Tag.OUT_OF_OFFICE, Tag.AUTOMATED_REPLY)


@dataclass(slots=True)
class Said:
    """One made-up message. `draft` is the id of the draft that it was sent from, `send` that of our OutboundSend;
    `step` is the number of the follow-up's step.
    """

    at: int
    id: str
    kind: str
    channel: str
    source: str
    external_id: str
    text: str
    subject: str = ""
    tag: str = ""
    by: str = ""
    suspected: str = ""
    sender: str = ""
    account: tuple[str, str] = ("", "")
    campaign: bool = False
    interested: bool = False
    draft: str = ""
    send: str = ""
    step: int = -1

    @property
    def inbound(self) -> bool:
        return self.kind in (REPLY, BOUNCE)


@dataclass(slots=True)
class FollowUps:
    """How far a made-up lead is in a follow-up sequence. `due_at` is None once it has ended."""

    id: str
    sequence: Sequence
    started_at: int
    quiet_since: int
    next_step: int
    due_at: int | None


@dataclass(slots=True)
class Person:
    """A made-up lead: who it is, and what was said, in the order of time. `booked` has the time and the id of each
    meeting; `fell_through` says that the last one did not take place.
    """

    number: int
    id: str
    at: int
    first: str
    last: str
    company: str
    title: str
    email: str
    phone: str
    linkedin: str
    language: str
    plan: Plan
    sender: tuple[str, str]
    said: list[Said] = field(default_factory=list)
    followed: FollowUps | None = None
    booked: list[tuple[int, str]] = field(default_factory=list)
    fell_through: bool = False

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


class Talk:
    """Makes up the conversations of one workspace. Each lead has a random generator of its own, so that any number can
    be made in any process, and all are the same again.
    """

    def __init__(self, seed: int, place: Place, year: Year, corpus: Corpus) -> None:
        self._seed, self.place, self.year, self._corpus = seed, place, year, corpus
        sources = registry.spec_of(place.mailer).sources
        assert sources
        by = {one.counts: one.name for one in sources}
        self._reply, self._step, self._bounce = by[Counts.ANSWER], by[Counts.STEP], by[Counts.BOUNCE]

    def person(self, number: int, most: int) -> tuple[Person, Random]:
        """Makes up the lead `number` with at most `most` messages (and never more than LONGEST). Returns it with the
        random generator for all that follows from them.
        """
        rng = Random(f"{self._seed}:{self.place.number}:{number}")
        person = self._who(rng, number)
        most = min(most, LONGEST)
        kind = 1.0 if _is_talkative(number) else rng.random()
        self._campaign(rng, person, 1 if kind < SHARE_BOUNCED else 1 + int(rng.random() ** 1.5 * 4))
        if kind < SHARE_BOUNCED:
            self._bounced(rng, person)
        elif kind > SHARE_BOUNCED + SHARE_SILENT:
            self._exchange(rng, person, most)
            self._follow(rng, person)
        if len(person.said) > most:
            person.said = [one for one in person.said[:most] if one.kind != FOLLOW_UP]
            person.followed, person.booked = None, []
        return person, rng

    def _who(self, rng: Random, number: int) -> Person:
        first = FIRST[int(rng.random() ** 2 * len(FIRST))]
        last = ROOTS[int(rng.random() ** 1.5 * len(ROOTS))] + rng.choice(ENDS)
        company = f"{last} {rng.choice(TRADES)}"
        at, plan = self.year.somewhen(rng), rng.choice(self.place.plans)
        if _is_talkative(number):
            at = self.year.begins + number % 60 * DAY
        host = company.replace(" ", "").replace("ö", "oe").lower()
        plain = f"{first}.{last}".replace("ö", "oe").lower()
        local = plan.language if plan.language != "en" and rng.random() < 0.7 else _pick(rng, SPEAKING)
        return Person(
            number=number,
            id=uuid_at(at, rng),
            at=at,
            first=first,
            last=last,
            company=company,
            title=rng.choice(TITLES) if rng.random() < 0.7 else "",
            email=f"{plain}{number}@{host}.example.com",
            phone=f"+1{201 + number % 700}{2_000_000 + number}" if rng.random() < 0.45 else "",
            linkedin=f"{plain.replace('.', '-')}-{number}" if rng.random() < 0.4 else "",
            language=local,
            plan=plan,
            sender=rng.choice(self.place.senders),
        )

    def _add(
        self, rng: Random, person: Person, at: int, kind: str, channel: str, text: str, **more: object
    ) -> Said | None:
        """Adds a message after all others; None if that would be after the end of the year."""
        at = max(at, person.said[-1].at + 20 * SECOND if person.said else at)
        if at > self.year.until:
            return None
        said = Said(
            at=at,
            id=uuid_at(at, rng),
            kind=kind,
            channel=channel,
            source=self._source(kind, channel),
            external_id="",
            text=text,
            sender=person.email if channel == "email" and kind == REPLY else "",
            account=self._account(person, channel),
            campaign=channel == "email" and kind != FOLLOW_UP,
            **more,  # type: ignore[arg-type]
        )
        if channel == "email":
            said.subject = person.plan.subject.replace("{company}", person.company)
            if person.said:
                said.subject = "Re: " + said.subject
        if kind in (ANSWER, FOLLOW_UP):
            said.send = uuid_at(at - 4 * SECOND, rng)
        said.external_id = self._external_id(rng, person, said)
        person.said.append(said)
        return said

    def _source(self, kind: str, channel: str) -> str:
        if kind in (ANSWER, FOLLOW_UP):
            return OWN
        if channel != "email":
            return "ghl_message" if channel == "sms" else "unipile_message"
        return {REPLY: self._reply, BOUNCE: self._bounce}.get(kind, self._step)

    def _account(self, person: Person, channel: str) -> tuple[str, str]:
        if channel == "email":
            return person.sender
        provider = ghl.NAME if channel == "sms" else unipile.NAME
        return self.place.accounts[provider][1], ""

    def _external_id(self, rng: Random, person: Person, said: Said) -> str:
        serial = person.number * (LONGEST + 50) + len(person.said)
        if said.source == OWN:
            return dashed(said.send)
        if said.source.startswith("emailbison"):
            return str(1_000_000 + serial)
        if said.source.startswith("smartlead"):
            return f"<{serial}.{rng.getrandbits(40):x}@mail.example.com>"
        if said.source.startswith("instantly"):
            return dashed(uuid_at(said.at, rng))
        return f"msg{serial:x}{rng.getrandbits(48):012x}"

    def _campaign(self, rng: Random, person: Person, steps: int) -> None:
        at = person.at
        for text in person.plan.steps[:steps]:
            if self._add(rng, person, at, STEP, "email", text.replace("{name}", person.first)) is None:
                return
            at = self.year.working(rng, at + rng.choice((3, 4, 7)) * DAY)

    def _bounced(self, rng: Random, person: Person) -> None:
        report = self._corpus.said(rng, "bounce", "en")
        said = self._add(rng, person, person.at + rng.randrange(5, 90) * SECOND, BOUNCE, "email", report)
        if said:
            said.tag, said.by = Tag.BLACKLIST, f"rules {RULES_VERSION}: bounce.report"
            said.sender = "mailer-daemon@mx.example.net"
            said.subject = "Undelivered Mail Returned to Sender"

    def _exchange(self, rng: Random, person: Person, most: int) -> None:
        """The replies and our answers to them. Most conversations are short, and a few are very long."""
        talkative = _is_talkative(person.number)
        rounds = LONGEST if talkative else 1 + int(rng.paretovariate(1.05)) if rng.random() < 0.75 else 1
        channel = _pick(rng, CHANNELS)
        channel = (
            "email"
            if (channel, person.phone) == ("sms", "") or (channel, person.linkedin) == ("linkedin", "")
            else channel
        )
        at = person.said[-1].at
        for turn in range(rounds):
            if len(person.said) >= min(most, LONGEST - 8):
                return
            pause_h = rng.lognormvariate(0.5 if talkative else 2.2, 1.4)
            at = self.year.working(rng, at + int(pause_h * HOUR))
            tag = self._tag(rng)
            if talkative and tag in (Tag.BLACKLIST, Tag.NOT_INTERESTED):
                tag = Tag.NEUTRAL
            said = self._add(rng, person, at, REPLY, channel, "")
            if said is None:
                return
            self._word(rng, person, said, tag)
            if tag == Tag.BLACKLIST:
                return
            if rng.random() < (0.2 if tag in (*MACHINES, Tag.NOT_INTERESTED) else 0.88):
                self._answer(rng, person, said)
            if tag in (Tag.MEETING_REQUESTED, Tag.CALL_REQUESTED) and rng.random() < 0.35:
                self._book(rng, person)
            if tag == Tag.NOT_INTERESTED and turn and rng.random() < 0.7:
                return
            if rng.random() < 0.04 and person.phone:
                channel = "sms"
            at = person.said[-1].at

    def _tag(self, rng: Random) -> str:
        kind = rng.random()
        if kind < SHARE_OPTED_OUT:
            return Tag.BLACKLIST
        if kind < SHARE_OPTED_OUT + 0.09:
            return Tag.OUT_OF_OFFICE if kind < SHARE_OPTED_OUT + 0.06 else Tag.AUTOMATED_REPLY
        return str(_pick(rng, SAID))

    def _word(self, rng: Random, person: Person, said: Said, tag: str) -> None:
        """Gives a reply its words and who decided about them."""
        by_rule = tag in (Tag.BLACKLIST, *MACHINES)
        said.text = self._corpus.said(rng, tag if by_rule else "", person.language)
        if person.said[0] is not said and rng.random() < 0.3:
            said.text += f"\n\n{person.first}"
        said.tag = tag
        said.by = f"rules {RULES_VERSION}: wording.{tag.lower().replace(' ', '-')}" if by_rule else BY_MODEL
        said.interested = tag == Tag.INTERESTED and rng.random() < 0.15
        if said.interested:
            said.by = BY_MODEL
        if said.channel == "email" and rng.random() < 0.015:
            said.sender = f"office@{person.email.partition('@')[2]}"
        if not by_rule and rng.random() < 0.01:
            said.suspected = rng.choice((Suspicion.OPT_OUT, Suspicion.OUT_OF_OFFICE, Suspicion.AUTO_REPLY))
        if self.year.until - said.at < 10 * MINUTE and not by_rule:
            said.tag = said.by = ""  # its job has not run yet

    def _answer(self, rng: Random, person: Person, asked: Said) -> None:
        at = asked.at + int(rng.lognormvariate(3.6, 1.3) * MINUTE)
        text = self._corpus.ours(rng, person.language, person.first)
        kind = ANSWER if asked.channel != "email" or rng.random() < 0.85 else BY_HAND
        said = self._add(rng, person, at, kind, asked.channel, text)
        # A reply without a tag has not been worked on yet, so there is no draft to it.
        if said and kind == ANSWER and asked.tag and rng.random() < 0.8:
            said.draft = uuid_at(asked.at + 40 * SECOND, rng)

    def _book(self, rng: Random, person: Person) -> None:
        at = person.said[-1].at + rng.randrange(2, 600) * MINUTE
        if at <= self.year.until:
            person.booked.append((at, uuid_at(at, rng)))
            person.fell_through = rng.random() < 0.12

    def _follow(self, rng: Random, person: Person) -> None:
        """Follow-ups for a lead who has not answered our last message, up to the step that is due."""
        last = person.said[-1]
        wrote = [one for one in person.said if one.kind == REPLY and one.channel == "email"]
        stopped = any(one.tag == Tag.BLACKLIST for one in person.said)
        if last.kind not in (ANSWER, BY_HAND) or stopped or person.booked or not wrote:
            return
        sequence = self.place.sequences[int(rng.random() ** 2 * len(self.place.sequences))]
        if rng.random() < SHARE_DUE:
            due = self.year.until - rng.randrange(3 * HOUR)
            started = max(last.at + MINUTE, due - sequence.steps[0][1] * DAY)
            if started < due:
                person.followed = FollowUps(uuid_at(started, rng), sequence, started, started, 0, due)
            return
        if rng.random() > SHARE_FOLLOWED:
            return
        started = last.at + rng.randrange(1, 40) * HOUR
        if started > self.year.until:
            return
        due, step = started, 0
        for step, (_, days, channel) in enumerate(sequence.steps):
            due = self.year.working(rng, due + days * DAY)
            if due > self.year.until:
                break
            if (channel == "sms" and not person.phone) or (channel == "linkedin" and not person.linkedin):
                continue
            said = self._add(
                rng, person, due, FOLLOW_UP, channel, self._corpus.ours(rng, person.language, person.first)
            )
            if said is None:
                break
            said.step = step
        else:
            person.followed = FollowUps(uuid_at(started, rng), sequence, started, started, step, None)
            return
        person.followed = FollowUps(uuid_at(started, rng), sequence, started, started, step, due)


def _is_talkative(number: int) -> bool:
    return number % TALKATIVE == TALKATIVE - 1


def _pick(rng: Random, shares: tuple[list[str], list[int]]) -> str:
    names, sums = shares
    return rng.choices(names, cum_weights=sums)[0]
