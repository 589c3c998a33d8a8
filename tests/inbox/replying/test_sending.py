"""A send is claimed, called once, and its row says what is known: no more, and no less."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.models import Draft, Lead, Message, OutboundSend
from inbox.replying import reconciliation, review, sending
from inbox.replying.send_claims import SendBlocked
from integrations.models import CircuitBreaker
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories
from tests.waiting import SLACK_S
from tests.world import forget_calls

pytestmark = pytest.mark.django_db
State = OutboundSend.State
PAST = timezone.now() - timedelta(days=1)
REPLY = r"/replies/\d+/reply$"


@pytest.fixture
def draft(world):
    message = world.reply("Sure, send me times.")
    world.work()
    return world.draft(message)


def approve(world, draft, text="Hi Dana, Thursday works."):
    return review.approve(draft, user=world.user, text=text)


def due_now(send: OutboundSend) -> None:
    """Let the next look at an uncertain send be due."""
    OutboundSend.objects.filter(pk=send.pk).update(called_at=timezone.now() - timedelta(seconds=10))
    BackgroundJob.objects.filter(kind="send.reconcile").update(run_at=PAST)


def settled(world, send):
    world.work()
    send.refresh_from_db()
    return send


def test_writes_the_sent_message_with_everything_a_person_wants_to_see(world, draft):
    send = settled(world, approve(world, draft))

    assert send.state == State.SENT and send.called_at <= send.finished_at
    message = Message.objects.get(source="holdfast")
    assert message.external_id == str(send.pk)
    assert (message.direction, message.channel, message.subject) == ("outbound", "email", "Re: winter work")
    assert message.account_address == "alex@outreach.example.com"
    assert message.recipients["to"] == [{"address": "dana@example.org", "name": "Dana Reyes"}]


@pytest.mark.parametrize(
    ("text", "subject", "left"),
    [
        ("Hi {first_name}, Thursday works.", None, "{first_name}"),
        ("Hi Dana, {slots|any day} works.", None, "{slots|any day}"),
        ("Hi Dana, Thursday works.", "For {company}", "{company}"),
    ],
)
def test_nobody_sends_a_text_or_subject_in_which_a_variable_is_left(world, draft, text, subject, left):
    with pytest.raises(SendBlocked, match="isn’t filled in") as refused:
        review.approve(draft, user=world.user, text=text, subject=subject)
    assert str(refused.value).startswith(left)
    draft.refresh_from_db()
    assert draft.status == Draft.Status.PENDING and not OutboundSend.objects.exists()


def test_braces_of_others_and_what_the_lead_wrote_may_go_out(world, draft):
    Message.objects.filter(pk=draft.trigger_message_id).update(subject="Hi {first_name}")
    draft.trigger_message.refresh_from_db()
    text = 'Hi Dana, send {"plan": 1} or {x}.\n\n> Hi {first_name}, is this for us?'
    send = review.approve(draft, user=world.user, text=text, subject="Re: Hi {first_name}")
    assert (send.text, send.subject) == (text, "Re: Hi {first_name}")


def test_answers_whoever_wrote_and_keeps_their_copies_but_not_ourselves(world):
    message = world.reply("Sam can tell you more.")
    message.recipients = {
        "cc": [
            {"address": "sam@example.org", "name": "Sam"},
            {"address": "alex@outreach.example.com", "name": "Alex"},
        ]
    }
    message.save()
    settled(world, approve(world, factories.make_draft(message)))

    sent = Message.objects.get(source="holdfast")
    assert sent.recipients["cc"] == [{"address": "sam@example.org", "name": "Sam"}]


@pytest.mark.parametrize("kind", ["accept_drop", "accept_reset", "cut_body", "half_json", "empty"])
def test_a_lost_answer_is_unknown_and_then_found_in_the_providers_list(world, draft, kind):
    world.sandbox.fault(provider="emailbison", kind=kind, path=REPLY, count=1)
    send = settled(world, approve(world, draft))
    assert send.state == State.UNKNOWN and send.reason.startswith("The result couldn’t be confirmed")
    assert Message.objects.filter(source="holdfast").count() == 0

    due_now(send)
    send = settled(world, send)

    assert (send.state, send.reason) == (State.SENT, "The provider lists the message as sent.")
    assert send.provider_message_id
    assert len(world.posted()) == 1 and Message.objects.filter(source="holdfast").count() == 1
    draft.refresh_from_db()
    assert draft.status == Draft.Status.SENT


def test_a_timeout_is_unknown_within_the_calls_limit(world, draft, settings):
    settings.EMAILBISON_TIMEOUT_MS = 1_000
    world.sandbox.fault(provider="emailbison", kind="accept_timeout", path=REPLY, count=1, seconds=60)

    send = settled(world, approve(world, draft))

    assert send.state == State.UNKNOWN
    assert (send.finished_at - send.called_at).total_seconds() < 1 + SLACK_S


@pytest.mark.parametrize("settle", [sending.settle_failed, sending.settle_unknown, review.reject])
def test_a_lead_that_is_merged_during_the_call_changes_nothing_about_the_outcome(world, draft, settle):
    row = draft if settle is review.reject else approve(world, draft)
    row = type(row).objects.select_related("lead").get(pk=row.pk)
    keep = factories.make_lead(world.workspace)
    for model in (Message, Draft, OutboundSend):
        model.objects.update(lead=keep)
    Lead.objects.filter(pk=row.lead_id).delete()

    if settle is review.reject:
        review.reject(row, user=world.user)
    else:
        assert settle(row, "The provider refused it.")


def test_a_send_that_someone_settles_during_the_look_keeps_their_reason(world, draft, monkeypatch):
    world.sandbox.fault(provider="emailbison", kind="server_error", path=REPLY)
    send = settled(world, approve(world, draft))

    def confirm(send, _listed):
        review.it_went_out(OutboundSend.objects.get(pk=send.pk), user=world.user)

    monkeypatch.setattr(reconciliation, "match", confirm)
    OutboundSend.objects.filter(pk=send.pk).update(called_at=timezone.now() - timedelta(hours=2))
    BackgroundJob.objects.filter(kind="send.reconcile").update(run_at=PAST)
    world.work()

    send.refresh_from_db()
    assert (send.state, send.reason) == (State.SENT, "Someone confirmed that it was sent.")


def test_a_5xx_after_the_request_is_unknown_and_is_never_sent_again_by_itself(world, draft):
    world.sandbox.fault(provider="emailbison", kind="server_error", path=REPLY)
    send = settled(world, approve(world, draft))
    assert send.state == State.UNKNOWN

    for _ in reconciliation.LOOKS_S:
        OutboundSend.objects.filter(pk=send.pk).update(called_at=timezone.now() - timedelta(hours=2))
        BackgroundJob.objects.filter(kind="send.reconcile").update(run_at=PAST)
        world.work()

    send.refresh_from_db()
    assert send.state == State.UNKNOWN and "didn’t list the message" in send.reason
    calls = [
        r
        for r in world.sandbox.requests(provider="emailbison")
        if r["method"] == "POST" and "reply" in r["path"]
    ]
    assert len(calls) == 1


def test_a_refusal_is_failed_and_a_person_can_send_it_again(world, draft):
    world.sandbox.fault(provider="emailbison", kind="error", path=REPLY, count=1, status=422, message="Nope")
    send = settled(world, approve(world, draft))
    assert send.state == State.FAILED and "422" in send.reason

    again = review.send_again(send, user=world.user)
    send = settled(world, again)

    assert (send.state, send.tries) == (State.SENT, 1)
    (posted,) = world.posted()
    assert "Hi Dana, Thursday works." in posted["text"]


@pytest.mark.parametrize("kind", ["rate_limit", "drop_before"])
def test_what_never_left_is_tried_again_by_the_job(world, draft, kind):
    if kind == "rate_limit":
        world.sandbox.fault(provider="emailbison", kind="rate_limit", path=REPLY, count=1, retry_after=1)
    else:
        integration = world.workspace.integrations.get(provider="emailbison")
        base_url = integration.config["base_url"]
        integration.config = {"base_url": "http://127.0.0.1:9"}
        integration.save()
    send = settled(world, approve(world, draft))
    assert send.state == State.INTENT and send.called_at is None and send.reason.startswith("Waiting:")
    if kind != "rate_limit":
        integration.config = {"base_url": base_url}
        integration.save()

    CircuitBreaker.objects.all().delete()
    forget_calls()
    BackgroundJob.objects.filter(kind="reply.send").update(run_at=PAST)
    send = settled(world, send)

    assert send.state == State.SENT and len(world.posted()) == 1


def test_an_invalid_sender_is_replaced_once(world, draft):
    world.sandbox.emit(
        "emailbison",
        world.key,
        "LEAD_REPLIED",
        deliver=False,
        lead={"email": "other@example.org"},
        text="x",
        sender={"id": 312, "email": "sam@outreach.example.com", "name": "Sam"},
    )
    world.sandbox.set_account("emailbison", world.key, properties={"invalid_senders": [311]})

    send = settled(world, approve(world, draft))

    assert (send.state, send.account_id) == (State.SENT, "312")
    assert len(world.posted()) == 1


def test_without_another_sender_the_send_fails_with_a_sentence(world, draft):
    world.sandbox.set_account("emailbison", world.key, properties={"invalid_senders": [311]})

    send = settled(world, approve(world, draft))

    assert (send.state, send.reason) == (
        State.FAILED,
        "EmailBison has no mailbox that can send this message.",
    )


def test_a_connection_that_is_gone_before_the_call_fails_the_send_with_a_sentence(world, draft):
    send = approve(world, draft)
    world.workspace.integrations.all().delete()

    send = settled(world, send)

    assert (send.state, send.reason) == (State.FAILED, "EmailBison isn’t connected.")


def test_a_lead_who_opts_out_before_the_call_gets_nothing(world, draft):
    send = approve(world, draft)
    world.reply("STOP. Please unsubscribe me.")

    send = settled(world, send)

    assert (send.state, send.reason) == (State.FAILED, "This lead asked not to be contacted.")
    assert world.posted() == []


def test_a_claim_whose_job_was_cancelled_is_brought_to_an_end(world, draft):
    send = approve(world, draft)
    BackgroundJob.objects.filter(kind="reply.send").update(status="cancelled", finished_at=timezone.now())
    OutboundSend.objects.filter(pk=send.pk).update(created_at=timezone.now() - timedelta(minutes=5))

    assert reconciliation.settle_stranded(Deadline.after_ms(20_000)) == {"failed": 1, "unknown": 0, "left": 0}

    send.refresh_from_db()
    assert send.state == State.FAILED


def test_a_claim_that_was_called_for_and_lost_its_job_is_unknown(world, draft):
    send = approve(world, draft)
    BackgroundJob.objects.filter(kind="reply.send").update(status="failed", finished_at=timezone.now())
    OutboundSend.objects.filter(pk=send.pk).update(
        created_at=timezone.now() - timedelta(minutes=5), called_at=timezone.now()
    )

    assert reconciliation.settle_stranded(Deadline.after_ms(20_000)) == {"failed": 0, "unknown": 1, "left": 0}


@pytest.mark.parametrize(
    ("minutes", "status", "state"),
    [
        (5, "failed", "sent"),
        (5, "queued", "unknown"),
        (5, "running", "unknown"),
        (1, "failed", "unknown"),
        (60 * 25, "failed", "unknown"),
    ],
)
def test_a_send_whose_reconciliation_was_given_up_is_looked_for_again(world, draft, minutes, status, state):
    """The job counts as one that kills its worker if others in its process did."""
    world.sandbox.fault(provider="emailbison", kind="accept_reset", path=REPLY, count=1)
    send = approve(world, draft)
    world.work()
    ago = timezone.now() - timedelta(minutes=minutes)
    OutboundSend.objects.filter(pk=send.pk).update(
        state="unknown", called_at=ago, finished_at=ago, looked_at=None
    )
    jobs = BackgroundJob.objects.filter(kind="send.reconcile")
    ended = timezone.now() if status == "failed" else None
    started = None if status == "queued" else timezone.now()
    later = timezone.now() + timedelta(hours=1)
    lease = {"lease_token": 1, "lease_expires_at": later} if status == "running" else {}
    assert jobs.update(status=status, finished_at=ended, started_at=started, run_at=later, **lease) == 1

    assert reconciliation.resume_looks() == {"resumed": int(state == "sent")}
    assert reconciliation.resume_looks() == {"resumed": 0}

    assert settled(world, send).state == state


def test_a_reconciliation_that_goes_on_killing_its_worker_is_given_up(world, draft):
    send = approve(world, draft)
    ago = timezone.now() - timedelta(minutes=5)
    OutboundSend.objects.filter(pk=send.pk).update(state="unknown", called_at=ago, finished_at=ago)
    resumed = []
    for _ in range(6):
        resumed.append(reconciliation.resume_looks()["resumed"])
        jobs = BackgroundJob.objects.filter(kind="send.reconcile", status="queued")
        jobs.update(status="failed", started_at=timezone.now(), finished_at=timezone.now())

    assert resumed == [1, 1, 1, 1, 0, 0]


def test_a_person_who_knows_that_it_went_out_settles_it(world, draft):
    world.sandbox.fault(provider="emailbison", kind="server_error", path=REPLY, count=1)
    send = settled(world, approve(world, draft))

    review.it_went_out(send, user=world.user)

    send.refresh_from_db()
    assert send.state == State.SENT and Message.objects.filter(source="holdfast").count() == 1
    with pytest.raises(review.AlreadyDecided):
        review.it_went_out(send, user=world.user)
    with pytest.raises(review.AlreadyDecided):
        review.send_again(send, user=world.user)


def test_a_provider_that_does_not_know_the_conversation_is_named_with_what_is_wrong(world):
    message = world.reply("Sure, send me times.")
    type(message).objects.update(external_id="not-a-number")
    draft = factories.make_draft(message)
    review.approve(draft, user=world.user, text="Friday?")
    world.work()
    send = OutboundSend.objects.get()
    assert send.state == "failed" and sending.would_repeat(send)
    words = "EmailBison: request refused. It doesn’t know the conversation that this answers (invalid_id)."
    assert send.reason == words
