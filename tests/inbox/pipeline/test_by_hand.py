"""Somebody answers the lead on EmailBison's own pages: that is an answer, and nothing of ours goes out beside it."""

import pytest

from inbox.health import backfill
from inbox.models import Draft, Message, SendingPolicy
from inbox.replying import gates, review
from jobs.deadline import Deadline
from tests import factories
from tests.inbox.replying.test_slack_cards import CHANNEL, TOKEN, card_of

pytestmark = pytest.mark.django_db(transaction=True)
WORDS = "Hi Dana, I have just called you. Alex"


@pytest.fixture(params=["reply", "scheduled_email"], autouse=True)
def shape(request, monkeypatch) -> str:
    """How EmailBison names the mail: by the folder Sent, or among the scheduled e-mails."""
    monkeypatch.setattr("tests.inbox.pipeline.test_by_hand.SHAPE", request.param)
    return request.param


SHAPE = ""


def by_hand(world, text: str = WORDS, **fields) -> dict:
    lead = {"email": "dana@example.org", "first_name": "Dana", "last_name": "Reyes"}
    fields["as_scheduled_email"] = SHAPE == "scheduled_email"
    told = world.sandbox.emit(
        "emailbison", world.key, "MANUAL_EMAIL_SENT", deliver=False, lead=lead, text=text, **fields
    )
    assert SHAPE in told["body"]["data"]
    return told["body"]


def key(body: dict) -> str:
    return f"reply:{body['data'][SHAPE]['id']}" if SHAPE == "reply" else str(body["data"][SHAPE]["id"])


def test_it_is_stored_once_as_an_answer_and_not_as_a_step_of_the_campaign(world):
    world.reply("How much is it for two crews?")
    assert world.lead().needs_reply
    body = by_hand(world)
    first, again = world.take(body), world.take(body)

    assert first.pk == again.pk and first.by_hand
    assert (first.source, first.direction, first.text) == ("emailbison_sent", "outbound", WORDS)
    lead = world.lead()
    assert lead.answered_at == first.sent_at and not lead.needs_reply


def test_it_closes_the_draft_that_waits_and_its_card_says_so(world):
    account = world.connect("slack", bot_token=TOKEN)
    account.config = {"base_url": f"{world.sandbox.url('slack')}/api", "review_channel": CHANNEL}
    account.save()
    message = world.reply("How much is it for two crews?")
    world.work()
    world.take(by_hand(world))
    world.work()

    draft = world.draft(message)
    assert draft.status == Draft.Status.REJECTED
    assert draft.status_reason == "Someone answered outside Holdfast."
    assert "Review needed" not in str(card_of(world)["blocks"][0])
    with pytest.raises(review.AlreadyDecided):
        review.approve(draft, user=world.user, text=draft.text)


def test_it_stops_an_answer_that_was_counting_down(world):
    factories.make_policy(world.workspace, mode="auto", business_hours_only=False)
    message = world.reply("Sure, sounds good to me.")
    world.work()
    draft = world.draft(message)
    assert draft.send_at is not None
    world.take(by_hand(world))

    draft.refresh_from_db()
    assert (draft.status, draft.send_at) == (Draft.Status.REJECTED, None)
    evidence = gates.Evidence(draft, SendingPolicy.of(world.workspace, None), "send", draft.created_at)
    assert not gates._nothing_since(evidence).passed


def test_one_that_was_listed_before_it_was_told_of_becomes_an_answer(world):
    message = world.reply("How much is it for two crews?")
    body = by_hand(world)
    known = factories.make_message(
        world.lead(), WORDS, source="emailbison_sent", external_id=key(body), direction="outbound"
    )
    assert world.lead().needs_reply
    world.take(body)

    known.refresh_from_db()
    assert known.by_hand and not world.lead().needs_reply
    assert Message.objects.filter(lead=message.lead, direction="outbound").count() == 1


def test_our_own_send_told_back_stays_one_bubble(world):
    message = world.reply("Sure, send me times.")
    world.work()
    draft = world.draft(message)
    review.approve(draft, user=world.user, text=draft.text)
    world.work()
    (posted,) = world.posted()
    send = world.sends()[0]

    told = world.take(by_hand(world, f"{draft.text}<!-- ref:{send.pk} -->"))

    assert told.source == "holdfast" and posted
    assert Message.objects.filter(direction="outbound", text=draft.text).count() == 1


def test_one_that_quotes_our_send_is_a_message_of_its_own(world):
    message = world.reply("Sure, send me times.")
    world.work()
    draft = world.draft(message)
    review.approve(draft, user=world.user, text=draft.text)
    world.work()
    quote = f"<blockquote><p>{draft.text}</p><!-- ref:{world.sends()[0].pk} --></blockquote>"

    told = world.take(by_hand(world, html=f"<p>{WORDS}</p><p>On Mon, Alex wrote:</p>{quote}"))

    assert told.source == "emailbison_sent" and told.by_hand
    assert Message.objects.filter(source="holdfast").count() == 1


def test_a_step_of_the_campaign_answers_nothing(world):
    message = world.reply("How much is it for two crews?")
    world.work()
    told = world.sandbox.emit(
        "emailbison", world.key, "EMAIL_SENT", deliver=False, lead={"email": "dana@example.org"}, text="Bump"
    )
    world.take(told["body"])

    assert world.lead().needs_reply and world.draft(message).status == Draft.Status.PENDING


def test_one_that_names_no_mail_is_ignored(world):
    body = by_hand(world)
    del body["data"][SHAPE]
    answer = world.client.post(world.paths["email"], body, content_type="application/json")
    assert answer.status_code == 200 and answer.json()["ignored"] is True


def test_one_that_the_folder_sent_lists_too_is_one_message(world):
    world.reply("How much is it for two crews?")
    told = world.take(by_hand(world))
    account = world.workspace.integrations.get(provider="emailbison")

    backfill.run(account, told.sent_at, Deadline.after_ms(20_000))

    assert Message.objects.get(direction="outbound").external_id == told.external_id


def test_the_lost_webhook_of_one_is_made_good_by_the_poll(world):
    message = world.reply("How much is it for two crews?")
    by_hand(world)
    account = world.workspace.integrations.get(provider="emailbison")

    assert backfill.run(account, message.sent_at, Deadline.after_ms(20_000)).new == 1

    answer = Message.objects.get(direction="outbound")
    assert (answer.text, answer.by_hand, answer.lead_id) == (WORDS, True, message.lead_id)
    assert not world.lead().needs_reply


def test_one_to_nobody_who_is_a_lead_makes_no_lead(world):
    world.reply("How much is it for two crews?")
    body = by_hand(world)
    body["data"]["lead"] = None
    body["data"].get("reply", {})["to"] = [{"address": "supplier@example.net", "name": None}]

    answer = world.client.post(world.paths["email"], body, content_type="application/json")

    assert answer.status_code == 200 and answer.json()["ignored"] is True
    assert world.lead().email == "dana@example.org"
