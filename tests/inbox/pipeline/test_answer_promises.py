"""A workspace promises answers: the times follow every change, and people are told before a promise breaks."""

import re
from collections import defaultdict
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.db import transaction
from django.test import Client
from django.utils import timezone

from inbox.leads import for_you, labels
from inbox.leads.folders import leads_in
from inbox.models import AuditEntry, Lead, Membership, OutboundSend, Workspace
from inbox.pages.settings.workspace import PromiseForm
from inbox.pipeline import answer_promises
from inbox.replying import review
from insights import overview_numbers
from jobs.deadline import Deadline
from jobs.worker import drain
from tests import factories
from tests.racing import InBackground, waiting_for_a_lock
from tests.waiting import until

pytestmark = pytest.mark.django_db
NEW_YORK = ZoneInfo("America/New_York")
DAY = datetime(2026, 3, 6, 9, tzinfo=NEW_YORK)
"""A Friday, two days before the clocks change."""


@pytest.fixture
def workspace():
    return factories.make_workspace(timezone="America/New_York", promises={"HOT": 15, "Objection": 120})


def waits(workspace: Workspace, at: datetime, **fields) -> Lead:
    defaults = {"needs_reply": True, "last_inbound_at": at, "last_message_at": at, "score": 4}
    lead = factories.make_lead(workspace, **defaults | fields)
    lead.refresh_from_db()
    return lead


def due(lead: Lead) -> str:
    lead.refresh_from_db()
    return f"{lead.answer_by.astimezone(NEW_YORK):%a %H:%M}" if lead.answer_by else ""


def member(workspace: Workspace, name: str, **fields) -> Membership:
    user = factories.make_member(workspace, first_name=name)
    rows = Membership.objects.filter(workspace=workspace, user=user)
    rows.update(**{"takes_leads": True, "mail_after_min": 5} | fields)
    return rows.select_related("user").get()


def minute() -> dict[str, int]:
    return answer_promises.tick(Deadline.after_ms(5_000))


@pytest.mark.parametrize(
    ("wrote", "fields", "breaks", "warned"),
    [
        ("Fri 10:00", {}, "Fri 10:15", "Fri 10:07"),
        ("Fri 16:50", {}, "Mon 09:05", "Fri 16:57"),
        ("Fri 20:00", {}, "Mon 09:15", "Mon 09:07"),
        ("Sat 11:00", {}, "Mon 09:15", "Mon 09:07"),
        ("Fri 10:00", {"tag": "Objection"}, "Fri 10:15", "Fri 10:07"),
        ("Fri 16:00", {"tag": "Objection", "score": 2}, "Mon 10:00", "Fri 17:00"),
        ("Fri 10:00", {"score": 2}, "Sat 10:00", ""),
        ("Fri 10:00", {"needs_reply": False}, "", ""),
        ("Fri 10:00", {"snoozed_until": DAY + timedelta(hours=5)}, "Fri 14:15", "Fri 14:07"),
    ],
)
def test_the_shortest_promise_counts_in_business_hours_and_without_one_a_day(
    workspace, wrote, fields, breaks, warned
):
    weekday, clock = wrote.split()
    at = datetime.fromisoformat(f"2026-03-0{6 if weekday == 'Fri' else 7}T{clock}").replace(tzinfo=NEW_YORK)
    lead = waits(workspace, at, **fields)
    assert due(lead) == breaks
    assert (f"{lead.warn_at.astimezone(NEW_YORK):%a %H:%M}" if lead.warn_at else "") == warned


def test_the_moment_follows_tag_score_reply_and_done(workspace):
    lead = waits(workspace, DAY, score=None)
    assert due(lead) == "Sat 09:00"
    for fields, moment in (
        ({"tag": "Objection"}, "Fri 11:00"),
        ({"score": 3}, "Fri 09:15"),
        ({"last_inbound_at": DAY + timedelta(hours=1)}, "Fri 10:15"),
        ({"needs_reply": False}, ""),
    ):
        Lead.objects.filter(pk=lead.pk).update(**fields)
        assert due(lead) == moment


def test_a_label_promises_too_and_the_shorter_time_counts(workspace):
    """The moment follows the labels of the lead, whatever writes them, and the promise that Settings saves for one."""
    vip, slow = (factories.make_label(workspace, name=name) for name in ("VIP", "Slow"))
    owner = factories.make_member(workspace, "owner")
    client = Client()
    client.force_login(owner)
    lead = waits(workspace, DAY, score=1, tag="Objection")
    assert due(lead) == "Fri 11:00"
    page = f"/w/{workspace.pk}/settings/"
    assert f'name="{vip.pk}"' in client.get(page).content.decode()
    form = {"group": "promises", "HOT": "15", "OBJECTION": "120", str(vip.pk): "30", str(slow.pk): "240"}
    assert client.post(page, form).status_code == 302
    workspace.refresh_from_db()
    assert workspace.promises == {"HOT": 15, "Objection": 120, str(vip.pk): 30, str(slow.pk): 240}
    labels.decide(workspace, owner, [lead.pk], slow, is_on=True)
    assert due(lead) == "Fri 11:00"
    labels.suggest(lead, {"VIP": "A large firm."}, by="model")
    assert due(lead) == "Fri 11:00"
    labels.decide(workspace, owner, [lead.pk], vip, is_on=True)
    assert due(lead) == "Fri 09:30"
    labels.decide(workspace, owner, [lead.pk], vip, is_on=False)
    assert due(lead) == "Fri 11:00"
    labels.end(slow, owner, into=vip)
    assert due(lead) == "Fri 11:00"  # it was taken off by a person
    labels.decide(workspace, owner, [lead.pk], vip, is_on=True)
    labels.end(vip, owner)
    assert due(lead) == "Fri 11:00"
    other = waits(workspace, DAY, score=1)
    assert due(other) == "Sat 09:00"


def form_of(client: Client, page: str) -> dict[str, str]:
    """What a browser posts that saves the promises as the page shows them."""
    text = client.get(page).content.decode()
    shown = dict(re.findall(r'<input type="hidden" name="initial-([\w-]+)"(?: value="(\d+)")?', text))
    return {"group": "promises"} | shown | {f"initial-{name}": minutes for name, minutes in shown.items()}


def test_two_admins_who_change_promises_at_once_both_have_their_way(workspace):
    client = Client()
    client.force_login(factories.make_member(workspace, "owner"))
    page = f"/w/{workspace.pk}/settings/"
    first, second = form_of(client, page), form_of(client, page)
    assert (first["HOT"], first["OBJECTION"], first["FOLLOW_UP"]) == ("15", "120", "")
    client.post(page, first | {"HOT": "60", "FOLLOW_UP": "240"})
    answer = client.post(page, second | {"OBJECTION": ""}, follow=True)
    assert "Saved. Objection: No promise (was Within 2 h)." in answer.content.decode()
    assert Workspace.objects.get(pk=workspace.pk).promises == {"HOT": 60, "Follow Up": 240}


@pytest.mark.django_db(transaction=True)
def test_a_promise_that_is_saved_while_another_one_is_being_saved_stands(workspace):
    with transaction.atomic():
        row = Workspace.objects.select_for_update().get(pk=workspace.pk)
        form = PromiseForm({"HOT": "60"}, Workspace.objects.get(pk=workspace.pk))
        assert form.is_valid()
        saving = InBackground(form.save)
        until(lambda: waiting_for_a_lock() or saving.is_over, "the form waits for the workspace")
        row.promises = {"HOT": 15, "Objection": 240}
        row.save()
    assert saving.result() is None
    assert Workspace.objects.get(pk=workspace.pk).promises == {"HOT": 60, "Objection": 240}


def test_settings_change_the_promise_of_those_who_wait_and_say_so(workspace):
    lead, owner = waits(workspace, DAY), Client()
    owner.force_login(factories.make_member(workspace, "owner"))
    page = f"/w/{workspace.pk}/settings/"
    assert '<option value="15" selected>Within 15 min' in owner.get(page).content.decode()
    form = form_of(owner, page) | {"HOT": "60", "FOLLOW_UP": "480", "OBJECTION": ""}
    answer = owner.post(page, form, follow=True)
    assert (
        "Hot replies: Within 1 h (was Within 15 min). Objection: No promise (was Within 2 h). "
        "Follow Up: Within 8 h (was No promise)." in answer.content.decode()
    )
    assert Workspace.objects.get(pk=workspace.pk).promises == {"HOT": 60, "Follow Up": 480}
    assert AuditEntry.objects.get(action="workspace.change").data["changes"]["HOT"] == ["15", 60]
    drain()
    assert due(lead) == "Fri 10:00"
    owner.post(page, {"group": "hours", "opens_at": "11:00", "closes_at": "18:00"})
    drain()
    assert due(lead) == "Fri 12:00"
    assert owner.post(page, {"group": "promises", "HOT": "7"}).status_code == 400


def test_on_a_day_everyone_is_told_before_it_breaks_the_away_are_passed_by_and_nobody_is_told_twice(
    workspace,
):
    ann, ben = member(workspace, "Ann"), member(workspace, "Ben")
    noon = member(workspace, "Noon", away_until=DAY + timedelta(hours=3))
    member(workspace, "Gone", away_until=DAY + timedelta(days=30))
    gone = Membership.objects.get(user__first_name="Gone")
    away = {gone.user_id: gone.away_until, noon.user_id: noon.away_until}
    viewer = factories.make_member(workspace, "viewer")
    owners = [ann.user, gone.user, noon.user, None]
    leads: dict = {}
    told, answered = defaultdict(list), {}
    for number in range(8 * 60 + 30):
        now = DAY + timedelta(minutes=number)
        with time_machine.travel(now, tick=False):
            if number % 20 == 0 and number < 480:
                lead = waits(workspace, now, assigned_to=owners[number // 20 % 4])
                leads[lead.pk] = lead
                if number % 60 == 0:
                    answered[lead.pk] = now + timedelta(minutes=3)
            done = [pk for pk, at in answered.items() if at == now]
            Lead.objects.filter(pk__in=done).update(needs_reply=False)
            before = dict(Lead.objects.values_list("pk", "warned_ids"))
            if minute()["told"]:
                drain()
            for lead in Lead.objects.filter(needs_reply=True):
                new = lead.warned_ids[len(before.get(lead.pk, [])) :]
                told[lead.pk] += [(now, user_id) for user_id in new]

    assert len(leads) == 24 and len(answered) == 8
    for pk, lead in leads.items():
        moments, people = [at for at, _ in told[pk]], [user_id for _, user_id in told[pk]]
        if pk in answered:
            assert not people
            continue
        assert len(set(people)) == len(people) == 2 and max(moments) < lead.answer_by
        assert all(at >= away.get(user_id, DAY) for at, user_id in told[pk]) and viewer.pk not in people
        if lead.assigned_to_id in (ann.user_id, noon.user_id) and moments[0] >= away.get(
            lead.assigned_to_id, DAY
        ):
            assert people[0] == lead.assigned_to_id
    assert {user_id for rows in told.values() for _, user_id in rows} == {
        ann.user_id,
        ben.user_id,
        noon.user_id,
    }
    mailed = [(message.to[0], message.body.split("/inbox/")[1][:36]) for message in mail.outbox]
    emails = {row.user_id: row.user.email for row in (ann, ben, noon)}
    assert sorted(mailed) == sorted(
        (emails[user_id], str(pk)) for pk, rows in told.items() for _, user_id in rows
    )


def test_a_tick_that_read_before_another_told_tells_nobody(workspace):
    member(workspace, "Ann"), member(workspace, "Ben")
    with time_machine.travel(DAY + timedelta(minutes=8), tick=False):
        stale = Lead.objects.select_related("workspace").get(pk=waits(workspace, DAY).pk)
        assert answer_promises._warn(stale, timezone.now()) == 1
        assert answer_promises._warn(stale, timezone.now()) == 0
        stale.refresh_from_db()
        assert len(stale.warned_ids) == 1 and minute() == {"told": 0}


def test_a_promise_of_a_business_day_warns_although_a_lead_without_one_is_due_then_too(workspace):
    ann, day = member(workspace, "Ann"), DAY - timedelta(hours=23)
    vip = factories.make_label(workspace)
    Workspace.objects.filter(pk=workspace.pk).update(promises={str(vip.pk): 480})
    lead = waits(workspace, day, score=1, tag="Not Interested")
    assert (due(lead), lead.warn_at) == ("Fri 10:00", None)
    labels.decide(workspace, ann.user, [lead.pk], vip, is_on=True)
    assert due(lead) == "Fri 10:00" and lead.is_promised
    with time_machine.travel(day + timedelta(hours=4), tick=False):
        assert minute() == {"told": 1}
    labels.decide(workspace, ann.user, [lead.pk], vip, is_on=False)
    lead.refresh_from_db()
    assert lead.warn_at is None


@pytest.mark.parametrize("name", ["", "Ann"])
def test_when_nobody_else_can_be_warned_a_promise_is_still_a_promise(workspace, name):
    if name:
        member(workspace, name)
    lead = waits(workspace, DAY, tag="Not Interested")
    warnings = 0
    for number in range(7, 30):
        with time_machine.travel(DAY + timedelta(minutes=number), tick=False):
            warnings += minute()["told"]
            Lead.objects.filter(pk=lead.pk).update(score=4)  # a write must not begin the warnings again
    with time_machine.travel(DAY + timedelta(minutes=30), tick=False):
        warnings += minute()["told"]
        lead.refresh_from_db()
        assert (warnings, len(lead.warned_ids)) == ((1, 1) if name else (0, 0))
        assert lead.is_promised and list(leads_in(workspace, "over")) == [lead]


def test_a_promise_that_is_given_again_or_put_off_warns_two_people_at_most(workspace):
    people = [member(workspace, name).user_id for name in ("Ann", "Ben", "Cem")]
    lead = waits(workspace, DAY)
    rows = Lead.objects.filter(pk=lead.pk)
    with time_machine.travel(DAY + timedelta(minutes=8), tick=False):
        assert minute() == {"told": 1}
        rows.update(score=1)
        lead.refresh_from_db()
        assert not lead.is_promised and for_you.news_for(member_of(lead), DAY) == []
        rows.update(score=4)
        assert (minute(), minute()) == ({"told": 1}, {"told": 0})
        rows.update(snoozed_until=DAY + timedelta(hours=1))
    with time_machine.travel(DAY + timedelta(minutes=70), tick=False):
        assert minute() == {"told": 0}
        rows.update(warn_at=None)  # a row that was read before the warning is saved as a whole
        lead.refresh_from_db()
        assert lead.is_promised and minute() == {"told": 0} and set(lead.warned_ids) < set(people)


def member_of(lead: Lead) -> Membership:
    lead.refresh_from_db()
    return Membership.objects.get(workspace=lead.workspace_id, user=lead.warned_ids[0])


def test_the_notice_names_nobodys_words_and_ends_with_the_answer(workspace):
    ann = member(workspace, "Ann")
    his = Client()
    his.force_login(ann.user)
    with time_machine.travel(DAY + timedelta(minutes=8), tick=False):
        lead = waits(workspace, DAY, first_name="Dana", last_name="", assigned_to=ann.user)
        minute()
        told = his.get(f"/w/{workspace.pk}/inbox/for-you/?lead={lead.pk}").json()["news"]
        assert [entry["title"] for entry in told] == ["Answer due soon: Dana"]
        row = his.get(f"/w/{workspace.pk}/inbox/").content.decode()
        assert 'data-tone="warn">7 min left</time>' in row
        Lead.objects.filter(pk=lead.pk).update(needs_reply=False)
        assert for_you.news_for(ann, DAY) == []
    with time_machine.travel(DAY + timedelta(minutes=20), tick=False):
        Lead.objects.filter(pk=lead.pk).update(needs_reply=True)
        assert minute() == {"told": 0}  # it is too late
        assert "waiting 20 min</time>" in his.get(f"/w/{workspace.pk}/inbox/?view=over").content.decode()


def test_over_the_promise_lists_what_is_late_and_reads_an_index(workspace, django_assert_num_queries):
    now = timezone.now()
    late = waits(workspace, now - timedelta(days=5))
    waits(workspace, now - timedelta(hours=2), score=2)
    waits(workspace, now - timedelta(days=5), needs_reply=False)
    assert list(leads_in(workspace, "over")) == [late]


def test_insights_show_who_kept_the_promise(workspace, django_user_model):
    ann = member(workspace, "Ann")
    factories.make_integration(workspace)
    for minutes in (5, 30):
        with time_machine.travel(DAY + timedelta(minutes=minutes), tick=False):
            lead = waits(workspace, DAY)
            draft = factories.make_draft(factories.make_message(lead, sent_at=DAY, received_at=DAY))
            send = review.approve(draft, user=ann.user, text="Thursday works.")
            assert send.answer_by == lead.answer_by
            OutboundSend.objects.filter(pk=send.pk).update(state="sent")
            factories.make_message(
                lead,
                direction="outbound",
                source="holdfast",
                external_id=str(send.pk),
                sent_at=timezone.now(),
                received_at=timezone.now(),
            )
    (row,) = overview_numbers.overview(workspace.pk, DAY, DAY + timedelta(days=1)).persons
    assert (row.name, row.answers, row.kept, row.broken) == (ann.user.name, 2, 1, 1)
