"""The list over all workspaces of a person: what is in it, in which order, and who sees what."""

import re
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from inbox.leads import labels
from inbox.leads.folders import FOLDERS
from inbox.leads.triage import Seen
from inbox.models import Lead, LeadLabel, Membership, User
from inbox.pages.desk import conversation_list
from inbox.pages.pagination import PAGE_SIZE
from tests import factories

pytestmark = pytest.mark.django_db
DESK = "/desk/"


def waiting(workspace, name: str, hours: float, score: int | None = None, **fields) -> Lead:
    at = timezone.now() - timedelta(hours=hours)
    return factories.make_lead(
        workspace, first_name=name, last_name="", needs_reply=True, score=score, last_inbound_at=at,
        last_message_at=at, **fields,
    )  # fmt: skip


@pytest.fixture
def northwind(db):
    return factories.make_workspace("Northwind")


@pytest.fixture
def bluebird(db):
    return factories.make_workspace("Bluebird")


@pytest.fixture
def setter(northwind, bluebird):
    user = factories.make_member(northwind)
    Membership.objects.create(workspace=bluebird, user=user, role=Membership.Role.MEMBER)
    return user


@pytest.fixture
def client(setter):
    client = Client()
    client.force_login(setter)
    return client


def rows(client, query: str = "") -> list[Lead]:
    response = client.get(f"{DESK}{query}")
    assert response.status_code == 200, response
    return response.context["threads"].page.rows


def names(client, query: str = "") -> list[str]:
    return [row.first_name for row in rows(client, query)]


def test_a_row_shows_its_times_in_its_clients_zone_whichever_conversation_is_open(
    client, northwind, bluebird
):
    until = timezone.now().replace(hour=15, minute=0) + timedelta(days=3)
    for workspace, zone in ((northwind, "America/New_York"), (bluebird, "Asia/Tokyo")):
        type(workspace).objects.filter(pk=workspace.pk).update(timezone=zone)
        waiting(workspace, zone, 1, snoozed_until=until)
    lead = Lead.objects.get(first_name="Asia/Tokyo")
    beside = reverse("inbox:conversation", args=[bluebird.pk, lead.pk])
    for address in (f"{DESK}?view=snoozed", f"{beside}?desk=1&view=snoozed"):
        html = client.get(address).content.decode()
        for zone in ("America/New_York", "Asia/Tokyo"):
            assert f", {until.astimezone(ZoneInfo(zone)):%H:%M}</time>" in html, address


def test_the_list_over_all_workspaces_is_ordered_by_worth_and_then_by_the_longest_wait(
    client, northwind, bluebird
):
    waiting(northwind, "Cold", 50, 1)
    waiting(bluebird, "Unscored", 40)
    waiting(bluebird, "Hot for an hour", 1, 4)
    waiting(northwind, "Hot for three", 3, 4)
    waiting(northwind, "Warm", 90, 3)
    page = client.get(DESK)
    shown = page.context["threads"].page.rows
    order = ["Hot for three", "Hot for an hour", "Warm", "Unscored", "Cold"]
    assert [row.first_name for row in shown] == order
    assert page.context["threads"].count == "5"
    html = page.content.decode()
    for row in shown:
        assert f"/w/{row.workspace_id}/inbox/{row.pk}/?desk=1&amp;view=needs-reply#latest" in html
    assert html.count('<span class="chip client">Northwind</span>') == 3


def test_pages_of_the_list_over_all_workspaces_skip_and_repeat_nobody(client, northwind, bluebird):
    for number in range(PAGE_SIZE + 7):
        waiting(northwind if number % 3 else bluebird, f"Lead {number}", number % 4, number % 5 or None)
    first = client.get(DESK).context["threads"]
    second = client.get(f"{DESK}?after={first.page.after}").context["threads"]
    found = [row.pk for row in [*first.page.rows, *second.page.rows]]
    assert len(first.page.rows) == PAGE_SIZE and second.page.after is None
    assert len(set(found)) == len(found) == PAGE_SIZE + 7
    assert first.count == second.count == f"{PAGE_SIZE + 7}"
    for cursor in ("x", "4_5", "4_9999999999999999999999_x", f"4_1_{northwind.pk}_1"):
        assert client.get(f"{DESK}?after={cursor}").status_code == 404, cursor


def test_each_workspace_gives_at_most_a_page_and_by_its_index(client, northwind, bluebird):
    for number in range(3):
        waiting(northwind, f"Lead {number}", number, 3)
    with CaptureQueriesContext(connection) as queries:
        client.get(DESK)
    (merged,) = [query["sql"] for query in queries if "UNION ALL" in query["sql"]]
    assert merged.count(f"LIMIT {PAGE_SIZE + 1}") == 3  # of each workspace, and of the whole
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
        cursor.execute("SET LOCAL enable_sort = off")  # so few rows could be sorted for less
        cursor.execute(f"EXPLAIN {merged}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert plan.count("Index Scan using lead_by_worth") == 2, plan


def test_overdue_over_all_begins_with_the_oldest_broken_promise_and_leaves_out_who_declined(
    client, northwind, bluebird
):
    waiting(northwind, "Second", 50, 1)
    waiting(bluebird, "First", 90)
    slept = timezone.now() - timedelta(hours=26)
    waiting(bluebird, "Fourth", 200, 4, snoozed_until=slept)
    waiting(northwind, "Third", 30, 4)
    waiting(northwind, "No", 95, 1, tag="Not Interested")
    waiting(bluebird, "Never", 96, 1, tag="Blacklist")
    label = factories.make_label(bluebird)
    type(bluebird).objects.filter(pk=bluebird.pk).update(promises={str(label.pk): 470})
    promised = waiting(bluebird, "No, but promised", 24 * 15, 1, tag="Not Interested")
    labels.decide(bluebird, factories.make_member(bluebird), [promised.pk], label, is_on=True)
    assert names(client, "?view=over") == ["No, but promised", "First", "Second", "Third", "Fourth"]
    declined = {row.first_name: row.is_over for row in rows(client, "?view=declined")}
    assert declined == {"No": False, "Never": False, "No, but promised": True}


def all_day(workspace, **promises: int) -> None:
    """Opens the office of `workspace` around the clock, and promises answers there within minutes."""
    hours = {"opens_at": time(0), "closes_at": time(23, 59)}
    type(workspace).objects.filter(pk=workspace.pk).update(promises=promises, **hours)


def test_hot_over_all_begins_with_the_promise_that_breaks_next(client, northwind, bluebird):
    all_day(northwind, HOT=480)
    all_day(bluebird, HOT=240)
    plain = factories.make_workspace("Plain")
    Membership.objects.create(workspace=plain, user=Membership.objects.first().user, role="member")
    waiting(northwind, "Late for days", 24 * 15, 4)
    waiting(northwind, "Late for longer", 24 * 20, 3)
    waiting(northwind, "Due later", 0.2, 4)
    waiting(bluebird, "Due next", 0.1, 3)
    waiting(plain, "Not promised", 2, 4)
    order = ["Due next", "Due later", "Late for days", "Not promised", "Late for longer"]
    assert names(client, "?view=hot") == order


@pytest.mark.parametrize("folder", ["hot", "over"])
def test_lists_by_promise_page_on_an_index_and_skip_and_repeat_nobody(
    client, northwind, bluebird, monkeypatch, folder
):
    for workspace, minutes in ((northwind, 480), (bluebird, 240)):
        all_day(workspace, HOT=minutes)
        for number in range(4):
            waiting(workspace, f"{workspace.name} {number}", 0.1 + number % 2, 3 + number % 2)
            waiting(workspace, f"{workspace.name} late {number}", 24 * 20 + number % 2, 3 + number % 2)
    whole = rows(client, f"?view={folder}")
    assert len(whole) == (16 if folder == "hot" else 8)
    monkeypatch.setattr(conversation_list, "PAGE_SIZE", 3)
    shown, after, on_index = [], "", []
    while after is not None:
        with CaptureQueriesContext(connection) as queries:
            page = client.get(f"{DESK}?view={folder}&after={after}").context["threads"].page
        shown, after = shown + page.rows, page.after
        on_index += [scans(query["sql"]) for query in queries if "UNION ALL" in query["sql"]]
    assert shown == whole
    due, rest = ("lead_answer_by", "lead_by_worth")
    first, second, *_, last = [[name for name, _ in page] for page in on_index]
    assert first == second == ([due, rest] * 2 if folder == "hot" else [due] * 2)
    assert last == ([rest] * 2 if folder == "hot" else [due] * 2)  # the promises are behind the cursor
    assert all("answer_by >" in condition for name, condition in on_index[1] if name == due)


def scans(statement: str) -> list[tuple[str, str]]:
    """Returns the indexes that the plan of `statement` scans in order, each with the scan's condition."""
    with connection.cursor() as cursor:
        for choice in ("seqscan", "bitmapscan", "sort"):
            cursor.execute(f"SET LOCAL enable_{choice} = off")
        cursor.execute(f"EXPLAIN {statement}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Seq Scan" not in plan, plan
    return re.findall(r"Index Scan using (\w+) .*\n\s+Index Cond: (.*)", plan)


def test_the_list_over_all_workspaces_holds_no_row_without_membership(client, setter, northwind, bluebird):
    """Also where the role is taken between two requests, and where the address names the workspace or a lead of it."""
    other = waiting(factories.make_workspace("Other"), "Stranger", 1, 4)
    hers = waiting(northwind, "Dana", 1, 4)
    lost = waiting(bluebird, "Lost", 2, 4)
    assert names(client) == ["Lost", "Dana"]
    Membership.objects.filter(user=setter, workspace=bluebird).delete()
    beside = reverse("inbox:conversation", args=[northwind.pk, hers.pk])
    for folder in FOLDERS:
        for query in (f"?view={folder}", f"?view={folder}&workspace={bluebird.pk}", f"?view={folder}&q=lost"):
            for path in (DESK + query, f"{beside}{query}&desk=1"):
                text = client.get(path).content.decode()
                assert "Lost" not in text, path
                assert "Stranger" not in text and str(other.workspace_id) not in text, path
    gone = reverse("inbox:conversation", args=[bluebird.pk, lost.pk])
    assert client.get(f"{gone}?desk=1").status_code == 404
    act = {"do": "done", "lead": str(Seen.of(lost))}
    assert client.post(f"{reverse('inbox:triage', args=[bluebird.pk])}?desk=1", act).status_code == 404
    assert client.post(f"{reverse('inbox:triage', args=[northwind.pk])}?desk=1", act).status_code == 302
    lost.refresh_from_db()
    assert lost.needs_reply
    Membership.objects.filter(user=setter).delete()
    assert client.get(DESK).status_code == 404


def test_the_switcher_says_how_many_wait_in_each_workspace_and_since_when(
    client, setter, northwind, bluebird
):
    for hours in (1, 3):
        waiting(northwind, "Dana", hours)
    factories.make_lead(bluebird)
    factory = waiting(factories.make_workspace("Other"), "Stranger", 90)
    northwinds, desk = reverse("inbox:list", args=[northwind.pk]), reverse("desk")
    entries = {}
    for path in (DESK, northwinds, f"{northwinds}?view=all", reverse("inbox:facts", args=[bluebird.pk])):
        page = client.get(path).content.decode()
        entries = dict(
            re.findall(
                r'<li><a href="([^"]+)"[^>]*><span class="clip">[^<]+</span> <span>(.*?)</a>', page, re.S
            )
        )
        texts = {url: " ".join(re.sub("<[^>]+>", "", text).split()) for url, text in entries.items()}
        assert texts == {
            desk: "2 to answer oldest 3 h",
            northwinds: "2 to answer oldest 3 h",
            reverse("inbox:list", args=[bluebird.pk]): "0 to answer no one is waiting",
        }, path
        assert str(factory.workspace_id) not in page
    type(bluebird).objects.filter(pk=northwind.pk).update(requires_second_factor=True)
    page = client.get(reverse("inbox:list", args=[bluebird.pk])).content.decode()
    assert "2<span" not in page and "oldest" not in page  # a password alone learns nothing of it


def test_a_tab_of_the_list_over_all_counts_over_all_and_narrows_to_one_client(client, northwind, bluebird):
    waiting(northwind, "Dana", 1, 3)
    waiting(bluebird, "Leo", 1, 4)
    page = client.get(f"{DESK}?view=hot")
    assert [tab.badges[0].text for tab in page.context["shell"].tabs if tab.badges] == ["2"]
    assert names(client, "?view=hot") == ["Leo", "Dana"]
    narrow = client.get(f"{DESK}?view=hot&workspace={northwind.pk}")
    assert [tab.badges[0].text for tab in narrow.context["shell"].tabs if tab.badges] == ["1"]


@pytest.fixture
def ann(bluebird, northwind):
    """A member of both workspaces. Ben is a member of one, and a viewer of the other."""
    ann, ben = (factories.make_user(first_name=name) for name in ("Ann Lee", "Ben Ray"))
    for user, workspace, role in (
        (ann, northwind, "member"), (ann, bluebird, "admin"), (ben, northwind, "viewer"), (ben, bluebird, "member"),
    ):  # fmt: skip
        Membership.objects.create(workspace=workspace, user=user, role=role)
    return ann


def test_rows_of_several_clients_are_assigned_to_the_member_of_each(client, setter, northwind, bluebird, ann):
    stranger = factories.make_member(factories.make_workspace("Other"), first_name="Stranger")
    leads = waiting(northwind, "Dana", 1), waiting(bluebird, "Leo", 1)
    page = " ".join(client.get(DESK).content.decode().split())
    choices = re.findall(r'form="bulk" name="do" value="assign:([^"]*)"[^>]*>(.*?)</button>', page)
    texts = [
        (word, re.sub(r'<span class="who".*?</span>|<[^>]+>', "", text).strip()) for word, text in choices
    ]
    ben = User.objects.get(first_name="Ben Ray")
    assert texts == [
        (f"={setter.pk}", "You Bluebird, Northwind"), (f"={ann.pk}", "Ann Lee Bluebird, Northwind"),
        (f"={ben.pk}", "Ben Ray Bluebird"),
        ("nobody", "Nobody"),
    ]  # fmt: skip

    def assign(lead, to: str):
        path = reverse("inbox:triage", args=[lead.workspace_id])
        headers = {"HX-Request": "true", "HX-Target": "toasts"}
        answer = client.post(path, {"do": f"assign:{to}", "lead": str(Seen.of(lead))}, headers=headers)
        lead.refresh_from_db()
        return answer

    assert [assign(lead, f"={ann.pk}").status_code for lead in leads] == [200, 200]
    assert {lead.assigned_to for lead in leads} == {ann}
    for user in (ben, stranger):
        refused = assign(leads[0], f"={user.pk}")
        assert refused.status_code == 409 and leads[0].assigned_to == ann
        assert "Choose a member who can answer in Northwind." in refused.content.decode()
    assert assign(leads[1], f"={ben.pk}").status_code == 200 and leads[1].assigned_to == ben
    assert assign(leads[1], "=x").status_code == assign(leads[1], "=nobody").status_code == 422
    assert assign(leads[1], "nobody").status_code == 200 and leads[1].assigned_to is None


def tabs_of(client, address: str) -> list[tuple[str, str]]:
    """Returns the query string and the number of each tab; "" for a tab without a number."""
    page = client.get(address).content.decode()
    (tabs,) = re.findall(r'<nav class="tabs counts".*?</nav>', page, re.S)
    texts = re.findall(r'<a href="[^"?]*\?([^"]*)"[^>]*>(.*?)</a>', tabs)
    numbers = [(query, re.search(r"<b[^>]*>(.*)</b>", text)) for query, text in texts]
    return [(query.replace("&amp;", "&"), number[1] if number else "") for query, number in numbers]


def test_the_tabs_keep_the_filters_and_count_only_what_they_show(client, northwind, bluebird):
    dana = waiting(northwind, "Dana", 1, 3, tag="Interested")
    waiting(bluebird, "Leo", 1, 4)
    beside = reverse("inbox:conversation", args=[northwind.pk, dana.pk])
    only = f"workspace={northwind.pk}"
    for address in (f"{DESK}?view=hot&{only}", f"{beside}?desk=1&view=hot&{only}&after="):
        assert tabs_of(client, address)[0] == (f"view=hot&{only}", "1"), address
        assert tabs_of(client, address)[3] == (f"view=over&{only}", "0"), address
    here = reverse("inbox:list", args=[northwind.pk])
    for address in (DESK, here):
        narrow = tabs_of(client, f"{address}?view=drafts&tag=Interested&score=2")
        assert narrow[0] == ("view=hot&tag=Interested&score=2", ""), address
        assert [number for _, number in narrow] == [""] * 5
    assert tabs_of(client, here)[0] == ("view=hot", "1")


def test_a_folder_in_the_menu_opens_the_conversations_that_its_number_counts(client, northwind, bluebird):
    """The number counts what the filter Client leaves, and no other filter narrows it."""
    waiting(northwind, "Dana", 1, tag="Interested")
    waiting(northwind, "Ada", 1)
    waiting(bluebird, "Leo", 1)
    here = reverse("inbox:list", args=[northwind.pk])
    for address, leads, kept in (
        (f"{DESK}?workspace={northwind.pk}&", {"Dana", "Ada"}, f"&amp;workspace={northwind.pk}"),
        (f"{DESK}?", {"Dana", "Ada", "Leo"}, ""),
        (f"{here}?", {"Dana", "Ada"}, ""),
    ):
        page = client.get(f"{address}view=needs-reply&tag=Interested").content.decode()
        link = re.search(r'<div id="folders">.*?href="([^"]*)".*?<span class="n[^>]*>(\d+)', page, re.S)
        assert (link[1].split("?")[1], link[2]) == (f"view=needs-reply{kept}", str(len(leads))), address
        listed = client.get(link[1].replace("&amp;", "&")).context["threads"]
        assert {row.first_name for row in listed.page.rows} == leads and listed.filter.narrows == bool(kept)


def test_a_viewer_ticks_no_row_of_that_workspace(client, setter, northwind, bluebird):
    dana, leo = waiting(northwind, "Dana", 1), waiting(bluebird, "Leo", 1)
    Membership.objects.filter(user=setter, workspace=bluebird).update(role=Membership.Role.VIEWER)
    page = client.get(DESK).content.decode()
    assert f'value="{Seen.of(dana)}"' in page and f'value="{Seen.of(leo)}"' not in page
    act = {"do": "done", "lead": str(Seen.of(leo))}
    assert client.post(reverse("inbox:triage", args=[bluebird.pk]), act).status_code == 403


def test_a_workspace_that_requires_a_second_factor_is_not_read_with_a_password_alone(
    client, northwind, bluebird
):
    dana, _ = waiting(northwind, "Dana", 1), waiting(bluebird, "Leo", 1)
    type(bluebird).objects.filter(pk=bluebird.pk).update(requires_second_factor=True)
    answer = client.get(DESK)
    assert answer.status_code == 302 and answer.url.startswith(reverse("factor"))
    beside = client.get(f"{reverse('inbox:conversation', args=[northwind.pk, dana.pk])}?desk=1")
    assert [row.first_name for row in beside.context["threads"].page.rows] == ["Dana"]


def test_a_filter_narrows_the_list_over_all_workspaces_and_an_invalid_one_empties_it(
    client, northwind, bluebird
):
    waiting(northwind, "Dana", 1, tag="Interested")
    waiting(bluebird, "Leo", 2, tag="Objection")
    assert names(client, f"?workspace={bluebird.pk}") == ["Leo"]
    assert names(client, "?tag=Interested") == ["Dana"]
    assert names(client, "?tag=Rich") == []
    assert names(client, f"?workspace={northwind.pk}&tag=Objection") == []
    assert client.get(f"{DESK}?view=all").status_code == client.get(f"{DESK}?view=x").status_code == 404


@pytest.fixture
def vips(northwind, bluebird):
    """A label of the same name in two workspaces of the person, and in one of others."""
    other = factories.make_workspace("Other")
    names = ((northwind, "VIP"), (bluebird, "vip"), (other, "VIP"))
    return [factories.make_label(workspace, name=name) for workspace, name in names]


def test_the_list_over_all_workspaces_is_filtered_by_the_name_of_a_label(
    client, setter, northwind, bluebird, vips
):
    dana, leo, _ = waiting(northwind, "Dana", 2), waiting(bluebird, "Leo", 1), waiting(bluebird, "Plain", 1)
    factories.make_label(bluebird, name="Board")
    for lead, label in ((dana, vips[0]), (leo, vips[1])):
        labels.decide(lead.workspace, setter, [lead.pk], label, is_on=True)
    for name in ("VIP", "vip"):
        page = client.get(f"{DESK}?label={name}")
        assert [row.first_name for row in page.context["threads"].page.rows] == ["Dana", "Leo"]
        assert "Label: vip" in " ".join(page.content.decode().split())
    assert page.context["threads"].filter.labels == [("=Board", "Board"), ("=vip", "vip")]
    beside = client.get(f"{reverse('inbox:conversation', args=[northwind.pk, dana.pk])}?desk=1&label=vip")
    assert [row.first_name for row in beside.context["threads"].page.rows] == ["Dana", "Leo"]
    assert names(client, f"?label=vip&workspace={bluebird.pk}") == ["Leo"]
    for unknown in (vips[0].pk, "Rich"):
        page = client.get(f"{DESK}?label={unknown}")
        assert page.context["threads"].page.rows == [] and 'role="alert"' in page.content.decode()
    Membership.objects.filter(user=setter, workspace=bluebird).delete()
    assert names(client, "?label=vip") == ["Dana"] and names(client, "?label=board") == []


def test_a_label_is_put_on_by_its_name_from_each_workspace_and_never_from_another(
    client, northwind, bluebird, vips
):
    dana, leo = waiting(northwind, "Dana", 2), waiting(bluebird, "Leo", 1)
    page = client.get(DESK).content.decode()
    assert 'form="bulk" name="do" value="label:=vip"' in page and 'value="unlabel:=vip"' in page

    def label(lead, do: str):
        path = reverse("inbox:triage", args=[lead.workspace_id])
        headers = {"HX-Request": "true", "HX-Target": "toasts"}
        return client.post(path, {"do": do, "lead": [f"{lead.pk}@", f"{lead.pk}@"]}, headers=headers)

    assert [label(lead, "label:=ViP").status_code for lead in (dana, leo)] == [200, 200]
    assert set(LeadLabel.objects.values_list("lead", "label")) == {
        (dana.pk, vips[0].pk),
        (leo.pk, vips[1].pk),
    }
    assert label(leo, "unlabel:=VIP").status_code == 200
    assert label(dana, f"label:{vips[1].pk}").status_code == 404
    factories.make_label(bluebird, name="Board")
    refused = label(dana, "label:=Board")
    assert refused.status_code == 409
    assert "Northwind has no label “Board”: 2 conversations were skipped." in refused.content.decode()
    assert label(leo, "label:Board").status_code == 422  # a name needs its sign
    assert LeadLabel.objects.filter(lead=dana).count() == 1


def test_a_label_whose_name_looks_like_an_id_is_chosen_and_filtered_by_its_name(client, northwind, bluebird):
    dana = waiting(northwind, "Dana", 2)
    other = factories.make_label(bluebird)
    label = factories.make_label(northwind, name=str(other.pk))
    page = client.get(DESK).content.decode()
    (button,) = re.findall(rf'name="do" value="(label:[^"]*)"[^>]*>{label.name}<', page)
    path = reverse("inbox:triage", args=[northwind.pk])
    client.post(path, {"do": button, "lead": str(Seen.of(dana))})
    assert LeadLabel.objects.get().label == label
    assert names(client, f"?label={label.name}") == ["Dana"]


def test_a_search_finds_names_in_all_workspaces_of_the_person_and_in_no_other(
    client, setter, northwind, bluebird
):
    for workspace in (northwind, bluebird, factories.make_workspace("Other")):
        factories.make_lead(workspace, first_name="Dana", last_name=workspace.name, company="Aalto")
    answered = factories.make_lead(northwind, first_name="Leo", last_name="")
    both = {"Dana Northwind", "Dana Bluebird"}
    for text in ("dana", "AALTO da"):
        query = f"?view=all&q={text}"
        assert {row.display_name for row in rows(client, query)} == both
        hits = client.get(f"{reverse('desk-named')}?q={text}").json()["leads"]
        assert {hit["name"] for hit in hits} == both
        assert {hit["about"] for hit in hits} == {"Northwind", "Bluebird"}
        assert client.get(hits[0]["url"]).status_code == 200
    assert names(client, "?view=all&q=leo") == [answered.first_name]
    assert names(client, "?q=leo") == names(client, "?view=all&q=dan leo") == []
    assert client.get(f"{reverse('desk-named')}?q=%27%29%3A*%20|").json()["leads"] == []
    page = client.get(f"{DESK}?view=all&q=dana").content.decode()
    assert f'href="{DESK}?desk=1"' in page  # without the search the list is a folder of the desk again
    Membership.objects.filter(user=setter, workspace=bluebird).delete()
    assert names(client, "?view=all&q=dana") == ["Dana"]
    assert len(client.get(f"{reverse('desk-named')}?q=dana").json()["leads"]) == 1


def test_a_row_does_not_repeat_what_its_tab_says(client, northwind):
    lead = waiting(northwind, "Dana", 1, 4)
    factories.make_draft(factories.make_message(lead))
    chips = {}
    for view in ("needs-reply", "hot", "drafts"):
        row = client.get(f"{DESK}?view={view}").content.decode().split('id="rows"')[1].split("</ul>")[0]
        chips[view] = [chip for chip in ("Hot", "Draft ready") if f"{chip}</span>" in row]
    assert chips == {"needs-reply": ["Hot", "Draft ready"], "hot": ["Draft ready"], "drafts": ["Hot"]}


def test_a_decision_without_scripts_opens_the_next_conversation_of_the_list_over_all(
    client, northwind, bluebird
):
    dana, leo = waiting(northwind, "Dana", 2, 4), waiting(bluebird, "Leo", 1, 3)
    act = {"do": "done", "open": "1", "lead": str(Seen.of(dana))}
    query = "?desk=1&view=needs-reply"
    answer = client.post(reverse("inbox:triage", args=[northwind.pk]) + query, act)
    assert answer.url.startswith(reverse("inbox:conversation", args=[bluebird.pk, leo.pk]))
    page = client.get(answer.url)
    assert page.status_code == 200 and page.context["threads"].over_all
    dana.refresh_from_db()
    assert not dana.needs_reply
    act = {"do": "done", "open": "1", "lead": str(Seen.of(leo))}
    last = client.post(reverse("inbox:triage", args=[bluebird.pk]) + query, act)
    assert last.url.startswith(DESK)
    token = client.get(last.url).content.decode()
    assert f'action="{reverse("inbox:undo", args=[bluebird.pk])}' in token


@pytest.mark.parametrize("path", [DESK, "beside"])
def test_the_list_over_all_workspaces_takes_as_few_queries_for_fifty_as_for_one(setter, client, path):
    def queries() -> int:
        place = DESK
        if path == "beside":
            lead = Lead.objects.order_by("created_at").first()
            place = f"{reverse('inbox:conversation', args=[lead.workspace_id, lead.pk])}?desk=1"
        client.get(place)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(place).status_code == 200
        return len(captured)

    Membership.objects.filter(workspace__name="Bluebird").delete()
    waiting(setter.workspaces.get(), "Dana", 1, 3, assigned_to=setter)
    counts = [queries()]
    for more in (9, 40):
        for _ in range(more):
            workspace = factories.make_workspace()
            Membership.objects.create(workspace=workspace, user=setter, role=Membership.Role.MEMBER)
            waiting(workspace, "Leo", 1, 3, assigned_to=setter)
        counts.append(queries())
    assert len(set(counts)) == 1 and counts[0] <= (16 if path == DESK else 20), counts


def test_insights_are_a_door_of_the_list_and_lead_to_the_workspace_that_was_opened_last(client, bluebird):
    client.get(f"/w/{bluebird.pk}/inbox/")
    page = client.get(DESK).content.decode()
    side = page.split('<nav class="side"')[1].split("</nav>")[0]
    link = f'<a href="/w/{bluebird.pk}/insights/">'
    assert link in side and "Insights of Bluebird</span>" in side
    assert link in page.split('<template id="pages">')[1].split("</template>")[0]
    assert client.get(f"/w/{bluebird.pk}/insights/").status_code == 200
