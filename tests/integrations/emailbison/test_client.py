"""EmailBison's calls against the sandbox, and the answers only EmailBison gives."""

from datetime import UTC, datetime, timedelta
from urllib.parse import unquote

import pytest

from integrations.carriers import Recipient
from integrations.emailbison.client import EmailBisonClient
from integrations.errors import (
    ProviderAuthError,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRejected,
    ProviderTimeout,
)
from integrations.models import Integration
from jobs.deadline import Deadline
from tests.integrations.fault_server import FaultServer, answer

pytestmark = pytest.mark.django_db

LEAD = {"id": 55, "email": "dana@example.com", "first_name": "Dana"}


def client_at(url, key="key-a"):
    integration = Integration(provider="emailbison", config={"base_url": url}, credentials={"api_key": key})
    integration.workspace_id = None
    return EmailBisonClient.for_integration(integration)


@pytest.fixture
def bison(sandbox):
    return client_at(sandbox.url("emailbison"))


@pytest.fixture
def replied(sandbox):
    """A reply of a lead, as a webhook would tell of it: its id."""
    event = sandbox.emit(
        provider="emailbison", account="key-a", event="LEAD_REPLIED", lead=LEAD, text="Sure", deliver=False
    )
    return str(event["body"]["data"]["reply"]["id"])


def send(client, reply_id, deadline, **fields):
    values = {
        "message_html": "<p>Here they are</p>",
        "sender_email_id": "311",
        "to": [Recipient("dana@example.com", "Dana")],
    }
    client.reply(reply_id, deadline=deadline, **values | fields)


def test_replies_and_finds_the_mail_in_the_list(bison, replied, soon, sandbox):
    send(bison, replied, soon, cc=[Recipient("boss@example.com")])
    (mail,) = [mail for mail in bison.sent_emails("55", soon) if "Here they are" in mail.email_body]
    assert abs(mail.at - datetime.now(UTC)) < timedelta(minutes=1)
    assert len(sandbox.sends(provider="emailbison")) == 1


def test_lists_the_replies_since(bison, replied, soon):
    (reply,) = bison.replies_since(datetime.now(UTC) - timedelta(hours=1), soon)
    assert (reply.from_email_address.address, reply.text_body, reply.lead_id) == (
        "dana@example.com",
        "Sure",
        "55",
    )
    assert list(bison.replies_since(datetime.now(UTC) + timedelta(hours=1), soon)) == []


def test_makes_and_finds_a_lead(bison, soon):
    made = bison.create_lead("Sam@example.com", "Sam", "Lee", soon)
    found = bison.find_lead("sam@EXAMPLE.com", soon)
    assert found is not None and found.id == made.id
    assert bison.find_lead("sam@example.co", soon) is None


def test_reads_a_variable_of_a_lead_by_any_of_its_names(soon):
    lead = LEAD | {"custom_variables": [{"name": "Phone Number", "value": " +1555 "}]}
    with FaultServer(answer(body={"data": lead})) as server:
        assert client_at(server.url).lead("55", soon).variable("mobile", "phone number") == "+1555"


def test_finds_a_lead_where_the_instance_knows_the_filter_by_another_name(soon):
    everybody = answer(body={"data": [{"id": 1, "email": "sam@example.com"}]})
    with FaultServer(everybody, everybody, answer(body={"data": [LEAD]})) as server:
        assert client_at(server.url).find_lead("dana@example.com", soon).id == "55"
        asked = [unquote(request.split(b" ")[1].decode()) for request in server.requests]
    assert [query.partition("?")[2].partition("=")[0] for query in asked] == [
        "filters[search]",
        "search",
        "filters[email]",
    ]


def test_reads_account_and_senders(bison, soon, sandbox):
    sandbox.set_account(provider="emailbison", account="key-a", properties={"workspace_id": 42})
    assert bison.account(soon).workspace_id == "42"
    assert [sender.email for sender in bison.sender_emails(soon)] == ["alex@outreach.example.com"]


def test_stops_future_emails(bison, replied, soon, sandbox):
    bison.stop_future_emails("901", ["55"], soon)
    asked = [one for one in sandbox.requests(provider="emailbison") if "stop-future" in one["path"]]
    assert [one["path"] for one in asked] == ["/api/campaigns/901/leads/stop-future-emails"]


def test_an_accepted_reply_without_an_answer_is_unknown_and_not_repeated(bison, replied, sandbox):
    sandbox.fault(provider="emailbison", kind="accept_timeout", method="POST")
    with pytest.raises(ProviderTimeout) as caught:
        send(bison, replied, Deadline.after_ms(400))
    assert caught.value.sent is None
    assert len(sandbox.sends(provider="emailbison")) == 1


def test_an_invalid_sender_is_a_refusal_of_its_own(bison, replied, soon, sandbox):
    sandbox.set_account(provider="emailbison", account="key-a", properties={"invalid_senders": [311]})
    with pytest.raises(ProviderRejected) as caught:
        send(bison, replied, soon)
    assert (caught.value.code, caught.value.sent) == ("invalid_sender", False)


def test_a_revoked_key_says_key_or_host(bison, soon, sandbox):
    sandbox.set_account(provider="emailbison", account="key-a", status="revoked")
    with pytest.raises(ProviderAuthError) as caught:
        bison.sender_emails(soon)
    assert (caught.value.code, caught.value.sent) == ("host_or_key", False)


def test_an_unknown_record_is_not_found(bison, soon):
    with pytest.raises(ProviderRejected) as caught:
        bison.lead("999", soon)
    assert caught.value.code == "not_found"


def test_a_200_that_says_no_success_is_a_refusal(soon):
    refusal = answer(body={"data": {"success": False, "message": "Dana is blocked"}})
    with FaultServer(refusal) as server, pytest.raises(ProviderRejected) as caught:
        client_at(server.url).stop_future_emails("1", ["2"], soon)
    assert caught.value.code == "success_false"
    assert "Dana" not in str(caught.value)


def test_a_200_that_does_not_say_success_is_a_fault(soon):
    with FaultServer(answer(body={"data": {}})) as server, pytest.raises(ProviderFault):
        client_at(server.url).stop_future_emails("1", ["2"], soon)


@pytest.mark.parametrize(
    "body",
    [
        [{"id": 1}],
        {"data": [{"id": 1}]},
        {"sender_emails": [{"id": "1"}]},
        {"data": {"sender_emails": [{"id": 1}]}},
    ],
)
def test_takes_a_list_in_every_shape(body, soon):
    with FaultServer(answer(body=body)) as server:
        assert [sender.id for sender in client_at(server.url).sender_emails(soon)] == ["1"]


def test_follows_pages_on_its_own_host_only(soon):
    first = answer(
        body={"data": [{"id": 1}], "links": {"next": "http://169.254.169.254/api/sender-emails?page=2"}}
    )
    with FaultServer(first, answer(body={"data": [{"id": 2}]})) as server:
        assert [sender.id for sender in client_at(server.url).sender_emails(soon)] == ["1", "2"]
        assert server.requests[1].startswith(b"GET /api/sender-emails?page=2 ")


def test_an_old_mail_among_new_ones_does_not_end_the_replies(soon):
    pages = [
        [
            {"id": 4, "date_received": "2026-01-01T00:00:00Z"},
            {"id": 3, "date_received": "2026-01-12T00:00:00Z"},
        ],
        [{"id": 2, "date_received": "2026-01-11T00:00:00Z"}],
        [{"id": 1, "date_received": "2026-01-09T00:00:00Z"}],
    ]
    answers = [
        answer(body={"data": page, "links": {"next": f"/api/replies?page={number}"}})
        for number, page in enumerate(pages, 2)
    ]
    with FaultServer(*answers) as server:
        since = datetime(2026, 1, 10, tzinfo=UTC)
        assert [reply.id for reply in client_at(server.url).replies_since(since, soon)] == ["3", "2"]
        assert len(server.requests) == 3


def test_a_page_with_entries_that_repeats_itself_is_no_whole_list(soon):
    page = answer(body={"data": [{"id": 1}], "links": {"next": "/api/sender-emails?page=2"}})
    with FaultServer(page) as server, pytest.raises(ProviderFault, match="list_cut_off"):
        client_at(server.url).sender_emails(soon)


def test_a_page_without_entries_that_repeats_itself_ends_the_list(soon):
    link = {"next": "/api/sender-emails?page=2"}
    pages = [answer(body={"data": entries, "links": link}) for entries in ([{"id": 1}], [])]
    with FaultServer(*pages) as server:
        assert [sender.id for sender in client_at(server.url).sender_emails(soon)] == ["1"]


def test_pages_by_their_numbers_where_there_is_no_link(soon):
    def page(number):
        return answer(body={"data": [{"id": number}], "meta": {"current_page": number, "last_page": 2}})

    with FaultServer(page(1), page(2)) as server:
        assert [sender.id for sender in client_at(server.url).sender_emails(soon)] == ["1", "2"]


def test_pages_by_a_cursor_where_there_is_no_link(soon):
    first = answer(body={"data": [{"id": 1}], "meta": {"next_cursor": "b2xkZXI", "per_page": 15}})
    with FaultServer(first, answer(body={"data": [{"id": 2}], "meta": {"next_cursor": None}})) as server:
        assert [sender.id for sender in client_at(server.url).sender_emails(soon)] == ["1", "2"]
        assert server.requests[1].startswith(b"GET /api/sender-emails?cursor=b2xkZXI ")


def test_an_id_that_is_no_number_never_becomes_an_address(bison, soon):
    with pytest.raises(ProviderRejected) as caught:
        bison.lead("1/../../users", soon)
    assert caught.value.sent is False


def test_a_missing_key_is_named():
    with pytest.raises(ProviderMisconfigured, match="EmailBison: api_key isn’t set"):
        client_at("http://127.0.0.1:9", key="")


@pytest.mark.parametrize("odd", ["²", "٣", "", "5/../6"])
def test_an_id_that_is_no_number_is_never_called(odd, soon):
    with FaultServer(answer(body={})) as server:
        with pytest.raises(ProviderRejected, match="invalid_id") as refused:
            client_at(server.url).lead(odd, soon)
        assert refused.value.sent is False and server.requests == []
