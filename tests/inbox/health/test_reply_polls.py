"""A webhook that was lost: the provider is asked, the message is here, once, and the watermark has moved."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.health import reply_polls
from inbox.health.backfill import OVERLAP
from inbox.models import Message, WebhookDelivery
from inbox.webhooks.replay import replay
from integrations import registry
from integrations.health import writer
from integrations.models import Integration, ReplyPoll
from jobs.deadline import Deadline
from jobs.models import BackgroundJob
from tests.factories import ago
from tests.world import SENDER, World

pytestmark = pytest.mark.django_db(transaction=True)

BASES = {"smartlead": "/api/v1", "instantly": "/api/v2"}
LEAD = {"email": "dana@example.org", "name": "Dana Reyes"}
LOCATION = "LocNorthwind01"
CONTACT = "Ab3dEf6hIj9kLm2nOp5q"


def connect(world: World, provider: str) -> Integration:
    account = world.connect(provider, LOCATION if provider == "ghl" else "", api_key=f"{provider}-key")
    account.config = {"base_url": world.sandbox.url(provider) + BASES.get(provider, "")}
    account.save()
    world.add_webhook(provider, {"emailbison": "email", "ghl": "ghl/sms"}.get(provider, provider), account)
    return account


def lose(world: World, provider: str) -> dict:
    """Somebody answers, and the webhook never arrives. Returns its body."""
    if provider == "ghl":
        world.sandbox.set_account("ghl", "ghl-key", properties={"location_id": LOCATION})
        fields = {"contact": {"id": CONTACT, "phone": "+15555550123"}, "text": "yes call me"}
        return world.sandbox.emit("ghl", "ghl-key", "sms", deliver=False, **fields)["body"]
    event = {"smartlead": "EMAIL_REPLY", "instantly": "reply_received", "emailbison": "LEAD_REPLIED"}[
        provider
    ]
    key = world.key if provider == "emailbison" else f"{provider}-key"
    return world.sandbox.emit(provider, key, event, deliver=False, lead=LEAD, text="Sure, call me")["body"]


def replies():
    return Message.objects.filter(direction="inbound")


def poll(world: World) -> dict[str, int]:
    ReplyPoll.objects.update(due_at=ago(minutes=1))
    counts = reply_polls.tick(Deadline.after_ms(20_000))
    world.work()
    return counts


@pytest.mark.parametrize("provider", ["smartlead", "instantly", "ghl", "emailbison"])
def test_lost_webhook_is_found_again_and_told_late_it_is_a_duplicate(world, provider):
    account = world.workspace.integrations.filter(provider=provider).first() or connect(world, provider)
    body = lose(world, provider)
    assert not replies().exists()
    before = timezone.now()
    reply_polls.tick(Deadline.after_ms(20_000))
    world.work()
    message = replies().get()
    assert message.workspace == world.workspace and message.processed_at
    row = ReplyPoll.objects.get(integration=account)
    assert (row.last_new, row.total_new) == (1, 1) and row.complete_through >= before - OVERLAP
    late = world.take(body, "email" if provider == "emailbison" else provider)
    assert late == message and replies().count() == 1
    poll(world)
    assert replies().count() == 1 and ReplyPoll.objects.get(integration=account).total_new == 1


def test_what_a_webhook_brought_is_read_and_not_new(world):
    account = connect(world, "smartlead")
    world.take(lose(world, "smartlead"), "smartlead")
    poll(world)
    poll(world)
    row = ReplyPoll.objects.get(integration=account)
    assert (row.last_read, row.total_new) == (1, 0) and Message.objects.count() == 1


def test_text_that_a_workflow_told_without_an_id_takes_ghls_own_id(world):
    connect(world, "ghl")
    workflow = lose(world, "ghl")
    first = world.take(workflow, "ghl")
    assert first.external_id.startswith("text:")
    poll(world)
    poll(world)
    message = replies().get()
    assert message == first and not message.external_id.startswith("text:") and message.thread_id
    assert world.take(workflow, "ghl") == first


def test_reply_that_instantly_told_without_an_id_takes_its_id(world):
    connect(world, "instantly")
    told = lose(world, "instantly")
    first = world.take({name: value for name, value in told.items() if name != "email_id"}, "instantly")
    assert first.external_id.startswith("text:")
    poll(world)
    poll(world)
    assert replies().get() == first and replies().get().external_id == told["email_id"]


def nested(world: World) -> dict:
    """A reply in SmartLead's published form without a message id."""
    fields = {"lead": LEAD, "text": "Sure, call me", "form": "nested", "deliver": False}
    return world.sandbox.emit("smartlead", "smartlead-key", "EMAIL_REPLIED", **fields)["body"]


def test_reply_that_smartlead_told_without_an_id_takes_its_id_from_the_list(world):
    connect(world, "smartlead")
    told = nested(world)
    first = world.take(told, "smartlead")
    assert first.external_id.startswith("text:") and not first.thread_id
    poll(world)
    poll(world)
    message = replies().get()
    assert message == first and message.external_id.startswith("<") and message.thread_id
    assert world.take(told, "smartlead") == first


def test_reply_that_smartleads_list_brought_before_its_webhook_without_an_id_is_one(world):
    connect(world, "smartlead")
    told = nested(world)
    poll(world)
    assert world.take(told, "smartlead") == replies().get()


def test_a_tick_whose_time_is_over_says_how_many_are_left(world):
    connect(world, "smartlead")
    first, second = (reply_polls.tick(Deadline.after_ms(ms)) for ms in (0, 20_000))
    assert (first["polls"], first["left"]) == (0, 2)
    assert (second["polls"], second["left"]) == (2, 0)
    assert BackgroundJob.objects.filter(kind=reply_polls.POLL).count() == 2


def test_one_tick_polls_all_that_are_due_however_many_there_are(world):
    accounts = Integration.objects.bulk_create(
        Integration(
            workspace=world.workspace,
            provider="smartlead",
            external_account_id=f"account-{n}",
            credentials={"api_key": "k"},
        )
        for n in range(600)
    )
    ReplyPoll.objects.bulk_create(
        ReplyPoll(integration=one, complete_through=ago(hours=1), due_at=ago(minutes=30)) for one in accounts
    )
    assert reply_polls.late() == dict.fromkeys(registry.stating("poll_every"), 0) | {"smartlead": 600}

    counts = reply_polls.tick(Deadline.after_ms(60_000))

    assert (counts["polls"], counts["left"]) == (601, 0)  # EmailBison as well
    assert not any(reply_polls.late().values())


def test_an_account_that_works_and_whose_polls_do_not_end_is_late(world):
    account = connect(world, "smartlead")
    poll(world)
    assert not any(reply_polls.late().values())
    ReplyPoll.objects.filter(integration=account).update(complete_through=ago(minutes=76))
    assert reply_polls.late()["smartlead"] == 1
    Integration.objects.filter(pk=account.pk).update(enabled=False)
    assert not any(reply_polls.late().values())


def test_an_account_that_is_not_due_is_left_alone(world):
    connect(world, "smartlead")
    assert reply_polls.tick(Deadline.after_ms(20_000))["polls"] == 2  # EmailBison as well
    assert reply_polls.tick(Deadline.after_ms(20_000)) == {"added": 0, "polls": 0, "waiting": 0, "left": 0}


def test_an_account_without_credentials_waits(world):
    world.connect("instantly")
    assert reply_polls.tick(Deadline.after_ms(20_000))["waiting"] == 1


def test_an_account_that_lacks_a_mailbox_is_polled_for_the_others_and_one_that_is_down_is_not(world):
    account = world.workspace.integrations.get(provider="emailbison")
    writer.lose_mailbox(account, SENDER["email"], at=ago(minutes=1))
    lose(world, "emailbison")
    assert poll(world) == {"added": 1, "polls": 1, "waiting": 0, "left": 0}
    assert replies().exists() and writer.row(account).lost_mailboxes == [SENDER["email"]]
    writer.record(account, writer.Signal(writer.SignalKind.REFUSED, "host_or_key"))
    assert poll(world)["waiting"] == 1


def test_a_poll_that_fails_leaves_the_watermark_where_it_was(world):
    account = connect(world, "smartlead")
    lose(world, "smartlead")
    world.sandbox.set_account("smartlead", "smartlead-key", "revoked")
    poll(world)
    row = ReplyPoll.objects.get(integration=account)
    assert row.complete_through == account.created_at and row.polled_at is None
    assert BackgroundJob.objects.get(kind="replies.poll", payload__integration_id=str(account.pk)).last_error


def test_longest_due_first_whatever_the_workspace(world, monkeypatch):
    other = World.make(world.sandbox, "Bluebird")
    for n in range(3):
        account = world.connect("smartlead", f"account-{n}", api_key="k")
        ReplyPoll.objects.create(integration=account, complete_through=ago(hours=1), due_at=ago(minutes=5))
    mine = other.workspace.integrations.get()
    ReplyPoll.objects.create(integration=mine, complete_through=ago(hours=1), due_at=ago(minutes=50))
    monkeypatch.setattr(reply_polls, "BATCH", 1)
    reply_polls.tick(Deadline.after_ms(20_000))
    first = BackgroundJob.objects.filter(kind="replies.poll").order_by("pk").first()
    assert first is not None and first.workspace == other.workspace


def test_a_listed_message_can_be_replayed_like_any_delivery(world):
    connect(world, "instantly")
    lose(world, "instantly")
    poll(world)
    reply_polls.tick(Deadline.after_ms(20_000))
    world.work()
    delivery = WebhookDelivery.objects.get(event_type="BACKFILL")
    assert replay(delivery).outcome.verdict == "duplicate"
    Message.objects.all().delete()
    assert replay(delivery).outcome.verdict == "accepted"
    assert Message.objects.get().sent_at <= timezone.now() + timedelta(seconds=1)
