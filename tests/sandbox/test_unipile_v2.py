"""Version 2 of Unipile in the sandbox: as strict as its description, and apart from version 1."""

import hashlib
import hmac

import pytest

ACCOUNT = "acc_owner42"
CHATS = f"/v2/{ACCOUNT}/inboxes/CLASSIC_PRIMARY/chats"


def start(call, **values):
    body = {"users_ids": ["dana-reyes-example"], "text": "Hi Dana"} | values
    return call("unipile_v2", "POST", f"{CHATS}/send", json=body)


def test_a_message_is_listed_in_its_chat_newest_first(call):
    chat_id = start(call).json()["chat_id"]
    sent = call(
        "unipile_v2", "POST", f"/v2/{ACCOUNT}/chats/{chat_id}/messages/send", json={"text": "And hello"}
    )
    assert sent.json()["object"] == "MessageSent"
    messages = call("unipile_v2", "GET", f"/v2/{ACCOUNT}/chats/{chat_id}/messages").json()
    assert [row["text"] for row in messages["data"]] == ["And hello", "Hi Dana"]
    second = call("unipile_v2", "GET", f"/v2/{ACCOUNT}/chats/{chat_id}/messages", params={"offset": 1}).json()
    assert [row["text"] for row in second["data"]] == ["Hi Dana"]
    (chat,) = call("unipile_v2", "GET", CHATS).json()["data"]
    assert (chat["id"], chat["is_1to1"], chat["user"]["display_name"]) == (chat_id, True, "Dana Reyes")


@pytest.mark.parametrize(
    "values",
    [{"attendees_ids": ["x"]}, {"users_ids": []}, {"text": ""}, {"users_ids": "dana"}, {"inmail": True}],
)
def test_a_body_that_the_description_does_not_have_is_refused(call, sandbox, values):
    answer = start(call, **values)
    assert (answer.status_code, answer.json()["type"]) == (400, "api/invalid_parameters")
    assert sandbox.sends() == []


def test_only_a_primary_inbox_starts_a_chat(call):
    body = {"users_ids": ["dana-reyes-example"], "text": "Hi"}
    answer = call("unipile_v2", "POST", f"/v2/{ACCOUNT}/inboxes/CLASSIC_UNREAD/chats/send", json=body)
    assert answer.json()["type"] == "provider/unprocessable_entity"


def test_neither_version_answers_at_the_other_s_address_or_for_its_ids(call):
    assert call("unipile", "GET", f"/v2/accounts/{ACCOUNT}").status_code == 404
    assert call("unipile_v2", "GET", f"/api/v1/accounts/{ACCOUNT}").status_code == 404
    assert call("unipile_v2", "GET", "/v2/accounts/uni_acc_42").json()["type"] == "api/invalid_parameters"
    answer = call("unipile_v2", "GET", CHATS, params={"account_id": ACCOUNT})
    assert answer.json()["type"] == "api/invalid_parameters"


@pytest.mark.parametrize(
    ("status", "code", "kind", "word"),
    [
        ("disconnected", 401, "provider/invalid_authorization", "disconnected"),
        ("restricted", 403, "api/account_restricted", "disconnected"),
        ("rate_limited", 429, "api/too_many_requests", "running"),
        ("down", 503, "api/proxy_error", "running"),
    ],
)
def test_a_broken_account_refuses_calls_and_says_how_it_is(sandbox, call, status, code, kind, word):
    sandbox.set_account("unipile_v2", ACCOUNT, status)
    answer = start(call)
    assert (answer.status_code, answer.json()["type"], answer.json()["object"]) == (code, kind, "Error")
    assert call("unipile_v2", "GET", f"/v2/accounts/{ACCOUNT}").json()["status"] == word


def test_webhooks_are_signed_with_the_endpoint_s_secret(sandbox, receiver):
    sandbox.set_webhook("unipile_v2", ACCOUNT, receiver.url, secret="wes_1")
    outcome = sandbox.emit("unipile_v2", ACCOUNT, "message.new", text="Hello", sender={"id": "ACoAAdana"})
    assert set(outcome["body"]) == {"id", "created_at", "account_id", "account_provider", "type", "payload"}
    [(body, headers)] = receiver.received
    at, signature = (part.partition("=")[2] for part in headers["unipile-signature"].split(","))
    assert signature == hmac.new(b"wes_1", f"{at}.".encode() + body, hashlib.sha256).hexdigest()
