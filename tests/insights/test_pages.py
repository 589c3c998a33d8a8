"""The pages: what each role sees, links that lead to the message, and forms that ask once."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape

from inbox.models import Campaign, Membership
from inbox.pages.csvs import cell
from insights.forms import PackForm
from insights.models import ContextPack, PackQuestion
from tests import factories

Role = Membership.Role


@pytest.fixture
def client_of(workspace):
    """`client_of(role)`: a client that is logged in as somebody with that role."""

    def log_in(role: str) -> Client:
        client = Client()
        client.force_login(factories.make_member(workspace, role))
        return client

    return log_in


@pytest.fixture
def url(workspace):
    return lambda name, *args: reverse(f"insights:{name}", args=[workspace.pk, *args])


@pytest.fixture
def built(sandbox, conversation, pack_of, work) -> ContextPack:
    conversation(), conversation()
    pack = pack_of()
    work()
    pack.refresh_from_db()
    assert pack.status == "COMPLETE"
    return pack


def test_every_link_of_a_pack_opens_the_conversation_at_its_message(built, client_of, url):
    client = client_of(Role.VIEWER)
    page = client.get(url("pack", built.pk)).content.decode()

    links = set(re.findall(r'href="([^"]+)#(message-[0-9a-f-]+)"', page))

    assert links
    for path, anchor in links:
        response = client.get(path.replace("&amp;", "&"))
        assert response.status_code == 200
        assert f'id="{anchor}"' in response.content.decode()


@pytest.mark.parametrize("role,shown", [(Role.ADMIN, True), (Role.MEMBER, False), (Role.VIEWER, False)])
def test_only_admins_see_costs(role, shown, built, client_of, url):
    client = client_of(role)
    for path in (url("pack", built.pk), url("packs")):
        assert ("$0." in client.get(path).content.decode()) is shown


def test_a_member_asks_for_a_pack_and_it_is_built(sandbox, conversation, workspace, client_of, url, work):
    conversation()
    answer = client_of(Role.MEMBER).post(url("packs"), {"question": "What works?", "window": "D7"})
    work()

    pack = ContextPack.objects.get()
    assert answer.url == url("pack", pack.pk)
    assert (pack.status, pack.question) == ("COMPLETE", "What works?")


def test_a_window_of_ones_own_needs_both_days(workspace, client_of, url):
    answer = client_of(Role.MEMBER).post(url("packs"), {"question": "What works?", "window": "CUSTOM"})

    assert answer.status_code == 400
    assert "Enter the first and last day." in answer.content.decode()
    assert not ContextPack.objects.exists()


def test_a_form_that_is_sent_twice_asks_once_and_the_answer_cites(built, client_of, url, work):
    client, form = client_of(Role.MEMBER), {"question": "And pricing?", "client_token": str(uuid.uuid4())}
    client.post(url("ask", built.pk), form), client.post(url("ask", built.pk), form)
    work()

    question = PackQuestion.objects.get()
    assert (question.status, bool(question.answer["claims"])) == ("answered", True)
    assert escape(question.answer["claims"][0]["text"]) in client.get(url("pack", built.pk)).content.decode()


def test_a_token_of_another_packs_question_is_refused(built, client_of, url, pack_of):
    client, form = client_of(Role.MEMBER), {"question": "And pricing?", "client_token": str(uuid.uuid4())}
    other = pack_of("Who says no?")
    PackQuestion.objects.create(
        workspace=other.workspace, pack=other, text="x", client_token=form["client_token"]
    )
    assert client.post(url("ask", built.pk), form).status_code == 400
    assert PackQuestion.objects.get().pack == other


def test_a_campaign_that_is_deleted_while_it_is_chosen_is_said_to_be_gone(
    workspace, client_of, url, monkeypatch
):
    campaign = factories.make_campaign(workspace)
    monkeypatch.setattr(PackForm, "custom", lambda _form: Campaign.objects.all().delete() and None)
    form = {"question": "What works?", "window": "D7", "campaigns": str(campaign.pk)}
    answer = client_of(Role.MEMBER).post(url("packs"), form)
    assert (answer.status_code, "has been deleted. Choose again." in answer.text) == (400, True)
    assert not ContextPack.objects.exists()


def test_a_failed_build_shows_the_last_good_one_and_says_so(built, client_of, url, sandbox, settings, work):
    client = client_of(Role.MEMBER)
    settings.OPENAI_API_KEY = ""
    factories.make_message(built.threads.first().lead, "Something new.")
    client.post(url("decide", built.pk), {"do": "again"})
    work()

    failed = ContextPack.objects.latest("id")
    page = client.get(url("pack", failed.pk)).content.decode()
    assert failed.status == "FAILED"
    assert "This build failed" in page and "Showing the pack from" in page
    assert built.synthesis["claims"][0]["text"].replace('"', "&quot;") in page


def test_a_second_build_says_what_changed(built, conversation, client_of, url, work):
    conversation("Another one.")
    client = client_of(Role.MEMBER)
    client.post(url("decide", built.pk), {"do": "again"})
    work()

    page = client.get(url("pack", ContextPack.objects.latest("id").pk)).content.decode()
    assert "Changes since" in page and "1 conversation added, 0 removed." in page


def test_every_bar_stands_in_the_row_of_its_number(built, client_of, url):
    page = client_of(Role.VIEWER).get(url("overview")).content.decode()

    rows = re.findall(r"<tr>.*?</tr>", page, re.S)
    bars = [row for row in rows if "plot level" in row]
    assert len(bars) == page.count("plot level") >= 12
    assert all('class="num"' in row and 'scope="row"' in row for row in bars)
    assert page.count('<svg class="plot" ') == 1 and "Show as table" in page  # replies by day


def test_a_tile_without_a_number_has_no_link_and_says_why(workspace, client_of, url):
    tiles = {tile["label"]: tile for tile in client_of(Role.VIEWER).get(url("overview")).context["tiles"]}
    sent = tiles["Drafts sent unchanged"]
    assert (sent["value"], sent["note"], sent["url"]) == ("–", "no drafts reviewed", "")
    assert [*tiles] == ["Needs reply", "Drafts sent unchanged", "Booked", "Replies"]


def test_each_tile_that_decides_leads_to_its_list(workspace, client_of, url):
    page = client_of(Role.VIEWER).get(url("overview"))
    links = {tile["label"]: tile["url"].partition("?")[2] for tile in page.context["tiles"] if tile["url"]}
    assert links == {"Needs reply": "view=needs-reply", "Booked": "view=all&tag=Meeting+Booked"}


def test_a_stale_pack_offers_to_be_built_again_and_a_fresh_one_does_not(built, client_of, url):
    client = client_of(Role.MEMBER)
    fresh = client.get(url("packs")).content.decode()
    ContextPack.objects.update(window_to=timezone.now() - timedelta(days=3))

    assert 'value="again"' not in fresh
    assert 'value="again"' in client.get(url("packs")).content.decode()


@pytest.mark.parametrize("name", ["overview", "packs"])
def test_an_empty_workspace_says_what_comes_next(name, workspace, client_of, url):
    page = client_of(Role.VIEWER).get(url(name)).content.decode()

    assert "No replies in this period" in page or "No questions yet" in page


def test_csv_of_a_pack_names_every_conversation(built, client_of, url):
    text = client_of(Role.VIEWER).get(url("pack-csv", built.pk)).content.decode("utf-8-sig")

    assert text.splitlines()[0] == "Kind,Text,Person,Message or outcome,Complete"
    assert text.splitlines()[1].endswith(",can’t be compared")
    assert text.count("\nConversation,") == 2


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@a", "\t=1", " =1", "\r=1", "\n=1", "\u22121"),
        *("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20a", "\ufe62 1", "\u3000=1"),
        *("\xa0=1", "\u202f=1", "\u200b=1", "\ufeff=1", "\u2060=1", "\xad=1", "\u3164=1", "\u034f=1"),
        *("\f=1", "\v=1", "\0=1", "\x1b=1", "\x85=1", "\x00text", "\u2028=1", "\u200b\xa0\uff1d1"),
    ],
)
def test_a_cell_that_would_be_a_formula_is_made_text(text):
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["1+1", "a=b", "\u200fשלום", "￥100", "", "\u200b", "(=1)"])
def test_a_cell_that_is_no_formula_stays(text):
    assert cell(text) == text


def test_a_viewer_asks_nothing(built, client_of, url):
    client = client_of(Role.VIEWER)
    assert client.post(url("packs"), {"question": "x", "window": "D7"}).status_code == 403
    assert client.post(url("ask", built.pk), {"question": "x"}).status_code == 403


def test_a_pack_of_another_workspace_is_not_found(built, client_of, url):
    elsewhere = factories.make_workspace()
    client = Client()
    client.force_login(factories.make_member(elsewhere, Role.OWNER))
    for name in ("pack", "progress", "pack-csv"):
        assert client.get(reverse(f"insights:{name}", args=[elsewhere.pk, built.pk])).status_code == 404
        assert client.get(url(name, built.pk)).status_code == 404


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        ("packs", "status", "complete"),
        ("packs", "window", "D8"),
        ("threads", "status", "DONE"),
        ("questions", "status", "ANSWERED"),
    ],
)
def test_the_database_refuses_a_state_that_no_page_could_show(built, model, field, value):
    """Only a row made by hand ever had one: everything we write is of the models' own choices."""
    built.questions.create(workspace=built.workspace, client_token=uuid.uuid4(), text="Why?")
    rows = ContextPack.objects.all() if model == "packs" else getattr(built, model).all()
    with pytest.raises(IntegrityError, match="known"):
        rows.update(**{field: value})


def test_a_state_that_only_the_next_release_knows_is_shown_as_it_is(built, client_of, url):
    with connection.cursor() as cursor:  # as that release's migration would have
        cursor.execute("ALTER TABLE insights_contextpack DROP CONSTRAINT pack_status_known")
    ContextPack.objects.update(status="HALTED")
    client = client_of(Role.VIEWER)
    try:
        for page in (url("packs"), url("pack", built.pk)):
            assert "HALTED" in client.get(page).text
    finally:
        ContextPack.objects.update(status="COMPLETE")
        with connection.cursor() as cursor:
            cursor.execute(
                "ALTER TABLE insights_contextpack ADD CONSTRAINT pack_status_known"
                " CHECK (status IN ('PENDING', 'RUNNING', 'COMPLETE', 'FAILED'))"
            )
