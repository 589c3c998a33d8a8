"""Somebody answers on the provider's own pages, and its webhook is lost: what no person pressed does not go out."""

import pytest
from django.utils import timezone

from inbox.followups import plan
from inbox.models import Draft, FollowUpInstance, Message, OutboundSend
from inbox.replying import carrier_messages, review
from integrations.emailbison.carrier import EmailBisonCarrier
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests import factories
from tests.inbox.followups.helpers import enrolled, minute, statuses

pytestmark = pytest.mark.django_db(transaction=True)
BASES = {"emailbison": "", "smartlead": "/api/v1", "instantly": "/api/v2"}
REPLIES = {"emailbison": "LEAD_REPLIED", "smartlead": "EMAIL_REPLY", "instantly": "reply_received"}
MAILS = {"emailbison": "MANUAL_EMAIL_SENT", "smartlead": "EMAIL_SENT", "instantly": "email_sent"}
LEAD = {"email": "dana@example.org", "name": "Dana Reyes", "first_name": "Dana", "last_name": "Reyes"}
HELD = "Someone has answered outside Holdfast, directly in {}."
THREADS = "conversation-thread"


@pytest.fixture
def automatic(world):
    factories.make_policy(world.workspace, mode="auto", business_hours_only=False)


def emit(world, provider: str, event: str, text: str) -> dict:
    key = world.key if provider == "emailbison" else f"key-{provider}"
    return world.sandbox.emit(provider, key, event, deliver=False, lead=LEAD, text=text)["body"]


def counted_down(world, provider: str = "emailbison") -> Draft:
    """An answer that goes out by itself, whose time has come."""
    source = "email"
    if provider != "emailbison":
        account = world.connect(provider, api_key=f"key-{provider}")
        account.config = {
            "base_url": world.sandbox.url(provider).removesuffix(BASES[provider]) + BASES[provider]
        }
        account.save()
        world.add_webhook(provider, provider, account)
        source = provider
    message = world.take(emit(world, provider, REPLIES[provider], "Sure, sounds good to me."), source)
    world.work()
    draft = world.draft(message)
    assert draft.send_at is not None, draft.status_reason
    return draft


def over(world, draft: Draft) -> Draft:
    now = timezone.now()
    Draft.objects.filter(pk=draft.pk).update(send_at=now)
    BackgroundJob.objects.filter(kind="reply.autosend").update(run_at=now)
    world.work()
    draft.refresh_from_db()
    return draft


def threads(world) -> int:
    return sum(THREADS in one["path"] for one in world.sandbox.requests(provider="emailbison"))


@pytest.mark.parametrize("provider", MAILS)
def test_an_answer_in_the_providers_thread_holds_what_nobody_pressed(world, automatic, provider):
    draft = counted_down(world, provider)
    emit(world, provider, MAILS[provider], "Hi Dana, I have just called you. Alex")

    draft = over(world, draft)

    label = {"emailbison": "EmailBison", "smartlead": "SmartLead", "instantly": "Instantly"}[provider]
    assert (draft.status, draft.status_reason) == ("pending", f"Held: {HELD.format(label)}")
    assert world.posted(provider) == [] and world.sends() == []


@pytest.mark.parametrize("provider", MAILS)
def test_a_thread_without_another_answer_lets_it_go(world, automatic, provider):
    draft = over(world, counted_down(world, provider))

    assert draft.status == Draft.Status.SENT, draft.status_reason
    assert len(world.posted(provider)) == 1


def test_the_thread_is_read_once_and_not_for_what_a_person_pressed(world, automatic):
    over(world, counted_down(world))
    assert threads(world) == 1
    message = world.reply("And what about Monday?")
    world.work()
    draft = world.draft(message)
    review.approve(draft, user=world.user, text=draft.text)
    world.work()
    assert len(world.posted()) == 2 and threads(world) == 1


def test_a_thread_that_cannot_be_read_now_is_read_again(world, automatic):
    draft = counted_down(world)
    world.sandbox.fault(provider="emailbison", kind="error", status=503, path=THREADS, count=3)

    over(world, draft)
    (send,) = world.sends()
    assert (send.state, send.called_at) == (OutboundSend.State.INTENT, None)
    assert send.reason.startswith("Waiting: EmailBison") and world.posted() == []

    BackgroundJob.objects.filter(kind="reply.send").update(run_at=timezone.now())
    world.work()
    send.refresh_from_db()
    assert send.state == OutboundSend.State.SENT and len(world.posted()) == 1


def test_a_thread_that_the_provider_does_not_show_holds_it_for_a_person(world, automatic):
    draft = counted_down(world)
    world.sandbox.fault(provider="emailbison", kind="error", status=404, path=THREADS)

    draft = over(world, draft)

    assert draft.status_reason == (
        "Held: EmailBison didn’t say whether someone has answered outside Holdfast."
    )
    assert draft.status == Draft.Status.PENDING and world.posted() == []


def test_it_pauses_a_follow_up_until_a_person_goes_on(world):
    message = world.reply("Not now, perhaps later.")
    world.work()
    instance = enrolled(world.workspace, {"text": "Hi {first_name}, still interested?"}, lead=message.lead)
    emit(world, "emailbison", "MANUAL_EMAIL_SENT", "Hi Dana, I have just called you. Alex")

    minute()
    instance.refresh_from_db()
    assert (instance.status, instance.paused_for) == ("paused", FollowUpInstance.Pause.PERSON)
    assert statuses(instance) == [("waiting", HELD.format("EmailBison"))] and world.posted() == []

    assert plan.resumed(FollowUpInstance.objects.filter(pk=instance.pk), by_person=True) == 1
    FollowUpInstance.objects.update(due_at=timezone.now())
    minute()
    assert statuses(instance) == [("sent", "")] and len(world.posted()) == 1


def test_the_answer_to_a_send_names_the_mail_and_its_webhook_joins_it(world):
    message = world.reply("Sure, send me times.")
    world.work()
    draft = world.draft(message)
    send = review.approve(draft, user=world.user, text=draft.text)
    world.work()
    send = OutboundSend.objects.select_related("lead", "reply_to").get(pk=send.pk)
    account = world.workspace.integrations.get(provider="emailbison")
    mail = EmailBisonCarrier().newer(carrier_messages.of(send, account), account, Deadline.after_ms(20_000))[
        0
    ]
    assert send.provider_message_id == mail.message_id != ""
    body = emit(world, "emailbison", "MANUAL_EMAIL_SENT", "Without our marker, and in other words")
    body["data"]["reply"]["id"] = int(mail.message_id.removeprefix("reply:"))

    assert world.take(body).external_id == str(send.pk)
    assert not Message.objects.filter(by_hand=True).exists()
