"""What a provider says about a refusal reaches people; a refusal of the account's own sender reaches its health."""

import json
import logging

import pytest
from django.core import mail

from inbox.health import notice_channels
from inbox.models import OutboundSend
from inbox.replying import review
from integrations import notices
from integrations.errors import ProviderAuthError, ProviderError, ProviderRejected
from integrations.ghl.client import GhlClient
from integrations.health import probes, writer
from integrations.instantly.client import InstantlyClient
from integrations.models import WorkspaceIntegrationHealth
from integrations.smartlead.client import SmartLeadClient
from jobs.deadline import Deadline
from tests.factories import make_member
from tests.world import forget_calls

pytestmark = pytest.mark.django_db(transaction=True)

WORDS = "Sender email is disconnected"


@pytest.fixture
def account(world):
    writer.forget_successes()
    forget_calls()
    return world.workspace.integrations.get(provider="emailbison")


@pytest.fixture
def draft(world, account):
    message = world.reply("Sure, send me times.")
    world.work()
    return world.draft(message)


def send(world, draft, text="Hi Dana, Thursday works.") -> OutboundSend:
    made = review.approve(draft, user=world.user, text=text)
    world.work()
    made.refresh_from_db()
    return made


def row(account) -> WorkspaceIntegrationHealth:
    return WorkspaceIntegrationHealth.objects.get(integration=account)


def break_sender(world, down=(311,)) -> None:
    world.sandbox.set_account("emailbison", world.key, properties={"disconnected_senders": list(down)})


def page(world, name: str) -> str:
    world.client.force_login(make_member(world.workspace, role="admin"))
    return world.client.get(f"/w/{world.workspace.pk}/{name}/").content.decode()


def test_a_refused_send_shows_the_provider_s_words_and_its_account_says_that_it_cannot_send(
    world, account, draft, caplog
):
    caplog.set_level(logging.DEBUG)
    break_sender(world)
    failed = send(world, draft)

    assert failed.state == "failed"
    assert failed.reason == f"EmailBison: request refused (HTTP 422, sender_down), saying “{WORDS}”."
    found = row(account)
    assert (found.state, found.reason, found.words) == ("degraded", "sender_down", WORDS)
    for name in ("health", "integrations", "inbox"):
        assert WORDS in page(world, name)
    assert "EmailBison refuses to send" in page(world, "inbox")
    assert "a sending mailbox is disconnected, but the account’s other mailboxes work" in page(
        world, "integrations"
    )
    logged = [record.getMessage() + json.dumps(record.__dict__, default=str) for record in caplog.records]
    assert logged and not [line for line in logged if WORDS in line]


def test_the_admins_are_told_of_a_sender_that_is_down_once(world, account, draft):
    make_member(world.workspace, role="admin", email="ana@northwind.example.com")
    break_sender(world)
    send(world, draft)

    assert [due.pk for due in notices.due()] == [row(account).pk]
    assert notice_channels.tick(Deadline.after_ms(10_000))["enqueued"] == 1
    world.work()
    assert WORDS in mail.outbox[0].body and notices.due() == []


def test_only_a_message_that_goes_out_or_a_mailbox_that_is_up_again_ends_it(world, account, draft):
    break_sender(world)
    failed = send(world, draft)
    assert probes.check_now(account).ok  # the key works, the mailbox does not
    assert row(account).state == "degraded"
    break_sender(world, down=())
    review.send_again(failed, user=world.user)
    world.work()

    failed.refresh_from_db()
    assert (failed.state, row(account).state, row(account).words) == ("sent", "connected", "")


def test_a_look_at_the_mailboxes_ends_it_where_all_are_up(world, account, draft):
    break_sender(world)
    send(world, draft)
    break_sender(world, down=())
    assert probes.check_now(account).ok
    assert row(account).state == "connected"


def test_other_mailboxes_go_on_meanwhile(world, account, draft):
    break_sender(world, down=(999,))
    writer.record(account, writer.Signal(writer.SignalKind.CANNOT_SEND, "sender_down"))
    assert send(world, draft).state == "sent"


def test_a_refusal_about_the_recipient_shows_its_words_and_says_nothing_about_the_account(
    world, account, draft
):
    world.sandbox.fault(
        provider="emailbison", kind="error", status=422, path=r"/reply$", message="Recipient is unsubscribed"
    )
    failed = send(world, draft)

    assert failed.state == "failed" and "saying “Recipient is unsubscribed”." in failed.reason
    assert row(account).state == "connected" and notices.due() == []


def test_nothing_of_our_own_text_or_key_comes_back_in_the_words(world, account, draft):
    message = f"Refused: Hi Dana, Thursday works. ({world.key}) for dana@example.org"
    world.sandbox.fault(provider="emailbison", kind="error", status=422, path=r"/reply$", message=message)
    failed = send(world, draft)

    assert "Refused: …" in failed.reason
    assert not [text for text in ("Thursday", world.key, "dana@") if text in failed.reason]


def ask_ghl(world):
    client = GhlClient.for_integration(world.connect("ghl", "loc-1", api_key="pit-1"))
    return client.send_sms("contact-1", "Hello", Deadline.after_ms(5_000))


def ask_smartlead(world):
    account = world.connect("smartlead", api_key="key-smartlead")
    return SmartLeadClient.for_integration(account).campaigns(Deadline.after_ms(5_000))


def ask_instantly(world):
    account = world.connect("instantly", api_key="key-instantly")
    return InstantlyClient.for_integration(account).campaigns(Deadline.after_ms(5_000))


@pytest.mark.parametrize(
    ("provider", "ask", "message", "code"),
    [
        ("ghl", ask_ghl, "This number is not registered for A2P 10DLC messaging", "number_refused"),
        ("ghl", ask_ghl, "SMS is disabled for this account", "number_refused"),
        ("ghl", ask_ghl, "No phone number assigned to this location", "no_number"),
        ("ghl", ask_ghl, "Insufficient funds in wallet", "no_funds"),
        ("ghl", ask_ghl, "Recipient number is not registered", ""),
        ("ghl", ask_ghl, "Cannot send message as DND is active for SMS", "sms_dnd"),
        ("smartlead", ask_smartlead, "Email account is disconnected, please reconnect", "sender_down"),
        ("smartlead", ask_smartlead, "Lead is not part of this campaign", ""),
        ("instantly", ask_instantly, "Account is paused due to connection error", "sender_down"),
        ("instantly", ask_instantly, "Lead email is invalid", ""),
    ],
)
def test_which_refusals_are_the_sender_s_and_which_a_recipient_s(world, provider, ask, message, code):
    forget_calls()
    world.sandbox.fault(provider=provider, kind="error", status=422, message=message)
    with pytest.raises(ProviderRejected) as caught:
        ask(world)

    error = caught.value
    assert (error.code, error.said) == (code, message)
    assert error.cannot_send == (code in {"number_refused", "no_number", "no_funds", "sender_down"})
    found = WorkspaceIntegrationHealth.objects.filter(provider=provider).first()
    assert (found.words if found else "") == (error.said if error.cannot_send else "")


@pytest.mark.parametrize(
    ("provider", "ask"), [("ghl", ask_ghl), ("smartlead", ask_smartlead), ("instantly", ask_instantly)]
)
def test_an_account_whose_plan_is_over_is_disconnected_whatever_the_status(world, provider, ask):
    world.sandbox.fault(provider=provider, kind="error", status=400, message="Your subscription has expired")
    with pytest.raises(ProviderAuthError):
        ask(world)
    found = WorkspaceIntegrationHealth.objects.get(provider=provider)
    assert (found.state, found.reason) == ("disconnected", "account_suspended")


def test_an_emailbison_workspace_that_is_suspended_is_disconnected(world, account, draft):
    message = "This workspace has been suspended"
    world.sandbox.fault(provider="emailbison", kind="error", status=422, path=r"/reply$", message=message)
    assert message in send(world, draft).reason
    assert (row(account).state, row(account).words) == ("disconnected", message)


def test_an_account_that_is_not_paid_for_is_disconnected_with_its_words(world):
    world.sandbox.fault(provider="instantly", kind="error", status=402, message="Your plan has expired")
    with pytest.raises(ProviderAuthError):
        ask_instantly(world)
    found = WorkspaceIntegrationHealth.objects.get(provider="instantly")
    assert (found.state, found.reason, found.words) == (
        "disconnected",
        "payment_required",
        "Your plan has expired",
    )


def test_an_error_without_words_reads_as_before():
    assert str(ProviderRejected("ghl", status=400)) == "ghl: request refused (HTTP 400)"
    error: ProviderError = ProviderRejected("ghl", status=400, code="sms_dnd", words="No SMS.")
    assert str(error) == "ghl: request refused (HTTP 400, sms_dnd), saying “No SMS”"
