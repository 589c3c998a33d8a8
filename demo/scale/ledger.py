"""Writes one conversation: the lead, its messages, and what each message left behind in other tables.

What the product deletes after a time is not there: raw bodies after 30 days, finished jobs after 14 (failed ones after
90), calls of the model after 90.
"""

import hashlib
import html
from random import Random
from uuid import UUID

from demo.scale import payloads, rollups
from demo.scale.answers import Answers
from demo.scale.copying import NULL, YES, as_bytes, as_json, as_time, escaped, time_or_null, truth
from demo.scale.jobs import Jobs
from demo.scale.readings import Readings
from demo.scale.rollups import Summary
from demo.scale.tables import Tables
from demo.scale.talk import ANSWER, BOUNCE, BY_HAND, BY_MODEL, OBJECTIONS, REPLY, STEP, Person, Said
from demo.scale.workspaces import Place
from demo.scale.year import MINUTE, SECOND, Year, moment, uuid_at
from inbox.intake.retention import KEEP_BODIES_DAYS
from inbox.models import Lead, Message, TagDecision, WebhookDelivery
from inbox.models.lead import Tag
from inbox.models.words import vector
from integrations import emailbison
from integrations.ghl.payloads import content_key as ghl_key

HTML_SHARE = 0.5
DUPLICATED, OPENED = 0.05, 0.06
"""How many deliveries came twice, and how many of our mails were opened, which is ignored."""
TROUBLED_EVERY = 2_000
TROUBLES = (
    ("rejected", "invalid payload"),
    ("failed", "IntegrityError at inbox.intake.messages:95"),
    ("mismatch", "other workspace"),
)
WEBHOOKS = {
    "emailbison": "email",
    "smartlead": "smartlead",
    "instantly": "instantly",
    "ghl": "ghl/sms",
    "unipile": "linkedin",
}
HEADERS = as_json({"Content-Type": "application/json", "User-Agent": "provider/1.0"})
SUSPECTED_WORDS = "Perhaps another time, please leave it for now."
AUTOMATED = (Tag.OUT_OF_OFFICE, Tag.AUTOMATED_REPLY)


class Ledger:
    """Writes made-up leads of the seeded year with all that belongs to them."""

    def __init__(self, tables: Tables, year: Year) -> None:
        self.year, self.tables = year, tables
        self.jobs, self.readings = Jobs(tables, year), Readings(tables, year)
        self._answers = Answers(tables, year, self.jobs)

    def write(self, place: Place, person: Person, rng: Random) -> None:
        """Writes the made-up lead `person` with its messages and what each message left behind in other tables."""
        found = rollups.of(person, self.year, rng)
        self._lead(place, person, found, rng)
        asked: Said | None = None
        for number, said in enumerate(person.said):
            self._message(place, person, said, rng)
            if said.kind == REPLY:
                asked = said
                if said.tag:
                    later = person.said[number + 1 :]
                    self._decided(place, person, said, rng)
                    self._answers.propose(place, person, said, later, rng)
            elif said.kind == ANSWER:
                self._answers.send(place, person, said, asked, rng)
        self._answers.rest(place, person, found, rng)
        self.readings.read(place, person, found, rng)

    def _lead(self, place: Place, person: Person, found: Summary, rng: Random) -> None:
        on_linkedin, by_mail = person.linkedin != "", place.mailer == emailbison.NAME
        touched = max(filter(None, (found.last_message_at, found.answered_at, found.booked_at)))
        owner = str(rng.choice(place.members)) if found.last_inbound_at and rng.random() < 0.6 else NULL
        source = {"from": place.mailer, "at": moment(person.at).isoformat()}
        self.tables[Lead].add(
            person.at, person.id, place.id, person.email, person.phone,
            f"ACoAA{person.number:09x}" if on_linkedin else "",
            f"https://www.linkedin.com/in/{person.linkedin}" if on_linkedin else "",
            str(person.number + 1) if by_mail else "",
            payloads.contact(person) if person.phone else "",
            f"{{{found.alternate}}}" if found.alternate else "{}",
            person.first, person.last, person.company, person.title,
            as_json({"email": source, "company": source}), person.plan.id, owner,
            found.current_replier, person.name if found.current_replier else "",
            time_or_null(found.current_replier_since),
            found.tag, found.tag_decided_by, truth(found.awaiting_model),
            found.suspected, SUSPECTED_WORDS if found.suspected else "", truth(found.provider_interested),
            time_or_null(found.opted_out_at), time_or_null(found.bounced_at), time_or_null(found.booked_at),
            time_or_null(found.snoozed_until), NULL if found.score is None else str(found.score), found.score_reason,
            time_or_null(found.last_inbound_at), time_or_null(found.last_outbound_at), time_or_null(found.answered_at),
            time_or_null(found.last_message_at), found.last_channel, escaped(found.last_snippet), found.last_account,
            truth(found.needs_reply), truth(found.unread), as_time(person.at), as_time(touched),
        )  # fmt: skip

    def _message(self, place: Place, person: Person, said: Said, rng: Random) -> None:
        received = said.at + (SECOND if said.send else rng.randrange(2, 30) * SECOND)
        processed = received + rng.randrange(4, 40) * SECOND if said.kind == REPLY and said.tag else None
        theirs, text = said.inbound, escaped(said.text)
        raw, markup = _raw(person, said, text, rng)
        self.tables[Message].add(
            received, said.id, place.id, person.id, person.plan.id if said.campaign else NULL,
            said.source, said.external_id, "inbound" if theirs else "outbound", said.channel,
            said.subject, text, raw, markup,
            said.sender if theirs else said.account[1], person.name if theirs else "Alex Moreno",
            as_json({"to": [{"address": said.account[1] if theirs else person.email, "name": ""}]}), *said.account,
            f"chat{person.number}" if said.channel == "linkedin" else "",
            truth(said.kind == BOUNCE or said.tag in AUTOMATED) if theirs else NULL,
            truth(said.kind == BY_HAND and said.source.endswith("_sent")), truth(said.interested),
            said.tag, said.by, escaped(said.text[:60]) if said.tag and theirs else "",
            said.suspected, SUSPECTED_WORDS if said.suspected else "",
            BY_MODEL if said.suspected and not rollups.is_open(said, self.year) else "",
            _key(person, said), as_time(said.at), as_time(received), time_or_null(processed), said.draft or NULL,
            vector(UUID(place.id), said.subject, said.text),
        )  # fmt: skip
        if not said.send:
            self._delivered(place, person, said, received, rng)

    def _delivered(self, place: Place, person: Person, said: Said, received: int, rng: Random) -> None:
        """The deliveries of one message: the accepted one, perhaps its repeat, and now and then something else."""
        job = self.jobs.of_reply(place, said, received, rng) if said.kind == REPLY else ""
        event = payloads.event_type(said)
        self._delivery(place, person, said, received, event, ("accepted", ""), job, rng)
        if said.kind == STEP and rng.random() < OPENED and place.mailer == emailbison.NAME:
            later, ignored = received + rng.randrange(1, 300) * MINUTE, ("ignored", "event not used")
            if later < self.year.until:
                self._delivery(place, person, None, later, "EMAIL_OPENED", ignored, "", rng)
        if rng.random() < DUPLICATED:
            self._delivery(place, person, said, received + 15 * SECOND, event, ("duplicate", ""), "", rng)
        if rng.random() * TROUBLED_EVERY < 1:
            trouble = rng.choice(TROUBLES)
            self._delivery(place, person, None, received + 40 * SECOND, event, trouble, "", rng)

    def _delivery(
        self,
        place: Place,
        person: Person,
        said: Said | None,
        at: int,
        event: str,
        verdict: tuple[str, str],
        job: str,
        rng: Random,
    ) -> None:
        provider = said.source.partition("_")[0] if said else place.mailer
        kept = said is not None and self.year.age_days(at) < KEEP_BODIES_DAYS
        body = payloads.encoded(person, said, place) if said and kept else ""
        row = uuid_at(at, rng)
        self.tables[WebhookDelivery].add(
            at, row, place.id, place.accounts[provider][0], WEBHOOKS[provider], event, *verdict,
            as_bytes(body) or NULL, str(len(body) or 900 + rng.randrange(1_200)),
            hashlib.sha256((body or row).encode()).hexdigest(), HEADERS if body else "{}", YES,
            as_time(at), f"{rng.lognormvariate(2.6, 0.5):.1f}",
            said.id if said else NULL, person.id if said else NULL, job or NULL,
        )  # fmt: skip

    def _decided(self, place: Place, person: Person, said: Said, rng: Random) -> None:
        by_rule, at = said.by != BY_MODEL, said.at + 30 * SECOND
        self.tables[TagDecision].add(
            at, uuid_at(at, rng), place.id, person.id, said.id, said.tag,
            "rule" if by_rule else "model", said.by, escaped(said.text[:60]),
            "" if by_rule else "They say so in the words that are quoted.",
            rng.choice(OBJECTIONS) if said.tag == Tag.OBJECTION else "none", as_time(at),
        )  # fmt: skip
        if not by_rule:
            self._answers.asked_model(place, "tag", at, rng)


def _raw(person: Person, said: Said, text: str, rng: Random) -> tuple[str, str]:
    """The text and the HTML as the provider posted them: a reply with what it quotes, a campaign's mail as HTML alone.

    `text` is the message's own, in COPY's text format.
    """
    if said.channel != "email" or said.send:
        return text, ""
    markup = f'<div dir="ltr"><p>{html.escape(text, quote=False)}</p></div>'
    if said.kind == STEP:
        return "", markup
    first = person.said[0]
    quoted = escaped(f"\n\nOn {moment(first.at):%d %b %Y}, Alex Moreno wrote:\n> {first.text[:400]}")
    return text + quoted, markup if rng.random() < HTML_SHARE else ""


def _key(person: Person, said: Said) -> str:
    """What identifies a text of GoHighLevel, which may come without an id."""
    if said.source != "ghl_message":
        return ""
    direction = "inbound" if said.inbound else "outbound"
    return ghl_key(direction, said.account[0], payloads.contact(person), said.text)
