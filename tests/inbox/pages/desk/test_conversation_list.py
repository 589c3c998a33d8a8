"""The list: folders and their counts, filters, search, pages."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from inbox.leads import triage
from inbox.leads.folders import FOLDERS, folder_counts, leads_in
from inbox.models import Lead, Mention, Note
from inbox.pages import pagination
from inbox.pages.desk import conversation_list, search
from tests import factories
from tests.factories import ago


def listed(client, workspace, query: str = "") -> list[str]:
    """The names in the list, in order, after a look that each is on the page."""
    response = client.get(f"/w/{workspace.pk}/inbox/?{query}")
    assert response.status_code == 200
    rows = response.context["threads"].page.rows
    page = response.content.decode()
    assert all(f"<b>{row.display_name}</b>" in page for row in rows)
    return [row.display_name for row in rows]


@pytest.fixture
def one_in_each_folder(workspace):
    """A lead per folder, named after it, and one in none but "all"."""
    later = timezone.now() + timedelta(days=3)
    fields = {
        "needs-reply": {"needs_reply": True},
        "not-understood": {"awaiting_model": True},
        "unread": {"unread": True},
        "snoozed": {"snoozed_until": later, "needs_reply": True},
        "drafts": {},
        "scheduled": {},
        "sent": {},
        "failed": {},
        "handled": {},
    }
    leads = {
        name: factories.make_lead(workspace, first_name=name, last_name="", **own)
        for name, own in fields.items()
    }
    factories.make_draft(factories.make_message(leads["drafts"]))
    for name, state in (("scheduled", "intent"), ("sent", "sent"), ("failed", "failed")):
        draft = factories.make_draft(factories.make_message(leads[name]), status="approved")
        factories.make_send(draft, state=state)
    return leads


@pytest.mark.parametrize(
    "folder",
    [
        name
        for name in FOLDERS
        if name not in ("all", "mine", "unassigned", "mentions", "hot", "over", "declined")
    ],
)
def test_folder_holds_its_own(folder, workspace, member, one_in_each_folder):
    assert listed(member, workspace, f"view={folder}") == [folder]


def test_all_holds_every_conversation(workspace, member, one_in_each_folder):
    assert set(listed(member, workspace, "view=all")) == set(one_in_each_folder)


def test_counts_agree_with_the_lists_they_open(workspace, people, one_in_each_folder):
    me = people.users.member.pk
    ours = factories.make_lead(
        workspace, first_name="Ours", last_name="", needs_reply=True, assigned_to_id=me
    )
    factories.make_lead(workspace, needs_reply=True, score=3, last_inbound_at=ago(hours=25))
    factories.make_lead(workspace, needs_reply=True, tag="Not Interested")
    note = Note.objects.create(workspace=workspace, lead=ours, text="@me")
    Mention.objects.create(note=note, membership=people.users.member.memberships.get())
    for folder, count in folder_counts(workspace, me).items():
        shown = listed(people.member, workspace, f"view={folder}")
        assert count == leads_in(workspace, folder, me).count() == len(shown) > 0


def test_counts_take_one_query(workspace, one_in_each_folder, django_assert_num_queries):
    with django_assert_num_queries(1):
        folder_counts(workspace, 1)


def test_count_is_exact_to_999_then_says_so(workspace, member):
    for _ in range(999):
        factories.make_lead(workspace, needs_reply=True)
    assert 'id="count">999</span>' in member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    factories.make_lead(workspace, needs_reply=True)
    page = member.get(f"/w/{workspace.pk}/inbox/").content.decode()
    # the list's head and its offer of all that match, and twice in the navigation, as nobody has them
    assert page.count("999+") == 4


def test_tabs_over_the_list_hold_those_who_wait_and_each_counts_its_own(workspace, member):
    waits = {"needs_reply": True, "last_inbound_at": ago(hours=1), "last_name": ""}
    for name, fields in {
        "hot": {"score": 3},
        "bounced": {"score": 4, "bounced_at": timezone.now()},
        "warm": {"score": 2},
        "answered": {"score": 4, "needs_reply": False},
        "over": {"last_inbound_at": ago(hours=25)},
        "asleep": {"last_inbound_at": ago(hours=25), "snoozed_until": ago(hours=-1), "score": 4},
        "no": {"tag": "Not Interested"},
        "never": {"tag": "Blacklist"},
    }.items():
        factories.make_lead(workspace, first_name=name, **waits | fields)
    for number, (key, names) in enumerate(
        {
            "hot": {"hot"},
            "drafts": set(),
            "scheduled": set(),
            "over": {"over"},
            "declined": {"no", "never"},
        }.items(),
        1,
    ):
        assert set(listed(member, workspace, f"view={key}")) == names
        page = member.get(f"/w/{workspace.pk}/inbox/?view={key}").content.decode()
        tabs = re.findall(
            r'<a href="[^"]*view=(\w+)"( aria-current="page")? aria-keyshortcuts="(\d)".*?<b[^>]*>(\d+)', page
        )
        assert [tab for tab, current, _, _ in tabs if current] == [key]
        assert (key, str(number), str(len(names))) in [(tab, digit, count) for tab, _, digit, count in tabs]
    assert "These leads declined." in page and "Mark all shown as done" in page


def test_the_overdue_list_begins_with_the_oldest_and_pages_on_to_the_newest(workspace, member, monkeypatch):
    for name, hours in (("Second", 50), ("First", 90), ("Third", 30)):
        when = ago(hours=hours)
        fields = {"needs_reply": True, "last_inbound_at": when, "last_message_at": when}
        lead = factories.make_lead(workspace, first_name=name, last_name="", **fields)
    assert listed(member, workspace, "view=over") == ["First", "Second", "Third"]
    assert listed(member, workspace, "view=needs-reply") == ["Third", "Second", "First"]
    before = f"view=over&before={pagination.cursor_of(lead, 'last_message_at')}"
    assert listed(member, workspace, before) == ["First", "Second"]
    first = workspace.leads.get(first_name="First")
    after = f"view=over&after={pagination.cursor_of(first, 'last_message_at')}"
    assert listed(member, workspace, after) == ["Second", "Third"]
    posted = {"lead": str(triage.Seen.of(first)), "do": "done", "open": "1"}
    moved = member.post(f"/w/{workspace.pk}/inbox/triage/?view=over", posted)
    assert str(workspace.leads.get(first_name="Second").pk) in moved["Location"]


def test_failed_send_leaves_its_folder_when_a_later_one_went_out(workspace, member, one_in_each_folder):
    message = factories.make_message(one_in_each_folder["failed"], channel="sms", source="ghl_message")
    factories.make_send(factories.make_draft(message, status="sent"), state="sent")
    assert listed(member, workspace, "view=failed") == []


def test_draft_that_counts_down_is_scheduled_and_not_to_review(workspace, member):
    lead = factories.make_lead(workspace, first_name="Soon", last_name="")
    factories.make_draft(factories.make_message(lead), send_at=ago(minutes=-4.5))
    assert listed(member, workspace, "view=drafts") == []
    assert listed(member, workspace, "view=scheduled") == ["Soon"]
    assert "Goes out in 4 min" in member.get(f"/w/{workspace.pk}/inbox/?view=scheduled").content.decode()


def test_snooze_that_ended_is_back_in_needs_reply(workspace, member):
    factories.make_lead(
        workspace, first_name="Back", last_name="", needs_reply=True, snoozed_until=ago(minutes=1)
    )
    assert listed(member, workspace) == ["Back"]


def test_the_snoozed_say_until_when(workspace, member):
    until = datetime(2126, 5, 4, 13, 0, tzinfo=UTC)
    factories.make_lead(workspace, first_name="Later", last_name="", snoozed_until=until)
    assert listed(member, workspace, "view=snoozed") == ["Later"]
    text = member.get(f"/w/{workspace.pk}/inbox/?view=snoozed").content.decode()
    local = until.astimezone(ZoneInfo(workspace.timezone))
    assert re.search(
        rf'Until <time datetime="{re.escape(local.isoformat())}"[^>]*>4 May 2126, {local:%H:%M}<', text
    )


def test_other_workspace_is_never_listed(workspace, member):
    factories.make_lead(factories.make_workspace(), needs_reply=True)
    assert listed(member, workspace, "view=all") == []


def test_newest_conversation_is_first(workspace, member):
    for name, hours in (("Old", 5), ("New", 1), ("Older", 9)):
        factories.make_lead(workspace, first_name=name, last_name="", last_message_at=ago(hours=hours))
    assert listed(member, workspace, "view=all") == ["New", "Old", "Older"]


@pytest.mark.parametrize(
    "query", ["channel=sms", "tag=Interested", "q=tomasz"], ids=["channel", "tag", "search"]
)
def test_filter_narrows_the_list_and_is_shown_as_a_chip(query, workspace, member):
    factories.make_lead(workspace, first_name="Tomasz", last_name="", last_channel="sms", tag="Interested")
    factories.make_lead(workspace, first_name="Other", last_name="")
    assert listed(member, workspace, f"view=all&{query}") == ["Tomasz"]
    assert "Remove filter" in member.get(f"/w/{workspace.pk}/inbox/?view=all&{query}").content.decode()


def test_search_shows_the_hit_in_the_message_and_no_markup_of_others(workspace, member):
    lead = factories.make_lead(workspace, first_name="Tomasz", last_name="")
    factories.make_message(
        lead, "<script>alert(1)</script> Is <b>Thursday</b> free?", received_at=ago(days=9)
    )
    factories.make_message(lead, "Something else")
    response = member.get(f"/w/{workspace.pk}/inbox/?view=all&q=thursday")
    assert (
        "&lt;script&gt;alert(1)&lt;/script&gt; Is &lt;b&gt;<mark>Thursday</mark>&lt;/b&gt; free?"
        in response.content.decode()
    )


def test_search_without_a_hit_among_the_newest_messages_leads_on_to_older_ones(
    workspace, member, monkeypatch
):
    monkeypatch.setattr(search, "FEW", 1)
    monkeypatch.setattr(search, "OLDER", 1)
    monkeypatch.setattr(search, "NEWEST", dict.fromkeys(search.NEWEST, 2))
    for number in range(5):
        lead = factories.make_lead(workspace, first_name=f"n{number}", last_name="")
        factories.make_message(lead, "thanks" if number < 3 else "else", received_at=ago(days=5 - number))
    names, after = [], ""
    for _ in range(4):
        names.append(listed(member, workspace, f"view=all&q=thanks&after={after}"))
        after = (
            member.get(f"/w/{workspace.pk}/inbox/?view=all&q=thanks&after={after}")
            .context["threads"]
            .page.after
        )
        if not after:
            break
    assert names == [[], ["n2", "n1"], ["n0"]]


def test_campaign_filter_narrows_the_list(workspace, member):
    campaign = factories.make_campaign(workspace)
    factories.make_lead(workspace, first_name="In", last_name="", campaign=campaign)
    factories.make_lead(workspace, first_name="Out", last_name="")
    assert listed(member, workspace, f"view=all&campaign={campaign.pk}") == ["In"]


def test_campaign_of_another_workspace_is_no_choice(workspace, member, lead):
    foreign = factories.make_campaign(factories.make_workspace(), name="Secret plans")
    response = member.get(f"/w/{workspace.pk}/inbox/?view=all&campaign={foreign.pk}")
    assert "Select a valid choice" in response.content.decode()
    assert "Secret plans" not in response.content.decode()


@pytest.mark.parametrize(
    "query", ["view=nothing", "view=all&after=x", "view=all&before=1-2", "view=all&after=99-zz"]
)
def test_unknown_folder_or_place_is_404(query, workspace, member, lead):
    assert member.get(f"/w/{workspace.pk}/inbox/?{query}").status_code == 404


def test_pages_of_fifty_lead_through_everything_and_back(workspace, member):
    moment = timezone.now()
    for number in range(120):
        factories.make_lead(
            # Pairs share their time: the id decides.
            workspace, first_name=f"n{number:03}", last_name="", last_message_at=moment - timedelta(hours=number // 2)
        )  # fmt: skip
    pages, query = [], "view=all"
    while query:
        pages.append(listed(member, workspace, query))
        page = member.get(f"/w/{workspace.pk}/inbox/?{query}").content.decode()
        older = re.search(r'href="[^"?]+\?([^"]+)" rel="next"', page)
        newer = re.search(r'href="[^"?]+\?([^"]+)" rel="prev"', page)
        query = older and older[1].replace("&amp;", "&")
    assert [len(page) for page in pages] == [50, 50, 20]
    assert len({name for page in pages for name in page}) == 120
    assert listed(member, workspace, newer[1].replace("&amp;", "&")) == pages[1]


def test_list_takes_as_many_queries_for_fifty_rows_as_for_two(workspace, member):
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            member.get(f"/w/{workspace.pk}/inbox/?view=all")
        return len(captured)

    def add(count: int) -> None:
        for _ in range(count):
            lead = factories.make_lead(workspace, campaign=factories.make_campaign(workspace))
            factories.make_draft(factories.make_message(lead))

    add(2)
    queries()  # the first visit remembers the workspace
    few = queries()
    add(48)
    assert queries() == few <= 10


def test_markup_in_a_name_is_text(workspace, member):
    factories.make_lead(
        workspace, first_name="<script>alert(1)</script>", last_name="", last_snippet="<img src=x>"
    )
    page = member.get(f"/w/{workspace.pk}/inbox/?view=all").content.decode()
    assert "<script>alert" not in page
    assert "<img" not in page


def test_what_may_or_may_not_have_gone_out_stands_above_every_folder_but_its_own(workspace, member, lead):
    def page(view: str) -> str:
        return member.get(f"/w/{workspace.pk}/inbox/?view={view}").content.decode()

    words = "1 message may or may not have been sent."
    assert words not in page("needs-reply")
    factories.make_send(
        factories.make_draft(factories.make_message(lead)), state="unknown", called_at=factories.ago()
    )
    assert words in page("needs-reply") and words in page("all") and words not in page("failed")


def test_a_score_filters_from_there_up(workspace, member):
    for score in (None, 2, 3, 4):
        lead = factories.make_lead(workspace, first_name=f"Score{score}", score=score)
        factories.make_message(lead)
    page = member.get(f"/w/{workspace.pk}/inbox/?view=all&score=3").content.decode()
    assert "Score3" in page and "Score4" in page and "3 or more" in page
    assert "Score2" not in page and "ScoreNone" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("account=ALEX@outreach.example.com", {"Mail"}),
        ("account=alex", set()),
        ("assignee=me", {"Mine"}),
        ("draft=waits", {"Draft"}),
        ("draft=goes-out", {"Soon", "Going"}),
        ("draft=none", {"Mail", "Mine", "Old", "Going"}),
        ("when=last+7+days", {"Mail", "Mine", "Draft", "Soon", "Going"}),
        ("when=Older%20than%202%20weeks", {"Old"}),
        ("since=2020-01-01&until=2020-02-01", set()),
        ("until=2020-03-01", {"Old"}),
        ("until=2020-03-01&when=today", set()),
    ],
)
def test_conversations_are_found_by_account_owner_draft_and_time(query, found, workspace, people):
    def lead(name, **fields):
        return factories.make_lead(workspace, first_name=name, last_name="", **fields)

    lead("Mail", last_account="alex@outreach.example.com")
    lead("Mine", assigned_to=people.users.member)
    lead("Old", last_message_at=datetime(2020, 3, 1, 12, tzinfo=UTC))
    factories.make_draft(factories.make_message(lead("Draft")))
    factories.make_draft(factories.make_message(lead("Soon")), send_at=ago(minutes=-4))
    draft = factories.make_draft(factories.make_message(lead("Going")), status="approved")
    factories.make_send(draft, state="intent")
    assert set(listed(people.member, workspace, f"view=all&{query}")) == found


@pytest.mark.parametrize(
    "query",
    ["tag=Rich", "draft=maybe", "assignee=987654321", "when=someday", "when=last+9999+years", "since=soon"],
)
def test_a_filter_that_is_not_understood_is_told_and_finds_nobody(query, workspace, member, lead):
    response = member.get(f"/w/{workspace.pk}/inbox/?view=all&{query}")
    assert 'role="alert"' in response.content.decode()
    assert response.context["threads"].page.rows == []


def test_a_rare_filter_looks_at_so_many_conversations_and_leads_on(workspace, member, monkeypatch):
    monkeypatch.setattr(pagination, "SCAN", 3)
    monkeypatch.setattr(conversation_list, "SCAN", 3)
    for number in range(10):
        fields = {"last_channel": "sms"} if number in (1, 2, 8) else {}
        factories.make_lead(
            workspace, first_name=f"n{number}", last_name="", last_message_at=ago(hours=number), **fields
        )
    names, query, counts = [], "view=all&channel=sms", []
    for _ in range(4):
        response = member.get(f"/w/{workspace.pk}/inbox/?{query}")
        page = response.context["threads"].page
        names.append([row.first_name for row in page.rows])
        counts.append(response.context["threads"].count)
        query = f"view=all&channel=sms&after={page.after}"
        if not page.after:
            break
    assert (names, counts[0]) == ([["n1", "n2"], [], ["n8"]], "2+")
    before = response.context["threads"].page.before
    assert listed(member, workspace, f"view=all&channel=sms&before={before}") == []


def test_a_filter_by_time_begins_to_look_at_its_end(workspace, member, monkeypatch):
    monkeypatch.setattr(pagination, "SCAN", 2)
    for number in range(6):
        factories.make_lead(
            workspace, first_name=f"n{number}", last_name="", last_message_at=ago(days=2 * number)
        )
    assert listed(member, workspace, "view=all&when=older+than+7+days") == ["n4", "n5"]


def test_a_draft_of_an_answered_lead_is_neither_ready_nor_among_the_drafts(workspace, member):
    lead = factories.make_lead(workspace, needs_reply=True, last_inbound_at=ago(hours=1))
    factories.make_draft(factories.make_message(lead))
    drafts, everyone = (f"/w/{workspace.pk}/inbox/?view={view}" for view in ("drafts", "all"))
    assert "Draft ready" in member.get(everyone).text and f"row-{lead.pk}" in member.get(drafts).text
    triage.change(workspace, [triage.Seen.of(lead)], triage.DONE)
    assert "Draft ready" not in member.get(everyone).text and f"row-{lead.pk}" not in member.get(drafts).text


def test_a_draft_on_another_channel_than_the_answer_is_still_among_the_drafts(workspace, member):
    lead = factories.make_lead(workspace, needs_reply=True, last_inbound_at=ago(hours=1), last_channel="sms")
    factories.make_draft(factories.make_message(lead))  # by email
    Lead.objects.update(answered_at=ago(minutes=1))
    assert f"row-{lead.pk}" in member.get(f"/w/{workspace.pk}/inbox/?view=drafts").text
    Lead.objects.update(last_channel="email")
    assert f"row-{lead.pk}" not in member.get(f"/w/{workspace.pk}/inbox/?view=drafts").text


def test_a_lead_who_declined_is_called_late_only_if_an_answer_was_promised(workspace):
    late = factories.make_lead(workspace, needs_reply=True, tag="Not Interested", last_inbound_at=ago(days=6))
    late.refresh_from_db()  # the database derives when the answer is due
    assert not late.is_over and not leads_in(workspace, "over").exists()
    type(workspace).objects.update(promises={"Not Interested": 60})
    Lead.objects.update(needs_reply=True)
    assert Lead.objects.get().is_over and leads_in(workspace, "over").exists()
