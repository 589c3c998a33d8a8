"""The navigation: at most twelve doors, each leading to what the role can use, with its badges."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.leads.folders import FOLDERS
from inbox.pages.navigation import PAGES
from integrations.health import writer
from integrations.health.writer import Signal, SignalKind
from tests import factories

pytestmark = pytest.mark.django_db
MOST = 12
LINK = re.compile(
    r'<li><a href="([^"]+)"( aria-current="\w+")?>.*?<span class="clip">([^<]+)</span>(.*?)</a></li>'
)


@pytest.fixture
def workspace(workspace):
    workspace.set_up_at = timezone.now()
    workspace.save()
    return workspace


def links(html: str) -> dict[str, tuple[str, bool, str]]:
    """The links in `html` by label: the address, whether it is current, and the badges in words."""
    return {
        label: (url, bool(current), " ".join(re.findall(r'<span class="n state"[^>]*>([^<]+)', badges)))
        for url, current, label, badges in LINK.findall(html)
    }


def part(page: str, opening: str, ending: str) -> str:
    return page.partition(opening)[2].partition(ending)[0]


def side(page: str) -> str:
    return part(page, '<nav class="side"', "</nav>")


def doors(page: str) -> dict[str, tuple[str, bool, str]]:
    return links(re.sub(r"<details.*?</details>", "", side(page), flags=re.S))


def behind(page: str) -> dict[str, tuple[str, bool, str]]:
    return links(part(page, '<nav class="places"', "</nav>"))


def read(client, workspace, name="inbox:list"):
    return client.get(reverse(name, args=[workspace.pk])).content.decode()


@pytest.mark.parametrize("role", ["owner", "member", "viewer"])
def test_at_most_twelve_doors_lead_to_every_page_that_the_role_can_use(role, workspace, people):
    client = getattr(people, role)
    page = read(client, workspace)
    assert len(doors(page)) <= MOST
    offered = links(part(page, '<template id="pages">', "</template>"))
    assert all(client.get(url).status_code == 200 for url, *_ in offered.values())
    assert set(offered) <= {entry.label for entry in PAGES}
    if role == "owner":
        assert set(offered) == {entry.label for entry in PAGES}


def test_every_folder_is_in_the_menu_and_a_folder_under_more_shows_when_it_is_open(workspace, member):
    page = read(member, workspace)
    assert {folder.label for folder in FOLDERS.values() if not folder.tab} <= set(links(side(page)))
    assert "<details>" in side(page)
    url, *_ = links(side(page))["Unassigned"]
    assert "<details open>" in side(member.get(url).content.decode())


def test_a_member_sees_no_door_to_what_admins_alone_can_use(workspace, people):
    page = read(people.member, workspace, "inbox:facts")
    assert {"Facts", "Snippets"} <= set(behind(page))
    assert not {"Accounts", "Rules", "Notifications", "Security", "Workspace"} & set(behind(page))
    tabs = part(
        read(people.member, workspace, "inbox:health"), '<nav class="tabs" aria-label="Operate">', "</nav>"
    )
    assert "Trace" in tabs and "Jobs" not in tabs


def test_a_page_below_another_one_is_marked_in_the_side_list_alone(workspace, people):
    page = read(people.owner, workspace, "inbox:notices")
    assert [label for label, (_, current, _) in behind(page).items() if current] == ["Notifications"]
    assert [label for label, (_, current, _) in doors(page).items() if current] == ["Settings"]


def test_badges_of_the_pages_bubble_up_to_their_door(workspace, people):
    factories.make_delivery(workspace, verdict="failed")
    account = factories.make_integration(workspace, "unipile", name="Jane Doe")
    writer.record(account, Signal(SignalKind.REFUSED))
    assert doors(read(people.owner, workspace))["Operate"][2] == "1 down 1 failed"
    assert doors(read(people.member, workspace))["Operate"][2] == "1 down"


def test_first_steps_are_a_door_until_they_are_finished_and_then_a_page_of_settings(workspace, people):
    page = read(people.owner, workspace, "inbox:people")
    assert list(doors(page))[0] == "Needs reply" and "First steps" in behind(page)
    workspace.set_up_at = None
    workspace.save()
    page = read(people.owner, workspace, "inbox:people")
    assert list(doors(page))[0] == "First steps" and "First steps" not in behind(page)
    assert doors(page)["First steps"] == (reverse("inbox:start", args=[workspace.pk]), False, "")
    assert doors(page)["Settings"] == (reverse("inbox:integrations", args=[workspace.pk]), True, "")
    assert list(doors(read(people.member, workspace)))[0] == "Needs reply"


def test_a_door_names_the_pages_behind_it_in_one_line_without_dots(workspace, people):
    hints = re.findall("<small>([^<]*)</small>", side(read(people.owner, workspace)))
    assert hints == ["Accounts, People, Automation", "Health, Jobs, Deliveries, Trace"]


def test_each_folder_has_one_name_in_the_menu_among_the_tabs_and_over_its_list(workspace, member):
    page = member.get(reverse("inbox:list", args=[workspace.pk]) + "?view=drafts").content.decode()
    tab = re.search(r'view=drafts" aria-current="page" aria-keyshortcuts="2".*?</a>', page, re.S)
    assert "Drafts" in links(side(page)) and tab and "Drafts" in tab[0]
    assert re.search(r'id="list-h">Drafts</h', page) and "Drafts to review" not in page
