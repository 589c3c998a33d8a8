"""All that match a list are decided at once: what the list holds on the server, no more, by a job, and back again."""

import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from inbox.leads import triage
from inbox.models import AuditEntry, Lead, LeadChange, Membership
from inbox.pages.desk import all_matching
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories
from tests.factories import ago

pytestmark = pytest.mark.django_db
QUERY = "view=needs-reply&channel=sms"
UNDO = 'data-shortcut="undo"'


def waiting(workspace, number: int, **fields) -> list[Lead]:
    """Leads who wait for a reply to an SMS, newest first."""
    defaults = {"last_name": "", "needs_reply": True, "last_channel": "sms"} | fields
    made = []
    for n in range(1, number + 1):
        own = {"first_name": f"Lead{n}", "last_message_at": ago(hours=n), "last_inbound_at": ago(hours=n)}
        made.append(factories.make_lead(workspace, **own | defaults))
    return made


@pytest.fixture(autouse=True)
def slices(monkeypatch):
    monkeypatch.setattr(all_matching, "SLICE", 3)


def shown(client, path: str) -> dict[str, str]:
    """What the page's form carries. What the test made before counts as long ago, though it is the same transaction."""
    LeadChange.objects.all().delete()
    return dict(re.findall(r'name="(at|mark|count)" value="([^"]*)"', client.get(path).text))


def choose(client, workspace, do: str, query: str = QUERY, between=lambda: None, **fields) -> str:
    """Opens the page, decides, and has the job run. Returns the path of its progress."""
    path = f"/w/{workspace.pk}/inbox/all/?{query}"
    page = shown(client, path)
    between()
    answer = client.post(path, page | {"do": do, **fields})
    drain()
    return answer["Location"]


def test_all_that_match_are_done_and_nobody_else_and_come_back(workspace, people):
    leads = waiting(workspace, 10)
    mail = waiting(workspace, 1, last_channel="email")
    done = waiting(workspace, 1, needs_reply=False)
    elsewhere = waiting(factories.make_workspace("Bluebird"), 2)
    before = list(Lead.objects.order_by("pk").values(*triage.DONE))

    here = choose(people.member, workspace, "done")
    assert not Lead.objects.filter(pk__in=[lead.pk for lead in leads], needs_reply=True).exists()
    assert set(Lead.objects.filter(needs_reply=True)) == {*mail, *elsewhere}
    page = people.member.get(here).text
    assert "<h1>Done</h1>" in page and "10 conversations" in page and UNDO in page
    assert people.owner.get(here).status_code == 404  # it is what somebody else has searched for

    people.member.post(here)
    people.member.post(here)
    drain()
    page = people.member.get(here).text
    assert "10 restored." in page and UNDO not in page
    assert list(Lead.objects.order_by("pk").values(*triage.DONE)) == before
    assert not Lead.objects.get(pk=done[0].pk).needs_reply
    assert BackgroundJob.objects.filter(kind=all_matching.UNDO).count() == 1


@pytest.mark.django_db(transaction=True)  # what a transaction writes itself, its snapshot may show as seen
def test_what_came_after_the_page_was_shown_is_left_alone(workspace, member):
    leads = waiting(workspace, 5)

    def wrote() -> None:
        now = timezone.now()
        Lead.objects.filter(pk=leads[0].pk).update(last_message_at=now, last_inbound_at=now)
        # The provider tells late of what was sent before, or a delivery is replayed.
        old = leads[1].last_message_at
        factories.make_message(leads[1], sent_at=old, received_at=old)
        waiting(workspace, 1, first_name="New", last_message_at=now, last_inbound_at=now)

    choose(member, workspace, "done", between=wrote)
    left = Lead.objects.filter(needs_reply=True)
    assert sorted(lead.first_name for lead in left) == ["Lead1", "Lead2", "New"]


def test_a_lead_that_changes_while_its_slice_is_decided_is_left_and_counted(workspace, member, monkeypatch):
    waiting(workspace, 4)

    def meanwhile(*args):
        Lead.objects.filter(first_name="Lead4").update(last_inbound_at=timezone.now())
        return change(*args)

    change = triage.change
    monkeypatch.setattr(all_matching.triage, "change", meanwhile)
    page = member.get(choose(member, workspace, "done")).text
    assert "3 conversations" in page and "1 skipped because it changed in the meantime." in page


def test_all_are_assigned_or_snoozed_as_one_is(workspace, people):
    waiting(workspace, 5)
    mate = Membership.objects.get(workspace=workspace, user=people.users.owner)
    here = choose(people.member, workspace, f"assign:{mate.pk}")
    assert Lead.objects.filter(assigned_to=mate.user).count() == 5
    assert AuditEntry.objects.filter(action="lead.assigned", actor=people.users.member).count() == 5
    assert f"<h1>Assigned to {mate.user.name}</h1>" in people.member.get(here).text
    here = choose(people.member, workspace, "snooze:week")
    assert Lead.objects.filter(snoozed_until__gt=ago(days=-6)).count() == 5
    assert "<h1>Snoozed until" in people.member.get(here).text


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": psycopg.Cursor}) as found:
        yield found


@pytest.mark.django_db(transaction=True)
def test_what_is_committed_after_the_page_was_read_is_left_alone_however_long_it_was_written(
    workspace, member, other
):
    leads = waiting(workspace, 3)
    other.execute("UPDATE inbox_lead SET unread = true WHERE id = %s", [leads[1].pk])
    path = f"/w/{workspace.pk}/inbox/all/?{QUERY}"
    page = dict(re.findall(r'name="(at|mark|count)" value="([^"]*)"', member.get(path).text))
    other.commit()
    member.post(path, page | {"do": "done"})
    drain()
    assert list(Lead.objects.filter(needs_reply=True)) == [leads[1]]


def test_no_more_is_done_than_the_page_counted(workspace, member):
    leads = waiting(workspace, 3)
    snoozed, path = leads[0], f"/w/{workspace.pk}/inbox/all/?{QUERY}"
    Lead.objects.filter(pk=snoozed.pk).update(snoozed_until=timezone.now() + timedelta(hours=1))
    page = shown(member, path)
    assert page["count"] == "2"
    Lead.objects.filter(pk=snoozed.pk).update(snoozed_until=timezone.now())  # as if it had ended by itself
    LeadChange.objects.all().delete()
    Lead.objects.filter(pk=leads[2].pk).update(last_channel="email")
    matches = page | {"do": "done", "count": "0"}
    assert member.post(path, matches)["Location"] == path and not BackgroundJob.objects.exists()
    assert "The list has changed. Check how many match now." in member.get(path).text
    member.post(path, page | {"do": "done"})
    drain()
    assert set(Lead.objects.filter(needs_reply=True)) == {snoozed, leads[2]}


@pytest.mark.parametrize("late", ["posted", "run"])
def test_a_page_that_is_too_old_decides_nothing(late, workspace, member, monkeypatch):
    waiting(workspace, 2)
    path = f"/w/{workspace.pk}/inbox/all/?{QUERY}"
    page = shown(member, path) | {"do": "done"}
    if late == "posted":
        member.post(path, page | {"at": ago(minutes=16).isoformat()})
        assert "Reload this page." in member.get(path).text and not BackgroundJob.objects.exists()
    else:
        here = member.post(path, page)["Location"]
        monkeypatch.setattr(all_matching, "GOOD_FOR", timedelta())
        drain()
        assert "This took too long." in member.get(here).text
    assert Lead.objects.filter(needs_reply=True).count() == 2


def test_the_rest_is_chosen_from_where_a_job_ended_and_who_has_it_already_is_not_given_it_again(
    workspace, people, monkeypatch
):
    leads = waiting(workspace, 7)
    mate = Membership.objects.get(workspace=workspace, user=people.users.owner)
    Lead.objects.filter(pk=leads[0].pk).update(assigned_to=mate.user)
    monkeypatch.setattr(all_matching, "MOST", 2)
    page = people.member.get(choose(people.member, workspace, f"assign:{mate.pk}")).text
    assert "Holdfast handles about 2 at a time." in page
    rest = re.search(r'href="([^"]+)">Continue with the rest', page)[1].replace("&amp;", "&")
    monkeypatch.undo()
    assert "<h1>4 conversations match</h1>" in people.member.get(rest).text
    people.member.post(rest, shown(people.member, rest) | {"do": f"assign:{mate.pk}"})
    drain()
    assert Lead.objects.filter(assigned_to=mate.user).count() == 7
    assert AuditEntry.objects.filter(action="lead.assigned").count() == 6


def test_a_list_whose_filter_is_gone_says_so_and_a_search_is_decided_page_by_page(workspace, member):
    campaign = factories.make_campaign(workspace)
    waiting(workspace, 2, campaign=campaign)
    path = f"/w/{workspace.pk}/inbox/all/?view=needs-reply&campaign={campaign.pk}"
    here = member.post(path, shown(member, path) | {"do": "done"})["Location"]
    campaign.delete()
    drain()
    assert "because a filter was deleted" in member.get(here.replace(f"&campaign={campaign.pk}", "")).text
    assert member.get(f"/w/{workspace.pk}/inbox/all/?view=needs-reply&q=zebedee").status_code == 404


def test_a_long_run_lets_others_go_first_and_loses_no_attempt(workspace, member, monkeypatch):
    waiting(workspace, 7)
    clock = iter(range(0, 10_000, 11))  # each look at the clock is eleven seconds later
    monkeypatch.setattr(all_matching, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    here = choose(member, workspace, "done")
    BackgroundJob.objects.update(run_at=ago(seconds=1))
    drain()
    assert not Lead.objects.filter(needs_reply=True).exists()
    job = BackgroundJob.objects.get()
    assert job.attempts == 1 and job.attempt_rows.filter(outcome="snoozed").exists()
    member.post(here)
    drain()
    BackgroundJob.objects.update(run_at=ago(seconds=1))
    drain()
    assert Lead.objects.filter(needs_reply=True).count() == 7


def test_what_was_taken_back_is_not_done_again_by_the_same_page(workspace, member):
    waiting(workspace, 2)
    path = f"/w/{workspace.pk}/inbox/all/?{QUERY}"
    page = shown(member, path) | {"do": "done"}
    here = member.post(path, page)["Location"]
    assert member.post(path, page)["Location"] == here  # a double click
    drain()
    member.post(here)
    assert member.post(path, page)["Location"] == path
    assert "The action was undone. To redo it, choose it again." in member.get(path).text


@pytest.mark.parametrize("lost", ["removed", "viewer"])
def test_who_may_not_decide_any_more_when_the_job_runs_decides_nothing(lost, workspace, people, monkeypatch):
    waiting(workspace, 2)
    monkeypatch.setattr("tests.inbox.pages.desk.test_all_matching.drain", lambda: None)
    choose(people.member, workspace, "done")
    mine = Membership.objects.filter(user=people.users.member)
    mine.delete() if lost == "removed" else mine.update(role=Membership.Role.VIEWER)
    monkeypatch.undo()
    drain()
    assert Lead.objects.filter(needs_reply=True).count() == 2
    assert BackgroundJob.objects.get().result["done"] == 0


def test_a_job_that_breaks_off_goes_on_and_all_of_it_can_be_undone(workspace, member, monkeypatch):
    waiting(workspace, 8)
    change, calls = triage.change, []

    def breaking(*args):
        calls.append(args)
        made = change(*args)
        if len(calls) == 2:
            raise ConnectionError("the worker is gone before the slice is stored")
        return made

    monkeypatch.setattr(all_matching.triage, "change", breaking)
    here = choose(member, workspace, "done")
    assert Lead.objects.filter(needs_reply=True).count() == 5  # the broken slice is not half done
    BackgroundJob.objects.update(run_at=ago(seconds=1))
    drain()
    assert not Lead.objects.filter(needs_reply=True).exists() and len(calls) == 4
    member.post(here)
    drain()
    assert Lead.objects.filter(needs_reply=True).count() == 8


@pytest.mark.parametrize(
    "data",
    [{"do": "read"}, {"at": ""}, {"mark": "5"}, {"do": "assign:987654"}, {"do": "snooze"}, {"do": "tag:Objection"}],
)  # fmt: skip
def test_what_is_not_understood_changes_nothing_and_says_so(data, workspace, member):
    waiting(workspace, 2)
    path = f"/w/{workspace.pk}/inbox/all/?{QUERY}"
    answer = member.post(path, shown(member, path) | {"do": "done"} | data)
    assert answer["Location"] == path and 'class="toast"' in member.get(path).text
    assert not BackgroundJob.objects.exists()


def test_a_filter_that_is_not_understood_is_no_list_and_all_is_offered_where_the_page_ends(workspace, people):
    assert people.member.get(f"/w/{workspace.pk}/inbox/all/?channel=pigeon").status_code == 404
    assert people.viewer.get(f"/w/{workspace.pk}/inbox/all/?{QUERY}").status_code == 403
    waiting(workspace, 50)
    offer = f'href="/w/{workspace.pk}/inbox/all/?{QUERY.replace("&", "&amp;")}">Select all 51 that match'
    assert offer not in people.member.get(f"/w/{workspace.pk}/inbox/?{QUERY}").text
    waiting(workspace, 1)
    LeadChange.objects.all().delete()  # as if it was long ago
    assert offer in people.member.get(f"/w/{workspace.pk}/inbox/?{QUERY}").text
    assert (
        "<h1>51 conversations match</h1>" in people.member.get(f"/w/{workspace.pk}/inbox/all/?{QUERY}").text
    )
