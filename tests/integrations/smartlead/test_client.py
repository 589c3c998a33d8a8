"""SmartLead's calls against the sandbox; the key in the query shows nowhere."""

import logging
from datetime import UTC, datetime

import pytest

from integrations.carriers import Answered
from integrations.errors import ProviderAuthError, ProviderRejected
from integrations.models import Integration
from integrations.smartlead.client import SmartLeadClient
from tests.integrations.fault_server import FaultServer, answer

pytestmark = pytest.mark.django_db


def client_at(url):
    return SmartLeadClient.for_integration(
        Integration(provider="smartlead", config={"base_url": url}, credentials={"api_key": "sl-secret"})
    )


@pytest.fixture
def smartlead(sandbox):
    return client_at(sandbox.url("smartlead") + "/api/v1")


def reply(client, soon, campaign_id="501"):
    answers = Answered(
        external_id="<m@example.com>",
        thread_id="st-1",
        account_address="alex@outreach.example.com",
        subject="Re: hi",
        body="<p>Sure</p>",
        sent_at=datetime(2026, 11, 30, tzinfo=UTC),
        campaign_id=campaign_id,
    )
    client.reply(answers, to_email="dana@example.com", html="<p>Here</p>", deadline=soon)


def test_a_reply_is_sent_and_found_in_the_history(smartlead, soon, sandbox):
    reply(smartlead, soon)
    lead = smartlead.find_lead("dana@example.com", soon)
    (sent,) = smartlead.history("501", lead.id, soon)
    assert (sent.kind, sent.html, sent.stats_id) == ("SENT", "<p>Here</p>", "st-1")
    assert len(sandbox.sends(provider="smartlead")) == 1


def test_an_unknown_lead_is_none(smartlead, soon):
    assert smartlead.find_lead("nobody@example.com", soon) is None


def test_lists_campaigns(smartlead, soon):
    assert [campaign.id for campaign in smartlead.campaigns(soon)] == ["501"]


def test_a_200_that_is_not_ok_is_a_refusal(soon):
    with FaultServer(answer(body={"ok": False})) as server, pytest.raises(ProviderRejected) as caught:
        reply(client_at(server.url), soon)
    assert caught.value.sent is False


def test_the_key_shows_in_no_log_and_no_error(smartlead, soon, sandbox, caplog):
    caplog.set_level(logging.DEBUG)
    sandbox.set_account(provider="smartlead", account="sl-secret", status="revoked")
    with pytest.raises(ProviderAuthError) as caught:
        smartlead.campaigns(soon)
    ours = [record for record in caplog.records if not record.name.startswith("sandbox")]
    assert "sl-secret" not in repr(caught.value) + str([record.__dict__ for record in ours])


def test_an_id_that_is_no_number_never_becomes_an_address(smartlead, soon):
    with pytest.raises(ProviderRejected):
        reply(smartlead, soon, campaign_id="1/../2")


@pytest.mark.parametrize("odd", ["²", "٣", "", "5/../6"])
def test_an_id_that_is_no_number_is_never_called(odd, soon):
    with FaultServer(answer(body=[])) as server:
        with pytest.raises(ProviderRejected, match="invalid_id") as refused:
            client_at(server.url).history("501", odd, soon)
        assert refused.value.sent is False and server.requests == []
