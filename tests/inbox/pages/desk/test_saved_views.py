"""Saved views: filtered lists under a name, own and shared, with their counts in the rail."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from inbox.models import AuditEntry, SavedView
from inbox.models.saved_view import MOST
from inbox.pages.desk import saved_views
from tests import factories
from tests.factories import ago


def save(client, workspace, query="view=all&tag=Interested", name="Keen", **fields):
    data = {"name": name, "query": query, **fields}
    return client.post(reverse("inbox:views", args=[workspace.pk]), data)


def change(client, view, do, **fields):
    return client.post(reverse("inbox:view", args=[view.workspace_id, view.pk]), {"do": do, **fields})


def rail(client, workspace, query="") -> dict[str, str]:
    """The counts of the views in the rail, by name, in order; "" without one, and "> …" for the open one."""
    page = client.get(f"/w/{workspace.pk}/inbox/?{query}").content.decode()
    shown = re.search(r'<ul aria-labelledby="side-saved">(.+?)</ul>', page, re.S)
    links = re.findall(r"<li>(.+?)</li>", shown[1], re.S)[:-1] if shown else []
    return {
        re.search(r'class="clip">([^<]+)<', link)[1]: ("> " if "aria-current" in link else "")
        + (found[1] if (found := re.search(r'data-tone="">([^<]+)<', link)) else "")
        for link in links
    }


def test_a_filtered_list_is_saved_and_stands_in_the_rail_with_its_count(workspace, people):
    for number in range(3):
        factories.make_lead(workspace, tag="Interested" if number else "Neutral")
    answer = save(people.member, workspace, "tag=Interested&view=all&after=&page=7&score=")
    view = SavedView.objects.get()
    assert (view.query, view.owner) == ("view=all&tag=Interested", people.users.member)
    assert answer["Location"].endswith(f"/inbox/?{view.query}")
    shown = people.member.get(answer["Location"])
    assert '<h1 id="list-h">Keen</h1>' in shown.content.decode()
    assert "Save as a view" not in shown.content.decode().split('id="save-view"')[0]
    assert rail(people.member, workspace, "tag=Interested&view=all") == {"Keen": "> 2"}
    assert rail(people.member, workspace, "view=all&tag=Neutral") == {"Keen": "2"}
    assert rail(people.owner, workspace) == {}


def test_an_admin_shares_and_everybody_sees_it_after_their_own(workspace, people):
    assert save(people.member, workspace, name="Ours", shared="on").status_code == 403
    assert save(people.viewer, workspace).status_code == 403
    save(people.owner, workspace, name="Ours", shared="on")
    save(people.member, workspace, name="Mine")
    save(people.member, workspace, name="Second")
    assert list(rail(people.member, workspace)) == ["Mine", "Second", "Ours"]
    assert list(rail(people.viewer, workspace)) == ["Ours"]
    assert AuditEntry.objects.get(action="view.add").actor == people.users.owner
    page = reverse("inbox:views", args=[workspace.pk])
    assert people.member.get(page).content.decode().count('value="remove"') == 2
    assert people.viewer.get(page).content.decode().count('value="remove"') == 0


def test_only_its_person_changes_a_view_and_only_an_admin_a_shared_one(workspace, people):
    own = factories.make_saved_view(workspace, people.users.member, name="Mine")
    shared = factories.make_saved_view(workspace, name="Ours")
    foreign = factories.make_saved_view(factories.make_workspace(), people.users.member)
    for do in ("rename", "up", "remove"):
        assert change(people.owner, own, do, name="x").status_code == 404
        assert change(people.outsider, shared, do, name="x").status_code == 404
        assert change(people.member, shared, do, name="x").status_code == 403
        assert change(people.member, foreign, do, name="x").status_code == 404
    assert sorted(SavedView.objects.values_list("name", flat=True)) == sorted(["Mine", "Ours", foreign.name])


def test_a_view_is_renamed_moved_and_removed(workspace, people):
    first, second = (factories.make_saved_view(workspace, people.users.member, name=name) for name in "ab")
    change(people.member, second, "up")
    assert list(rail(people.member, workspace)) == ["b", "a"]
    change(people.member, second, "rename", name="B")
    answer = change(people.member, first, "rename", name="b")
    assert "with this name already" in people.member.get(answer["Location"]).content.decode()
    change(people.member, second, "remove")
    assert list(rail(people.member, workspace)) == ["a"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"query": "view=all"}, "Set a filter first"),
        ({"query": "view=all&tag=Rich"}, "Set a filter first"),
        ({"query": "view=nowhere&tag=Interested"}, "Set a filter first"),
        ({"name": " "}, "Give the view a name"),
        ({"name": "x" * 61}, "too long"),
        ({"name": "KEEN"}, "with this name already"),
    ],
)
def test_what_cannot_be_saved_is_told(fields, told, workspace, people):
    factories.make_saved_view(workspace, people.users.member, name="Keen")
    save(people.member, workspace, **fields)
    assert told in people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    assert SavedView.objects.count() == 1


def test_there_are_so_many_at_most(workspace, people):
    for _ in range(MOST):
        factories.make_saved_view(workspace, people.users.member)
    save(people.member, workspace)
    assert SavedView.objects.count() == MOST
    save(people.owner, workspace)
    assert SavedView.objects.count() == MOST + 1


def test_views_of_another_workspace_do_not_count(workspace, people):
    other = factories.make_workspace()
    for _ in range(MOST):
        factories.make_saved_view(other, people.users.member)
    save(people.member, workspace)
    assert SavedView.objects.filter(workspace=workspace).exists()


def test_views_are_counted_by_two_queries_more_however_many_there_are(workspace, people):
    campaign = factories.make_campaign(workspace)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            people.member.get(f"/w/{workspace.pk}/inbox/?view=all")
        return len(captured)

    queries()
    none = queries()
    for query in ("tag=Interested", f"campaign={campaign.pk}", "assignee=me", "draft=none", "when=today"):
        factories.make_saved_view(workspace, people.users.member, query=f"view=all&{query}")
    assert queries() == none + 2  # what they look at, and the campaigns, which one of them names


def test_a_count_that_looked_at_so_many_says_that_there_may_be_more(workspace, people, monkeypatch):
    monkeypatch.setattr(saved_views, "SCAN", 2)
    for hours in range(4):
        factories.make_lead(workspace, last_channel="sms", last_message_at=ago(hours=hours))
    factories.make_saved_view(workspace, name="Texts", query="view=all&channel=sms")
    assert rail(people.member, workspace) == {"Texts": "2+"}


@pytest.mark.parametrize(
    "query", ["view=all&campaign=gone", "view=gone&tag=Interested", "view=all&q=nobodyhere"]
)
def test_a_view_of_what_is_gone_or_of_a_search_has_no_count_and_opens_no_wider_list(
    query, workspace, people, lead
):
    factories.make_saved_view(workspace, name="Old", query=query)
    assert rail(people.member, workspace) == {"Old": ""}
    answer = people.member.get(f"/w/{workspace.pk}/inbox/?{query}")
    assert answer.status_code == 404 or answer.context["threads"].page.rows == []


@pytest.mark.parametrize("days", ["until=9999-12-31", "since=0001-01-01"])
def test_a_day_at_the_end_of_time_is_named_and_breaks_no_page(days, workspace, people):
    factories.make_saved_view(workspace, query=f"view=all&{days}")

    listed = people.owner.get(f"/w/{workspace.pk}/inbox/?view=all&{days}")
    assert "enter a date like 2027-01-31" in listed.content.decode()
    assert people.owner.get(f"/w/{workspace.pk}/inbox/").status_code == 200
    save(people.owner, workspace, query=f"view=all&{days}", name="Another")
    assert not SavedView.objects.filter(name="Another").exists()
