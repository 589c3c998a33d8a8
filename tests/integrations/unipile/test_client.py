"""LinkedIn's calls against the sandbox, and every refusal by its structured type."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from integrations.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
)
from integrations.models import CircuitBreaker, Integration
from integrations.unipile.client import Distance, Profile, UnipileClient
from integrations.unipile.errors import GROUPS, TYPES, Group, group_of
from jobs.deadline import Deadline
from tests.integrations.fault_server import FaultServer, answer

pytestmark = pytest.mark.django_db

ACCOUNT = "uni_acc_42"


def client_at(url, account_id=ACCOUNT, version=UnipileClient):
    integration = Integration(
        provider="unipile",
        config={"base_url": url},
        credentials={"api_key": "k"},
        external_account_id=account_id,
    )
    return version.for_integration(integration)


@pytest.fixture
def linkedin(sandbox):
    return client_at(sandbox.url("unipile"))


def set_account(sandbox, **fields):
    sandbox.set_account(provider="unipile", account=ACCOUNT, **fields)


def test_a_message_is_sent_and_found_in_its_chat(linkedin, soon, sandbox):
    person = linkedin.profile("dana-reyes-example", soon)
    assert person.connected
    sent = linkedin.send_message(person.provider_id, "Hello", soon)
    again = linkedin.reply(sent.chat_id, "One more", soon)
    assert again.chat_id == sent.chat_id
    listed = list(linkedin.chat_messages(sent.chat_id, soon))
    assert [(one.id, one.text, one.is_sender) for one in listed] == [
        (again.message_id, "One more", True),
        (sent.message_id, "Hello", True),
    ]
    assert len(sandbox.sends(provider="unipile")) == 2


def test_lists_what_was_missed(linkedin, soon, sandbox):
    sandbox.emit(
        provider="unipile",
        account=ACCOUNT,
        event="message.received",
        text="Are you there?",
        sender={"id": "ACoAAdana"},
        deliver=False,
    )
    since = datetime.now(UTC) - timedelta(hours=1)
    (message,) = linkedin.messages_since(since, soon)
    (chat,) = linkedin.chats_since(since, soon)
    assert (message.text, message.is_sender, message.sender_id) == ("Are you there?", False, "ACoAAdana")
    assert chat.id == message.chat_id
    assert [one.provider_id for one in linkedin.attendees(chat.id, soon)] == ["ACoAAdana"]
    assert list(linkedin.messages_since(datetime.now(UTC) + timedelta(hours=1), soon)) == []


def test_an_inmail_costs_a_credit_and_without_one_says_so(linkedin, soon, sandbox):
    set_account(sandbox, properties={"inmail_balance": 1})
    assert linkedin.inmail_balance(soon).total == 1
    linkedin.send_inmail("ACoAAx", "Subject", "Text", soon)
    with pytest.raises(ProviderRejected) as caught:
        linkedin.send_inmail("ACoAAx", "Subject", "Text", soon)
    assert group_of(caught.value.code) is Group.CREDITS


def test_an_invitation_is_cut_to_its_limit_and_a_second_one_is_no_error(linkedin, soon, sandbox):
    set_account(sandbox, properties={"profiles": {"sam-lee": {"network_distance": "DISTANCE_2"}}})
    person = linkedin.profile("sam-lee", soon)
    assert person.distance is Distance.SECOND
    assert linkedin.invite(person.provider_id, "x" * 400, soon).invitation_id
    assert len(sandbox.sends(provider="unipile")[0]["text"]) == 300
    assert linkedin.profile("sam-lee", soon).pending_invitation
    assert linkedin.invite(person.provider_id, "Again", soon).already == "already_invited_recently"


def test_a_connection_need_not_be_invited(linkedin, soon):
    person = linkedin.profile("dana-reyes-example", soon)
    assert linkedin.invite(person.provider_id, "", soon).already == "already_connected"


@pytest.mark.parametrize(
    ("status", "told", "code"),
    [
        ("disconnected", "CREDENTIALS", "disconnected_account"),
        ("credentials", "CREDENTIALS", "expired_credentials"),
        ("restricted", "ERROR", "account_restricted"),
    ],
)
def test_a_broken_account_is_told_apart_and_its_status_stays_readable(
    linkedin, soon, sandbox, status, told, code
):
    set_account(sandbox, status=status)
    with pytest.raises(ProviderAuthError) as caught:
        linkedin.profile("dana-reyes-example", soon)
    assert (caught.value.code, caught.value.sent) == (code, False)
    assert linkedin.account(soon).status == told


def test_the_reconnect_link_repairs_the_account(linkedin, soon, sandbox):
    set_account(sandbox, status="disconnected")
    url = linkedin.reconnect_link(datetime.now(UTC) + timedelta(hours=1), "https://app.example.com/ok", soon)
    requests.post(url, allow_redirects=False, timeout=5)
    assert linkedin.account(soon).status == "OK"


def test_facts_of_a_profile_may_stand_under_specifics():
    body = {"id": "ACoAA1", "specifics": {"network_distance": "DISTANCE_1", "open_profile": True}}
    profile = Profile.model_validate(body)
    assert (profile.provider_id, profile.connected, profile.open_profile) == ("ACoAA1", True, True)
    assert Profile.model_validate({"id": "x", "network_distance": "FIRST_DEGREE"}).connected


@pytest.mark.parametrize(("code", "group"), GROUPS.items())
def test_every_type_raises_what_its_group_says(code, group, soon):
    status = {Group.THROTTLED: 422, Group.PROVIDER: 503, Group.RESTRICTED: 403}.get(group, 401)
    body = {"status": status, "type": f"errors/{code}", "title": "x", "detail": "about Dana Reyes"}
    with FaultServer(answer(status, body)) as server, pytest.raises(ProviderError) as caught:
        client_at(server.url).send_message("ACoAA1", "Hi", soon)
    assert (type(caught.value), caught.value.code) == (TYPES[group][0], code)
    assert caught.value.sent is (None if group is Group.PROVIDER else False)
    assert "Dana" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "raw", "error", "code"),
    [
        (401, b"the account is disconnected, please reconnect", ProviderAuthError, "disconnected_account"),
        (401, b"{}", ProviderAuthError, "missing_credentials"),
        (402, b"{}", ProviderRejected, "insufficient_credits"),
        (422, b'{"detail": "Recipient cannot be reached"}', ProviderRejected, "recipient_cannot_be_reached"),
        (422, b'{"detail": "Not enough InMail credits"}', ProviderRejected, "insufficient_credits"),
        (403, b'{"type": "errors/something_new"}', ProviderRejected, "something_new"),
        (404, b'{"type": "errors/resource_not_found"}', ProviderRejected, "resource_not_found"),
        (500, b"{}", ProviderFault, ""),
    ],
)
def test_answers_without_a_known_type_are_read_by_status_and_wording(status, raw, error, code, soon):
    with FaultServer(answer(status, raw=raw)) as server, pytest.raises(error) as caught:
        client_at(server.url).send_message("ACoAA1", "Hi", soon)
    assert caught.value.code == code


def test_a_used_up_limit_waits_without_shutting_out_other_calls(soon):
    limit = answer(422, {"type": "errors/cannot_resend_yet"})
    with FaultServer(limit, answer(body={"id": "ACoAA1"})) as server:
        client = client_at(server.url)
        with pytest.raises(ProviderRateLimited) as caught:
            client.invite("ACoAA1", "Hi", soon)
        client.profile("dana", soon)
    assert caught.value.retry_after_ms == 3_600_000
    assert not CircuitBreaker.objects.exists()


def test_a_message_taken_without_an_answer_is_unknown(linkedin, sandbox):
    sandbox.fault(provider="unipile", kind="accept_timeout", method="POST")
    with pytest.raises(ProviderTimeout) as caught:
        linkedin.send_message("ACoAAx", "Hi", Deadline.after_ms(400))
    assert caught.value.sent is None
    assert len(sandbox.sends(provider="unipile")) == 1


def test_a_cursor_that_repeats_after_entries_breaks_the_list_off(soon):
    page = answer(body={"items": [{"id": "m1"}], "cursor": "same"})
    with FaultServer(page) as server, pytest.raises(ProviderFault, match="list_cut_off"):
        list(client_at(server.url).chat_messages("c", soon))


def test_an_identifier_stays_one_part_of_the_path(soon):
    with FaultServer(answer(body={"id": "x"})) as server:
        client_at(server.url).profile("josé-🚀_reyes", soon)
        assert server.requests[0].startswith(b"GET /api/v1/users/jos%C3%A9-%F0%9F%9A%80_reyes?account_id=")


CALLS_BY_ID = {
    "profile": lambda url, odd, soon: client_at(url).profile(odd, soon),
    "reply": lambda url, odd, soon: client_at(url).reply(odd, "Hello", soon),
    "account": lambda url, odd, soon: client_at(url, odd).account(soon),
    "chat messages": lambda url, odd, soon: list(client_at(url).chat_messages(odd, soon)),
    "attendees": lambda url, odd, soon: client_at(url).attendees(odd, soon),
    "file of a message": lambda url, odd, soon: client_at(url).attachment(odd, "att_1", soon),
    "file": lambda url, odd, soon: client_at(url).attachment("msg_1", odd, soon),
}


@pytest.mark.parametrize("call", CALLS_BY_ID.values(), ids=CALLS_BY_ID)
def test_an_id_that_would_lead_to_another_path_is_never_called(call, soon):
    with FaultServer(answer(body={"id": "x"})) as server:
        for odd in (".", "..", "a/../b", "a\\b", "%2e%2e", "..;", "a?b", "a#b", "a b", "a\n"):
            with pytest.raises(ProviderRejected, match="invalid_id") as refused:
                call(server.url, odd, soon)
            assert refused.value.sent is False
        assert server.requests == []


def test_a_file_of_another_account_s_message_is_never_fetched(linkedin, soon, sandbox):
    sandbox.emit(
        provider="unipile",
        account=ACCOUNT,
        event="message.received",
        text="See the plan.",
        message_id="msg_theirs",
        attachments=[{"id": "att_1", "file_name": "plan.pdf"}],
        deliver=False,
    )
    assert linkedin.attachment("msg_theirs", "att_1", soon) == b"The file plan.pdf of the sandbox.\n"
    # the installation's key opens the messages of all accounts
    other = client_at(sandbox.url("unipile"), "uni_acc_43")
    before = len(sandbox.requests(provider="unipile", path="/attachments/"))
    with pytest.raises(ProviderRejected, match="message_of_another_account"):
        other.attachment("msg_theirs", "att_1", soon)
    assert len(sandbox.requests(provider="unipile", path="/attachments/")) == before


def test_a_missing_account_id_is_named():
    with pytest.raises(ProviderMisconfigured, match="account_id isn’t set"):
        client_at("http://127.0.0.1:9", account_id="")
