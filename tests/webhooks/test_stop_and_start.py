"""STOP and START in every sequence, told once or twice: where a text could be a repetition or a new one, the stop wins.

What must come out is said by `Plain`, which knows nothing but the texts and when they reached us.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
import time_machine
from django.db import transaction

from inbox.intake import tag_decisions
from inbox.models import Lead, Message
from inbox.models.lead import Tag
from jobs.models import BackgroundJob
from tests import forms
from tests.factories import make_campaign, make_lead, make_member
from tests.recorded import payload

NOON = datetime(2026, 10, 14, 12, tzinfo=UTC)
WORKFLOW, APP = payload("ghl", "workflow_sms"), payload("ghl", "app_inbound_message")
NOT_CONTACTED_AGAIN = {
    "lead_category": {"new_name": "Do Not Contact"},
    "event_timestamp": None,
    "created_at": None,
}
STOP, START, OTHER = "STOP", "START", "Friday is fine"
STEP = 5
"""Minutes from one text to the next: every walk stays within the span in which a text may be a repetition."""
DELIVERIES = forms.either(3, 4)


class Told(NamedTuple):
    """Text `number` of a walk: its words, and the minutes after noon when it was written and when it reaches us."""

    number: int
    words: str
    written: int
    received: int


class Rollback(Exception):
    """Takes a step back: the next one starts from the same rows."""


@pytest.fixture
def lead(poster) -> Lead:
    return make_lead(
        poster.workspace,
        email="",
        ghl_contact_id=WORKFLOW["contact_id"],
        emailbison_lead_id="55120",
        campaign=make_campaign(poster.workspace),
    )


def bare(told: Told) -> dict:
    """The workflow's text, with neither id nor time."""
    changes = {"message": {"type": 2, "body": told.words}, "customData": {}, "email": None, "phone": None}
    return WORKFLOW | changes


def stamped(told: Told) -> dict:
    """The workflow's text with the time at which it was written."""
    clock = NOON + timedelta(minutes=told.written)
    return bare(told) | {"customData": {"Date": "Oct 14th, 2026", "Time": clock.strftime("%I:%M %p")}}


def named(told: Told) -> dict:
    """The app's text: GHL's id, and the time at which it was written."""
    written = (NOON + timedelta(minutes=told.written)).isoformat()
    changes = {"messageId": f"id-{told.number}", "body": told.words, "dateAdded": written, "from": ""}
    return APP | changes | {"contactId": WORKFLOW["contact_id"]}


class Plain:
    """What must be so after some texts: whether the lead has asked to be left alone, and how many texts there are.

    `sure`: every text says which one it is. Where none does, a STOP that came before is one text with its repetition
    as long as nothing lies between that lets the lead in; a START that came before lets in again only if it has let in
    after a STOP.
    """

    def __init__(self, sure: bool) -> None:
        self.sure, self.stopped, self.texts, self.seen, self.let_in = sure, False, 0, set(), False

    def hear(self, told: Told) -> None:
        key = told.number if self.sure else told.words
        new = key not in self.seen
        if told.words == STOP and not self.sure and not self.stopped:
            new = True
        if told.words == START and not self.sure and self.stopped and self.let_in:
            new = True
        self.let_in |= new and told.words == START and self.stopped
        self.seen.add(key)
        self.texts += new
        if new and told.words != OTHER:
            self.stopped = told.words == STOP


def tell(poster, body: dict, minute: int) -> dict:
    with time_machine.travel(NOON + timedelta(minutes=minute), tick=False):
        answer = poster.post("ghl/sms", body)
    assert answer.status_code == 200
    return answer.json()


def onwards(walk: list[Told]) -> Iterator[Told]:
    """What may come after `walk`: another text or, once in a walk, one of its texts again."""
    written = [told for told in walk if told.written == told.received]
    now = len(walk) * STEP
    yield from (Told(len(written), words, now, now) for words in (STOP, START, OTHER))
    if len(written) == len(walk):
        yield from (told._replace(received=now) for told in written)


class End(NamedTuple):
    """Where a walk ends: whether the lead is stopped, the number of texts, and whether the tag is Blacklist."""

    story: str
    state: tuple[bool, int, bool]
    safe_state: tuple[bool, int, bool]


def walk_on(poster, form, walk: list[Told]) -> list[End]:
    """Go every way on from `walk`, which has been told. Returns the end of each step."""
    ends = []
    for told in onwards(walk) if len(walk) < DELIVERIES else ():
        with pytest.raises(Rollback), transaction.atomic():
            tell(poster, form(told), told.received)
            further = [*walk, told]
            ends += [end_of(form, further), *walk_on(poster, form, further)]
            raise Rollback
    return ends


def end_of(form, walk: list[Told]) -> End:
    plain = Plain(sure=form is not bare)
    for told in walk:
        plain.hear(told)
    lead = Lead.objects.get()
    story = ", ".join(f"{told.words} of minute {told.written} at {told.received}" for told in walk)
    state = (lead.is_stopped, Message.objects.count(), lead.tag == Tag.BLACKLIST)
    return End(story, state, (plain.stopped, plain.texts, plain.stopped))


@pytest.mark.slow
@pytest.mark.shortened
@pytest.mark.parametrize("form", [bare, stamped, named])
def test_every_sequence_told_once_or_twice_ends_on_the_safe_side(poster, lead, form):
    ends = walk_on(poster, form, [])
    assert len(ends) > 3**DELIVERIES
    assert [end for end in ends if end.state != end.safe_state] == []


@pytest.fixture
def text(poster, lead):
    """Tells a text that says nothing of itself but its words, at a minute after noon."""

    def post(words: str, minute: int) -> dict:
        return tell(poster, bare(Told(0, words, minute, minute)), minute)

    return post


@pytest.mark.parametrize(
    ("stop", "start"),
    [
        ("STOP", "START"), ("Stop.", "start"), ("UNSUBSCRIBE", "UNSTOP"), ("STOPALL", "Start please"),
        ("QUIT", "opt in"), ("please remove me from your list", "SUBSCRIBE"),
    ],
)  # fmt: skip
def test_a_second_stop_after_a_start_opts_out_again(text, lead, stop, start):
    answers = [text(stop, 0), text(start, 6), text(stop, 20)]
    assert [answer["deduped"] for answer in answers] == [False, False, False]
    lead.refresh_from_db()
    assert lead.opted_out_at == NOON + timedelta(minutes=20) and lead.tag == Tag.BLACKLIST


def test_a_start_that_was_told_before_the_stop_does_not_let_in_again(text, lead):
    text("START", 0)
    text("STOP", 5)
    assert text("START", 9)["deduped"] is True
    lead.refresh_from_db()
    assert lead.is_stopped


def test_a_start_after_stop_start_stop_lets_in_again(text, lead):
    for minute, words in enumerate(("STOP", "START", "STOP", "START")):
        assert text(words, minute * 15)["deduped"] is False
    lead.refresh_from_db()
    assert not lead.is_stopped and lead.opted_in_at == NOON + timedelta(minutes=45)


def test_a_stop_told_again_is_one_text_and_counts_from_when_it_came_last(text, poster, lead):
    """The later one may be a second STOP: a START that was written between the two does not let the lead in."""
    text("STOP", 0)
    assert text("STOP", 20)["deduped"] is True
    tell(poster, named(Told(1, "START", 10, 30)), 30)
    lead.refresh_from_db()
    assert lead.opted_out_at == NOON + timedelta(minutes=20)
    assert Message.objects.filter(text="STOP").count() == 1


def test_correcting_a_stop_that_was_told_again_takes_it_back(text, poster, lead):
    first = text("STOP", 0)
    text("STOP", 20)
    message = Message.objects.get(pk=first["messageId"])
    tag_decisions.correct(message, Tag.NEUTRAL, user=make_member(poster.workspace))
    lead.refresh_from_db()
    assert not lead.is_stopped


def test_a_stop_told_again_after_a_person_took_it_back_stops_again(text, poster, lead):
    message = Message.objects.get(pk=text("STOP", 0)["messageId"])
    tag_decisions.correct(message, Tag.NEUTRAL, user=make_member(poster.workspace))
    assert text("STOP", 20)["messageId"] != str(message.pk)
    lead.refresh_from_db()
    assert lead.is_stopped


def test_words_that_a_model_took_for_a_wish_to_be_left_alone_are_a_new_text_after_a_start(text, lead):
    message = Message.objects.get(pk=text("Lose my number", 0)["messageId"])
    Message.objects.filter(pk=message.pk).update(tag=Tag.BLACKLIST, tag_decided_by="model 1")
    text("START", 6)
    assert text("Lose my number", 20)["deduped"] is False


def test_replayed_receipt_of_a_stop_before_the_start_stops_nobody(text, lead):
    text("STOP", 0)
    text("START", 6)
    assert text("STOP", 3)["deduped"] is True
    lead.refresh_from_db()
    assert not lead.is_stopped


def test_an_id_that_comes_with_the_time_of_a_second_stop_is_that_stop(text, poster, lead):
    text("STOP", 0)
    text("START", 6)
    first = tell(poster, named(Told(1, "STOP", 0, 8)), 8)
    lead.refresh_from_db()
    assert first["deduped"] is True and not lead.is_stopped
    second = tell(poster, named(Told(2, "STOP", 20, 20)), 20)
    lead.refresh_from_db()
    assert second["deduped"] is False and lead.is_stopped
    assert set(Message.objects.filter(text="STOP").values_list("external_id", flat=True)) == {"id-1", "id-2"}


def test_a_text_was_not_received_before_it_was_written(text, poster):
    """GHL's text of minute 20 is not the one that a workflow told without an id at noon."""
    first = text(OTHER, 0)
    assert tell(poster, named(Told(1, OTHER, 20, 20)), 20)["deduped"] is False
    assert tell(poster, named(Told(2, OTHER, 0, 21)), 21)["messageId"] == first["messageId"]


def test_a_start_with_the_time_after_the_stop_lets_in(text, poster, lead):
    text("START", 0)
    text("STOP", 5)
    tell(poster, named(Told(1, "START", 20, 20)), 20)
    lead.refresh_from_db()
    assert not lead.is_stopped


def fresh(words: str, minute: int) -> dict:
    """A workflow's text of a contact that was made just before noon: the one time in it is the contact's."""
    made = (NOON - timedelta(minutes=1)).isoformat()
    return bare(Told(0, words, minute, minute)) | {"date_created": made}


@pytest.mark.parametrize("before", [["STOP"], []])
def test_a_stop_counts_from_its_receipt_and_not_from_when_its_contact_was_made(poster, lead, before):
    for words in before:
        tell(poster, fresh(words, 0), 0)
    tell(poster, named(Told(1, "START", 6, 6)), 6)
    lead.refresh_from_db()
    assert not lead.is_stopped
    tell(poster, fresh("STOP", 10), 10)
    lead.refresh_from_db()
    assert lead.opted_out_at == NOON + timedelta(minutes=10)
    tag_decisions.correct(
        Message.objects.filter(text="STOP").latest("received_at"),
        Tag.NEUTRAL,
        user=make_member(poster.workspace),
    )
    lead.refresh_from_db()
    assert not lead.is_stopped


def test_a_stop_of_the_minute_in_which_the_start_was_written_stands(poster, lead):
    """A stated time has no seconds."""
    start = named(Told(1, "START", 0, 0)) | {"dateAdded": (NOON + timedelta(seconds=20)).isoformat()}
    tell(poster, start, 0)
    with time_machine.travel(NOON + timedelta(seconds=50), tick=False):
        poster.post("ghl/sms", stamped(Told(2, "STOP", 0, 0)))
    lead.refresh_from_db()
    assert lead.is_stopped


def stops() -> list[BackgroundJob]:
    return list(BackgroundJob.objects.filter(kind="campaign.stop-emails").order_by("created_at"))


def end(job: BackgroundJob) -> None:
    BackgroundJob.objects.filter(pk=job.pk).update(status="succeeded", finished_at=NOON)


def test_every_stop_after_a_start_has_the_campaigns_stopped_again(text, lead):
    text("STOP", 0)
    end(stops()[0])
    text("START", 6)
    text("STOP", 20)
    assert [job.status for job in stops()] == ["succeeded", "queued"]
    assert {job.payload["campaign_id"] for job in stops()} == {str(lead.campaign_id)}
    text("STOP", 22)
    text("and take me off your list", 25)
    assert len(stops()) == 2


def test_a_stop_whose_job_still_waits_needs_no_second_one(text, lead):
    text("STOP", 0)
    text("START", 6)
    text("STOP", 20)
    assert [job.status for job in stops()] == ["queued"]


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("email", {"event": {"type": "LEAD_UNSUBSCRIBED"}, "data": {"lead": {"id": 55120, "email": "d@example.org"}}}),
        ("smartlead", payload("smartlead", "lead_unsubscribed") | {"event_timestamp": None}),
        ("smartlead", payload("smartlead", "lead_category_updated") | NOT_CONTACTED_AGAIN),
        ("instantly", payload("instantly", "lead_unsubscribed") | {"timestamp": None, "email_id": None}),
    ],
)  # fmt: skip
def test_an_unsubscribe_without_an_id_or_a_time_stops_again_after_a_start(poster, source, body):
    with time_machine.travel(NOON, tick=False):
        first, again = poster.post(source, body).json(), poster.post(source, body).json()
    assert (first["deduped"], again["deduped"]) == (False, True)
    lead = Lead.objects.get()
    Lead.objects.update(ghl_contact_id=WORKFLOW["contact_id"])
    tell(poster, bare(Told(0, "START", 6, 6)), 6)
    lead.refresh_from_db()
    assert not lead.is_stopped
    with time_machine.travel(NOON + timedelta(minutes=20), tick=False):
        assert poster.post(source, body).json()["deduped"] is False
    lead.refresh_from_db()
    assert lead.is_stopped
