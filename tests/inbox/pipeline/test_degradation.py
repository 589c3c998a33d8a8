"""Without the model: everything stays visible, nothing is guessed, and it catches up by itself, in order."""

from datetime import timedelta

import pytest
from django.db.models import F
from django.utils import timezone

from inbox.models import Draft, Lead, TagDecision
from inbox.pipeline import catchup
from inbox.replying import drafting, review
from jobs import ledger
from jobs.ids import uuid7
from jobs.models import BackgroundJob
from jobs.recovery import jobs_are_due
from tests.world import forget_calls

pytestmark = pytest.mark.django_db
PAST = timezone.now() - timedelta(days=1)


def due(*kinds):
    BackgroundJob.objects.filter(kind__in=kinds, status="queued").update(run_at=PAST)


def reset_breaker():
    from integrations.models import CircuitBreaker

    CircuitBreaker.objects.all().delete()
    forget_calls()


def test_an_outage_puts_the_job_off_to_the_next_full_minute_at_no_attempt(world):
    world.sandbox.set_account("openai", "key-openai", status="down")
    message = world.reply("How much is it?")
    world.work()

    job = world.job(message)
    assert (job.status, job.attempts) == ("queued", 0)
    assert (job.run_at.second, job.snoozes) in ((0, 1), (59, 1))
    assert world.lead().awaiting_model and world.lead().needs_reply


def test_what_waited_through_an_outage_is_worked_on_in_the_order_it_came(world):
    world.sandbox.set_account("openai", "key-openai", status="down")
    messages = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(4)]
    world.work()
    world.sandbox.set_account("openai", "key-openai", status="ok")
    reset_breaker()
    due("inbound.process")
    world.work()

    decided = TagDecision.objects.order_by("created_at").values_list("message_id", flat=True)
    assert list(decided) == [message.pk for message in messages]
    assert Draft.objects.count() == 4


def work_all(world):
    while jobs_are_due():
        world.work()


def test_fifty_replies_of_an_outage_are_claimed_and_drafted_in_the_order_they_came(world):
    world.sandbox.set_account("openai", "key-openai", status="down")
    messages = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(50)]
    came = [message.pk for message in messages]
    work_all(world)
    put_off = BackgroundJob.objects.filter(kind="inbound.process", status="queued", attempts=0)
    assert put_off.count() == 50

    world.sandbox.set_account("openai", "key-openai", status="ok")
    reset_breaker()
    # Time goes by: what was put off is due, as far apart as it was.
    put_off.update(run_at=F("run_at") - timedelta(minutes=10))
    token, claimed = ledger.claim(worker := uuid7(), 50)
    assert [str(pk) for pk in came] == [
        job.payload["message_id"] for job in claimed if "message_id" in job.payload
    ]
    ledger.give_back(token, worker)
    work_all(world)

    assert list(Draft.objects.order_by("created_at").values_list("trigger_message_id", flat=True)) == came


def test_a_key_that_is_set_later_catches_up_oldest_first_and_only_once(world, settings):
    settings.OPENAI_API_KEY = ""
    messages = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(3)]
    world.work()
    assert catchup.tick(None) == {"enqueued": 0}

    settings.OPENAI_API_KEY = "key-openai"
    assert catchup.tick(None) == {"enqueued": 3}
    assert catchup.tick(None) == {"enqueued": 0}
    world.work()

    assert [draft.trigger_message_id for draft in Draft.objects.order_by("created_at")] == [
        m.pk for m in messages
    ]
    assert list(catchup.waiting()) == []


def test_a_reply_that_the_provider_marked_waits_for_its_draft_and_gets_it(world, settings):
    settings.OPENAI_API_KEY = ""
    message = world.reply("Sounds good.", interested=True)
    world.work()
    assert world.lead().tag == "Interested" and world.lead().awaiting_model

    settings.OPENAI_API_KEY = "key-openai"
    catchup.tick(None)
    world.work()

    assert world.draft(message) is not None and not world.lead().awaiting_model


def test_a_refused_key_is_said_on_the_step_and_the_lead_goes_on_waiting(world):
    world.sandbox.set_account("openai", "key-openai", status="revoked")
    message = world.reply("How much is it?")
    world.work()

    assert world.job(message).status == "succeeded"
    assert world.steps(message)["sentiment"] == ("skipped", "OpenAI refuses our key.")
    assert world.lead().awaiting_model


def test_a_model_that_is_gone_fails_no_job_and_the_lead_goes_on_waiting(world):
    world.sandbox.fault(provider="openai", kind="error", status=404, path="/responses")
    message = world.reply("How much is it?")
    world.work()

    assert world.job(message).status == "succeeded"
    assert world.steps(message)["sentiment"][1].startswith("OpenAI does not take our request")
    assert world.steps(message)["follow-ups"][0] == "done" and world.lead().awaiting_model


def test_answers_of_no_use_are_given_up_and_asked_for_again_by_catching_up(world):
    fault = world.sandbox.fault(provider="openai", kind="invalid_json", path="/responses")
    message = world.reply("How much is it?")
    for _attempt in range(4):
        due("inbound.process")
        world.work()

    assert world.job(message).status == "succeeded"
    reason = "The model gave no usable answer, 4 times."
    assert world.steps(message)["sentiment"] == ("skipped", reason)
    assert world.lead().awaiting_model

    world.sandbox.clear_faults(fault.id)
    assert catchup.tick(None) == {"enqueued": 1}
    world.work()
    assert world.draft(message) is not None and not world.lead().awaiting_model


def test_what_was_answered_while_the_draft_was_written_gets_no_draft(world, monkeypatch):
    write = drafting.write

    def slowly(message, deadline):
        written = write(message, deadline)
        review.send_own(
            message.lead, user=world.user, channel="email", text="Hi, I called.", client_token="1"
        )
        return written

    monkeypatch.setattr(drafting, "write", slowly)
    message = world.reply("How much is it?")
    world.work()

    assert world.draft(message) is None
    assert "an answer of ours, came while it was written" in world.steps(message)["draft"][1]


def test_a_tag_whose_evidence_nobody_wrote_is_left_to_a_person_and_not_asked_again(world):
    world.sandbox.set_answer("Reading", {"quote": "words nobody wrote"})
    message = world.reply("How much is it?")
    world.work()

    decision = TagDecision.objects.get(message=message)
    assert (decision.tag, decision.confidence) == ("Neutral", 0.0)
    assert "A person has to say what it means" in decision.reason
    assert not world.lead().awaiting_model and world.draft(message) is None


def test_meeting_booked_without_an_appointment_is_only_a_request(world):
    world.sandbox.set_answer("Reading", {"tag": "Meeting Booked"})
    message = world.reply("I just booked a slot with you.")
    world.work()

    decision = TagDecision.objects.get(message=message)
    assert decision.tag == "Meeting Requested" and "No appointment is known" in decision.reason


def test_a_model_that_reads_an_opt_out_in_their_words_stops_the_lead(world):
    world.sandbox.set_answer("Reading", {"tag": "Blacklist"})
    world.reply("Kindly forget that I exist, would you.")
    world.work()

    assert world.lead().is_stopped and world.lead().tag == "Blacklist"


def test_a_draft_that_makes_up_a_price_is_revised_once_and_then_held_with_the_reason(world):
    world.sandbox.set_answer("Text", {"text": "Hi Dana, it is $1,500 a month for a crew like yours."})
    message = world.reply("How much is it?")
    world.work()

    draft = world.draft(message)
    assert draft.verification["revised"] is True
    assert draft.status_reason.startswith("Check it: It names a price")
    texts = [r for r in world.sandbox.requests(provider="openai") if r["method"] == "POST"]
    assert len(texts) >= 4


def test_a_day_without_openai_tags_by_rules_shows_everything_and_catches_up_by_itself_in_order(world):
    world.sandbox.set_account("openai", "key-openai", status="down")
    asked = [world.reply(f"How much is it? {n}", email=f"lead{n}@example.org") for n in range(3)]
    refused = world.reply("Please unsubscribe me.", email="gone@example.org")
    away = world.reply(
        "I am out of the office until May 3, 2027.", email="away@example.org", automated_reply=True
    )
    world.work()

    tags = dict(Lead.objects.values_list("email", "tag"))
    assert tags["gone@example.org"] == "Blacklist" and tags["away@example.org"] == "Out of Office"
    assert [world.job(message).status for message in (refused, away)] == ["succeeded"] * 2
    assert Draft.objects.count() == 0
    world.client.force_login(world.user)
    waiting = world.client.get(f"/w/{world.workspace.pk}/inbox/?view=needs-reply").content.decode()
    assert waiting.count('<li class="row') == 3
    open_one = world.client.get(f"/w/{world.workspace.pk}/inbox/{asked[0].lead_id}/").content.decode()
    assert "How much is it? 0" in open_one and "Waiting for a model" in open_one

    world.sandbox.set_account("openai", "key-openai", status="ok")
    reset_breaker()
    due("inbound.process")  # the next full minute
    world.work()

    decided = TagDecision.objects.filter(kind="model").order_by("created_at")
    assert [decision.message_id for decision in decided] == [message.pk for message in asked]
    drafted = Draft.objects.order_by("created_at").values_list("trigger_message_id", flat=True)
    assert list(drafted) == [message.pk for message in asked]
    assert not Lead.objects.filter(awaiting_model=True).exists()
