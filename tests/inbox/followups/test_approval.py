"""A step that a person approves first: read, changed, approved or rejected, on a page of its own."""

import pytest
from django.urls import reverse

from inbox.models import AuditEntry, FollowUpTask, Lead
from jobs.worker import drain
from tests.inbox.followups.helpers import enrolled, minute
from tests.inbox.pages.conftest import people  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def workspace(world):
    return world.workspace


@pytest.fixture
def task(world, workspace):
    enrolled(workspace, {"needs_approval": True}, {"offset_days": 1})
    minute()
    return FollowUpTask.objects.get()


@pytest.fixture
def url(workspace, task):
    return reverse("inbox:followup-task", args=[workspace.pk, task.pk])


def test_nothing_goes_out_and_the_list_leads_to_the_message(world, people, workspace, task, url):  # noqa: F811
    listed = people.member.get(reverse("inbox:followups", args=[workspace.pk]), {"view": "approval"})
    assert url in listed.content.decode() and world.posted() == []
    assert task.text in people.member.get(url).content.decode()


def test_a_changed_text_goes_out_as_it_was_changed(world, people, task, url):  # noqa: F811
    answer = people.member.post(url, {"do": "approve", "text": "Hi Dana,\r\nshort question."})
    assert answer.status_code == 302
    drain()
    minute()
    (sent,) = world.posted()
    assert "<p>Hi Dana,<br>short question.</p>" in sent["text"]
    task.refresh_from_db()
    assert (task.status, task.decided_by) == ("sent", people.users.member)
    assert AuditEntry.objects.get(action="followup.approve").data["edited"] is True
    assert task.send.approved_by == people.users.member


def test_a_rejected_message_is_skipped_and_the_sequence_goes_on(world, people, task, url):  # noqa: F811
    people.member.post(url, {"do": "skip"})
    task.refresh_from_db()
    task.instance.refresh_from_db()
    assert (task.status, task.decided_by) == ("skipped", people.users.member)
    assert task.instance.next_step.position == 1
    minute()
    assert world.posted() == []


def test_two_approvals_are_one_message(world, people, task, url):  # noqa: F811
    assert people.member.post(url, {"do": "approve", "text": task.text}).status_code == 302
    second = people.owner.post(url, {"do": "approve", "text": "Something else"})
    assert second.status_code == 422 and "no longer waiting for approval" in second.content.decode()
    drain()
    assert len(world.posted()) == 1


@pytest.mark.parametrize(
    ("text", "error"), [("", "Write a message first, or skip the step."), ("x" * 30_000, "This is too long")]
)
def test_a_text_that_cannot_go_out_is_an_error_and_stays_in_the_form(people, task, url, text, error):  # noqa: F811
    answer = people.member.post(url, {"do": "approve", "text": text})
    assert answer.status_code == 422 and error in answer.content.decode()
    assert answer.context["form"]["text"].value() == text
    task.refresh_from_db()
    assert task.status == "approval"


def test_a_lead_who_may_not_be_written_to_any_more_is_not(world, people, task, url):  # noqa: F811
    Lead.objects.update(tag="Blacklist")
    answer = people.member.post(url, {"do": "approve", "text": task.text})
    assert answer.status_code == 422 and "Outreach to this lead has stopped." in answer.content.decode()
    assert world.posted() == []


def test_only_members_of_this_workspace_decide(people, workspace, task, url):  # noqa: F811
    assert people.viewer.get(url).status_code == 403
    assert people.outsider.post(url, {"do": "approve", "text": "x"}).status_code == 404
    elsewhere = reverse("inbox:followup-task", args=[people.users.outsider.workspaces.get().pk, task.pk])
    assert people.outsider.post(elsewhere, {"do": "approve", "text": "x"}).status_code == 404
