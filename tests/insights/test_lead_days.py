"""The stored numbers of leads and days are those of their messages, whatever happened to these."""

import statistics
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.utils import timezone

from inbox.leads import merge, rollup
from inbox.leads.tags import POSITIVE
from inbox.models import Campaign, Lead, LeadChange, Message, User, Workspace
from insights import lead_days, overview_numbers
from insights.models import LeadDay, LeadDayProgress
from jobs.deadline import Deadline
from tests import factories
from tests.racing import InBackground, any_runs_elsewhere_before, waiting_for_a_lock
from tests.reading import reads
from tests.waiting import until

MACHINE = ("Automated Reply", "Out of Office")
TAGS = ("Interested", "Neutral", "Objection", "Meeting Requested", "Meeting Booked", *MACHINE)
ZONES = ("America/New_York", "Asia/Kolkata", "Pacific/Auckland", "UTC")
DAYS = 12


@pytest.fixture(autouse=True)
def workspace(transactional_db) -> Workspace:
    """Its rows are committed, because a tick counts what is committed only."""
    return factories.make_workspace("Northwind", timezone="America/New_York")


def wait_for_older_transactions() -> None:
    """Leads are counted up to the oldest transaction that runs, of another test's database too."""
    [(newest,)] = lead_days.fetch("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint", [])
    until(lambda: not any_runs_elsewhere_before(newest), "other tests' older transactions end")


def tick() -> dict[str, int]:
    wait_for_older_transactions()
    return lead_days.tick(Deadline.after_ms(60_000))


def count(workspace: Workspace) -> tuple[int, bool]:
    wait_for_older_transactions()
    return lead_days.count(workspace.pk)


def apart(workspace) -> list | None:
    """The leads that a page would count from their messages today; None for all."""
    now = timezone.now()
    values = lead_days._values(workspace.pk) | {"since": now, "until": now}
    rows = lead_days.fetch(lead_days.APART, values)
    return rows[0][0] if rows else None


# --- the same numbers, message by message ---


def is_reply(message: Message) -> bool:
    return (
        message.direction == "inbound" and message.automated_reply is not True and message.tag not in MACHINE
    )


def is_answer(message: Message) -> bool:
    steps = rollup.steps()
    return message.direction == "outbound" and (message.by_hand or message.source not in steps)


def from_messages(workspace: Workspace, since: datetime, until: datetime) -> dict:
    """What the page says of the span, from each lead's messages one by one."""
    zone = ZoneInfo(workspace.timezone)
    days, campaigns, people, persons = defaultdict(lambda: [0, 0]), defaultdict(list), [], defaultdict(list)
    contacted = 0
    for lead in Lead.objects.filter(workspace=workspace, sample=False):
        messages = list(lead.messages.order_by("sent_at"))
        inside = [message for message in messages if since <= message.sent_at < until]
        contacted += any(message.direction == "outbound" for message in inside)
        replies = [message for message in inside if is_reply(message)]
        for message in replies:
            day = days[message.sent_at.astimezone(zone).date()]
            day[0] += 1
            day[1] += message.tag in (*POSITIVE, "Meeting Booked")
        if replies:
            person = (lead, len(replies), seconds_to_answer(messages, replies[0]))
            people.append(person)
            campaigns[lead.campaign_id].append(person)
        for by, waited in answers_by_people(messages, inside):
            persons[by].append(waited)
    return {
        "replies": sum(count for _, count, _ in people),
        "people": len(people),
        "positive": sum(is_positive(lead) for lead, *_ in people),
        "booked": sum(lead.booked_at is not None for lead, *_ in people),
        "median": median([seconds for *_, seconds in people]),
        "unanswered": sum(seconds is None and lead.needs_reply for lead, _, seconds in people),
        "quick": sum(seconds is not None and seconds < 300 for *_, seconds in people),
        "contacted": max(contacted, len(people)),
        "days": sorted((day, *counts) for day, counts in days.items()),
        "campaigns": sorted(
            (
                str(campaign),
                sum(count for _, count, _ in rows),
                len(rows),
                sum(is_positive(lead) for lead, *_ in rows),
                sum(lead.booked_at is not None and lead.booked_at >= since for lead, *_ in rows),
                median([seconds for *_, seconds in rows]),
            )
            for campaign, rows in campaigns.items()
        ),
        "persons": sorted((str(by), len(waits), median(waits)) for by, waits in persons.items()),
    }


def seconds_to_answer(messages: list[Message], reply: Message) -> float | None:
    later = (one for one in messages if one.sent_at > reply.sent_at and is_answer(one))
    answer = next(later, None)
    return (answer.sent_at - reply.sent_at).total_seconds() if answer else None


def answers_by_people(messages: list[Message], inside: list[Message]):
    for message in inside:
        send = (
            message.lead.sends.filter(pk=message.external_id).first()
            if message.source == "holdfast"
            else None
        )
        if send is None or not (send.origin == "person" or (send.origin == "draft" and send.approved_by_id)):
            continue
        earlier = [one for one in messages if one.sent_at < message.sent_at]
        before = max((one.sent_at for one in earlier if is_answer(one)), default=None)
        waited = [one for one in earlier if is_reply(one) and (before is None or one.sent_at > before)]
        if waited:
            yield send.approved_by_id, (message.sent_at - waited[0].sent_at).total_seconds()


def is_positive(lead: Lead) -> bool:
    return lead.tag in POSITIVE or lead.booked_at is not None


def median(seconds: list[float | None]) -> float | None:
    numbers = [number for number in seconds if number is not None]
    return round(statistics.median(numbers), 3) if numbers else None


def from_page(workspace: Workspace, since: datetime, until: datetime) -> dict:
    numbers = overview_numbers.overview(workspace.pk, since, until)
    totals = overview_numbers.totals(workspace.pk, since, until)
    assert (totals.replies, totals.people, totals.booked) == (numbers.replies, numbers.people, numbers.booked)
    answers = dict(numbers.answers)
    names = {user.name: user.pk for user in User.objects.all()}
    return {
        "replies": numbers.replies,
        "people": numbers.people,
        "positive": numbers.positive,
        "booked": numbers.booked,
        "median": numbers.answer_s and round(numbers.answer_s, 3),
        "unanswered": answers["Not yet"],
        "quick": answers["Under 5 min"],
        "contacted": dict(numbers.funnel)["Contacted"],
        "days": numbers.days,
        "campaigns": sorted(
            (
                str(row.campaign_id),
                row.replies,
                row.people,
                row.positive,
                row.booked,
                row.answer_s and round(row.answer_s, 3),
            )
            for row in numbers.campaigns
        ),
        "persons": sorted(
            (str(names.get(row.name)), row.answers, round(row.median_s, 3)) for row in numbers.persons
        ),
    }


# --- a history by chance ---


class History:
    """A workspace in which things happen by chance, some of them late or to messages of long ago."""

    def __init__(self, workspace: Workspace, rng: Random) -> None:
        self.workspace, self.rng = workspace, rng
        self.now = timezone.now()
        self.members = [
            factories.make_member(workspace, email=f"{name}@example.com", first_name=name)
            for name in ("Ana", "Bo")
        ]
        self.campaigns = [
            Campaign.objects.create(workspace=workspace, provider="emailbison", external_id=name, name=name)
            for name in "AB"
        ]

    def step(self) -> None:
        happens = [self.writes] * 12 + [self.answers] * 5 + [
            self.corrects, self.corrects, self.decides, self.moves, self.deletes, self.erases, self.merges,
            self.turns_out_a_machine, self.leaves, self.travels, self.loses_a_campaign,
        ]  # fmt: skip
        self.rng.choice(happens)()

    def at(self) -> datetime:
        """Some are seconds apart, and some at the same moment."""
        return self.now - timedelta(
            seconds=self.rng.choice([0, 40, 3_000, 3_000]) + 20_000 * self.rng.randrange(50)
        )

    def lead(self) -> Lead:
        rows = list(Lead.objects.filter(workspace=self.workspace).order_by("pk"))
        if len(rows) < 8 or self.rng.random() < 0.1:
            campaign = self.rng.choice([*self.campaigns, None])
            return factories.make_lead(
                self.workspace, campaign=campaign, needs_reply=self.rng.random() < 0.5,
                sample=self.rng.random() < 0.1,
            )  # fmt: skip
        return self.rng.choice(rows)

    def message(self) -> Message | None:
        rows = list(Message.objects.filter(workspace=self.workspace).order_by("pk"))
        return self.rng.choice(rows) if rows else None

    def writes(self) -> None:
        inbound = self.rng.random() < 0.6
        source = "emailbison_reply" if inbound else self.rng.choice(["emailbison_sent", "ghl_message"])
        factories.make_message(
            self.lead(), direction="inbound" if inbound else "outbound", source=source, sent_at=self.at(),
            tag=self.rng.choice(TAGS) if inbound else "", by_hand=not inbound and self.rng.random() < 0.2,
            automated_reply=self.rng.choice([None, False, False, True]) if inbound else None,
        )  # fmt: skip

    def answers(self) -> None:
        lead = self.lead()
        if lead.sample:
            return
        draft = factories.make_draft(factories.make_message(lead, sent_at=self.at()), status="sent")
        send = factories.make_send(
            draft, state="sent", approved_by=self.rng.choice([*self.members, None]),
            origin=self.rng.choice(["person", "draft", "followup"]),
        )  # fmt: skip
        factories.make_message(
            lead, direction="outbound", source="holdfast", external_id=str(send.pk), sent_at=self.at()
        )

    def corrects(self) -> None:
        if message := self.message():
            Message.objects.filter(pk=message.pk).update(tag=self.rng.choice(TAGS))

    def decides(self) -> None:
        lead = self.lead()
        lead.tag = self.rng.choice(TAGS)
        lead.booked_at = self.rng.choice([None, self.at()])
        lead.needs_reply = not lead.needs_reply
        lead.save()

    def moves(self) -> None:
        if message := self.message():
            Message.objects.filter(pk=message.pk).update(lead=self.lead())

    def deletes(self) -> None:
        if message := self.message():
            Message.objects.filter(pk=message.pk).delete()

    def erases(self) -> None:
        self.lead().delete()

    def merges(self) -> None:
        leads = list(Lead.objects.filter(workspace=self.workspace, sample=False).order_by("pk"))
        if len(leads) > 5:
            keep, twin = self.rng.sample(leads, 2)
            merge.merge(keep, twin, None)

    def turns_out_a_machine(self) -> None:
        if message := self.message():
            Message.objects.filter(pk=message.pk, direction="inbound").update(automated_reply=True)

    def leaves(self) -> None:
        if self.members and self.rng.random() < 0.3:
            self.members.pop().delete()

    def travels(self) -> None:
        self.workspace.timezone = self.rng.choice(ZONES)
        self.workspace.save()

    def loses_a_campaign(self) -> None:
        if self.campaigns and self.rng.random() < 0.3:
            self.campaigns.pop().delete()

    def spans(self):
        """Spans whose edges are a message's time, or any time."""
        times = list(Message.objects.filter(workspace=self.workspace).values_list("sent_at", flat=True))
        edges = sorted([self.now + timedelta(seconds=1), *self.rng.sample(times, 3), self.at(), self.at()])
        return [(edges[0], edges[-1]), *pairwise(edges)]


@pytest.mark.parametrize("seed", range(3))
def test_the_page_says_what_the_messages_say(workspace, seed, monkeypatch):
    monkeypatch.setattr(lead_days, "LEADS", 7)
    history = History(workspace, Random(seed))
    for turn in range(100):
        history.step()
        if turn % 9 == 0:
            tick()
        if turn % 25 == 24:
            for since, until in history.spans():
                assert from_page(workspace, since, until) == from_messages(workspace, since, until)
    tick()
    assert apart(workspace) == [] and LeadDay.objects.exists(), "the numbers below are the stored ones"
    since, until = history.now - timedelta(days=DAYS), history.now + timedelta(minutes=1)
    assert from_page(workspace, since, until) == from_messages(workspace, since, until)


# --- what can't go stale ---


def replies(workspace) -> int:
    now = timezone.now()
    return overview_numbers.totals(workspace.pk, now - timedelta(days=7), now + timedelta(minutes=1)).replies


def test_a_change_counts_before_the_tick_and_after_it(workspace):
    lead = factories.make_lead(workspace)
    factories.make_message(lead)
    tick()
    assert (replies(workspace), apart(workspace)) == (1, [])
    for _ in range(3):
        factories.make_message(lead)
    assert (replies(workspace), apart(workspace)) == (4, [lead.pk])
    assert tick() == {"leads": 1, "left": 0}, "one lead, however often it changed"
    assert (replies(workspace), apart(workspace), LeadDay.objects.get().replies) == (4, [], 4)
    assert tick() == {"leads": 0, "left": 0}


def test_a_transaction_that_commits_after_the_tick_is_counted_by_the_next(workspace):
    lead = factories.make_lead(workspace)
    factories.make_message(lead)
    tick()
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("UPDATE inbox_message SET automated_reply = true")
        factories.make_message(lead)
        tick()  # it can't see the other transaction, which began before it
        assert replies(workspace) == 2
        other.commit()
    finally:
        other.close()
    assert replies(workspace) == 1
    tick()
    assert (replies(workspace), apart(workspace)) == (1, [])


def test_a_lead_whose_message_is_deleted_or_moves_away_is_counted_again(workspace):
    first, second = factories.make_lead(workspace), factories.make_lead(workspace)
    messages = [factories.make_message(first) for _ in range(3)]
    tick()
    messages[0].delete()
    assert replies(workspace) == 2
    Message.objects.filter(pk=messages[1].pk).update(lead=second)
    tick()
    assert dict(LeadDay.objects.values_list("lead", "replies")) == {first.pk: 1, second.pk: 1}


@pytest.mark.parametrize("reason", ["an hour without a tick", "another place", "another time zone"])
def test_days_that_may_be_out_of_date_are_not_used_and_counted_again(workspace, reason):
    factories.make_message(factories.make_lead(workspace))
    tick()
    LeadDay.objects.update(replies=5)
    if reason == "an hour without a tick":
        LeadDayProgress.objects.update(at=timezone.now() - timedelta(minutes=51))
    elif reason == "another place":
        LeadDayProgress.objects.update(basis="of the database that was copied")
    else:
        Workspace.objects.update(timezone="Asia/Kolkata")
    LeadChange.objects.all().delete()
    assert (replies(workspace), apart(workspace)) == (1, None)
    assert tick()["leads"] == 1
    assert (replies(workspace), apart(workspace), LeadDay.objects.get().replies) == (1, [], 1)


def test_all_days_are_counted_again_once_their_progress_is_deleted(workspace, monkeypatch):
    monkeypatch.setattr(lead_days, "LEADS", 2)
    for _ in range(5):
        factories.make_message(factories.make_lead(workspace))
    tick()
    LeadDay.objects.update(replies=5)
    LeadDayProgress.objects.all().delete()
    assert tick() == {"leads": 5, "left": 0}
    assert list(LeadDay.objects.values_list("replies", flat=True)) == [1] * 5


def test_a_tick_without_time_leaves_workspaces_and_the_page_counts_messages(workspace, monkeypatch):
    monkeypatch.setattr(lead_days, "LEADS", 2)
    for _ in range(5):
        factories.make_message(factories.make_lead(workspace))
    assert count(workspace) == (2, False)
    assert (replies(workspace), LeadDay.objects.count()) == (5, 2)
    assert lead_days.tick(Deadline.after_ms(0)) == {"leads": 0, "left": 1}


def leads_with_a_reply(workspace, count: int) -> list[Lead]:
    leads = [factories.make_lead(workspace) for _ in range(count)]
    for lead in leads:
        factories.make_message(lead)
    return leads


def delete_in_database(lead: Lead, session=connection) -> None:
    with session.cursor() as cursor:
        cursor.execute("DELETE FROM inbox_message WHERE lead_id = %s", [lead.pk])
        cursor.execute("DELETE FROM inbox_lead WHERE id = %s", [lead.pk])


def test_leads_that_changed_are_counted_in_parts_and_the_others_not_again(workspace, monkeypatch):
    leads = leads_with_a_reply(workspace, 8)
    tick()
    monkeypatch.setattr(lead_days, "LEADS", 2)
    LeadDay.objects.filter(lead=leads[0]).update(replies=9)
    for lead in [*leads[1:6], *leads[1:4]]:
        factories.make_message(lead)
    assert count(workspace) == (2, False)
    assert sorted(apart(workspace)) == sorted(lead.pk for lead in leads[1:6]), "two of them changed later too"
    assert tick()["left"] == 0
    assert apart(workspace) == [] and LeadDay.objects.get(lead=leads[0]).replies == 9
    assert [LeadDay.objects.get(lead=lead).replies for lead in leads[1:]] == [3, 3, 3, 2, 2, 1, 1]


def test_a_count_of_all_ends_although_leads_change_meanwhile_and_it_takes_an_hour(workspace, monkeypatch):
    leads = leads_with_a_reply(workspace, 8)
    monkeypatch.setattr(lead_days, "LEADS", 2)
    for _ in range(3):
        assert count(workspace)[1] is False
        LeadDayProgress.objects.update(at=timezone.now() - timedelta(minutes=45))
        for lead in leads[:3]:
            factories.make_message(lead)
    tick()
    assert LeadDayProgress.objects.get().at > timezone.now() - timedelta(minutes=40)
    assert (apart(workspace), replies(workspace)) == ([], 8 + 3 * 3)
    assert tick() == {"leads": 0, "left": 0}


def test_a_transaction_that_changes_too_many_leads_has_all_counted_once(workspace, monkeypatch):
    leads = leads_with_a_reply(workspace, 6)
    tick()
    monkeypatch.setattr(lead_days, "LEADS", 2)
    LeadDay.objects.update(replies=9)
    with transaction.atomic():
        for lead in leads[:4]:
            factories.make_message(lead)
    assert tick() == {"leads": 6, "left": 0}
    assert (apart(workspace), sorted(LeadDay.objects.values_list("replies", flat=True))) == (
        [],
        [1, 1, 2, 2, 2, 2],
    )
    assert tick() == {"leads": 0, "left": 0}


def test_changes_behind_a_long_transaction_wait_and_stop_no_other_workspace(workspace, monkeypatch):
    leads, elsewhere = leads_with_a_reply(workspace, 4), factories.make_workspace("Bluebird")
    tick()
    monkeypatch.setattr(lead_days, "LEADS", 2)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        for lead in [*leads, *leads_with_a_reply(elsewhere, 1)]:
            factories.make_message(lead)
        assert lead_days.tick(Deadline.after_ms(60_000))["left"] == 0
        assert (replies(workspace), replies(elsewhere)) == (8, 2)
        assert LeadDay.objects.filter(lead__workspace=elsewhere).get().replies == 2
    finally:
        other.close()
    tick()
    assert (apart(workspace), replies(workspace)) == ([], 8)


def test_a_lead_that_is_deleted_meanwhile_is_left_out_and_the_others_are_counted(workspace):
    first, second = leads_with_a_reply(workspace, 2)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        delete_in_database(first, other)
        counting = InBackground(lambda: lead_days.count(workspace.pk))
        until(waiting_for_a_lock, "the count waits for the lead")
        other.commit()
    finally:
        other.close()
    assert counting.result() == (1, True)
    assert [day.lead_id for day in LeadDay.objects.all()] == [second.pk]


def test_a_workspace_that_is_deleted_meanwhile_does_not_end_the_count_of_the_others(workspace, monkeypatch):
    elsewhere = factories.make_workspace("Bluebird")
    leads_with_a_reply(elsewhere, 1)
    wait_for_older_transactions()

    def fetch(statement, values=None, *, execute=lead_days.fetch):
        rows = execute(statement, values)
        if statement is lead_days.DUE:
            workspace.delete()
        return rows

    monkeypatch.setattr(lead_days, "fetch", fetch)
    assert lead_days.tick(Deadline.after_ms(60_000)) == {"leads": 1, "left": 0}
    assert LeadDay.objects.get().workspace_id == LeadDayProgress.objects.get().workspace_id == elsewhere.pk


def test_a_lead_is_not_deleted_between_the_deletion_of_its_days_and_their_count(workspace, monkeypatch):
    """Each would wait for the other: the deletion for the days, and the count for the lead. So deletes the release
    before, which does not know the days.
    """
    [lead] = leads_with_a_reply(workspace, 1)
    tick()
    factories.make_message(lead)
    deleting: list[InBackground] = []

    def fetch(statement, values=None, *, execute=lead_days.fetch):
        if statement is lead_days.STORE:
            deleting.append(InBackground(lambda: transaction.atomic(delete_in_database)(lead)))
            until(waiting_for_a_lock, "the deletion waits for the count")
        return execute(statement, values)

    monkeypatch.setattr(lead_days, "fetch", fetch)
    assert count(workspace) == (1, True)
    assert not isinstance(deleting[0].result(), Exception)
    assert not LeadDay.objects.exists()


def test_a_count_deletes_no_days_of_another_workspace(workspace):
    [theirs] = leads_with_a_reply(factories.make_workspace("Bluebird"), 1)
    tick()
    [(xid,)] = lead_days.fetch("SELECT pg_current_xact_id()::text::bigint")
    LeadChange.objects.create(workspace_id=workspace.pk, lead_id=theirs.pk, xid=xid)
    tick()
    assert LeadDay.objects.get().lead_id == theirs.pk


def test_the_page_reads_each_message_of_changed_leads_once(workspace):
    lead = factories.make_lead(workspace)
    tick()
    for _ in range(40):
        factories.make_message(lead)
    now = timezone.now()
    with reads("replied AS MATERIALIZED") as found:
        overview_numbers.overview(workspace.pk, now - timedelta(days=7), now + timedelta(minutes=1))
    assert [40 <= one.rows < 80 for one in found] == [True], found


def test_a_message_that_is_saved_without_a_move_is_noted_once():
    message = factories.make_message(factories.make_lead(Workspace.objects.get()))
    with connection.cursor() as cursor:
        cursor.execute(
            "EXPLAIN (ANALYZE, FORMAT JSON) UPDATE inbox_message SET lead_id = lead_id WHERE id = %s",
            [message.pk],
        )
        [[[plan]]] = cursor.fetchall()
    calls = {trigger["Trigger Name"]: trigger["Calls"] for trigger in plan["Triggers"]}
    assert calls["message_is_followed"] == 1
    assert not calls.keys() & {"message_has_left", "message_has_moved"}


def test_each_workspace_has_numbers_of_its_own(workspace):
    elsewhere = factories.make_workspace("Bluebird")
    for place, count in ((workspace, 1), (elsewhere, 3)):
        for _ in range(count):
            factories.make_message(factories.make_lead(place))
    tick()
    assert (replies(workspace), replies(elsewhere)) == (1, 3)
    with transaction.atomic():
        elsewhere.delete()
    assert LeadDay.objects.count() == 1
