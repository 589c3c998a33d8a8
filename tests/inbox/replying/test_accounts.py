"""A reply is answered by the account that it came to: where that one cannot, nobody answers in its place."""

import pytest
from django.utils import timezone

from inbox.models import Draft, OutboundSend
from inbox.replying import autosend, carrier_messages, review, send_claims
from inbox.workspaces.accounts import NotAnswerable, answering
from integrations.models import Integration
from tests import factories
from tests.ready import passing_draft

pytestmark = pytest.mark.django_db
OFF = "account that the lead wrote to is off"
GONE = "account that the lead wrote to is no longer connected"
MESSAGES = {
    "unipile": {"source": "unipile_message", "channel": "linkedin", "thread_id": "chat-1", "subject": ""},
    "ghl": {"source": "ghl_message", "channel": "sms", "subject": ""},
}


@pytest.fixture(params=MESSAGES)
def provider(request) -> str:
    return request.param


@pytest.fixture
def other(world, provider) -> Integration:
    """An account of a colleague's, older than the one that is written to."""
    return world.connect(provider, account="theirs", api_key="key-theirs")


@pytest.fixture
def account(world, provider, other) -> Integration:
    return world.connect(provider, account="ours", api_key="key-ours")


@pytest.fixture
def draft(world, provider, account) -> Draft:
    lead = factories.make_lead(
        world.workspace,
        phone="+12125550123",
        linkedin_url="https://www.linkedin.com/in/dana",
        ghl_contact_id="c-1",
    )
    message = factories.make_message(lead, account_id="ours", account_address="", **MESSAGES[provider])
    return factories.make_draft(message)


def off(account: Integration) -> str:
    Integration.objects.filter(pk=account.pk).update(enabled=False)
    return OFF


def gone(account: Integration) -> str:
    account.delete()
    return GONE


def another_now(account: Integration) -> str:
    """Somebody has put another account in its place."""
    Integration.objects.filter(pk=account.pk).update(external_account_id="new")
    return GONE


@pytest.mark.parametrize("happens", [off, gone, another_now])
def test_nobody_else_answers_and_the_draft_waits_with_a_sentence(world, draft, account, provider, happens):
    said = happens(account)

    with pytest.raises(send_claims.SendBlocked, match=said):
        review.approve(draft, user=world.user, text=draft.text)

    world.work()
    draft.refresh_from_db()
    assert draft.status == Draft.Status.PENDING
    assert OutboundSend.objects.count() == 0 and world.posted(provider) == []


@pytest.mark.parametrize("happens", [off, gone, another_now])
def test_an_account_that_goes_after_the_approval_fails_the_send_and_no_other_is_called(
    world, draft, account, provider, happens
):
    send = review.approve(draft, user=world.user, text=draft.text)
    said = happens(account)
    world.work()

    send.refresh_from_db()
    assert send.state == OutboundSend.State.FAILED and said in send.reason
    assert send.called_at is None and world.posted(provider) == []


def test_the_account_that_was_written_to_answers_though_another_is_older(world, draft, account):
    send = review.approve(draft, user=world.user, text=draft.text)
    assert carrier_messages.way_of(send)[1] == account


def test_what_was_to_go_out_by_itself_waits_for_a_person(world):
    draft = passing_draft(world.workspace)
    off(world.workspace.integrations.get())
    related = ("lead__campaign", "trigger_message__campaign", "workspace")

    assert (
        autosend._send(Draft.objects.select_related(*related).get(pk=draft.pk), timezone.now())
        == "held: refused"
    )

    draft.refresh_from_db()
    assert draft.status == Draft.Status.PENDING and OFF in draft.status_reason
    assert OutboundSend.objects.count() == 0


class TestMailboxes:
    """E-mail names a mailbox, which says nothing of the account: the ledger says by which account it came."""

    @pytest.fixture
    def message(self, world):
        """Came to the world's first account; the second one is a colleague's."""
        message = world.reply("Sure, send me times.")
        world.connect("emailbison", account="43", api_key="key-theirs")
        return message

    def test_the_account_whose_webhook_brought_it_answers(self, world, message):
        assert answering(message, "emailbison").credentials["api_key"] == world.key

    @pytest.mark.parametrize("happens", [off, gone])
    def test_no_other_account_does(self, world, message, happens):
        said = happens(world.workspace.integrations.get(external_account_id=""))
        with pytest.raises(NotAnswerable, match=said):
            answering(message, "emailbison")

    def test_one_that_nothing_tells_apart_is_answered_by_nobody(self, world, message):
        unknown = factories.make_message(message.lead)
        with pytest.raises(NotAnswerable, match=GONE):
            answering(unknown, "emailbison")

    def test_the_only_account_answers_what_no_webhook_brought(self, world):
        imported = factories.make_message(factories.make_lead(world.workspace))
        assert answering(imported, "emailbison") == world.workspace.integrations.get()

    def test_an_account_of_another_workspace_never_answers(self, world):
        factories.make_integration(factories.make_workspace())
        world.workspace.integrations.all().delete()
        with pytest.raises(NotAnswerable, match="EmailBison isn’t connected"):
            answering(factories.make_message(factories.make_lead(world.workspace)), "emailbison")
