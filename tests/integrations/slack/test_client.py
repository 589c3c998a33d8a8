"""Slack's calls against the sandbox; refusals with HTTP 200; a post that is never made twice."""

import pytest

from integrations.errors import (
    ProviderAuthError,
    ProviderFault,
    ProviderMisconfigured,
    ProviderRateLimited,
    ProviderRejected,
    ProviderUnreachable,
)
from integrations.models import Integration
from integrations.slack.client import SlackClient
from tests.integrations import fault_server as faults
from tests.integrations.fault_server import FaultServer, answer

pytestmark = pytest.mark.django_db


def client_at(url, channel="C0SANDBOX01", **secrets):
    integration = Integration(
        provider="slack",
        config={"base_url": f"{url}/api", "channel": channel},
        credentials=secrets or {"bot_token": "xoxb-a"},
    )
    return SlackClient.for_integration(integration)


@pytest.fixture
def slack(sandbox):
    return client_at(sandbox.url("slack"))


def test_posts_and_changes_a_message(slack, soon, sandbox):
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Hi*"}}]
    posted = slack.post("Hi", soon, blocks=blocks)
    slack.update(posted, "Recovered", soon)
    assert posted.channel == "C0SANDBOX01"
    assert [(send["kind"], send["text"]) for send in sandbox.sends(provider="slack")] == [
        ("post", "Hi"),
        ("update", "Recovered"),
    ]


def test_finds_a_member_and_writes_to_them(slack, soon, sandbox):
    user = slack.find_user("alex@outreach.example.com", soon)
    posted = slack.post("Hi", soon, channel=user)
    assert [send["to"] for send in sandbox.sends(provider="slack")] == [posted.channel] == ["D0" + user[1:]]
    assert slack.find_user("nobody@example.com", soon) == ""


def test_names_the_scopes_that_are_missing(slack, soon, sandbox):
    sandbox.set_account(provider="slack", account="xoxb-a", properties={"scopes": "chat:write,users:read"})
    assert slack.identity(soon).missing_scopes == [
        "im:write",
        "users:read.email",
        "channels:read",
        "groups:read",
    ]


def test_lists_channels(slack, soon):
    assert [channel.name for channel in slack.channels(soon)] == ["general", "replies"]


def test_channels_end_after_six_pages(soon):
    pages = [
        {
            "ok": True,
            "channels": [{"id": "C1", "name": "one"}],
            "response_metadata": {"next_cursor": f"more-{number}"},
        }
        for number in range(7)
    ]
    with FaultServer(*(answer(body=page) for page in pages)) as server:
        assert len(client_at(server.url).channels(soon)) == 6


def test_channels_end_where_slack_gives_the_same_cursor_again(soon):
    page = {
        "ok": True,
        "channels": [{"id": "C1", "name": "one"}],
        "response_metadata": {"next_cursor": "more"},
    }
    with FaultServer(answer(body=page)) as server:
        assert len(client_at(server.url).channels(soon)) == 2


def test_posts_by_webhook_where_there_is_no_token(soon, sandbox):
    url = f"{sandbox.url('slack')}/services/T0/B0/secret"
    client = client_at(sandbox.url("slack"), webhook_url=url)
    assert client.post("Hi", soon).ts == ""
    assert not client.can_update
    assert [send["kind"] for send in sandbox.sends(provider="slack")] == ["webhook"]


@pytest.mark.parametrize(
    ("behaviour", "error", "code", "sent"),
    [
        (
            answer(body={"ok": False, "error": "channel_not_found"}),
            ProviderRejected,
            "channel_not_found",
            False,
        ),
        (answer(body={"ok": False, "error": "not_in_channel"}), ProviderRejected, "not_in_channel", False),
        (answer(body={"ok": False, "error": "invalid_auth"}), ProviderAuthError, "invalid_auth", False),
        (answer(body={"ok": False, "error": "missing_scope"}), ProviderAuthError, "missing_scope", False),
        (answer(body={"ok": False, "error": "internal_error"}), ProviderFault, "internal_error", None),
        (answer(body={"ok": False, "error": "rate_limited"}), ProviderRateLimited, "rate_limited", False),
        (
            answer(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "30"}),
            ProviderRateLimited,
            "",
            False,
        ),
        (answer(503, {}), ProviderFault, "", None),
        (answer(body={"ok": True, "channel": "C1"}), ProviderFault, "unexpected_shape", True),
        (faults.drop, ProviderUnreachable, "answer", None),
        (faults.reset, ProviderUnreachable, "answer", None),
        (faults.html, ProviderFault, "not_json", None),
    ],
)
def test_a_post_that_fails_is_classed_and_made_once(behaviour, error, code, sent, soon):
    with FaultServer(behaviour) as server:
        with pytest.raises(error) as caught:
            client_at(server.url).post("Hi", soon)
        assert server.calls == 1
    assert (caught.value.code, caught.value.sent) == (code, sent)


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (403, b"invalid_token", ProviderAuthError),
        (404, b"no_service", ProviderAuthError),
        (410, b"channel_is_archived", ProviderRejected),
        (400, b"invalid_payload", ProviderRejected),
    ],
)
def test_a_refused_webhook_is_read_from_its_text(status, text, error, soon):
    with FaultServer(answer(status, raw=text)) as server:
        with pytest.raises(error) as caught:
            client_at(server.url, webhook_url=f"{server.url}/services/x").post("Hi", soon)
        assert server.calls == 1
    assert caught.value.code == text.decode()


def test_a_look_up_is_repeated(soon, monkeypatch):
    monkeypatch.setattr("integrations.http.retry.BACKOFF.multiplier", 0.01)
    with FaultServer(faults.drop, answer(body={"ok": True, "user": {"id": "U1"}})) as server:
        assert client_at(server.url).find_user("a@example.com", soon) == "U1"
        assert server.calls == 2


def test_says_what_is_not_set(settings, soon):
    settings.SLACK_BOT_TOKEN = ""
    with pytest.raises(ProviderMisconfigured, match="bot_token"):
        client_at("http://127.0.0.1:9", bot_token="")
    with pytest.raises(ProviderMisconfigured, match="channel"):
        client_at("http://127.0.0.1:9", channel="").post("Hi", soon)
