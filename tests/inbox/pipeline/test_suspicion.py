"""A reply that is perhaps an opt-out, or perhaps a machine's: held both ways until somebody decides."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.followups import plan
from inbox.intake import tag_decisions
from inbox.leads import merge, rollup
from inbox.models import FollowUpInstance, FollowUpTask, Lead, Message, TagDecision
from inbox.pipeline.agreement import labelled
from inbox.replying import send_claims
from jobs.models import BackgroundJob
from tests import factories
from tests.inbox.followups.helpers import enrolled, minute, statuses

pytestmark = pytest.mark.django_db

WISH = "we had enough of mails"
AUTOMATIC = "your message was received"
AWAY = "Out until Monday"


@pytest.fixture
def without_model(settings, world):
    settings.OPENAI_API_KEY = ""
    return world


def reading(world, tag: str, quote: str) -> None:
    world.sandbox.set_answer("Reading", {"tag": tag, "quote": quote})


def page(world, name: str, *args) -> str:
    world.client.force_login(world.user)
    return world.client.get(reverse(name, args=[world.workspace.pk, *args])).content.decode()


def decide(world, message: Message, answer: str):
    world.client.force_login(world.user)
    url = reverse("inbox:suspicion", args=[world.workspace.pk, message.pk])
    return world.client.post(url, {"answer": answer}, follow=True)


def stops(world) -> int:
    return BackgroundJob.objects.filter(workspace=world.workspace, kind="campaign.stop-emails").count()


@pytest.mark.parametrize(
    ("text", "suspected", "words"),
    [
        (WISH, "opt_out", "Possible opt-out"),
        (AUTOMATIC, "auto_reply", "Possible automated reply"),
        (AWAY, "out_of_office", "Possible out-of-office reply"),
    ],
)
def test_a_suspicion_stays_in_needs_reply_marked_with_its_sentence(without_model, text, suspected, words):
    world = without_model
    message = world.reply(text)
    world.work()

    lead = world.lead()
    assert (lead.suspected, lead.tag, lead.needs_reply, lead.is_stopped) == (
        suspected,
        "Neutral",
        True,
        False,
    )
    assert lead.suspected_words == message.suspected_words != ""
    assert lead.snoozed_until is None
    row = page(world, "inbox:list")
    assert words in row and f"“{lead.suspected_words}”" in row
    conversation = page(world, "inbox:conversation", lead.pk)
    assert f"<b>{words}:</b> <mark>{lead.suspected_words}</mark>" in conversation
    assert 'data-shortcut="confirm"' in conversation and 'data-shortcut="deny"' in conversation


def test_a_model_with_their_words_decides_that_it_is_one(world):
    reading(world, "Blacklist", "enough of mails")
    message = world.reply(WISH)
    world.work()

    message.refresh_from_db()
    assert world.lead().is_stopped and world.lead().suspected == ""
    assert message.suspicion_decided_by.startswith("model")


@pytest.mark.parametrize(
    ("text", "tag", "quote", "suspected"),
    [
        (AUTOMATIC, "Information Requested", "message", "auto_reply"),
        (WISH, "Interested", WISH, "opt_out"),
        (WISH, "Neutral", "", "opt_out"),
    ],
)
def test_what_a_model_does_not_confirm_waits_for_a_person(world, text, tag, quote, suspected):
    reading(world, tag, quote)
    world.reply(text)
    world.work()

    lead = world.lead()
    assert (lead.suspected, lead.is_stopped, lead.needs_reply) == (suspected, False, True)
    assert world.sends() == []


def test_a_model_confirms_only_by_the_words_that_are_suspected(world):
    reading(world, "Blacklist", "Good morning")
    world.reply(f"Good morning, Alex.\n\n{WISH}")
    world.work()

    assert (world.lead().suspected, world.lead().is_stopped) == ("opt_out", False)


@pytest.mark.parametrize(
    ("tag", "quote"),
    [("Blacklist", "words nobody wrote"), ("Neutral", ""), ("Neutral", "words nobody wrote")],
)
def test_a_model_without_their_words_decides_nothing(world, tag, quote):
    reading(world, tag, quote)
    world.reply(WISH)
    world.work()

    lead = world.lead()
    assert (lead.suspected, lead.is_stopped, lead.needs_reply) == ("opt_out", False, True)


def test_the_model_is_asked_though_the_provider_s_people_call_it_interested(world):
    reading(world, "Blacklist", "enough of mails")
    world.reply(WISH, interested=True)
    world.work()

    assert world.lead().is_stopped


def test_what_the_provider_s_people_call_interested_goes_on_waiting_for_the_model(without_model, settings):
    world = without_model
    world.reply(WISH, interested=True)
    world.work()
    assert world.lead().awaiting_model and world.lead().suspected == "opt_out"


def test_a_person_says_that_it_is_an_opt_out(without_model):
    world = without_model
    message = world.reply(WISH)
    world.work()

    assert "Confirmed: opt-out." in decide(world, message, "yes").content.decode()
    lead = world.lead()
    assert (lead.tag, lead.suspected) == ("Blacklist", "") and lead.opted_out_at == message.sent_at
    decision = TagDecision.objects.get(kind="person")
    assert (decision.tag, decision.user, decision.quote) == ("Blacklist", world.user, WISH)
    assert "already resolved this" in decide(world, message, "no").content.decode()
    assert world.lead().is_stopped

    tag_decisions.correct(message, "Interested", user=world.user)
    assert (world.lead().tag, world.lead().opted_out_at, world.lead().suspected) == ("Interested", None, "")


def test_a_person_says_that_it_is_a_failure_report(without_model):
    world = without_model
    message = factories.make_message(
        factories.make_lead(world.workspace),
        "No such box.",
        suspected="bounce",
        suspected_words="No such box.",
    )
    rollup.decided(rollup.locked(message.lead))
    decide(world, message, "yes")

    lead = world.lead()
    assert (lead.bounced_at, lead.opted_out_at) == (message.sent_at, None)
    assert [row["expected"]["bounce"] for row in labelled(world.workspace)] == [True]
    tag_decisions.correct(message, "Neutral", user=world.user)
    assert not world.lead().is_stopped


@pytest.mark.parametrize(("text", "tag"), [(AUTOMATIC, "Automated Reply"), (AWAY, "Out of Office")])
def test_a_person_says_that_a_machine_wrote_it(without_model, text, tag):
    world = without_model
    message = world.reply(text)
    world.work()
    decide(world, message, "yes")
    world.work()

    lead = world.lead()
    assert (lead.tag, lead.needs_reply, lead.suspected, lead.is_stopped) == (tag, False, "", False)


def test_a_person_says_that_it_is_none_and_the_model_says_what_it_means(world):
    reading(world, "Neutral", "")
    message = world.reply(WISH)
    world.work()

    decide(world, message, "no")
    world.work()

    lead = world.lead()
    assert (lead.suspected, lead.tag, lead.is_stopped) == ("", "Neutral", False)
    decision = TagDecision.objects.get(kind="person")
    assert (decision.denied, decision.reason, decision.user) == (
        "opt_out",
        "Rejected: opt-out.",
        world.user,
    )
    assert [row["expected"] for row in labelled(world.workspace)] == [{"opt_out": False}]
    assert "Rejected: opt-out." in page(world, "inbox:why", message.pk)


def test_a_denial_without_a_model_leaves_the_meaning_open(without_model):
    world = without_model
    message = world.reply(WISH)
    world.work()
    decide(world, message, "no")

    message.refresh_from_db()
    assert message.tag == "" and world.lead().awaiting_model


def test_an_answer_that_is_neither_yes_nor_no_decides_nothing(without_model):
    world = without_model
    message = world.reply(WISH)
    assert "“maybe” isn’t a choice. Answer yes or no." in decide(world, message, "maybe").content.decode()
    assert world.lead().suspected == "opt_out"


def test_nothing_of_ours_is_claimed_for_a_suspected_lead_unless_a_person_sends_it(without_model):
    world = without_model
    world.reply(WISH)
    values = {"channel": "email", "text": "Hello", "origin_id": "1"}
    with pytest.raises(send_claims.SendBlocked, match="Possible opt-out: waiting for a decision"):
        send_claims.claim(world.lead(), origin="followup", **values)
    assert (
        send_claims.claim(world.lead(), origin="person", user=world.user, **values).approved_by == world.user
    )


def test_a_wish_outlives_newer_replies_until_it_is_decided(without_model):
    world = without_model
    wish = world.reply(WISH)
    later = world.reply("Is Friday fine?")
    assert (world.lead().suspected, world.lead().suspected_words) == ("opt_out", WISH)
    assert reverse("inbox:suspicion", args=[world.workspace.pk, wish.pk]) in page(
        world, "inbox:conversation", later.lead_id
    )
    decide(world, wish, "no")
    assert world.lead().suspected == ""


def test_of_two_wishes_the_other_one_holds_after_the_first_is_decided(without_model):
    world = without_model
    first, second = world.reply(WISH), world.reply("Enough mails for one week")
    decide(world, second, "no")
    assert (world.lead().suspected, world.lead().suspected_words) == ("opt_out", WISH)
    decide(world, first, "no")
    assert world.lead().suspected == ""


def test_a_merged_lead_is_held_by_either_one_s_wish(without_model):
    world = without_model
    keep = factories.make_lead(world.workspace, email="d@example.com")
    factories.make_message(keep, "Hello there.", sent_at=timezone.now() + timedelta(seconds=5))
    wish = world.reply(WISH)
    merged = merge.merge(keep, wish.lead, world.user)
    assert (merged.suspected, merged.suspected_words) == ("opt_out", WISH)


def test_a_wish_that_moves_to_its_own_lead_leaves_the_other_one_free(without_model):
    world = without_model
    wish = world.reply(WISH)
    world.reply("Is Friday fine?")
    other = factories.make_lead(world.workspace, email="other@example.org")
    rollup.move(wish, rollup.locked(other))
    leads = dict(Lead.objects.values_list("email", "suspected"))
    assert leads == {"dana@example.org": "", "other@example.org": "opt_out"}


# Campaigns at the provider.


def test_a_perhaps_opt_out_stops_the_campaign_as_any_answer_does(without_model):
    world = without_model
    world.reply(WISH)
    world.work()
    assert stops(world) == 1


def test_a_campaign_that_cannot_be_started_again_goes_on_until_a_person_is_known_to_have_written(
    without_model,
):
    world = without_model
    message = world.reply(AUTOMATIC)
    world.work()
    assert stops(world) == 0
    assert "stopped permanently" in world.steps(message)["stop-future-emails"][1]

    decide(world, message, "no")
    world.work()
    assert stops(world) == 1


def test_a_campaign_goes_on_where_a_machine_wrote(without_model):
    world = without_model
    message = world.reply(AUTOMATIC)
    decide(world, message, "yes")
    world.work()
    assert stops(world) == 0


def test_a_campaign_goes_on_while_only_a_model_says_that_a_person_wrote(world):
    reading(world, "Objection", "message")
    world.reply(AUTOMATIC)
    world.work()
    assert stops(world) == 0


# Follow-ups.


def replies(instance: FollowUpInstance, text: str, suspected: str) -> Message:
    lead = Lead.objects.get(pk=instance.lead_id)
    message = factories.make_message(lead, text, suspected=suspected, suspected_words=text)
    lead.last_inbound_at = message.sent_at
    rollup.decided(lead)
    return message


def test_a_step_holds_while_it_is_perhaps_a_machine_s_and_says_why(world):
    instance = enrolled(world.workspace, {})
    message = replies(instance, AUTOMATIC, "auto_reply")
    minute()
    assert statuses(instance) == [("waiting", "Possible automated reply: waiting for a decision.")]
    attempt = FollowUpTask.objects.get().attempt
    minute()
    assert FollowUpTask.objects.get().attempt == attempt
    listed = page(world, "inbox:followups")
    assert "Possible automated reply" in listed or "Waiting" in listed

    tag_decisions.decide(message, is_it=True, user=world.user)
    minute()
    assert statuses(instance) == [("sent", "")]


def test_a_step_that_an_earlier_release_held_back_is_not_claimed_again(world):
    instance = enrolled(world.workspace, {})
    replies(instance, AUTOMATIC, "auto_reply")
    FollowUpInstance.objects.update(waits_for="Perhaps an automatic reply: not decided yet.")
    minute()
    assert not FollowUpTask.objects.exists()


def test_a_step_pauses_for_the_reply_once_a_person_is_known_to_have_written(world):
    instance = enrolled(world.workspace, {})
    message = replies(instance, AUTOMATIC, "auto_reply")
    minute()
    tag_decisions.decide(message, is_it=False, user=world.user)
    minute()
    instance.refresh_from_db()
    assert (instance.status, instance.paused_for) == ("paused", "replied")


def test_follow_ups_pause_for_what_is_perhaps_an_opt_out_and_hold_when_a_person_resumes_them(world):
    instance = enrolled(world.workspace, {})
    replies(instance, WISH, "opt_out")
    minute()
    instance.refresh_from_db()
    assert (instance.status, instance.paused_for) == ("paused", "replied")

    plan.resumed(FollowUpInstance.objects.all(), by_person=True)
    minute()
    assert statuses(instance) == [("waiting", "Possible opt-out: waiting for a decision.")]
    assert world.posted() == []
