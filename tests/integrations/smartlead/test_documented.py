"""SmartLead's published examples: the parser and the client are held to them. So is the sandbox (tests/sandbox)."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import pytest

from inbox.models import Lead, Message
from integrations.carriers import Answered
from integrations.errors import ProviderRejected
from integrations.events import (
    AccountStatusEvent,
    BounceEvent,
    IgnoredEvent,
    MessageEvent,
    UnsubscribeEvent,
)
from integrations.health import writer
from integrations.models import Integration
from integrations.smartlead.client import SmartLeadClient
from integrations.smartlead.payloads import parse
from jobs.deadline import Deadline
from tests.integrations.fault_server import FaultServer, answer
from tests.recorded import documented
from tests.webhooks.posting import Poster, encoded

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
WEBHOOKS, CALLS = documented("smartlead"), documented("smartlead", "calls")
KINDS = {"string": str, "boolean": bool, "array": list}
MEANINGS = {
    "core_email_replied": (MessageEvent, "lead@example.com"),
    "core_email_unsubscribed": (UnsubscribeEvent, "lead@example.com"),
    "core_email_bounced": (BounceEvent, "lead@example.com"),
    "core_email_sent": (MessageEvent, "lead@example.com"),
    "guide_email_replied": (MessageEvent, "alex@acmecorp.example"),
    "guide_lead_unsubscribed": (UnsubscribeEvent, "alex@acmecorp.example"),
    "events_email_sent": (MessageEvent, "lead@example.com"),
    "include_email_replied": (MessageEvent, "lead@example.com"),
    "include_lead_unsubscribed": (UnsubscribeEvent, "lead@example.com"),
    "help_lead_unsubscribed": (UnsubscribeEvent, "bob@example.com"),
    "help_threaded_reply": (MessageEvent, "bob@example.com"),
    "help_untracked_replies": (MessageEvent, "sunita@example.com"),
    "reference_email_reply": (MessageEvent, "james@example.com"),
    "mailbox_disconnected": (AccountStatusEvent, ""),
    "mailbox_disconnected_plain": (AccountStatusEvent, ""),
    "campaign_bounce_breach": (IgnoredEvent, ""),
}
REPLIES = [name for name in WEBHOOKS if "repl" in name]
OPT_OUTS = [name for name in WEBHOOKS if "unsubscribed" in name]


@pytest.mark.parametrize("name", WEBHOOKS)
def test_each_published_webhook_means_what_its_page_says(name):
    event = parse(WEBHOOKS[name], NOW)
    kind, email = MEANINGS[name]
    assert type(event) is kind
    assert not email or event.person.email == email


@pytest.mark.parametrize(
    ("name", "text", "at", "sender"),
    [
        ("core_email_replied", "Thanks for reaching out...", "2024-01-15T10:30:00+00:00", "Jane Doe"),
        (
            "guide_email_replied",
            "Sounds interesting, tell me more.",
            "2025-01-15T14:32:00+00:00",
            "Alex Chen",
        ),
        ("include_email_replied", "Happy to talk.", "2025-01-15T11:00:00+00:00", "John Doe"),
        ("help_threaded_reply", "Yes", "2023-09-25T17:29:11+00:00", "Bob"),
        ("reference_email_reply", "webhook reply\n", "2025-03-28T09:35:01+00:00", ""),
    ],
)
def test_a_published_reply_keeps_its_words_its_time_and_its_sender(name, text, at, sender):
    event = parse(WEBHOOKS[name], NOW)
    assert (event.text, event.occurred_at.isoformat(), event.from_name) == (text, at, sender)


def test_the_mail_that_is_answered_does_not_lend_its_id_to_the_reply():
    assert parse(WEBHOOKS["core_email_replied"], NOW).external_id == ""
    assert parse(WEBHOOKS["core_email_bounced"], NOW).external_id == "abc123@smartlead.ai"


def test_published_sent_mails_are_known_by_their_id_or_their_step():
    assert parse(WEBHOOKS["events_email_sent"], NOW).external_id == "abc123def456"
    assert parse(WEBHOOKS["events_email_sent"], NOW).subject == "Quick question about Acme Corp"
    assert parse(WEBHOOKS["core_email_sent"], NOW).external_id == "sent:123:lead@example.com:1"


@pytest.mark.parametrize("name", ["mailbox_disconnected", "mailbox_disconnected_plain"])
def test_a_published_report_names_the_mailbox_that_is_lost(name):
    event = parse(WEBHOOKS[name], NOW)
    assert (event.status, event.mailbox) == ("DISCONNECTED", "sender@yourcompany.example")


# Through the address


@pytest.fixture
def poster(db):
    return Poster.create("Copperfield")


@pytest.mark.parametrize("name", WEBHOOKS)
def test_each_published_webhook_is_taken_and_its_repetition_changes_nothing(poster, name):
    first, again = (poster.post("smartlead", WEBHOOKS[name]) for _ in range(2))
    assert (first.status_code, again.status_code) == (200, 200)
    assert Message.objects.count() == (1 if issubclass(MEANINGS[name][0], MessageEvent) else 0)


@pytest.mark.parametrize("name", OPT_OUTS)
def test_each_published_unsubscribe_stops_the_lead(poster, name):
    assert poster.post("smartlead", WEBHOOKS[name]).status_code == 200
    assert Lead.objects.get().opted_out_at is not None


@pytest.mark.parametrize("name", ["mailbox_disconnected", "mailbox_disconnected_plain"])
def test_a_lost_mailbox_is_in_the_accounts_health(poster, name):
    poster.post("smartlead", WEBHOOKS[name])
    health = writer.row(poster.integration("smartlead"))
    assert health.lost_mailboxes == ["sender@yourcompany.example"] and health.state == "disconnected"


SECRET = "signing-secret-of-the-tests"


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    return {"X-Smartlead-Signature": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


def test_a_signature_is_checked_where_a_secret_is_stored_and_only_there(poster):
    body = encoded(WEBHOOKS["core_email_unsubscribed"])
    account = poster.integration("smartlead")
    assert poster.post("smartlead", body, **signed(body, "another")).status_code == 200
    account.credentials = {"api_key": "k", "signing_secret": SECRET}
    account.save()
    assert poster.post("smartlead", body).status_code == 401
    assert poster.post("smartlead", body, **signed(body, "another")).status_code == 401
    assert poster.post("smartlead", body, **signed(body + b" ")).status_code == 401
    assert poster.post("smartlead", body, **signed(body)).status_code == 200


# The client

ANSWER = CALLS["reply_email_thread"]
ANSWERED = Answered(
    external_id="<r1@mail.example.com>",
    thread_id="abc-123",
    account_address="sender@yourcompany.example",
    subject="Re: Quick question",
    body="<div>Yes</div>",
    sent_at=datetime(2026, 11, 30, 12, 0, tzinfo=UTC),
    campaign_id="123",
)


def client_at(url: str) -> SmartLeadClient:
    account = Integration(
        provider="smartlead", config={"base_url": url}, credentials={"api_key": "sl-secret"}
    )
    return SmartLeadClient.for_integration(account)


def reply(url: str, soon: Deadline, **more) -> None:
    client_at(url).reply(ANSWERED, to_email="lead@example.com", html="<p>Here</p>", deadline=soon, **more)


def test_an_answer_has_the_published_fields_and_no_other(db, soon):
    with FaultServer(answer(body=ANSWER["answer"])) as server:
        reply(server.url, soon, cc=["ann@example.com", "ben@example.com"])
    head, _, content = server.requests[0].partition(b"\r\n\r\n")
    body = json.loads(content)
    assert head.startswith(b"POST /campaigns/123/reply-email-thread?")
    assert set(ANSWER["required"]) <= set(body) <= set(ANSWER["fields"])
    assert all(isinstance(value, KINDS[ANSWER["fields"][name]]) for name, value in body.items())
    assert body == {
        "email_stats_id": "abc-123",
        "email_body": "<p>Here</p>",
        "reply_message_id": "<r1@mail.example.com>",
        "reply_email_time": "2026-11-30T12:00:00.000Z",
        "reply_email_body": "<div>Yes</div>",
        "to_email": "lead@example.com",
        "cc": "ann@example.com,ben@example.com",
    }


def test_the_published_error_is_a_refusal_in_its_words(db, soon):
    error = CALLS["error"]
    wrong = pytest.raises(ProviderRejected, match="email field is required")
    with FaultServer(answer(status=error["status"], body=error["answer"])) as server, wrong as caught:
        reply(server.url, soon)
    assert caught.value.sent is False


def test_a_published_answer_that_is_no_success_is_a_refusal(db, soon):
    refused = answer(body=ANSWER["answer"] | {"success": False})
    with FaultServer(refused) as server, pytest.raises(ProviderRejected):
        reply(server.url, soon)


@pytest.mark.parametrize(("state", "down"), [(True, False), (False, True), (None, False)])
def test_a_published_mailbox_is_down_if_its_connection_is(db, soon, state, down):
    (account,) = CALLS["email_accounts"]["answer"]
    with FaultServer(answer(body=[account | {"is_smtp_success": state}])) as server:
        (mailbox,) = client_at(server.url).mailboxes(soon)
    assert (mailbox.email, mailbox.is_down) == ("john@example.com", down)
