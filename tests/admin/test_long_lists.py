"""Long lists of the admin: no page loads more than it shows, no number is untrue, and each row can be reached."""

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from admin import long_lists
from inbox.models import Lead, Message, OutboundSend, WebhookDelivery
from jobs.ids import uuid7
from tests import factories

LIST = "admin:inbox_message_changelist"
ROWS = 7


@pytest.fixture
def messages(db, monkeypatch):
    """Seven messages, newest first, in a list of two a page."""
    monkeypatch.setattr(admin.site.get_model_admin(Message), "list_per_page", 2)
    lead = factories.make_lead(factories.make_workspace("Northwind"))
    keys = sorted(uuid7() for _ in range(ROWS))
    made = [
        factories.make_message(lead, id=key, received_at=factories.ago(minutes=ROWS - number))
        for number, key in enumerate(keys)
    ]
    return made[::-1]


@pytest.fixture
def client(db):
    browser = Client()
    browser.force_login(factories.make_user("root@example.com", is_staff=True, is_superuser=True))
    return browser


def listed(client, query: str = "", name: str = LIST):
    response = client.get(reverse(name) + query)
    assert response.status_code == 200
    return response.context["cl"]


def expects(monkeypatch, rows: int, cost: float) -> None:
    """PostgreSQL's planner expects so many rows at such a cost."""
    monkeypatch.setattr(long_lists, "plan_of", lambda queryset: (rows, cost))


@pytest.mark.parametrize("one_workspace", [False, True], ids=["by key", "by time"])
def test_all_rows_can_be_reached_beyond_the_last_page(client, messages, monkeypatch, one_workspace):
    monkeypatch.setattr(long_lists, "MOST_PAGES", 2)
    if one_workspace:
        client.post(reverse("admin:switch"), {"workspace": messages[0].workspace_id})
    assert listed(client).further_url == ""
    found, query = set(listed(client).result_list), "?p=2"
    for _ in range(ROWS):
        last = listed(client, query)
        found |= set(last.result_list)
        if not last.further_url:
            break
        first = listed(client, last.further_url)
        found |= set(first.result_list)
        query = f"{last.further_url}&p=2" if first.multi_page else last.further_url

    assert found == set(messages)
    assert list(listed(client, first.start_url).result_list) == messages[:2]


def test_rows_before_a_page_are_neither_loaded_nor_joined(client, messages):
    with CaptureQueriesContext(connection) as captured:
        page = listed(client, "?p=3").result_list
    (skipping,) = [one["sql"] for one in captured if "OFFSET 4" in one["sql"]]

    assert list(page) == messages[4:6]
    assert "JOIN" not in skipping and '"text"' not in skipping


def test_an_estimate_that_is_too_high_is_put_right_by_the_rows(client, messages, monkeypatch):
    expects(monkeypatch, 5_000, 1e9)
    page = client.get(reverse(LIST), {"source": messages[0].source})
    assert "about 5,000 messages" in page.content.decode()

    Message.objects.exclude(pk=messages[0].pk).delete()
    page = client.get(reverse(LIST), {"source": messages[0].source})

    assert "1 message" in page.content.decode() and "about" not in page.content.decode()
    assert not page.context["cl"].multi_page


def test_an_estimate_that_is_too_low_loads_one_page_and_leads_to_the_next(client, messages, monkeypatch):
    expects(monkeypatch, 1, 1e9)

    found = listed(client, f"?source={messages[0].source}")

    assert list(found.result_list) == messages[:2]
    assert found.multi_page and found.paginator.estimated


def test_a_list_that_is_too_long_is_not_sorted_and_says_so(client, messages, monkeypatch):
    assert list(listed(client, "?o=0").result_list) == messages[::-1][:2]

    expects(monkeypatch, long_lists.EXACT_TO + 1, 1e9)
    page = client.get(reverse(LIST) + "?o=0")

    assert list(page.context["cl"].result_list) == messages[:2]
    assert "too long to sort" in page.content.decode()


@pytest.mark.parametrize("one_workspace", [False, True], ids=["by key", "by time"])
def test_a_rare_row_is_looked_for_among_the_newest_and_then_further(
    client, messages, monkeypatch, one_workspace
):
    rare = Message.objects.filter(pk__in=[messages[1].pk, messages[5].pk])
    rare.update(source="unipile_message")
    if one_workspace:
        client.post(reverse("admin:switch"), {"workspace": messages[0].workspace_id})
    expects(monkeypatch, 2, 1e9)
    monkeypatch.setattr(long_lists, "LOOKED_THROUGH", 3)

    page = client.get(reverse(LIST), {"source": "unipile_message"})
    found = page.context["cl"]
    further = listed(client, found.further_url)

    assert list(found.result_list) == [messages[1]] and found.result_count == 1
    assert "1 message among the newest 3" in " ".join(page.content.decode().split())
    assert list(further.result_list) == [messages[5]]
    assert list(listed(client, further.start_url).result_list) == [messages[1]]
    assert listed(client, further.further_url).further_url == ""


def test_only_a_list_that_is_narrowed_offers_to_show_all(client, messages):
    assert "Show all" not in client.get(reverse(LIST)).content.decode()
    for query in ({"q": "x"}, {"source": messages[0].source}):
        assert "Show all" in client.get(reverse(LIST), query).content.decode()


@pytest.mark.parametrize(
    ("model", "before"),
    [(Message, "source"), (WebhookDelivery, "source"), (OutboundSend, "origin")],
    ids=lambda one: getattr(one, "__name__", one),
)
def test_a_search_names_what_the_index_begins_with(client, model, before):
    factories.make_workspace()
    with CaptureQueriesContext(connection) as captured:
        client.get(reverse(f"admin:inbox_{model._meta.model_name}_changelist"), {"q": "an-id"})

    (looked_up,) = [one["sql"] for one in captured if " UNION ALL " in one["sql"]]
    assert f'"{before}" IN (' in looked_up


LEADS = "admin:inbox_lead_changelist"


@pytest.fixture
def leads(db, monkeypatch):
    """Five leads without a message and two with one, of one workspace, in a list of two a page."""
    monkeypatch.setattr(admin.site.get_model_admin(Lead), "list_per_page", 2)
    workspace = factories.make_workspace("Northwind")
    times = [None] * 5 + [factories.ago(hours=hours) for hours in (2, 1)]
    return [factories.make_lead(workspace, last_message_at=at, needs_reply=True) for at in times]


def test_rows_without_a_time_are_reached_beyond_the_last_page(client, leads, monkeypatch):
    monkeypatch.setattr(long_lists, "MOST_PAGES", 2)
    client.post(reverse("admin:switch"), {"workspace": leads[0].workspace_id})
    found, query = set(), ""
    for _ in leads:
        first = listed(client, query, LEADS)
        last = listed(client, f"{query or '?'}&p=2", LEADS) if first.multi_page else first
        found |= {*first.result_list, *last.result_list}
        query = last.further_url
        if not query:
            break

    assert found == set(leads)
    newest = sorted(leads[:5], key=lambda lead: lead.pk)[:2:-1]  # keys of one millisecond are in no order
    assert list(listed(client, last.start_url, LEADS).result_list) == newest


def test_a_rare_row_without_a_time_is_among_the_newest(client, leads, monkeypatch):
    client.post(reverse("admin:switch"), {"workspace": leads[0].workspace_id})
    Lead.objects.exclude(pk__in=[leads[0].pk, leads[5].pk]).update(needs_reply=False)
    expects(monkeypatch, 2, 1e9)
    monkeypatch.setattr(long_lists, "LOOKED_THROUGH", 6)

    found = listed(client, "?needs_reply__exact=1", LEADS)
    further = listed(client, found.further_url, LEADS)

    assert list(found.result_list) == [leads[0]]
    assert list(further.result_list) == [leads[5]]
