"""What one person is told outside of the page: of what, by which browser, and by mail."""

import time
from datetime import timedelta

import pytest
from django.core import mail
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inbox.leads import assigning, for_you, merge, notes, own_notices, triage
from inbox.models import Lead, Membership
from inbox.pages.account import notice_mails
from inbox.pages.desk import presence
from jobs.models import BackgroundJob
from jobs.worker import drain
from tests import factories

MINE, ALL, NOTHING = "mine", "all", ""


@pytest.fixture
def ben(workspace) -> Membership:
    user = factories.make_member(workspace, first_name="Ben", last_name="Okoro")
    member = Membership.objects.select_related("user", "workspace").get(workspace=workspace, user=user)
    caches[presence.CACHE].clear()
    return member


@pytest.fixture
def his(ben) -> Client:
    client = Client()
    client.force_login(ben.user)
    return client


def author(workspace) -> Membership:
    user = factories.make_member(workspace)
    return Membership.objects.select_related("user").get(workspace=workspace, user=user)


def call(lead, ben) -> None:
    notes.write(lead, author(lead.workspace), "@Ben Okoro she decides.", {ben.pk: "Ben Okoro"})


def give(lead, ben) -> None:
    assigning.give(lead.workspace, author(lead.workspace).user, [triage.Seen.of(lead)], ben)


def heat(lead, **fields) -> None:
    now = timezone.now()
    hot = {"score": 4, "needs_reply": True, "unread": True, "last_inbound_at": now, "last_message_at": now}
    Lead.objects.filter(pk=lead.pk).update(**hot | fields)


def told(client, workspace, *leads) -> list[str]:
    asked = {"lead": [str(lead.pk) for lead in leads]}
    return [one["title"] for one in client.get(f"/w/{workspace.pk}/inbox/for-you/", asked).json()["news"]]


def choose(client, member, about, minutes="", **more):
    fields = {f"notices-{member.pk}-tell_about": about, f"notices-{member.pk}-mail_after_min": minutes}
    return client.post("/account/notices/", fields | more)


def test_a_call_a_hand_over_and_a_hot_reply_are_for_whom_they_concern(workspace, his, ben, people):
    called, given, hot, free, cold = (
        factories.make_lead(workspace, first_name=name, last_name="")
        for name in ("Called", "Given", "Hot", "Free", "Cold")
    )
    call(called, ben)
    give(given, ben)
    heat(hot, assigned_to=ben.user)
    heat(free)
    heat(cold, assigned_to=ben.user, score=2)

    mine = {"You were mentioned: Called", "Assigned to you: Given", "Hot reply: Hot"}
    assert set(told(his, workspace)) == mine
    assert told(his, workspace, hot, cold) == ["Hot reply: Hot"]
    assert told(people.owner, workspace) == [] == told(people.viewer, workspace)
    choose(his, ben, ALL)
    assert set(told(his, workspace)) == mine | {"Hot reply: Free"}
    choose(his, ben, NOTHING)
    assert told(his, workspace) == []


def test_what_was_seen_or_is_old_is_told_no_more(workspace, lead, his, ben):
    heat(lead, assigned_to=ben.user)
    his.get(f"/w/{workspace.pk}/inbox/{lead.pk}/")
    assert told(his, workspace, lead) == []
    heat(lead, last_message_at=factories.ago(hours=2))
    assert told(his, workspace, lead) == []


def test_nothing_that_anybody_wrote_is_in_a_notice(workspace, lead, his, ben, people):
    factories.make_message(lead, "Secret words of hers")
    call(lead, ben)
    answer = his.get(f"/w/{workspace.pk}/inbox/for-you/")
    assert "Dana Reyes" in answer.content.decode() and "/inbox/" in answer.json()["news"][0]["url"]
    assert "Secret" not in answer.content.decode() and "decides" not in answer.content.decode()
    assert people.outsider.get(f"/w/{workspace.pk}/inbox/for-you/").status_code == 404
    assert his.get(f"/w/{workspace.pk}/inbox/for-you/?lead=nobody").status_code == 400


def test_a_browser_loads_the_script_only_if_its_own_user_has_turned_it_on(workspace, his, people):
    page = f"/w/{workspace.pk}/inbox/"

    def loads(client) -> bool:
        return "notices.js" in client.get(page).content.decode()

    assert not loads(his)
    cookie = his.post("/account/notices/browser/", {"do": "sound"}).cookies["notices"]
    assert cookie["httponly"] and cookie["samesite"] == "Lax"
    assert loads(his) and 'data-sound="1"' in his.get(page).content.decode()
    people.member.cookies["notices"] = cookie.value  # somebody else at the same browser
    assert not loads(people.member)
    his.post("/account/notices/browser/", {"do": "off"})
    assert not loads(his)


def test_each_workspace_is_chosen_for_alone_or_all_alike(workspace, his, ben):
    second = Membership.objects.create(workspace=factories.make_workspace("Aster"), user=ben.user)
    choose(his, ben, ALL, "15")
    assert Membership.objects.get(pk=ben.pk).mail_after_min == 15
    choose(his, ben, ALL, "60", everywhere=str(ben.pk))
    rows = Membership.objects.filter(user=ben.user).values_list("tell_about", "mail_after_min")
    assert set(rows) == {(ALL, 60)}
    for wrong in ({"minutes": "7"}, {"about": "x"}, {"everywhere": "0"}):
        choose(his, second, **{"about": NOTHING} | wrong)
    assert Membership.objects.get(pk=second.pk).mail_after_min == 60
    page = his.get("/account/").content.decode()
    assert "Use in all workspaces" in page and "one email per conversation per hour" in page


def soon() -> None:
    """Does what is due in some minutes."""
    BackgroundJob.objects.filter(status="queued").update(run_at=factories.ago())
    drain()


def test_who_has_not_seen_it_is_mailed_once_an_hour_with_a_name_and_a_link_alone(
    workspace, lead, his, ben, monkeypatch
):
    monkeypatch.setattr(notice_mails, "_hour", lambda now: "this")
    choose(his, ben, MINE, "5")
    call(lead, ben)
    look = BackgroundJob.objects.get(kind=own_notices.LOOK)
    assert timedelta(minutes=4) < look.run_at - timezone.now() < timedelta(minutes=6)
    soon()
    (message,) = mail.outbox
    assert message.to == [ben.user.email] and message.subject == "Holdfast: Dana Reyes in Northwind"
    assert reverse("inbox:conversation", args=[workspace.pk, lead.pk]) in message.body
    assert "decides" not in message.body
    assert message.extra_headers["List-Unsubscribe"].endswith("/account/>")

    BackgroundJob.objects.filter(
        kind=own_notices.LOOK
    ).delete()  # what comes some minutes later is looked at anew
    call(lead, ben)
    soon()
    waits = BackgroundJob.objects.get(kind=own_notices.LOOK)
    assert waits.status == "queued" and timedelta(0) < waits.run_at - timezone.now() <= timedelta(hours=1)
    assert len(mail.outbox) == 1
    monkeypatch.setattr(notice_mails, "_hour", lambda now: "next")
    soon()
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("case", ["seen", "no mail", "nothing", "left"])
def test_nobody_is_mailed_in_vain(case, workspace, lead, his, ben):
    choose(his, ben, MINE, "15")
    give(lead, ben)
    if case == "seen":
        his.get(f"/w/{workspace.pk}/inbox/{lead.pk}/")
    elif case == "left":
        ben.delete()
    else:
        choose(his, ben, NOTHING if case == "nothing" else MINE, "" if case == "no mail" else "15")
    soon()
    assert mail.outbox == []


def test_who_was_at_the_desk_is_mailed_once_they_have_been_away_for_the_minutes_that_they_chose(
    workspace, lead, his, ben
):
    choose(his, ben, MINE, "15")
    give(lead, ben)
    presence.meet([presence.Place(workspace.pk, factories.make_lead(workspace).pk, False)], ben.user)
    soon()
    waits = BackgroundJob.objects.get(kind=own_notices.LOOK)
    assert waits.status == "queued" and mail.outbox == []
    assert timedelta(minutes=14) < waits.run_at - timezone.now() <= timedelta(minutes=15)
    caches[presence.CACHE].set(f"desk:{ben.user_id}", time.time() - 16 * 60)
    soon()
    assert len(mail.outbox) == 1


def test_many_conversations_at_once_are_one_mail(workspace, his, ben):
    choose(his, ben, MINE, "60")
    leads = [factories.make_lead(workspace, first_name=f"Lead{number}") for number in range(5)]
    assigning.give(workspace, author(workspace).user, map(triage.Seen.of, leads), ben)
    soon()
    (message,) = mail.outbox
    assert message.subject == "Holdfast: 5 conversations in Northwind" and "?view=mentions" in message.body
    heat(leads[0], handed_over_at=None)  # which does not stand in For you
    _, text = notice_mails.letter(ben, for_you.news_for(ben, factories.ago(hours=1)))
    assert "/inbox/\n" in text and "A hot reply from Lead0" in text


def test_who_was_given_a_lead_or_called_beside_it_is_told_of_the_one_that_it_was_merged_into(
    workspace, lead, his, ben
):
    choose(his, ben, MINE, "15")
    given, called = factories.make_lead(workspace), factories.make_lead(workspace)
    give(given, ben)
    call(called, ben)
    told_of = []
    for other, why in ((given, "was assigned to you"), (called, "A colleague mentioned you")):
        kept = factories.make_lead(workspace)
        merge.merge(kept, Lead.objects.get(pk=other.pk), None)
        told_of.append((reverse("inbox:conversation", args=[workspace.pk, kept.pk]), why))
    soon()
    assert len(mail.outbox) == 2
    for path, why in told_of:
        assert any(path in message.body and why in message.body for message in mail.outbox)


def test_who_wants_to_hear_of_nobody_s_replies_is_mailed_of_them(workspace, lead, his, ben, people):
    choose(his, ben, ALL, "5")
    heat(lead)
    own_notices.expect_hot(lead)
    soon()
    assert [message.to for message in mail.outbox] == [[ben.user.email]]


def test_a_cache_that_cannot_be_read_lets_the_mail_go(ben, monkeypatch):
    def away(*args):
        raise OSError("gone")

    monkeypatch.setattr(type(caches[presence.CACHE]), "get", away)
    assert presence.last_there(ben.user_id) is None
