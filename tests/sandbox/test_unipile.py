"""Unipile in the sandbox: sending, account states, what is found after a reconnect."""

import re
from datetime import UTC, datetime, timedelta

import pytest

ACCOUNT = "uni_acc_42"


def send(call, **values):
    body = {"account_id": ACCOUNT, "attendees_ids": ["dana-reyes-example"], "text": "Hi Dana"} | values
    return call("unipile", "POST", "/api/v1/chats", json=body)


def test_a_message_is_listed_in_its_chat_and_among_all(call):
    started = send(call).json()
    assert started["object"] == "ChatStarted"
    again = call(
        "unipile", "POST", f"/api/v1/chats/{started['chat_id']}/messages", json={"text": "And hello"}
    )
    assert again.json()["object"] == "MessageSent"
    listed = call("unipile", "GET", f"/api/v1/chats/{started['chat_id']}/messages").json()
    assert [(item["text"], item["is_sender"]) for item in listed["items"]] == [
        ("And hello", 1),
        ("Hi Dana", 1),
    ]
    everything = call("unipile", "GET", "/api/v1/messages", params={"account_id": ACCOUNT}).json()
    assert everything["items"] == listed["items"]
    chats = call("unipile", "GET", "/api/v1/chats", params={"account_id": ACCOUNT}).json()
    assert [chat["id"] for chat in chats["items"]] == [started["chat_id"]]


def test_two_accounts_behind_one_key_are_separate(sandbox, call):
    send(call)
    other = call("unipile", "GET", "/api/v1/messages", params={"account_id": "uni_acc_bb1"}).json()
    assert other["items"] == []
    assert sandbox.sends()[0]["account"] == ACCOUNT


def test_the_second_message_to_a_person_goes_into_the_same_chat(call):
    assert send(call).json()["chat_id"] == send(call).json()["chat_id"]


@pytest.mark.parametrize(
    ("status", "code", "kind", "source"),
    [
        ("disconnected", 401, "errors/disconnected_account", "CREDENTIALS"),
        ("stopped", 401, "errors/disconnected_account", "STOPPED"),
        ("credentials", 401, "errors/expired_credentials", "CREDENTIALS"),
        ("checkpoint", 401, "errors/checkpoint_error", "CREDENTIALS"),
        ("restricted", 403, "errors/account_restricted", "ERROR"),
        ("rate_limited", 429, "errors/too_many_requests", "OK"),
        ("down", 503, "errors/provider_unreachable", "OK"),
    ],
)
def test_a_broken_account_refuses_calls_and_says_so_itself(sandbox, call, status, code, kind, source):
    sandbox.set_account("unipile", ACCOUNT, status)
    refused = send(call)
    assert (refused.status_code, refused.json()["type"]) == (code, kind)
    account = call("unipile", "GET", f"/api/v1/accounts/{ACCOUNT}")
    assert account.status_code == 200
    assert [one["status"] for one in account.json()["sources"]] == [source]
    assert sandbox.sends() == []


def test_a_deleted_account_is_not_found(sandbox, call):
    sandbox.set_account("unipile", ACCOUNT, "deleted")
    assert call("unipile", "GET", f"/api/v1/accounts/{ACCOUNT}").status_code == 404


def test_a_revoked_key_is_our_fault_and_not_the_accounts(sandbox, call):
    sandbox.set_account("unipile", "key-a", "revoked")
    refused = send(call)
    assert (refused.status_code, refused.json()["type"]) == (401, "errors/missing_credentials")
    assert call("unipile", "GET", f"/api/v1/accounts/{ACCOUNT}", key="key-b").status_code == 200


def test_profiles_are_connected_unless_set(sandbox, call):
    path, params = "/api/v1/users/dana-reyes-example", {"account_id": ACCOUNT}
    profile = call("unipile", "GET", path, params=params).json()
    assert (profile["network_distance"], profile["first_name"]) == ("DISTANCE_1", "Dana")
    profiles = {"dana-reyes-example": {"network_distance": "DISTANCE_2", "open_profile": True}}
    sandbox.set_account("unipile", ACCOUNT, properties={"profiles": profiles})
    changed = call("unipile", "GET", path, params=params).json()
    assert (changed["network_distance"], changed["open_profile"]) == ("DISTANCE_2", True)
    assert changed["provider_id"] == profile["provider_id"]


def test_a_stranger_gets_no_message_but_an_inmail_while_credits_last(sandbox, call):
    profiles = {"dana-reyes-example": {"network_distance": "DISTANCE_2"}}
    sandbox.set_account("unipile", ACCOUNT, properties={"profiles": profiles, "inmail_balance": 1})
    assert send(call).json()["type"] == "errors/no_connection_with_recipient"
    assert send(call, subject="Hi", linkedin={"inmail": True}).status_code == 201
    balance = call("unipile", "GET", "/api/v1/linkedin/inmail_balance", params={"account_id": ACCOUNT}).json()
    assert (balance["object"], balance["premium"]) == ("LinkedinInmailBalance", 0)
    refused = send(call, subject="Hi", linkedin={"inmail": True})
    assert (refused.status_code, refused.json()["type"]) == (402, "errors/insufficient_credits")
    assert [one["kind"] for one in sandbox.sends()] == ["inmail"]


def test_an_invitation_is_sent_once_and_pending(sandbox, call):
    profiles = {"dana-reyes-example": {"network_distance": "DISTANCE_3"}}
    sandbox.set_account("unipile", ACCOUNT, properties={"profiles": profiles})
    body = {"account_id": ACCOUNT, "provider_id": "dana-reyes-example", "message": "Let us connect"}
    assert (
        call("unipile", "POST", "/api/v1/users/invite", json=body | {"message": "x" * 301}).status_code == 400
    )
    assert call("unipile", "POST", "/api/v1/users/invite", json=body).status_code == 201
    again = call("unipile", "POST", "/api/v1/users/invite", json=body)
    assert again.json()["type"] == "errors/already_invited_recently"
    profile = call(
        "unipile", "GET", "/api/v1/users/dana-reyes-example", params={"account_id": ACCOUNT}
    ).json()
    assert profile["pending_invitation"] is True


def test_a_connection_cannot_be_invited(call):
    body = {"account_id": ACCOUNT, "provider_id": "dana-reyes-example"}
    assert (
        call("unipile", "POST", "/api/v1/users/invite", json=body).json()["type"]
        == "errors/already_connected"
    )


def test_a_status_change_is_told_by_webhook(sandbox, receiver):
    sandbox.set_webhook("unipile", ACCOUNT, receiver.url)
    for status in ("disconnected", "disconnected", "ok", "rate_limited", "ok"):
        sandbox.set_account("unipile", ACCOUNT, status)
        receiver.wait_for(1)
    told = [body["AccountStatus"] for body in receiver.wait_for(2)]
    assert sorted(one["message"] for one in told) == ["CREDENTIALS", "RECONNECTED"]
    assert {one["account_id"] for one in told} == {ACCOUNT}


def test_messages_wait_at_the_provider_while_the_account_is_down(sandbox, call, receiver):
    sandbox.set_webhook("unipile", ACCOUNT, receiver.url)
    sandbox.set_account("unipile", ACCOUNT, "disconnected")
    receiver.wait_for(1)
    held = sandbox.emit("unipile", ACCOUNT, "message.received", text="Are you there?")
    assert (held["held"], held["deliveries"]) == (True, [])
    sandbox.set_account("unipile", ACCOUNT, "ok")
    bodies = receiver.wait_for(2)
    assert all("AccountStatus" in body for body in bodies)
    [chat] = call("unipile", "GET", "/api/v1/chats", params={"account_id": ACCOUNT}).json()["items"]
    [missed] = call("unipile", "GET", f"/api/v1/chats/{chat['id']}/messages").json()["items"]
    assert (missed["text"], missed["is_sender"]) == ("Are you there?", 0)
    [person] = call("unipile", "GET", f"/api/v1/chats/{chat['id']}/attendees").json()["items"]
    assert person["provider_id"] == missed["sender_id"]


def test_lists_can_be_cut_by_time_and_by_page(sandbox, call):
    start = datetime(2026, 1, 1, tzinfo=UTC)
    bodies = [
        {
            "event": "message_received",
            "account_id": ACCOUNT,
            "message": {
                "id": f"msg_{number}",
                "chat_id": "chat_1",
                "text": str(number),
                "sender_id": "ACoAAB1",
                "sender_name": "Dana Reyes",
                "timestamp": (start + timedelta(hours=number)).isoformat(),
            },
        }
        for number in range(5)
    ]
    sandbox.ingest("unipile", ACCOUNT, bodies + bodies)
    path = "/api/v1/chats/chat_1/messages"
    page = call("unipile", "GET", path, params={"limit": 3}).json()
    rest = call("unipile", "GET", path, params={"limit": 3, "cursor": page["cursor"]}).json()
    assert [item["text"] for item in page["items"] + rest["items"]] == ["4", "3", "2", "1", "0"]
    assert rest["cursor"] is None
    after = call("unipile", "GET", path, params={"after": (start + timedelta(hours=2)).isoformat()}).json()
    assert [item["text"] for item in after["items"]] == ["4", "3"]


def test_a_hosted_link_reconnects_the_account_once(sandbox, call, http, receiver):
    sandbox.set_webhook("unipile", ACCOUNT, receiver.url)
    sandbox.set_account("unipile", ACCOUNT, "disconnected")
    receiver.wait_for(1)
    body = {
        "type": "reconnect",
        "reconnect_account": ACCOUNT,
        "name": "lead-owner-7",
    }
    link = call("unipile", "POST", "/api/v1/hosted/accounts/link", json=body).json()
    assert link["object"] == "HostedAuthUrl"
    page = http.get(link["url"], timeout=5)
    assert re.search(r'<form method="post"><button type="submit">', page.text)
    assert http.post(link["url"], timeout=5).status_code == 200
    assert send(call).status_code == 201
    told = receiver.wait_for(2)[1:]
    assert {
        "AccountStatus": {"account_id": ACCOUNT, "account_type": "LINKEDIN", "message": "RECONNECTED"}
    } in told
    assert http.post(link["url"], timeout=5).status_code == 410


def test_a_hosted_link_expires_and_can_lead_back_to_us(call, http):
    body = {"type": "reconnect", "reconnect_account": ACCOUNT}
    past = call(
        "unipile", "POST", "/api/v1/hosted/accounts/link", json=body | {"expiresOn": "2020-01-01T00:00:00Z"}
    )
    assert http.get(past.json()["url"], timeout=5).status_code == 410
    back = "http://127.0.0.1:8000/done/"
    link = call("unipile", "POST", "/api/v1/hosted/accounts/link", json=body | {"success_redirect_url": back})
    done = http.post(link.json()["url"], timeout=5, allow_redirects=False)
    assert (done.status_code, done.headers["Location"]) == (303, back)


@pytest.mark.parametrize("event", ["message.received", "message_received", "message.sent"])
def test_message_events_have_their_shape(sandbox, event):
    sender = {
        "id": "ACoAAB12345",
        "name": "Dana Reyes",
        "url": "https://www.linkedin.com/in/dana-reyes-example",
    }
    body = sandbox.emit("unipile", ACCOUNT, event, chat_id="chat_77", text="Happy to chat", sender=sender)[
        "body"
    ]
    assert (body["event"], body["account_id"]) == (event, ACCOUNT)
    assert body["message"]["chat_id"] == "chat_77"
    expected = "Alex Moreno" if event == "message.sent" else "Dana Reyes"
    assert body["message"]["sender_name"] == expected


def test_a_call_without_an_account_is_refused(call):
    assert call("unipile", "GET", "/api/v1/chats").status_code == 400
    assert call("unipile", "POST", "/api/v1/chats", data=b"{").status_code == 400
    assert call("unipile", "GET", "/api/v1/chats/chat_unknown/messages").status_code == 400
