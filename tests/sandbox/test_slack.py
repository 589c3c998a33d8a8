"""Slack in the sandbox, by its own SDK and by plain incoming webhooks."""

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError


@pytest.fixture
def slack(sandbox):
    return WebClient(token="xoxb-a", base_url=sandbox.url("slack") + "/api/", retry_handlers=[], timeout=5)


def test_a_message_is_posted_edited_and_read_back(sandbox, slack):
    sandbox.set_account("slack", "xoxb-a", properties={"scopes": "chat:write,channels:history"})
    posted = slack.chat_postMessage(channel="#general", text="LinkedIn is down", blocks=[{"type": "divider"}])
    slack.chat_update(channel=posted["channel"], ts=posted["ts"], text="LinkedIn is back")
    [message] = slack.conversations_history(channel=posted["channel"])["messages"]
    assert (message["ts"], message["text"]) == (posted["ts"], "LinkedIn is back")
    assert [(send["kind"], send["text"]) for send in sandbox.sends()] == [
        ("post", "LinkedIn is down"),
        ("update", "LinkedIn is back"),
    ]


def test_history_needs_its_scope_and_shows_metadata_where_it_is_asked_for(sandbox, slack):
    mark = {"event_type": "mark", "event_payload": {"key": "1"}}
    posted = slack.chat_postMessage(channel="#general", text="Hi", metadata=mark)
    with pytest.raises(SlackApiError, match="missing_scope"):
        slack.conversations_history(channel=posted["channel"])
    sandbox.set_account("slack", "xoxb-a", properties={"scopes": "groups:history"})

    def seen(**options) -> list:
        messages = slack.conversations_history(channel=posted["channel"], **options)["messages"]
        return [message.get("metadata") for message in messages]

    assert (seen(), seen(include_all_metadata=True)) == ([None], [mark])
    assert seen(oldest=posted["ts"]) == []


def test_people_are_found_and_written_to(slack):
    user = slack.users_lookupByEmail(email="ada@example.com")["user"]
    channel = slack.chat_postMessage(channel=user["id"], text="hi")["channel"]
    assert (
        channel.startswith("D")
        and channel == slack.chat_postMessage(channel=user["id"], text="you")["channel"]
    )


def test_a_token_is_tested_and_its_scopes_told(slack):
    answer = slack.auth_test()
    assert answer["ok"] is True
    assert "chat:write" in answer.headers["X-OAuth-Scopes"]
    assert [channel["name"] for channel in slack.conversations_list()["channels"]] == ["general", "replies"]


@pytest.mark.parametrize(("status", "error"), [("revoked", "invalid_auth"), ("forbidden", "missing_scope")])
def test_a_broken_token_is_an_error_inside_a_200(sandbox, slack, status, error):
    sandbox.set_account("slack", "xoxb-a", status)
    with pytest.raises(SlackApiError) as caught:
        slack.auth_test()
    assert (caught.value.response.status_code, caught.value.response["error"]) == (200, error)


def test_unknown_channels_messages_and_people_are_errors(slack):
    for call, error in (
        (lambda: slack.chat_postMessage(channel="no such", text="x"), "channel_not_found"),
        (lambda: slack.api_call("chat.postMessage", json={"channel": "#general"}), "no_text"),
        (lambda: slack.chat_update(channel="C0SANDBOX01", ts="1.0", text="x"), "message_not_found"),
        (lambda: slack.users_lookupByEmail(email="nobody@example.com"), "users_not_found"),
    ):
        with pytest.raises(SlackApiError) as caught:
            call()
        assert caught.value.response["error"] == error


def test_too_many_requests_is_a_429(sandbox, slack):
    sandbox.fault(provider="slack", kind="rate_limit", retry_after=3)
    with pytest.raises(SlackApiError) as caught:
        slack.auth_test()
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "3"


def test_an_incoming_webhook_answers_ok_in_plain_text(sandbox, http):
    url = sandbox.url("slack") + "/services/T1/B1/secret"
    answer = http.post(url, json={"text": "hello"}, timeout=5)
    assert (answer.status_code, answer.text) == (200, "ok")
    assert http.post(url, json={}, timeout=5).text == "no_text"
    sandbox.set_account("slack", "/services/T1/B1/secret", "down")
    assert http.post(url, json={"text": "hello"}, timeout=5).status_code == 503
    assert [(send["kind"], send["text"]) for send in sandbox.sends()] == [("webhook", "hello")]
