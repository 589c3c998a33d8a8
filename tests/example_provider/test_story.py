"""Example Mail in use: a reply is answered by its own account, a STOP ends the campaign there, and gaps are filled."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.health import backfill, reply_polls
from inbox.leads import rollup
from inbox.models import Campaign, Draft, Lead, Message, OutboundSend
from inbox.replying import reconciliation, review
from inbox.trace import asking
from integrations import attachments
from integrations.health import checks, probes, writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import HealthState, Integration
from jobs import process
from jobs.deadline import Deadline
from jobs.process import WorkerProcess
from sandbox import SandboxServer
from tests.example_provider import NAME
from tests.world import World, forget_calls, settings_for

pytestmark = pytest.mark.django_db
KEY = "key-of-example"
DANA = {"email": "dana@example.org", "first_name": "Dana", "last_name": "Reyes"}


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer() as running:
        yield running


@pytest.fixture
def world(server, db) -> Iterator[World]:
    """A workspace with EmailBison, and with the account under test beside it."""
    server.reset()
    forget_calls()
    process.become(WorkerProcess())
    with settings_for(server):
        made = World.make(server)
        made.add_webhook(NAME, NAME, made.connect(NAME, api_key=KEY))
        yield made


@pytest.fixture
def account(world) -> Integration:
    return Integration.objects.get(workspace=world.workspace, provider=NAME)


def told(world: World, event: str, **fields) -> dict:
    return world.sandbox.emit(NAME, KEY, event, deliver=False, **{"lead": DANA} | fields)["body"]


def comes(world: World, event: str, **fields) -> dict:
    """The provider's webhook about something that happened there."""
    body = told(world, event, **fields)
    answer = world.client.post(world.paths[NAME], body, content_type="application/json")
    assert answer.status_code == 200, answer.content
    return answer.json()


def stopped(world: World) -> list[str]:
    return list(world.sandbox.state.account(NAME, KEY).data.stopped)


def test_a_reply_is_answered_by_the_account_that_it_came_to(world, account):
    message = Message.objects.get(pk=comes(world, "reply", text="Sounds good, tell me more.")["messageId"])
    world.work()
    draft = world.draft(message)

    review.approve(draft, user=world.user, text=draft.text)
    world.work()

    (send,) = world.sends()
    assert (send.provider, send.state) == (NAME, OutboundSend.State.SENT), send.reason
    (posted,) = world.posted(NAME)
    assert (posted["to"], posted["thread"]) == (DANA["email"], message.external_id)
    assert world.posted("emailbison") == []


def test_a_file_that_came_with_a_reply_is_fetched(world):
    told_of = {"id": "f-1", "name": "plan.pdf", "type": "application/pdf", "size": 24}
    message = Message.objects.get(
        pk=comes(world, "reply", text="See the plan.", files=[told_of])["messageId"]
    )
    (found,) = attachments.read(message.attachments)
    assert asking.fetch_file(message, found).read() == b"The file of the sandbox."


def test_an_answer_that_was_lost_is_found_in_its_list(world, account):
    message = Message.objects.get(pk=comes(world, "reply", text="Sounds good, tell me more.")["messageId"])
    world.work()
    draft = Draft.objects.get(trigger_message=message)
    world.sandbox.fault(provider=NAME, kind="accept_drop", path="/answers$", count=1)

    review.approve(draft, user=world.user, text=draft.text)
    world.work()
    send = OutboundSend.objects.select_related("lead", "reply_to").get()
    assert send.state == OutboundSend.State.UNKNOWN

    assert reconciliation.look(send, Deadline.after_ms(10_000))
    send.refresh_from_db()
    assert send.state == OutboundSend.State.SENT and len(world.posted(NAME)) == 1


def test_a_step_of_its_campaign_answers_nothing_and_a_bounce_is_nobodys_word(world):
    comes(world, "reply", text="Sounds good, tell me more.")
    comes(world, "sent", text="Hi Dana, are you there?")
    lead = Lead.objects.get(email=DANA["email"])
    assert lead.answered_at is None and lead.needs_reply

    # e-mail: a text or chat message does not bounce
    comes(world, "bounced", lead={"email": "gone@example.org"})
    bounced = Lead.objects.get(email="gone@example.org")
    assert bounced.bounced_at is not None and rollup.replies_of(bounced) == []
    # end of e-mail


@pytest.mark.parametrize("event", ["reply", "unsubscribed"])
def test_a_stop_ends_its_campaign_there(world, event):
    comes(world, "sent", text="Hi Dana, is the winter slow for you?")
    comes(world, event, text="STOP. Please remove me from your list.")
    world.work()

    assert Lead.objects.get(email=DANA["email"]).opted_out_at is not None
    assert Campaign.objects.get().provider == NAME
    assert stopped(world) == [f"c-1:{DANA['email']}"]


def test_what_was_missed_is_fetched_once(world, account):
    told(world, "reply", text="Sounds good, tell me more.")
    since = timezone.now() - timedelta(hours=1)

    caught = [backfill.run(account, since, Deadline.after_ms(10_000)) for _ in range(2)]

    assert [(one.read, one.new) for one in caught] == [(1, 1), (1, 0)]
    message = Message.objects.get(workspace=world.workspace)
    assert (message.direction, message.lead.email) == ("inbound", DANA["email"])


def test_it_is_asked_on_its_own_rhythm(world, account):
    Integration.objects.filter(pk=account.pk).update(created_at=timezone.now() - timedelta(hours=2))
    told(world, "reply", text="Sounds good, tell me more.")

    assert reply_polls.tick(Deadline.after_ms(10_000))["polls"] >= 1
    world.work()

    assert Message.objects.filter(workspace=world.workspace, source__startswith=NAME).count() == 1


# e-mail: what went out before a text or chat message is read by other steps, under conditions of their own
def test_a_draft_knows_what_went_out_before(world):
    told(world, "sent", text="Hi Dana, is the winter slow for you?")
    message = Message.objects.get(pk=comes(world, "reply", text="Sounds good, tell me more.")["messageId"])
    world.work()

    assert world.steps(message)["sent-history"][0] == "done"
    assert Message.objects.filter(direction="outbound", lead=message.lead).count() == 1


# end of e-mail


def test_a_refused_key_shows_and_a_probe_that_works_heals_it(world, account):
    world.sandbox.set_account(NAME, KEY, "revoked")
    assert not probes.check_now(account).ok
    assert writer.row(account).state == HealthState.DISCONNECTED
    assert {line.tone for line in checks.run(account)} == {"bad", ""}

    world.sandbox.set_account(NAME, KEY, "ok")
    assert probes.check_now(account).ok
    assert writer.row(account).state == HealthState.CONNECTED
    assert {line.tone for line in checks.run(account)} == {"ok"}


def test_a_mailbox_that_it_has_lost_is_named(world, account):
    writer.record(account, Signal(SignalKind.WORKED))
    comes(world, "mailbox", mailbox="alex@outreach.example.com", state="disconnected")
    row = writer.row(account)
    assert row.state == HealthState.DISCONNECTED and "alex@outreach.example.com" in row.reason
