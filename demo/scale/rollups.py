"""What a lead's row says of its messages, for a conversation that is made at once.

The product derives the same columns from stored messages (`inbox.leads.rollup`). A test compares both for every lead.
"""

from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from random import Random

from demo.scale.talk import ANSWER, BOUNCE, BY_HAND, FOLLOW_UP, REPLY, Person, Said
from demo.scale.year import DAY, HOUR, MINUTE, Year
from inbox.leads import score
from inbox.leads.rollup import BOOKED_BY
from inbox.leads.tags import NO_ANSWER
from inbox.models import Lead
from inbox.models.lead import Suspicion, Tag

ANSWERS = (ANSWER, BY_HAND, FOLLOW_UP)
OPEN_FOR = 2 * DAY
"""How long a suspicion may stay undecided. Replies that nobody answered are mostly marked as done after as long."""


@dataclass(slots=True)
class Summary:
    """The columns of a lead's row that sum up its messages, by their names. Times are in
    milliseconds since 1970, None where there is none.
    """

    tag: str = Tag.NEW
    tag_decided_by: str = ""
    awaiting_model: bool = False
    suspected: str = ""
    provider_interested: bool = False
    opted_out_at: int | None = None
    bounced_at: int | None = None
    booked_at: int | None = None
    snoozed_until: int | None = None
    score: int | None = None
    score_reason: str = ""
    last_inbound_at: int | None = None
    last_outbound_at: int | None = None
    answered_at: int | None = None
    last_message_at: int | None = None
    last_channel: str = ""
    last_snippet: str = ""
    last_account: str = ""
    needs_reply: bool = False
    unread: bool = False
    current_replier: str = ""
    current_replier_since: int | None = None
    alternate: str = ""


def is_open(said: Said, year: Year) -> bool:
    """Whether the rules suspect something of the made-up reply, such as an opt-out, that nobody has decided yet: it is
    younger than OPEN_FOR.
    """
    return bool(said.suspected) and year.until - said.at < OPEN_FOR


def of(person: Person, year: Year, rng: Random) -> Summary:
    """The columns of the made-up lead's row that sum up its messages. `rng` draws what people did: which replies they
    marked as done, which leads they snoozed, and what they have not read.
    """
    found = Summary()
    replies = [one for one in person.said if one.kind == REPLY]
    for said in person.said:
        if said.kind == BOUNCE:
            found.bounced_at = said.at
        elif said.kind == REPLY and said.tag == Tag.BLACKLIST:
            found.opted_out_at = said.at
        if not said.inbound:
            found.last_outbound_at = said.at
            if said.kind in ANSWERS:
                found.answered_at = said.at
        found.last_account = said.account[1] or found.last_account
    if person.booked and not person.fell_through:
        found.booked_at = max(at for at, _ in person.booked)
    last = person.said[-1]
    found.last_message_at, found.last_channel = last.at, last.channel
    found.last_snippet = " ".join((last.text or last.subject).split())[:200]
    if replies:
        _replied(person, found, replies, year)
    if found.bounced_at or found.opted_out_at:
        found.tag, found.awaiting_model, found.suspected = Tag.BLACKLIST, False, ""
        found.tag_decided_by = next(one.by for one in reversed(person.said) if one.tag == Tag.BLACKLIST)
    _worked_on(person, found, replies, year, rng)
    return found


def _replied(person: Person, found: Summary, replies: list[Said], year: Year) -> None:
    newest = replies[-1]
    found.last_inbound_at = newest.at
    found.provider_interested = any(one.interested for one in replies)
    if found.booked_at is not None and found.booked_at >= newest.at:
        found.tag, found.tag_decided_by = Tag.MEETING_BOOKED, BOOKED_BY
    elif newest.interested:
        found.tag, found.tag_decided_by = Tag.INTERESTED, "provider"
    else:
        found.tag, found.tag_decided_by = newest.tag or Tag.NEUTRAL, newest.by
        found.awaiting_model = not newest.tag
    wishes = [one for one in replies if one.suspected == Suspicion.OPT_OUT and is_open(one, year)]
    shown = (wishes or replies)[-1]
    found.suspected = shown.suspected if is_open(shown, year) else ""
    mails = [one for one in replies if one.sender]
    found.alternate = next((one.sender for one in mails if one.sender != person.email), "")
    if mails and mails[-1].sender != person.email:
        row = list(takewhile(lambda one: one.sender == mails[-1].sender, reversed(mails)))
        found.current_replier, found.current_replier_since = mails[-1].sender, row[-1].at


def _worked_on(person: Person, found: Summary, replies: list[Said], year: Year, rng: Random) -> None:
    """What people did: they marked replies as done, snoozed leads, and have not read the newest."""
    if not replies:
        return
    newest, age = replies[-1], year.until - replies[-1].at
    answered = found.answered_at is not None and found.answered_at >= newest.at
    if not answered and rng.random() < (0.97 if age > OPEN_FOR else 0.3):
        done = newest.at + rng.randrange(5, 600) * MINUTE
        if done <= year.until:
            found.answered_at, answered = done, True
    stopped = found.opted_out_at is not None or found.bounced_at is not None
    found.needs_reply = not answered and found.tag not in NO_ANSWER and not stopped
    found.unread = not answered and age < 5 * DAY and rng.random() < 0.6
    if found.tag == Tag.FOLLOW_UP and age < 60 * DAY and rng.random() < 0.5:
        found.snoozed_until = year.until + rng.randrange(2, 60 * 24) * HOUR
    scored = _score(person.title, bool(person.phone), Tag.BLACKLIST if stopped else found.tag)
    if scored:
        found.score, found.score_reason = scored.value, scored.reason


@cache
def _score(title: str, has_phone: bool, tag: str) -> score.Score | None:
    return score.of(Lead(title=title, company="known", phone="known" if has_phone else ""), tag)
