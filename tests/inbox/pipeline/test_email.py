"""A reply by e-mail, from the webhook to the mail that went out."""

import pytest
from django.test import override_settings

from inbox.models import AuditEntry, Draft, Message, OutboundSend, TagDecision
from inbox.replying import prompts, review

pytestmark = pytest.mark.django_db


def test_a_reply_becomes_a_tag_a_draft_and_after_approval_one_mail(world):
    message = world.reply("Sure, send me two or three times for a call next week.")
    assert world.work()["succeeded"] >= 1

    draft = world.draft(message)
    lead = world.lead()
    assert (lead.tag, lead.awaiting_model) == ("Meeting Requested", False)
    assert draft.status == Draft.Status.PENDING and draft.text.startswith("Hi Dana")
    assert draft.prompt_version == prompts.load("email").label and draft.strategy["goal"]

    send = review.approve(draft, user=world.user, text=draft.text)
    world.work()

    send.refresh_from_db()
    assert send.state == OutboundSend.State.SENT, send.reason
    posted = world.posted()
    assert len(posted) == 1 and str(send.pk) in posted[0]["markers"]
    sent = Message.objects.get(workspace=world.workspace, source="holdfast")
    assert (sent.external_id, sent.text, sent.draft_id) == (str(send.pk), draft.text, draft.pk)
    draft.refresh_from_db()
    assert draft.status == Draft.Status.SENT
    assert not world.lead().needs_reply
    assert AuditEntry.objects.filter(action="draft.approve", actor=world.user).count() == 1


def test_the_decision_says_who_decided_and_by_which_words(world):
    message = world.reply("How much is it for two crews?")
    world.work()

    decision = TagDecision.objects.get(message=message)
    assert (decision.tag, decision.kind) == ("Information Requested", "model")
    assert decision.by == "model gpt-5-mini, prompt 3"
    assert decision.quote and decision.quote in message.text


@override_settings(OPENAI_API_KEY="")
def test_without_a_model_the_reply_stays_visible_and_the_job_says_why_there_is_no_draft(world):
    message = world.reply("How much is it for two crews?")
    world.work()

    lead, job = world.lead(), world.job(message)
    assert (lead.tag, lead.awaiting_model, lead.needs_reply) == ("Neutral", True, True)
    assert job.status == "succeeded"
    assert job.result == {
        "tag": "Neutral",
        "draft": None,
        "why": "This kind of reply doesn’t get a draft.",
    }
    assert world.steps(message)["sentiment"] == (
        "skipped",
        "No model is connected (OPENAI_API_KEY is not set).",
    )


@override_settings(OPENAI_API_KEY="")
def test_without_a_model_a_rule_still_decides(world):
    message = world.reply("Please unsubscribe me and stop emailing.")
    world.work()

    assert world.lead().tag == "Blacklist" and not world.lead().awaiting_model
    assert TagDecision.objects.get(message=message).kind == "rule"
    assert world.draft(message) is None
