"""Mailboxes that a provider says it has lost: what a look proves, what waits meanwhile, and what people read."""

import pytest
from django.urls import reverse

from inbox.health.sentences import effect, headline
from inbox.models import FollowUpInstance
from inbox.replying import review
from inbox.replying.account_pauses import require_up, resume_sends
from integrations.emailbison.client import EmailBisonClient
from integrations.health import probes, writer
from integrations.health.writer import Signal, SignalKind
from integrations.models import Integration
from jobs.errors import Snooze
from tests import factories
from tests.world import SENDER, World

pytestmark = pytest.mark.django_db
ALEX, BO = SENDER["email"], "bo@outreach.example.com"
LOST, BACK = "EMAIL_ACCOUNT_DISCONNECTED", "EMAIL_ACCOUNT_RECONNECTED"


@pytest.fixture(autouse=True)
def fresh() -> None:
    writer.forget_successes()


@pytest.fixture
def account(world: World) -> Integration:
    return world.workspace.integrations.get(provider="emailbison")


def told(world: World, event: str, number: int = 311, address: str = ALEX) -> None:
    """EmailBison has a mailbox lost or back, and says so."""
    sender = {"id": number, "email": address}
    body = world.sandbox.emit("emailbison", world.key, event, deliver=False, sender=sender)["body"]
    answer = world.client.post(world.paths["email"], body, content_type="application/json")
    assert answer.json()["success"], answer.content


def test_call_that_works_is_no_proof_while_a_mailbox_is_lost_and_the_look_is(world, account):
    told(world, LOST)
    found = probes.check_now(account)
    assert not found.ok and found.sentence == f"{account} responds, but {ALEX} is disconnected."
    assert writer.row(account).state == "disconnected"
    told(world, BACK)
    world.work()
    assert (writer.row(account).state, writer.row(account).lost_mailboxes) == ("connected", [])


def test_one_of_two_that_is_back_is_not_all(world, account):
    told(world, LOST)
    told(world, LOST, 312, BO)
    told(world, BACK)
    world.work()
    row = writer.row(account)
    assert (row.state, row.reason, row.lost_mailboxes) == ("disconnected", f"{BO} is disconnected", [BO])
    told(world, BACK, 312, BO)
    world.work()
    assert writer.row(account).state == "connected"


def test_mailbox_that_the_provider_no_longer_lists_is_not_waited_for(world, account):
    writer.lose_mailbox(account, "gone@outreach.example.com", at=factories.ago(minutes=5))
    assert probes.check_now(account).ok
    assert writer.row(account).state == "connected"


def test_mailbox_that_is_removed_at_emailbison_is_told_and_not_waited_for(world, account):
    told(world, "EMAIL_ACCOUNT_REMOVED", 312, BO)
    assert (writer.row(account).state, writer.row(account).reason) == (
        "disconnected",
        f"{BO} is disconnected",
    )

    assert probes.check_now(account).ok
    assert writer.row(account).state == "connected"


def test_instantly_mailbox_is_looked_for_among_its_accounts(world):
    account = world.connect("instantly", api_key="key-instantly")
    account.config = {"base_url": f"{world.sandbox.url('instantly')}/api/v2"}
    account.save()
    world.add_webhook("instantly", "instantly", account)
    lead = {"email": "dana@example.org"}
    told = world.sandbox.emit(
        "instantly", "key-instantly", "account_error", deliver=False, lead=lead, mailbox=ALEX
    )
    world.client.post(world.paths["instantly"], told["body"], content_type="application/json")
    assert probes.check_now(account).sentence == f"{account} responds, but {ALEX} is disconnected."
    writer.lose_mailbox(account, BO, at=factories.ago(minutes=1))
    assert not probes.check_now(account).ok
    assert writer.row(account).lost_mailboxes == [ALEX]


def test_account_whose_key_is_refused_stays_so_for_that_reason(account):
    writer.record(account, Signal(SignalKind.REFUSED, "host_or_key"))
    writer.lose_mailbox(account, ALEX, at=factories.ago(minutes=1))
    row = writer.row(account)
    assert (row.reason, row.lacks_mailboxes, row.lost_mailboxes) == ("host_or_key", False, [ALEX])
    with pytest.raises(Snooze):
        require_up(account, BO)


def test_sends_over_another_mailbox_do_not_wait(account):
    writer.lose_mailbox(account, ALEX, at=factories.ago(minutes=1))
    require_up(account, BO.upper())
    with pytest.raises(Snooze):
        require_up(account, ALEX.upper())


def test_approved_answer_over_a_lost_mailbox_waits_until_it_is_back(world, account):
    message = world.reply("How much is it for two crews?")
    world.work()
    told(world, LOST)
    review.approve(world.draft(message), user=world.user, text="Hi Dana, 400.")
    world.work()
    assert [send.state for send in world.sends()] == ["intent"] and world.posted() == []
    told(world, BACK)
    world.work()
    resume_sends(world.workspace.pk)  # as `recovery.recover` does
    world.work()
    assert [send.state for send in world.sends()] == ["sent"]


def test_follow_ups_do_not_pause_for_a_lost_mailbox(account):
    lead = factories.make_lead(account.workspace)
    sequence = factories.make_sequence(account.workspace, {"text": "Hi", "channel": "email"})
    instance = FollowUpInstance.objects.create(
        workspace=account.workspace, lead=lead, sequence=sequence, next_step=sequence.steps.get(),
        quiet_since=factories.ago(days=1), due_at=factories.ago(minutes=1),
    )  # fmt: skip
    writer.lose_mailbox(account, ALEX, at=factories.ago(minutes=1))
    instance.refresh_from_db()
    assert instance.status == FollowUpInstance.Status.ACTIVE


def test_people_read_which_mailbox_it_is_and_what_to_do(world, account):
    writer.lose_mailbox(account, ALEX, at=factories.ago(minutes=1))
    row = writer.row(account)
    assert headline(row, "Northwind").startswith(f"EmailBison: {ALEX} is disconnected for ")
    assert effect(row, []) == (
        "New replies to this mailbox aren’t arriving, and outgoing messages are on hold. Reconnect it at EmailBison."
    )
    world.client.force_login(world.user)
    page = world.client.get(reverse("inbox:health", args=[world.workspace.pk])).content.decode()
    assert f"{ALEX} is disconnected" in page and "Enter new key" not in page


def test_account_that_becomes_another_one_has_lost_nothing(account):
    writer.lose_mailbox(account, ALEX, at=factories.ago(minutes=1))
    writer.start_over(account)
    assert (writer.row(account).state, writer.row(account).lost_mailboxes) == ("unknown", [])


def test_a_check_whose_time_ends_between_two_calls_is_told_in_words(world, account, monkeypatch):
    told(world, LOST)
    called = EmailBisonClient.account

    def and_time_is_up(client, deadline):
        found = called(client, deadline)
        deadline._ends_at = 0
        return found

    monkeypatch.setattr(EmailBisonClient, "account", and_time_is_up)
    world.client.force_login(factories.make_member(world.workspace, "admin"))
    path = reverse("inbox:health-account", args=[world.workspace.pk, account.pk])
    page = world.client.post(path, {"do": "check"}, follow=True)
    assert "didn’t respond in full within 5 s." in page.text


def test_a_mailbox_that_is_lost_stands_on_the_health_page_with_the_request_that_says_so(world, account):
    world.reply("Sounds good.")
    told(world, LOST)
    world.client.force_login(world.user)
    page = world.client.get(reverse("inbox:health", args=[world.workspace.pk]))
    assert [(box.address, box.is_lost) for box in page.context["mailboxes"]] == [(ALEX, True)]
    told(world, BACK)
    world.work()
    page = world.client.get(reverse("inbox:health", args=[world.workspace.pk]))
    assert [(box.address, box.is_lost) for box in page.context["mailboxes"]] == [(ALEX, False)]
