"""Version 2's calls against the sandbox, and by which version an account is called."""

import inspect
from datetime import UTC, datetime, timedelta

import pytest
import requests

from integrations.client import ProviderClient
from integrations.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderFault,
    ProviderRejected,
    ProviderTimeout,
)
from integrations.models import Integration
from integrations.unipile import identity, version
from integrations.unipile.client import Distance, UnipileClient
from integrations.unipile.errors import Group, group_of
from integrations.unipile.v2.client import PAGE, UnipileV2Client
from jobs.deadline import Deadline
from tests import factories
from tests.integrations.fault_server import FaultServer, answer
from tests.integrations.unipile import test_client

pytestmark = pytest.mark.django_db

ACCOUNT = "acc_owner42"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def client_at(url: str, account_id: str = ACCOUNT) -> UnipileV2Client:
    return test_client.client_at(url, account_id, UnipileV2Client)


@pytest.fixture
def linkedin(sandbox):
    return client_at(sandbox.url("unipile_v2"))


def set_account(sandbox, **fields):
    sandbox.set_account(provider="unipile_v2", account=ACCOUNT, **fields)


def arrive(sandbox, text: str, who: str = "ACoAAdana", **fields) -> dict:
    outcome = sandbox.emit(
        provider="unipile_v2",
        account=ACCOUNT,
        event="message.new",
        text=text,
        sender={"id": who},
        deliver=False,
        **fields,
    )
    return outcome["body"]["payload"]


def test_no_call_of_version_1_is_left_to_version_2():
    def calls(client):
        return {name for name, part in vars(client).items() if inspect.isfunction(part)}

    # An account has the same address below the roots of both versions.
    assert calls(UnipileClient) - {"_list", "account"} - calls(ProviderClient) <= calls(UnipileV2Client)


@pytest.mark.parametrize("suffix", ["", "/v2"])
def test_message_is_sent_and_found_in_its_chat(suffix, soon, sandbox):
    linkedin = client_at(sandbox.url("unipile_v2") + suffix)
    person = linkedin.profile("dana-reyes-example", soon)
    assert person.connected
    sent = linkedin.send_message(person.provider_id, "Hello", soon)
    again = linkedin.reply(sent.chat_id, "One more", soon)
    listed = list(linkedin.chat_messages(sent.chat_id, soon))
    assert [(one.id, one.text, one.is_sender) for one in listed] == [
        (again.message_id, "One more", True),
        (sent.message_id, "Hello", True),
    ]
    assert sent.message_id.startswith(f"{sent.chat_id}/") and len(sandbox.sends(provider="unipile_v2")) == 2


def test_what_was_missed_is_read_chat_by_chat_and_each_chat_once(linkedin, soon, sandbox):
    old = arrive(sandbox, "Are you there?")
    arrive(sandbox, "Hello?", who="ACoAAkim")
    listed = list(linkedin.messages_since(LONG_AGO, soon))
    assert [(one.text, one.is_sender) for one in listed] == [("Hello?", False), ("Are you there?", False)]
    assert listed[1].id == f"{old['chat_id']}/{old['id']}"
    assert [one.text for one in linkedin.messages_since(LONG_AGO, soon, "ACoAAdana")] == ["Are you there?"]
    assert list(linkedin.messages_since(datetime.now(UTC) + timedelta(hours=1), soon)) == []
    (dana,) = linkedin.attendees(old["chat_id"], soon)
    assert (dana.provider_id, bool(dana.name), dana.is_self) == ("ACoAAdana", True, None)


def test_list_longer_than_a_page_is_read_to_its_end(linkedin, soon, sandbox):
    for number in range(PAGE + 5):
        chat_id = arrive(sandbox, f"Line {number}")["chat_id"]
    assert len(list(linkedin.chat_messages(chat_id, soon))) == PAGE + 5


def test_pages_by_cursor_are_read_to_the_last(soon):
    def row(number):
        return {"id": f"m{number}", "chat_id": "c", "sender_id": "ACoA", "is_sender": False}

    pages = [{"data": [row(1)], "next_cursor": "second"}, {"data": [row(2)]}]
    with FaultServer(*(answer(body=body) for body in pages)) as server:
        assert [one.id for one in client_at(server.url).chat_messages("c", soon)] == ["c/m1", "c/m2"]
        assert b"cursor=second" in server.requests[1]


def test_inmail_costs_a_credit_and_without_one_says_so(linkedin, soon, sandbox):
    set_account(sandbox, properties={"inmail_balance": 1})
    assert linkedin.inmail_balance(soon).total == 1
    linkedin.send_inmail("ACoAAx", "Subject", "Text", soon)
    with pytest.raises(ProviderRejected) as caught:
        linkedin.send_inmail("ACoAAx", "Subject", "Text", soon)
    assert group_of(caught.value.code) is Group.CREDITS


def test_invitation_is_cut_to_its_limit_and_seen_to_wait(linkedin, soon, sandbox):
    set_account(sandbox, properties={"profiles": {"sam-lee": {"network_distance": "DISTANCE_2"}}})
    person = linkedin.profile("sam-lee", soon)
    assert (person.distance, person.pending_invitation) == (Distance.SECOND, False)
    assert linkedin.invite(person.provider_id, "x" * 400, soon).invitation_id
    assert len(sandbox.sends(provider="unipile_v2")[0]["text"]) == 300
    assert linkedin.profile("sam-lee", soon).pending_invitation


@pytest.mark.parametrize(
    ("invitation", "status", "waits"),
    [
        ({"type": "sent"}, "PENDING", True),
        ({"type": "sent"}, "IGNORED", True),
        ({"type": "sent"}, "WITHDRAWN", False),
        ({"type": "received"}, "PENDING", False),
        (None, None, False),
    ],
)
def test_invitation_waits_only_if_it_is_ours_and_not_taken_back(invitation, status, waits, soon):
    specifics = {"network_distance": "SECOND_DEGREE", "relation_request": invitation}
    body = {"id": "ACoA1", "specifics": specifics | {"relation_request_status": status}}
    with FaultServer(answer(body=body)) as server:
        assert client_at(server.url).profile("dana", soon).pending_invitation is waits


def test_account_says_how_it_is_while_its_calls_are_refused(linkedin, soon, sandbox):
    set_account(sandbox, status="disconnected")
    with pytest.raises(ProviderAuthError) as caught:
        linkedin.profile("dana-reyes-example", soon)
    assert (caught.value.code, caught.value.sent) == ("provider/invalid_authorization", False)
    account = linkedin.account(soon)
    assert (account.status, account.type, bool(account.owner_id)) == ("disconnected", "linkedin", True)


def test_reconnect_link_repairs_the_account(linkedin, soon, sandbox):
    set_account(sandbox, status="disconnected")
    url = linkedin.reconnect_link(datetime.now(UTC) + timedelta(hours=1), "https://app.example.com/ok", soon)
    gone = requests.post(url, allow_redirects=False, timeout=5)
    assert gone.headers["Location"].startswith("https://app.example.com/ok")
    assert linkedin.account(soon).status == "running"


@pytest.mark.parametrize(("kind", "status"), [("provider/timeout", 504), ("api/internal_error", 500)])
def test_fault_after_a_send_leaves_its_end_unknown(kind, status, soon):
    with FaultServer(answer(status, {"type": kind})) as server, pytest.raises(ProviderFault) as caught:
        client_at(server.url).send_message("ACoAA1", "Hi", soon)
    assert caught.value.sent is None


def test_message_taken_without_an_answer_is_unknown(linkedin, sandbox):
    sandbox.fault(provider="unipile_v2", kind="accept_timeout", method="POST")
    with pytest.raises(ProviderTimeout) as caught:
        linkedin.send_message("ACoAAx", "Hi", Deadline.after_ms(400))
    assert caught.value.sent is None
    assert len(sandbox.sends(provider="unipile_v2")) == 1


def test_file_is_fetched_by_the_chat_and_the_message(linkedin, soon, sandbox):
    files = [{"id": "att_1", "filename": "plan.pdf"}]
    payload = arrive(sandbox, "See the plan.", attachments=files)
    key = f"{payload['chat_id']}/{payload['id']}"
    assert linkedin.attachment(key, "att_1", soon) == b"A file of the sandbox.\n"
    with pytest.raises(ProviderRejected):
        client_at(sandbox.url("unipile_v2"), "acc_other").attachment(key, "att_1", soon)


def test_one_message_is_read_and_where_a_product_has_lists_alone_from_its_list(linkedin, soon, sandbox):
    payload = arrive(sandbox, "Read me.")
    message = linkedin.message(payload["chat_id"], payload["id"], soon)
    assert (message.id, message.text) == (f"{payload['chat_id']}/{payload['id']}", "Read me.")
    row = {"id": "m1", "chat_id": "c", "sender_id": "ACoA", "is_sender": False, "text": "From the list."}
    refused = answer(501, {"type": "api/not_implemented"})
    with FaultServer(refused, answer(body={"data": [row]})) as server:
        assert client_at(server.url).message("c", "m1", soon).text == "From the list."


CALLS_BY_ID = {
    "profile": lambda url, odd, soon: client_at(url).profile(odd, soon),
    "reply": lambda url, odd, soon: client_at(url).reply(odd, "Hello", soon),
    "account": lambda url, odd, soon: client_at(url, odd).account(soon),
    "message": lambda url, odd, soon: client_at(url).message("chat", odd, soon),
    "chat messages": lambda url, odd, soon: list(client_at(url).chat_messages(odd, soon)),
    "attendees": lambda url, odd, soon: client_at(url).attendees(odd, soon),
    "file of a message": lambda url, odd, soon: client_at(url).attachment(f"chat/{odd}", "att_1", soon),
    "file of version 1": lambda url, odd, soon: client_at(url).attachment("msg_1", "att_1", soon),
}


@pytest.mark.parametrize("call", CALLS_BY_ID.values(), ids=CALLS_BY_ID)
def test_id_that_would_lead_to_another_path_is_never_called(call, soon):
    with FaultServer(answer(body={"id": "x"})) as server:
        for odd in (".", "..", "a/../b", "a\\b", "%2e%2e", "..;", "a?b", "a#b", "a b", "a\n"):
            with pytest.raises(ProviderRejected, match="invalid_id"):
                call(server.url, odd, soon)
        assert server.requests == []


# Which version


def connected(url: str, account_id: str) -> Integration:
    workspace = factories.make_workspace()
    return factories.make_integration(
        workspace,
        "unipile",
        credentials={"api_key": "k"},
        config={"base_url": url},
        external_account_id=account_id,
    )


@pytest.mark.parametrize(
    ("player", "account_id", "kind"),
    [
        ("unipile", "uni_acc_42", UnipileClient),
        ("unipile", "acc_of_version_1", UnipileClient),
        ("unipile_v2", "acc_owner42", UnipileV2Client),
    ],
)
def test_account_is_called_by_the_version_that_answers_and_is_asked_once(
    player, account_id, kind, sandbox, soon
):
    account = connected(sandbox.url(player), account_id)
    assert type(version.client_of(account, soon)) is kind
    request_count = len(sandbox.requests(provider=player))
    account.refresh_from_db()
    assert type(version.client_of(account, soon)) is kind
    assert len(sandbox.requests(provider=player)) == request_count


def test_account_that_moves_to_version_2_is_asked_again(sandbox, soon):
    account = connected(sandbox.url("unipile"), "uni_acc_42")
    version.client_of(account, soon)
    account.external_account_id = "acc_owner42"
    account.config = account.config | {"base_url": sandbox.url("unipile_v2")}
    identity.forget(account)
    account.save()
    assert type(version.client_of(account, soon)) is UnipileV2Client
    assert version.number_of(account) == 2


def test_account_that_does_not_answer_is_of_no_version(sandbox, soon):
    account = connected(sandbox.url("unipile"), "uni_acc_42")
    sandbox.fault(provider="unipile", kind="server_error", count=9)
    with pytest.raises(ProviderError):
        version.client_of(account, soon)
    assert version.number_of(account) == 0


def test_account_that_neither_version_has_is_named_so(sandbox, soon):
    sandbox.set_account("unipile", "uni_gone", "deleted")
    account = connected(sandbox.url("unipile"), "uni_gone")
    with pytest.raises(ProviderRejected) as caught:
        version.client_of(account, soon)
    assert caught.value.status == 404 and version.number_of(account) == 0
