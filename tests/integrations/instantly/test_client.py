"""Instantly's calls against the sandbox."""

from datetime import datetime

import pytest

from integrations.errors import ProviderAuthError, ProviderRejected
from integrations.instantly import client
from integrations.instantly.client import InstantlyClient
from integrations.models import Integration

pytestmark = pytest.mark.django_db


@pytest.fixture
def instantly(sandbox):
    return InstantlyClient.for_integration(
        Integration(
            provider="instantly",
            config={"base_url": sandbox.url("instantly") + "/api/v2"},
            credentials={"api_key": "in-key"},
        )
    )


def test_a_reply_is_sent_and_found_among_the_leads_emails(instantly, soon, sandbox):
    event = sandbox.emit(
        provider="instantly",
        account="in-key",
        event="reply_received",
        lead={"email": "dana@example.com"},
        text="Sure",
        deliver=False,
    )
    parent = event["body"]["email_id"]
    sent_id = instantly.reply(
        parent, eaccount="alex@outreach.example.com", subject="Re: hi", html="<p>Here</p>", deadline=soon
    )
    sent, received = instantly.emails_of("dana@example.com", soon)
    assert (sent.id, sent.body.html, sent.received) == (sent_id, "<p>Here</p>", False)
    assert (received.id, received.received) == (parent, True)
    assert len(sandbox.sends(provider="instantly")) == 1


def test_reads_workspace_and_campaigns(instantly, soon):
    assert instantly.workspace(soon).name == "Sandbox"
    assert [campaign.id for campaign in instantly.campaigns(soon)] == ["c-1"]


def test_a_reply_without_a_text_is_refused(instantly, soon):
    with pytest.raises(ProviderRejected) as caught:
        instantly.reply("x", eaccount="a@example.com", subject="s", deadline=soon)
    assert caught.value.sent is False


def test_a_revoked_key_is_an_auth_error(instantly, soon, sandbox):
    sandbox.set_account(provider="instantly", account="in-key", status="revoked")
    with pytest.raises(ProviderAuthError):
        instantly.workspace(soon)


def test_replies_are_read_until_all_of_a_page_are_too_old(instantly, soon, sandbox, monkeypatch):
    monkeypatch.setattr(client, "PAGE", 2)
    for day in (5, 20, 4, 1, 2, 22, 3, 21):  # Instantly lists them from the last on
        event = sandbox.emit("instantly", "in-key", "reply_received", lead={"email": "dana@example.com"})
        emails = sandbox.state.account("instantly", "in-key").data.emails
        emails[event["body"]["email_id"]]["timestamp_email"] = f"2026-01-{day:02}T00:00:00Z"
    found = instantly.received_since(datetime.fromisoformat("2026-01-10T00:00:00Z"), soon)
    assert [email.at.day for email in found] == [21, 22]
    assert len(sandbox.state.requests(provider="instantly")) == 3
