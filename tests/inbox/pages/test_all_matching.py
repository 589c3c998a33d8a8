"""All that match a list are decided at once: what the list holds on the server, no more, by a job, and back again."""

import re

import pytest
from django.utils import timezone

from inbox.leads import triage
from inbox.models import AuditEntry, Lead, Membership
from inbox.pages import all_matching
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


def choose(client, workspace, do: str, query: str = QUERY, between=lambda: None, **fields) -> str:
    """Opens the page, decides, and has the job run. Returns the path of its progress."""
    path = f"/w/{workspace.pk}/inbox/all/?{query}"
    at = re.search(r'name="at" value="([^"]+)"', client.get(path).text)[1]
    between()
    answer = client.post(path, {"do": do, "at": at, **fields})
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
    assert "10 put back." in page and UNDO not in page
    assert list(Lead.objects.order_by("pk").values(*triage.DONE)) == before
    assert not Lead.objects.get(pk=done[0].pk).needs_reply
    assert BackgroundJob.objects.filter(kind=all_matching.UNDO).count() == 1


def test_what_came_after_the_page_was_shown_is_left_alone(workspace, member):
    leads = waiting(workspace, 5)

    def wrote() -> None:
        now = timezone.now()
        Lead.objects.filter(pk=leads[0].pk).update(last_message_at=now, last_inbound_at=now)
        # The provider tells late of what was sent before.
        factories.make_message(leads[1], sent_at=leads[1].last_message_at)
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
    assert "3 conversations" in page and "1 left as it was: a newer message came in" in page


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


def test_what_a_search_finds_is_decided_and_its_words_stay_out_of_the_job(workspace, member):
    for number, lead in enumerate(waiting(workspace, 7)):
        text = "Please call Zebedee" if number % 2 else "No."
        factories.make_message(lead, text, received_at=ago(hours=number + 1))
    choose(member, workspace, "done", "view=needs-reply&q=zebedee")
    assert Lead.objects.filter(needs_reply=False).count() == 3
    assert "zebedee" not in str(BackgroundJob.objects.values_list("payload", "dedupe_key", "result")).lower()


@pytest.mark.parametrize("lost", ["removed", "viewer"])
def test_who_may_not_decide_any_more_when_the_job_runs_decides_nothing(lost, workspace, people, monkeypatch):
    waiting(workspace, 2)
    monkeypatch.setattr("tests.inbox.pages.test_all_matching.drain", lambda: None)
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
    "data", [{"do": "read"}, {"do": "done", "at": ""}, {"do": "assign:987654"}, {"do": "snooze"}, {"do": "tag:Objection"}]
)  # fmt: skip
def test_what_is_not_understood_changes_nothing_and_says_so(data, workspace, member):
    waiting(workspace, 2)
    path = f"/w/{workspace.pk}/inbox/all/?{QUERY}"
    answer = member.post(path, {"at": timezone.now().isoformat()} | data)
    assert answer["Location"] == path and 'class="toast"' in member.get(path).text
    assert not BackgroundJob.objects.exists()


def test_a_filter_that_is_not_understood_is_no_list_and_all_is_offered_where_the_page_ends(workspace, people):
    assert people.member.get(f"/w/{workspace.pk}/inbox/all/?channel=pigeon").status_code == 404
    assert people.viewer.get(f"/w/{workspace.pk}/inbox/all/?{QUERY}").status_code == 403
    waiting(workspace, 50)
    offer = f'href="/w/{workspace.pk}/inbox/all/?{QUERY.replace("&", "&amp;")}">Select all 51 that match'
    assert offer not in people.member.get(f"/w/{workspace.pk}/inbox/?{QUERY}").text
    waiting(workspace, 1)
    assert offer in people.member.get(f"/w/{workspace.pk}/inbox/?{QUERY}").text
    assert (
        "<h1>51 conversations match</h1>" in people.member.get(f"/w/{workspace.pk}/inbox/all/?{QUERY}").text
    )
