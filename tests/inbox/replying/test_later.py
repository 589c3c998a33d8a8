"""An answer for later waits for its time and claims nothing: they may write first, and a colleague may answer."""

import uuid
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from inbox.leads.folders import leads_in
from inbox.models import Draft, Lead, OutboundSend
from inbox.replying import reconciliation, review, send_claims, undo
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db
State = OutboundSend.State


@pytest.fixture
def message(world):
    return world.reply("Sure, send me times.")


def plan(world, text="Call me Tuesday.", **more) -> OutboundSend:
    return review.send_own(
        world.lead(), user=world.user, channel="email", text=text, client_token=str(uuid.uuid4()),
        later=timezone.now() + timedelta(days=3), **more,
    )  # fmt: skip


def let_the_time_come(world) -> None:
    past = timezone.now() - timedelta(seconds=1)
    OutboundSend.objects.filter(state=State.LATER).update(send_at=past)
    BackgroundJob.objects.filter(kind="reply.send").update(run_at=past)
    world.work()


def test_it_goes_out_at_its_time_and_not_before_and_the_lead_sleeps_until_then(world, message):
    send = plan(world)
    lead = world.lead()
    assert (send.state, lead.snoozed_until) == (State.LATER, send.send_at)
    assert not leads_in(world.workspace, "needs-reply").exists()
    assert list(leads_in(world.workspace, "scheduled")) == [lead]
    BackgroundJob.objects.filter(kind="reply.send").update(run_at=timezone.now())  # an account is back
    world.work()
    assert world.posted() == []

    let_the_time_come(world)
    assert len(world.posted()) == 1 and "Tuesday" in world.posted()[0]["text"]
    send.refresh_from_db()
    assert send.state == State.SENT and not leads_in(world.workspace, "scheduled").exists()


def test_it_claims_nothing_so_a_colleague_answers_now_which_takes_it_back(world, message):
    send, colleague = plan(world), factories.make_member(world.workspace, first_name="Ben", last_name="Okoro")
    review.send_own(world.lead(), user=colleague, channel="email", text="Now.", client_token="t")
    send.refresh_from_db()
    assert (send.state, send.reason) == (State.TAKEN_BACK, "Ben Okoro answered instead.")
    world.work()
    let_the_time_come(world)
    assert len(world.posted()) == 1 and "Now." in world.posted()[0]["text"]


def test_a_colleague_may_take_it_back_and_the_conversation_waits_again(world, message):
    undo.take_back(plan(world), user=factories.make_member(world.workspace))
    lead = world.lead()
    assert lead.snoozed_until is None and list(leads_in(world.workspace, "needs-reply")) == [lead]
    let_the_time_come(world)
    assert world.posted() == []


def test_it_is_held_if_they_write_first(world, message):
    send = plan(world)
    world.reply("Actually, call me today.")
    world.work()
    send.refresh_from_db()
    assert (send.state, send.reason, send.text) == (
        State.TAKEN_BACK,
        "The lead wrote first.",
        "Call me Tuesday.",
    )
    assert world.posted() == [] and world.lead().snoozed_until is None


def test_a_reply_that_nobody_has_processed_holds_it_too(world, message):
    send = plan(world)
    factories.make_message(world.lead(), "Wait.", received_at=timezone.now())
    let_the_time_come(world)
    send.refresh_from_db()
    assert send.state == State.TAKEN_BACK and world.posted() == []


def test_it_is_held_if_somebody_has_answered_elsewhere_since(world, message):
    plan(world)
    Lead.objects.update(answered_at=timezone.now())
    let_the_time_come(world)
    assert world.posted() == []
    assert OutboundSend.objects.get().reason == "Someone has answered since."


def test_nothing_automatic_overtakes_it(world, message):
    plan(world)
    with pytest.raises(send_claims.SendUnderWay, match="later time"):
        send_claims.claim(
            world.lead(), channel="email", origin="followup", origin_id="1", text="Still there?"
        )


def test_a_draft_for_later_returns_to_review_when_it_is_taken_back(world, message):
    draft = factories.make_draft(message, "Hi Dana.")
    send = review.approve(
        draft, user=world.user, text="Hi Dana, Friday.", later=timezone.now() + timedelta(days=2)
    )
    undo.take_back(send, user=world.user)
    draft.refresh_from_db()
    assert (draft.status, draft.text, draft.held_by_person) == (
        Draft.Status.PENDING,
        "Hi Dana, Friday.",
        True,
    )
    review.approve(draft, user=world.user, text="Hi Dana.")
    world.work()
    assert len(world.posted()) == 1


def test_the_page_reads_the_time_in_the_leads_zone_and_shows_it(world, message):
    Lead.objects.filter(pk=message.lead_id).update(phone="+4930901820")  # Berlin
    page = f"/w/{world.workspace.pk}/inbox/{message.lead_id}/"
    world.client.force_login(world.user)
    assert "In their time zone, Europe/Berlin." in world.client.get(page).content.decode()
    fields = {"channel": "email", "text": "Call me.", "client_token": uuid.uuid4(), "do": "later"}
    for words in ("", "soonish", "yesterday"):
        answer = world.client.post(f"{page}message/", fields | {"at": words})
        dialog = answer.content.decode().split('id="own-later"')[1].split("</dialog>")[0]
        assert answer.status_code == 422 and "data-refused>" in dialog
        assert f'value="{words}" aria-invalid="true"' in dialog and "Send later:" in dialog
    shown = world.client.post(
        f"{page}message/", fields | {"at": "next Tuesday 9:00"}, follow=True
    ).content.decode()
    send = OutboundSend.objects.get()
    local = send.send_at.astimezone(ZoneInfo("Europe/Berlin"))
    assert (local.strftime("%A %H:%M"), send.state) == ("Tuesday 09:00", State.LATER)
    assert "Going out later" in shown and "Take back" in shown and "unless they write first" in shown
    ours = send.send_at.astimezone(ZoneInfo(world.workspace.timezone))
    words = f"{local:%a} {local.day} {local:%b}, 09:00 their time ({ours:%H:%M} yours)"
    assert f"The message goes out {words}." in shown
    preview = world.client.get(f"{page}later/", {"at": "next Tuesday 9:00"}).content.decode()
    assert f"<b>{words}</b>" in preview
    assert "isn’t a time we understand" in world.client.get(f"{page}later/?at=soonish").content.decode()
    late = world.client.get(f"{page}later/", {"at": "next Tuesday 2:00"}).content.decode()
    assert f"02:00 their time (Mon {ours.day - 1} " in late or ours.day == 1
    Lead.objects.update(phone="")
    preview = world.client.get(f"{page}later/", {"at": "next Tuesday 9:00"}).content.decode()
    assert f"<b>{words.split(' their')[0]}</b>" in preview


def test_their_time_needs_a_zone_and_the_refusal_says_how_to_give_one(world, message):
    page = f"/w/{world.workspace.pk}/inbox/{message.lead_id}/later/"
    world.client.force_login(world.user)

    def words(at: str) -> str:
        return world.client.get(page, {"at": at}).content.decode()

    Lead.objects.update(phone="+4930901820")  # Berlin
    assert words("monday 8am their time") == words("monday 8am") and "08:00" in words("monday 8am")
    Lead.objects.update(phone="")
    refused = words("monday 8am their time")
    assert "time zone isn’t known. Name one, as in “9am ET” or “9am London”" in refused


def test_the_page_of_a_later_answer_says_when_it_goes_out_and_not_what_is_left(world, message):
    send = plan(world)
    type(world.workspace).objects.update(promises={"HOT": 480})
    Lead.objects.update(score=4)
    assert Lead.objects.get().is_promised
    world.client.force_login(world.user)
    home = f"/w/{world.workspace.pk}/inbox/"
    shown = world.client.get(f"{home}{message.lead_id}/?view=scheduled").content.decode()
    at = send.send_at.astimezone(ZoneInfo(world.workspace.timezone))
    assert f"Nothing to do. A message goes out {at.day} {at:%b, %H:%M}." in shown
    row = shown.split('id="rows"')[1].split("</ul>")[0]
    assert "Goes out" in row and " left" not in row and "waiting" not in row


def test_a_later_answer_whose_job_is_gone_is_taken_back_and_says_so(world, message):
    send = plan(world)
    BackgroundJob.objects.filter(kind="reply.send").delete()
    OutboundSend.objects.filter(pk=send.pk).update(send_at=timezone.now() - timedelta(minutes=5))
    reconciliation.settle_stranded(Deadline.after_ms(5_000))
    send.refresh_from_db()
    assert (send.state, send.reason) == (State.TAKEN_BACK, "The job ended before the message went out.")
