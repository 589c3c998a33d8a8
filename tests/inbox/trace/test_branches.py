"""Each way that a reply can go is told with its reason, from what really came in and went out."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.intake import handlers
from inbox.models import Draft, Message, OutboundSend, SendingPolicy, WebhookDelivery
from inbox.replying import review
from inbox.webhooks import replay
from integrations.events import MessageEvent
from integrations.models import CircuitBreaker, Notice
from jobs.models import BackgroundJob
from tests import factories
from tests.inbox.trace.conftest import event, titles
from tests.world import SENDER, forget_calls

pytestmark = pytest.mark.django_db
PAST = timezone.now() - timedelta(days=1)
REPLY = r"/replies/\d+/reply$"
State = OutboundSend.State


def emitted(world, kind="LEAD_REPLIED", **fields):
    """The body of a webhook that the provider would post now."""
    lead = {"email": "dana@example.org", "first_name": "Dana", "last_name": "Reyes"}
    values = {"lead": lead, "subject": "Re: winter work", "campaign": {"id": 901}, "sender": SENDER} | fields
    return world.sandbox.emit("emailbison", world.key, kind, deliver=False, **values)["body"]


def post(world, body):
    return world.client.post(world.paths["email"], body, content_type="application/json")


def approved(world, text="Thursday at 1:00 suits us."):
    """A reply, its draft, and the send of a person's approval, not yet worked."""
    message = world.reply("Sure, send me times.")
    world.work()
    return message, review.approve(world.draft(message), user=world.user, text=text)


def test_a_reply_that_was_answered_is_told_from_the_request_to_the_end_of_the_send(world, told):
    message, send = approved(world)
    world.work()

    trace = told("message", message)

    assert trace.headline.startswith("Answered in ") and trace.word == "Sent"
    assert "it was waiting for a person" in trace.summary
    came = event(trace, "EmailBison sent a webhook")
    assert came.branch == "New, not a duplicate" and came.ms > 0
    assert event(trace, "A new lead was created").branch == "New"
    assert event(trace, "Understood").branch == "By the model"
    done = event(trace, "Work on the reply: done")
    assert any(item.what.startswith("draft: done") for item in done.items)
    assert event(trace, "An answer was drafted").detail.startswith("By gpt")
    assert event(trace, f"{world.user} approved it").branch == "Changed"
    assert event(trace, "Handed over to EmailBison").branch == ""
    assert event(trace, "Sent").branch == "EmailBison accepted it"
    order = [
        "EmailBison sent a webhook",
        "An answer was drafted",
        "Handed over to EmailBison",
        "Sent",
    ]
    assert [one for one in titles(trace) if one in order] == order
    assert {link.kind for link in trace.links} == {"delivery", "lead", "message", "job", "draft", "send"}
    assert sum(part.seconds for part in trace.parts) > 0


def test_the_same_story_is_told_from_every_row_of_it(world, told):
    message, send = approved(world)
    world.work()
    own = Message.objects.get(source="holdfast")
    delivery = WebhookDelivery.objects.get()
    sending = BackgroundJob.objects.get(kind="reply.send")
    rows = {"draft": send.draft, "send": send, "delivery": delivery, "job": sending, "message": own}

    story = titles(told("message", message))

    for kind, row in rows.items():
        assert titles(told(kind, row)) == story, kind
    assert set(story) <= set(titles(told("lead", message.lead)))


def test_a_repeat_is_told_as_a_duplicate_that_stored_nothing(world, told):
    body = emitted(world, text="Tell me more.")
    first, second = post(world, body).json(), post(world, body).json()
    assert second["deduped"] is True

    trace = told("delivery", WebhookDelivery.objects.get(pk=second["deliveryId"]))

    branches = [one.branch for one in trace.events if one.what == "EmailBison sent a webhook"]
    assert branches == ["New, not a duplicate", "A duplicate, so nothing was stored twice"]
    assert first["messageId"] == second["messageId"] == str(trace.message.pk)


def test_a_second_reply_is_matched_to_the_lead_and_says_by_what(world, told):
    world.reply("Tell me more.")
    second = world.reply("And the price?")

    found = event(told("message", second), "The lead was found")

    assert (found.branch, found.why) == ("Already known", "By the sender’s email address.")


def test_a_request_that_cannot_be_used_names_what_was_wrong(world, told):
    body = emitted(world, text="Tell me more.")
    body["data"]["reply"]["id"] = None
    answer = post(world, body).json()
    assert answer["error"] == "invalid_payload"

    trace = told("delivery", WebhookDelivery.objects.get(pk=answer["deliveryId"]))

    assert (trace.headline, trace.word) == ("Refused", "Rejected")
    assert any("reply" in item.what for item in event(trace, "EmailBison sent a webhook").items)


def test_a_defect_of_ours_is_told_with_the_replay_that_mended_it(world, told, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setitem(handlers.HANDLERS, MessageEvent, lambda *_: 1 / 0)
        answer = post(world, emitted(world, text="Tell me more.")).json()
    failed = WebhookDelivery.objects.get(pk=answer["deliveryId"])
    trace = told("delivery", failed)
    assert (trace.headline, trace.word) == ("Failed on our side", "Failed on our side")
    assert "replay" in trace.summary and "ZeroDivisionError" in trace.summary

    replay.replay(failed, world.user)

    trace = told("delivery", failed)
    again = event(trace, "The stored request was replayed")
    assert again.branch == "New, not a duplicate"
    assert f"{world.user} replayed the request" in titles(trace)


def test_an_opt_out_says_that_everything_stopped_and_why_nothing_was_drafted(world, told):
    message = world.reply("Please take me off your list and do not contact me again.")
    world.work()

    trace = told("message", message)

    assert event(trace, "Everything was stopped").branch == "The lead asked not to be contacted"
    assert event(trace, "Understood").branch == "By a rule, without the model"
    assert event(trace, "No answer was drafted").why == "Outreach to this lead has stopped."
    assert (trace.headline, trace.summary) == ("Nothing was sent", "Outreach to this lead has stopped.")


def test_an_answer_that_a_check_holds_says_which_and_why(world, told):
    factories.make_policy(world.workspace, mode=SendingPolicy.Mode.AUTO, business_hours_only=False)
    world.workspace.sends_paused = True
    world.workspace.save()
    message = world.reply("Sure, send me times.")
    world.work()

    trace = told("message", message)

    held = event(trace, "Held for a person")
    assert "Automatic answers are off for this workspace." in held.why
    assert {item.tone for item in held.items} == {"ok", "warn"}
    assert (trace.headline, trace.word) == ("The answer is waiting for a person", "Held")
    assert event(trace, "Waiting for a person")


def test_a_job_that_failed_once_and_waits_tells_the_error_and_when_it_goes_on(world, told):
    world.sandbox.fault(provider="openai", kind="invalid_json", path="/responses")
    message = world.reply("Sure, send me times.")
    world.work()
    assert world.job(message).status == "queued"

    trace = told("message", message)

    failed = event(trace, "Work on the reply: failed, will be retried")
    assert failed.branch == "AnswerUnusable" and "openai" in failed.why
    waits = event(trace, "Work on the reply: waiting")
    assert waits.at == world.job(message).run_at and waits.branch == "Next attempt"
    assert trace.word == "Waiting"


def test_a_model_that_is_down_puts_the_job_off_and_the_trace_says_so(world, told):
    world.sandbox.set_account("openai", "key-openai", status="down")
    message = world.reply("How much is it?")
    world.work()

    trace = told("message", message)

    assert trace.word == "Waiting"
    assert event(trace, "Work on the reply: postponed").branch == "Reason for the wait"
    branches = [row.branch for row in trace.events if row.what == "The model was asked to read the reply"]
    assert branches and all(branch.startswith("The model couldn’t be asked") for branch in branches)


def test_a_model_that_refuses_is_told_with_what_follows_of_it(world, told):
    world.sandbox.fault(provider="openai", kind="refusal")
    message = world.reply("How much is it?")
    world.work()

    trace = told("message", message)

    asked = [one for one in trace.events if one.what.startswith("The model was asked")]
    assert asked and asked[0].branch == "The model refused to answer"
    assert trace.word in ("No answer", "Held")


def test_a_send_without_a_clear_answer_is_told_as_not_known_and_then_as_found(world, told):
    _, send = approved(world)
    world.sandbox.fault(provider="emailbison", kind="accept_drop", path=REPLY, count=1)
    world.work()
    trace = told("send", send)
    assert (trace.word, event(trace, "Handed over to EmailBison").branch) == (
        "Unclear",
        "Not confirmed",
    )
    assert event(trace, "Unclear whether the message was sent").why.startswith(
        "The result couldn’t be confirmed"
    )

    OutboundSend.objects.filter(pk=send.pk).update(called_at=timezone.now() - timedelta(seconds=10))
    BackgroundJob.objects.filter(kind="send.reconcile").update(run_at=PAST)
    world.work()

    trace = told("send", send)
    assert (trace.word, event(trace, "Handed over to EmailBison").branch) == ("Sent", "Not confirmed")
    assert event(trace, "Sent").why == "The provider lists the message as sent."
    assert event(trace, "Looking for the message at the provider: done")


def test_a_send_that_the_provider_refuses_says_what_it_said(world, told):
    _, send = approved(world)
    world.sandbox.fault(provider="emailbison", kind="error", path=REPLY, count=1, status=422, message="Nope")
    world.work()

    trace = told("send", send)

    assert trace.word == "Failed to send"
    assert "request refused (HTTP 422)" in event(trace, "Not sent").why


def test_a_send_that_a_webhook_tells_of_shows_its_receipt(world, told):
    message, send = approved(world)
    world.sandbox.fault(provider="emailbison", kind="accept_drop", path=REPLY, count=1)
    world.work()
    body = emitted(
        world, "EMAIL_SENT", campaign=None, text=f"Thursday at 1:00 suits us.<!-- ref:{send.pk} -->"
    )
    told_of = post(world, body).json()
    assert told_of["messageId"]

    trace = told("send", send)

    assert event(trace, "Sent").why == "The provider reported it."
    calls = [one for one in trace.events if one.what == "EmailBison sent a webhook"]
    assert calls[-1].why == "We sent it ourselves."
    assert [link.kind for link in calls[-1].links] == ["delivery"]


def test_a_mail_that_comes_back_is_told_from_the_send_and_from_the_report(world, told):
    _, send = approved(world)
    world.work()
    body = emitted(world, "EMAIL_BOUNCED", text="550 5.1.1 no such user")
    answer = post(world, body).json()

    for trace in (
        told("send", send),
        told("delivery", WebhookDelivery.objects.get(pk=answer["deliveryId"])),
    ):
        assert trace.word == "Bounced"
        assert "The address doesn’t work." in event(trace, "The email bounced").why


def test_a_notice_in_slack_leads_to_the_reply_that_it_is_about(world, told):
    slack = world.connect("slack", bot_token="xoxb-test")
    slack.config = {"base_url": f"{world.sandbox.url('slack')}/api", "channel": "C0SANDBOX01"}
    slack.save()
    world.workspace.notice_tags = ["Information Requested"]
    world.workspace.save()
    message = world.reply("How much is it?")
    world.work()
    notice = Notice.objects.get()

    trace = told("notice", notice)

    assert trace.word == "Sent" and trace.message == message
    assert event(trace, "A notification went out by Slack").said
    assert event(told("message", message), "A notification went out by Slack").links[0].id == notice.pk


def test_what_a_person_discarded_says_who(world, told):
    message = world.reply("Sure, send me times.")
    world.work()
    review.reject(world.draft(message), user=world.user, reason="Too eager.")

    trace = told("draft", Draft.objects.get())

    assert event(trace, f"{world.user} discarded it").why == "Too eager."
    assert trace.word == "Discarded"


def test_a_send_that_was_sent_again_by_a_person_says_so(world, told):
    _, send = approved(world)
    world.sandbox.fault(provider="emailbison", kind="error", path=REPLY, count=1, status=422, message="Nope")
    world.work()
    send.refresh_from_db()
    CircuitBreaker.objects.all().delete()
    forget_calls()
    review.send_again(send, user=world.user)
    world.work()

    trace = told("send", send)

    assert event(trace, "Sent again").why == "This was attempt 2, after someone sent the message again."
    assert f"{world.user} sent it again" in titles(trace)
    assert trace.word == "Sent"


def test_a_mail_of_a_campaign_is_told_as_sent_by_the_provider(world, told):
    world.reply("Sure, send me times.")
    world.work()
    listed = Message.objects.get(source="emailbison_sent")

    trace = told("message", listed)

    assert (trace.headline, trace.word) == ("Sent from EmailBison", "Sent")
    assert event(trace, "The message was stored").branch == "The original request is gone"
