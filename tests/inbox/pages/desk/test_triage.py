"""The buttons of the list and of a conversation: done, snooze, unread, undo."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from inbox.leads import triage
from inbox.models import Lead, Message, TagDecision
from inbox.pipeline import agreement
from jobs.ids import uuid7
from jobs.models import BackgroundJob
from tests import factories
from tests.factories import ago

NEW_YORK = ZoneInfo("America/New_York")


@pytest.fixture
def leads(workspace):
    """Three that wait for a reply, newest first."""
    return [
        factories.make_lead(
            workspace,
            first_name=name,
            last_name="",
            needs_reply=True,
            last_message_at=ago(hours=hours),
            last_inbound_at=ago(hours=hours),
        )  # fmt: skip
        for name, hours in (("First", 1), ("Second", 2), ("Third", 3))
    ]


def press(client, workspace, leads, do, query="view=needs-reply", **fields):
    data = {"lead": [str(triage.Seen.of(lead)) for lead in leads], "do": do, **fields}
    return client.post(f"/w/{workspace.pk}/inbox/triage/?{query}", data)


def test_done_from_the_list_goes_back_to_the_list(workspace, member, leads):
    response = press(member, workspace, leads[:2], "done")
    assert response["Location"] == f"/w/{workspace.pk}/inbox/?view=needs-reply"
    page = member.get(response["Location"])
    assert [row.display_name for row in page.context["threads"].page.rows] == ["Third"]
    assert "Done: 2 conversations" in page.content.decode()


def test_done_in_a_conversation_goes_on_to_the_next_one(workspace, member, leads):
    response = press(member, workspace, leads[:1], "done", open="1")
    assert response["Location"] == f"/w/{workspace.pk}/inbox/{leads[1].pk}/?view=needs-reply"


def test_done_in_a_conversation_that_a_search_found_goes_on_to_the_next_hit(workspace, member, leads):
    for lead, hours in ((leads[2], 1), (leads[0], 5), (leads[1], 9)):
        factories.make_message(lead, "thanks a lot", received_at=ago(hours=hours))
    press(member, workspace, leads[:1], "done")  # it has left the folder
    query = "view=needs-reply&q=thanks"
    response = press(member, workspace, leads[2:], "done", query, open="1")
    assert response["Location"] == f"/w/{workspace.pk}/inbox/{leads[1].pk}/?{query}"
    response = press(member, workspace, leads[1:2], "done", query, open="1")
    assert response["Location"] == f"/w/{workspace.pk}/inbox/?{query}"


def test_done_in_the_last_conversation_goes_to_the_list(workspace, member, leads):
    response = press(member, workspace, leads[2:], "done", open="1")
    assert response["Location"] == f"/w/{workspace.pk}/inbox/?view=needs-reply"


def test_unread_goes_to_the_list_so_that_it_stays_unread(workspace, member, leads):
    response = press(member, workspace, leads[:1], "unread", open="1")
    leads[0].refresh_from_db()
    assert leads[0].unread
    assert response["Location"].startswith(f"/w/{workspace.pk}/inbox/?")


@pytest.mark.parametrize("word, days", [("tomorrow", 1), ("week", 7), ("month", 30)])
def test_snooze_ends_when_the_workspace_opens(word, days, workspace, member, leads):
    press(member, workspace, leads[:1], f"snooze:{word}")
    leads[0].refresh_from_db()
    local = leads[0].snoozed_until.astimezone(NEW_YORK)
    expected = timezone.now().astimezone(NEW_YORK).date() + timedelta(days=days)
    assert (local.date(), local.hour, local.minute) == (expected, 9, 0)


def test_snooze_until_a_day(workspace, member, leads):
    day = (timezone.now().astimezone(NEW_YORK) + timedelta(days=40)).date()
    press(member, workspace, leads[:1], "snooze", until=day.isoformat())
    leads[0].refresh_from_db()
    assert leads[0].snoozed_until == datetime(day.year, day.month, day.day, 9, tzinfo=NEW_YORK)


@pytest.mark.parametrize("until", ["", "2020-01-01", "soon", "9999-12-31"])
def test_snooze_without_a_usable_day_says_so_and_changes_nothing(until, workspace, member, leads):
    response = press(member, workspace, leads[:1], "snooze", until=until)
    leads[0].refresh_from_db()
    assert leads[0].snoozed_until is None
    assert "Snooze until" in member.get(response["Location"]).content.decode()


def test_undo_brings_it_back(workspace, member, leads):
    page = member.get(press(member, workspace, leads[:1], "done")["Location"]).content.decode()
    token = re.search(r'name="token" value="([^"]+)"', page)[1]
    response = member.post(f"/w/{workspace.pk}/inbox/undo/?view=needs-reply", {"token": token})
    assert response["Location"] == f"/w/{workspace.pk}/inbox/?view=needs-reply"
    leads[0].refresh_from_db()
    assert leads[0].needs_reply


@pytest.mark.parametrize("token", ["", "forged"])
def test_undo_with_a_bad_token_says_so(token, workspace, member):
    response = member.post(f"/w/{workspace.pk}/inbox/undo/", {"token": token})
    assert "too late to undo" in member.get(response["Location"]).content.decode()


@pytest.mark.parametrize(
    "data", [{"do": "done"}, {"do": "explode", "lead": "x"}, {"lead": "x", "do": "done"}, {}]
)
def test_bad_form_says_what_is_wrong(data, workspace, member):
    response = member.post(f"/w/{workspace.pk}/inbox/triage/", data)
    assert response.status_code == 302
    assert 'class="toast"' in member.get(response["Location"]).content.decode()


def test_more_than_a_page_at_once_is_refused(workspace, member, lead):
    seen = [str(triage.Seen.of(lead))] * 51
    response = member.post(f"/w/{workspace.pk}/inbox/triage/", {"lead": seen, "do": "done"})
    assert "Select at most 50 conversations at once." in member.get(response["Location"]).content.decode()


def test_newer_message_is_told(workspace, member, lead):
    seen = str(triage.Seen(lead.pk, ago(days=2)))
    response = member.post(f"/w/{workspace.pk}/inbox/triage/", {"lead": seen, "do": "done"})
    assert "a newer message arrived" in member.get(response["Location"]).content.decode()


def test_a_viewer_gets_no_dialog_for_what_they_may_not_do(workspace, people, lead):
    for page in ("", f"{lead.pk}/"):
        assert "snooze-ticked" not in people.viewer.get(f"/w/{workspace.pk}/inbox/{page}").content.decode()
        assert "snooze-ticked" in people.member.get(f"/w/{workspace.pk}/inbox/{page}").content.decode()


def test_the_others_are_done_and_the_one_with_a_newer_message_is_named(workspace, member, leads):
    seen = [str(triage.Seen.of(lead)) for lead in leads]
    Lead.objects.filter(pk=leads[1].pk).update(last_inbound_at=timezone.now())
    headers = {"HX-Request": "true", "HX-Target": "toasts"}
    data = {"lead": [*seen, str(triage.Seen(uuid7(), None))], "do": "done"}
    answer = member.post(f"/w/{workspace.pk}/inbox/triage/", data, headers=headers)
    told = answer.content.decode()
    assert answer.status_code == 200
    assert "Done: 2 conversations" in told and "1 skipped because they no longer exist." in told
    assert "Skipped because a newer message arrived: Second." in told
    assert list(Lead.objects.filter(needs_reply=True)) == [leads[1]]


def understood(client, workspace, words, **fields):
    url = f"/w/{workspace.pk}/inbox/snooze/"
    return client.get(url, {"words": words, **fields}, headers={"HX-Request": "true"}).content.decode()


def test_words_are_shown_as_a_time_and_snooze_until_exactly_then(workspace, people, leads):
    shown = understood(people.member, workspace, "tomorrow 2:30 pm", **{"for": "bulk"})
    value = re.search(r'form="bulk" name="do" value="(snooze:[^"]+)"', shown)[1]
    leads[0].refresh_from_db()
    assert leads[0].snoozed_until is None  # nothing counts before it is pressed
    press(people.member, workspace, leads[:1], value)
    leads[0].refresh_from_db()
    local = leads[0].snoozed_until.astimezone(NEW_YORK)
    tomorrow = timezone.now().astimezone(NEW_YORK).date() + timedelta(days=1)
    assert (local.date(), local.hour, local.minute) == (tomorrow, 14, 30)
    assert f"{tomorrow:%-d %B}, 14:30" in people.member.get(f"/w/{workspace.pk}/inbox/").content.decode()


def test_words_that_mean_no_time_to_come_are_told(workspace, member):
    assert "“soon” isn’t a time we understand" in understood(member, workspace, "soon")
    assert "has passed" in understood(member, workspace, "5 March 2020")
    page = member.get(f"/w/{workspace.pk}/inbox/snooze/", {"words": "<b>soon"}).content.decode()
    assert "“&lt;b&gt;soon” isn’t a time we understand" in page and "<html" in page


@pytest.mark.parametrize(
    "until", ["2020-01-01T09:00:00+00:00", "2999-01-01T09:00:00+00:00", "2027-01-01T09:00:00"]
)
def test_a_time_that_was_not_shown_so_is_refused(until, workspace, member, leads):
    press(member, workspace, leads[:1], f"snooze:{until}")
    leads[0].refresh_from_db()
    assert leads[0].snoozed_until is None


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_moment_at_the_end_of_time_is_refused(workspace, member, leads, moment):
    assert press(member, workspace, leads[:1], f"snooze:{moment}").status_code == 302
    leads[0].refresh_from_db()
    assert leads[0].snoozed_until is None and leads[0].needs_reply


def test_tagging_many_is_a_persons_word_about_the_newest_reply_of_each(workspace, people, leads):
    replies = [factories.make_message(lead, sent_at=lead.last_inbound_at) for lead in leads[:2]]
    older = factories.make_message(leads[0], sent_at=ago(days=9))
    stranger = factories.make_lead(factories.make_workspace("Bluebird"), last_inbound_at=ago(hours=1))
    theirs = factories.make_message(stranger, sent_at=stranger.last_inbound_at)
    seen = [*leads, stranger]
    Lead.objects.filter(pk=leads[1].pk).update(last_inbound_at=timezone.now())
    response = press(people.member, workspace, seen, "tag:Not Interested")
    told = people.member.get(response["Location"]).content.decode()
    assert "Tagged Not Interested: First" in told and "1 skipped because they no longer exist." in told
    assert "Skipped because a newer message arrived: Second." in told
    assert "Skipped because they haven’t written: Third." in told
    decision = TagDecision.objects.get()  # of nobody else, and not of the older reply
    assert (decision.message, decision.kind, decision.tag) == (replies[0], "person", "Not Interested")
    assert Lead.objects.get(pk=leads[0].pk).tag == "Not Interested"
    assert not Message.objects.filter(pk__in=[older.pk, theirs.pk, replies[1].pk]).exclude(tag="").exists()


def test_tagging_many_takes_back_no_stop_and_settles_no_suspicion_unless_it_stops(workspace, member, leads):
    first, second, third = leads
    replies = [factories.make_message(lead, sent_at=lead.last_inbound_at) for lead in leads]
    Lead.objects.filter(pk=first.pk).update(opted_out_at=first.last_inbound_at, tag="Blacklist")
    Lead.objects.filter(pk=second.pk).update(bounced_at=second.last_inbound_at, tag="Blacklist")
    Lead.objects.filter(pk=third.pk).update(suspected="opt_out")
    Message.objects.filter(pk=replies[2].pk).update(suspected="opt_out", suspected_words="leave us")
    page = member.get(press(member, workspace, leads, "tag:Interested")["Location"]).text
    toast = "Skipped because they opted out or bounced, or may have: "
    assert toast in page and not TagDecision.objects.exists()
    assert Lead.objects.filter(opted_out_at=first.last_inbound_at, pk=first.pk).exists()
    assert Lead.objects.filter(bounced_at=second.last_inbound_at, pk=second.pk).exists()
    assert Lead.objects.get(pk=third.pk).suspected == "opt_out"
    press(member, workspace, leads, "tag:Blacklist")
    assert Lead.objects.filter(tag="Blacklist", opted_out_at__isnull=False).count() == 3
    assert TagDecision.objects.count() == 3


def test_tagging_many_drafts_nothing_and_teaches_nothing_and_blacklist_asks_again(workspace, member, leads):
    reply = factories.make_message(leads[0], sent_at=leads[0].last_inbound_at)
    read = {"workspace": workspace, "lead": leads[0], "message": reply, "kind": "rule", "by": "rules: some"}
    TagDecision.objects.create(tag="Neutral", **read)
    page = member.get(press(member, workspace, leads[:1], "tag:Interested")["Location"]).text
    assert Lead.objects.get(pk=leads[0].pk).tag == "Interested" and not BackgroundJob.objects.exists()
    assert agreement.count_corrections(workspace) == 0 and not list(agreement.labelled(workspace))
    assert agreement.by_rule(workspace.pk)["some"].looked_at == 0
    assert "doesn’t draft or send anything" in page
    asks = re.search(r"<details.*?</details>", page[page.index('id="tag-ticked"') :], re.S)[0]
    assert page.count('value="tag:Blacklist"') == asks.count('value="tag:Blacklist"') == 1
    assert "data-ticked" in asks and "only undo this one conversation at a time" in asks


@pytest.mark.parametrize("do", ["tag", "tag:", "tag:New", "tag:<b>", "assign:tag"])
def test_what_is_no_tag_of_a_reply_is_refused(workspace, member, leads, do):
    factories.make_message(leads[0], sent_at=leads[0].last_inbound_at)
    response = press(member, workspace, leads[:1], do)
    assert "This action doesn’t exist." in member.get(response["Location"]).content.decode()
    assert not TagDecision.objects.exists()
