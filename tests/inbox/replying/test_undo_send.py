"""What a person sends counts down first: they can take it back until its provider is called, and it goes out once."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.models import Draft, OutboundSend, Workspace
from inbox.models.lead import Tag
from inbox.replying import review, undo
from jobs.models import BackgroundJob
from tests import factories

pytestmark = pytest.mark.django_db
State = OutboundSend.State
COUNTDOWN_S = 3600


@pytest.fixture
def draft(world):
    """With a countdown that no slow machine outlasts; `let_the_countdown_end` ends it."""
    Workspace.objects.filter(pk=world.workspace.pk).update(undo_send_s=COUNTDOWN_S)
    return factories.make_draft(world.reply("Sure, send me times."), "Hi Dana, Thursday?")


def approve(world, draft, text="Hi Dana, Friday works."):
    return review.approve(draft, user=world.user, text=text)


def own(world, text="Call me.", token="t-1"):
    return review.send_own(world.lead(), user=world.user, channel="email", text=text, client_token=token)


def let_the_countdown_end(world) -> None:
    past = timezone.now() - timedelta(seconds=1)
    OutboundSend.objects.filter(state=State.INTENT).update(send_at=past)
    BackgroundJob.objects.filter(kind="reply.send").update(run_at=past)
    world.work()


def test_it_goes_out_when_the_countdown_is_over_and_not_before(world, draft):
    before = timezone.now()
    send = approve(world, draft)
    countdown = timedelta(seconds=COUNTDOWN_S)
    assert send.counts_down and before + countdown <= send.send_at <= timezone.now() + countdown
    assert BackgroundJob.objects.get(kind="reply.send").run_at == send.send_at
    world.work()
    assert world.posted() == []

    let_the_countdown_end(world)

    assert len(world.posted()) == 1 and "Friday" in world.posted()[0]["text"]
    with pytest.raises(review.AlreadyDecided):
        undo.take_back(send, user=world.user)


def test_a_job_that_is_made_due_early_leaves_the_countdown_its_time(world, draft):
    """As when an account is back: all that waits is due at once."""
    approve(world, draft)
    BackgroundJob.objects.filter(kind="reply.send").update(run_at=timezone.now() - timedelta(seconds=1))
    world.work()
    assert world.posted() == []

    let_the_countdown_end(world)
    assert len(world.posted()) == 1


def test_another_text_from_the_form_of_what_was_taken_back_is_refused(world, draft):
    undo.take_back(own(world), user=world.user)
    with pytest.raises(review.Refused, match="taken back"):
        own(world, "Another text.")


def test_a_draft_that_is_taken_back_waits_as_it_was_approved_and_may_be_sent_again(world, draft):
    undo.take_back(approve(world, draft), user=world.user)
    draft.refresh_from_db()
    assert (draft.status, draft.text, draft.decided_by) == (
        Draft.Status.PENDING,
        "Hi Dana, Friday works.",
        None,
    )
    let_the_countdown_end(world)
    assert world.posted() == []

    approve(world, draft, "Hi Dana, Monday works.")
    let_the_countdown_end(world)

    [sent] = world.posted()
    assert "Monday" in sent["text"]


def test_a_text_of_ones_own_that_is_taken_back_is_kept_and_its_form_sends_nothing_again(world, draft):
    send = own(world)
    undo.take_back(send, user=world.user)
    assert own(world).pk == send.pk  # the form of before, once more
    send.refresh_from_db()
    assert (send.state, send.text, send.called_at) == (State.TAKEN_BACK, "Call me.", None)

    own(world, "Call me, please.", token="t-2")
    let_the_countdown_end(world)

    [sent] = world.posted()
    assert "Call me, please." in sent["text"]
    send.refresh_from_db()
    assert send.text == ""  # it has been used


def countdown_over(send) -> None:
    """The countdown of `send` ends now: what came until here came during it."""
    OutboundSend.objects.filter(pk=send.pk).update(send_at=timezone.now())
    BackgroundJob.objects.filter(kind="reply.send").update(run_at=timezone.now() - timedelta(seconds=1))


@pytest.mark.parametrize(("tag", "state"), [("", State.FAILED), (Tag.OUT_OF_OFFICE, State.SENT)])
def test_a_reply_during_the_countdown_holds_it_and_a_notice_of_absence_does_not(world, draft, tag, state):
    send = approve(world, draft)
    factories.make_message(world.lead(), "Wait.", tag=tag)
    countdown_over(send)
    world.work()

    send.refresh_from_db()
    assert send.state == state
    assert len(world.posted()) == (state == State.SENT)
    assert (send.reason == review.WROTE_AGAIN) == (state == State.FAILED)


def test_a_reply_from_before_or_after_the_countdown_holds_nothing(world, draft):
    send = approve(world, draft)
    factories.make_message(world.lead(), "An old one that a poll has found.", sent_at=factories.ago(days=3))
    countdown_over(send)
    factories.make_message(world.lead(), "A new one, while the account was down.")
    world.work()
    assert len(world.posted()) == 1


def test_what_has_failed_before_its_call_is_not_taken_back(world, draft):
    send = approve(world, draft)
    world.reply("STOP. Please unsubscribe me.")
    let_the_countdown_end(world)
    with pytest.raises(review.AlreadyDecided):
        undo.take_back(send, user=world.user)
    send.refresh_from_db()
    assert (send.state, world.posted()) == (State.FAILED, [])


def test_what_goes_out_by_itself_has_had_its_countdown(world, draft):
    send = review.approve(draft, user=None, text=draft.text)
    assert send.send_at is None and not send.can_be_taken_back
    with pytest.raises(review.AlreadyDecided):
        undo.take_back(send, user=world.user)


def test_switching_off_all_sends_takes_back_what_counts_down_in_this_workspace(world, draft):
    send = approve(world, draft)
    elsewhere = factories.make_workspace(undo_send_s=10)
    factories.make_integration(elsewhere)
    other = review.send_own(
        factories.make_message(factories.make_lead(elsewhere)).lead,
        user=world.user, channel="email", text="Hello", client_token=str(uuid.uuid4()),
    )  # fmt: skip
    assert undo.take_back_all(world.workspace.pk, user=world.user) == 1
    assert not OutboundSend.objects.filter(pk=send.pk).exists()
    other.refresh_from_db()
    assert other.state == State.INTENT
