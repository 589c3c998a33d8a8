"""Spam complaints are counted per mailbox on the health page, within the workspace that they belong to."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.health.complaints import by_mailbox
from inbox.models import Message
from tests import factories

pytestmark = pytest.mark.django_db
MAILBOX = "alex@outreach.example.com"


@pytest.fixture
def workspace():
    return factories.make_workspace("Northwind")


def complain(workspace, **fields) -> Message:
    lead = factories.make_lead(workspace)
    by = {"tag": "Blacklist", "tag_decided_by": "rules 7: complaint.report_build"}
    return factories.make_message(lead, "Feedback-Type: abuse", **by | fields)


def test_complaints_are_counted_per_mailbox_the_most_first(workspace):
    for address in (MAILBOX, "other@outreach.example.com", MAILBOX):
        complain(workspace, account_address=address)
    found = by_mailbox(workspace)
    assert [(row["address"], row["count"]) for row in found] == [
        (MAILBOX, 2),
        ("other@outreach.example.com", 1),
    ]


def test_old_complaints_other_opt_outs_and_other_workspaces_do_not_count(workspace):
    old = complain(workspace)
    Message.objects.filter(pk=old.pk).update(received_at=timezone.now() - timedelta(days=31))
    complain(workspace, tag_decided_by="rules 7: opt_out.keyword")
    complain(factories.make_workspace("Elsewhere"))
    assert not by_mailbox(workspace)


def test_the_health_page_says_how_many_complained_of_which_mailbox(client, workspace):
    complain(workspace)
    client.force_login(factories.make_member(workspace))
    page = client.get(reverse("inbox:health", args=[workspace.pk])).content.decode()
    assert "Spam complaints" in page and "1 complaint<" in page and MAILBOX in page
