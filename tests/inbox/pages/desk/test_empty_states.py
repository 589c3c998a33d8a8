"""An empty list says why it is empty and what next, and never that all is done while something is not connected."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.leads.folders import FOLDERS
from inbox.pages.pagination import cursor_of
from inbox.pages.start.first_steps import FirstSteps
from inbox.workspaces import creation
from integrations.models import HealthState
from tests import factories
from tests.inbox.pages.start.test_start import connect, well

INCOMING = [key for key, folder in FOLDERS.items() if folder.incoming]


@pytest.fixture
def fresh(db):
    return creation.create("Fresh", "owner@fresh.example.com", "correct horse battery")


@pytest.fixture
def page(fresh, client):
    """The list of a folder, as the owner sees it."""
    client.force_login(fresh.admin)
    return lambda view="needs-reply": client.get(
        f"/w/{fresh.workspace.pk}/inbox/", {"view": view}
    ).content.decode()


def replied(workspace) -> None:
    lead = factories.make_lead(workspace)
    message = factories.make_message(lead)
    type(lead).objects.filter(pk=lead.pk).update(last_inbound_at=message.sent_at, last_message_at=None)


@pytest.mark.parametrize("view", INCOMING)
def test_with_nothing_connected_it_says_so_and_leads_to_the_first_steps(fresh, page, view):
    shown = page(view)
    assert "Nothing’s connected yet" in shown and f"/w/{fresh.workspace.pk}/start/" in shown
    assert FOLDERS[view].empty not in shown


@pytest.mark.parametrize("view", ["mine", "unassigned"])
def test_with_nothing_connected_nobody_is_said_to_have_somebody(page, view):
    assert "Nothing’s connected yet" in page(view)


def test_connected_and_silent_it_says_who_has_not_called(fresh, page):
    well(connect(fresh.workspace))
    assert "No replies yet" in page() and "EmailBison is connected." in page()


def test_with_an_account_down_it_is_perhaps_not_empty(fresh, page):
    account = connect(fresh.workspace)
    replied(fresh.workspace)
    well(account, HealthState.DISCONNECTED)
    assert "Replies may be missing" in page() and "so new replies may be missing" in page()
    well(account)
    assert "Replies may be missing" not in page()


def test_all_answered_it_says_so_and_what_is_elsewhere(fresh, page):
    well(connect(fresh.workspace))
    replied(fresh.workspace)
    assert "No one’s waiting for a reply" in page()
    factories.make_lead(fresh.workspace, snoozed_until="2099-01-01T00:00Z")
    assert "1 snoozed." in page()


def test_saying_why_takes_four_statements_more_than_a_list(fresh, page):
    well(connect(fresh.workspace))
    replied(fresh.workspace)
    page()  # the first one remembers the workspace in the session
    with CaptureQueriesContext(connection) as empty:
        assert "No one’s waiting for a reply" in page()
    factories.make_lead(fresh.workspace, needs_reply=True)
    with CaptureQueriesContext(connection) as full:
        page()
    assert len(empty) <= len(full) + 4


def test_without_a_model_no_draft_is_written(fresh, page, settings):
    settings.OPENAI_API_KEY = ""
    well(connect(fresh.workspace))
    replied(fresh.workspace)
    assert "OPENAI_API_KEY" in page("drafts")


def test_where_replies_come_by_webhook_alone_something_is_connected(fresh, page):
    replied(fresh.workspace)
    assert "No one’s waiting for a reply" in page()
    assert FirstSteps(fresh.workspace).heading != "Ready in about four minutes"


def test_with_an_account_that_is_too_quiet_it_is_perhaps_not_empty(fresh, page):
    replied(fresh.workspace)
    well(connect(fresh.workspace), HealthState.QUIET)
    assert "Replies may be missing" in page()


def test_a_filter_in_error_does_not_say_that_all_is_done(fresh, client):
    well(connect(fresh.workspace))
    replied(fresh.workspace)
    client.force_login(fresh.admin)
    wrong = {"assignee": "987654321"}
    shown = client.get(f"/w/{fresh.workspace.pk}/inbox/", wrong).content.decode()
    assert "No matches" in shown and "No one’s waiting for a reply" not in shown
    assert "search in All" in shown
    in_all = client.get(f"/w/{fresh.workspace.pk}/inbox/", wrong | {"view": "all"}).content.decode()
    assert "No matches" in in_all and "search in All" not in in_all


def test_a_page_beyond_the_end_leads_to_the_first_one(fresh, client):
    well(connect(fresh.workspace))
    lead = factories.make_lead(fresh.workspace, needs_reply=True, last_message_at=factories.ago(hours=1))
    client.force_login(fresh.admin)
    after = cursor_of(lead, "last_message_at")
    answer = client.get(f"/w/{fresh.workspace.pk}/inbox/", {"after": after})
    shown = answer.content.decode()
    assert "No conversations on this page" in shown and "No one’s waiting for a reply" not in shown
    assert answer.context["threads"].count == "1"
