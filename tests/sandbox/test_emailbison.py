"""EmailBison in the sandbox: leads, replies, what was sent, two workspaces side by side."""

import pytest

REPLY = {
    "message": "<p>Hello Dana</p>",
    "sender_email_id": 311,
    "to_emails": [{"name": "Dana", "email_address": "dana@example.com"}],
    "inject_previous_email_body": False,
    "content_type": "html",
}


@pytest.fixture
def replied(sandbox):
    """A lead who replied: the `data` of the webhook that tells of it."""
    lead = {
        "email": "dana@example.com",
        "first_name": "Dana",
        "last_name": "Reyes",
        "company": "Reyes Roofing",
    }
    fields = {"lead": lead, "text": "Sure, send times.", "subject": "Re: roofs"}
    return sandbox.emit("emailbison", "key-a", "LEAD_REPLIED", **fields)["body"]["data"]


def test_a_reply_is_listed_among_the_leads_sent_emails(sandbox, call, replied):
    answer = call("emailbison", "POST", f"/api/replies/{replied['reply']['id']}/reply", json=REPLY)
    made = answer.json()["data"]["reply"]
    assert (made["folder"], made["type"], made["lead_id"]) == (
        "Sent",
        "Outgoing Email",
        replied["lead"]["id"],
    )
    sent = call("emailbison", "GET", f"/api/leads/{replied['lead']['id']}/sent-emails").json()["data"]
    assert [mail["email_subject"] for mail in sent] == ["Re: roofs", "quick question"]
    assert (
        sent[0] | {"lead_id": replied["lead"]["id"], "email_body": "<p>Hello Dana</p>", "status": "sent"}
        == sent[0]
    )


def test_a_reply_is_listed_as_outgoing(call, replied):
    call("emailbison", "POST", f"/api/replies/{replied['reply']['id']}/reply", json=REPLY)
    everything = call("emailbison", "GET", "/api/replies").json()["data"]
    assert [(reply["folder"], reply["type"]) for reply in everything] == [
        ("Sent", "Outgoing Email"),
        ("Inbox", "Tracked Reply"),
    ]
    sent = call("emailbison", "GET", "/api/replies", params={"folder": "sent"}).json()["data"]
    assert [reply["to"] for reply in sent] == [[{"address": "dana@example.com", "name": "Dana"}]]


def test_a_send_is_recorded_with_its_markers(sandbox, call, replied):
    marker = "0f5b8c1e-1111-4222-8333-444455556666"
    message = f'<p>Hello</p><span data-ref="{marker}"></span>'
    call(
        "emailbison",
        "POST",
        f"/api/replies/{replied['reply']['id']}/reply",
        json=REPLY | {"message": message},
    )
    [send] = sandbox.sends(provider="emailbison", account="key-a")
    assert (send["kind"], send["to"], send["thread"]) == (
        "reply",
        "dana@example.com",
        str(replied["reply"]["id"]),
    )
    assert send["markers"] == [marker] and send["text"] == message


def test_the_same_reply_twice_has_one_fingerprint(sandbox, call, replied):
    path = f"/api/replies/{replied['reply']['id']}/reply"
    for message in ("<p>one</p>", "<p>one</p>", "<p>two</p>"):
        call("emailbison", "POST", path, json=REPLY | {"message": message})
    first, second, third = [send["fingerprint"] for send in sandbox.sends()]
    assert first == second != third


def test_a_reply_to_an_unheard_of_id_finds_or_makes_its_lead(call):
    assert call("emailbison", "POST", "/api/replies/880031/reply", json=REPLY).status_code == 200
    [lead] = call("emailbison", "GET", "/api/leads", params={"filters[search]": "dana@example.com"}).json()[
        "data"
    ]
    [mail] = call("emailbison", "GET", f"/api/leads/{lead['id']}/sent-emails").json()["data"]
    assert mail["email_body"] == "<p>Hello Dana</p>"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"message": " "}, "message field is required"),
        ({"to_emails": []}, "to emails field is required"),
        ({"sender_email_id": None}, "sender email id field is required"),
    ],
)
def test_an_incomplete_reply_is_refused_and_not_sent(sandbox, call, change, text):
    response = call("emailbison", "POST", "/api/replies/1/reply", json=REPLY | change)
    assert response.status_code == 422
    assert text in response.json()["data"]["message"]
    assert sandbox.sends() == []


def test_a_sender_can_be_made_invalid(sandbox, call):
    sandbox.set_account("emailbison", "key-a", properties={"invalid_senders": [311]})
    refused = call("emailbison", "POST", "/api/replies/1/reply", json=REPLY)
    assert "sender email id 311 is invalid" in refused.json()["data"]["message"]
    assert call("emailbison", "POST", "/api/replies/1/reply", json=REPLY | {"sender_email_id": 312}).ok


def test_two_workspaces_share_ids_and_nothing_else(sandbox, call):
    lead = {"email": "dana@example.com"}
    ids = [
        sandbox.emit("emailbison", key, "LEAD_REPLIED", lead=lead, text="Hi")["body"]["data"]["reply"]["id"]
        for key in ("key-a", "key-b")
    ]
    assert ids[0] == ids[1]
    call("emailbison", "POST", f"/api/replies/{ids[0]}/reply", json=REPLY)
    counts = [
        len(call("emailbison", "GET", "/api/replies", key=key).json()["data"]) for key in ("key-a", "key-b")
    ]
    assert counts == [2, 1]
    assert sandbox.sends(account="key-b") == []


def test_a_revoked_key_is_a_host_and_key_mismatch(sandbox, call):
    sandbox.set_account("emailbison", "key-a", "revoked")
    response = call("emailbison", "GET", "/api/users")
    assert response.status_code == 401
    assert "exactly one host" in response.json()["data"]["message"]
    sandbox.set_account("emailbison", "key-a", "ok")
    assert call("emailbison", "GET", "/api/users").status_code == 200


def test_lists_come_in_pages_that_link_on(sandbox, call, http):
    for number in range(5):
        call("emailbison", "POST", "/api/leads", json={"email": f"lead{number}@example.com"})
    page = call("emailbison", "GET", "/api/leads", params={"per_page": 2, "search": "lead"}).json()
    assert page["meta"] | {"current_page": 1, "last_page": 3, "total": 5} == page["meta"]
    emails = [lead["email"] for lead in page["data"]]
    while page["links"]["next"]:
        page = http.get(page["links"]["next"], headers={"Authorization": "Bearer key-a"}, timeout=5).json()
        emails += [lead["email"] for lead in page["data"]]
    assert emails == [f"lead{number}@example.com" for number in range(5)]


def test_leads_are_made_and_found(call):
    created = call(
        "emailbison", "POST", "/api/leads", json={"email": "Dana@Example.com", "first_name": "Dana"}
    )
    lead_id = created.json()["data"]["id"]
    assert created.status_code == 201
    assert call("emailbison", "POST", "/api/leads", json={"email": "dana@example.com"}).status_code == 422
    assert call("emailbison", "GET", f"/api/leads/{lead_id}").json()["data"]["first_name"] == "Dana"
    for name in ("filters[search]", "search", "filters[email]", "filters[email_address]"):
        found = call("emailbison", "GET", "/api/leads", params={name: "dana@example.com"}).json()["data"]
        assert [one["id"] for one in found] == [lead_id]
    assert call("emailbison", "GET", "/api/leads/1").json()["data"]["message"] == "Record not found"


def test_future_emails_of_a_campaign_stop_for_a_lead(sandbox, call, replied):
    campaign, lead = replied["campaign"]["id"], replied["lead"]["id"]
    answer = call(
        "emailbison", "POST", f"/api/campaigns/{campaign}/leads/stop-future-emails", json={"lead_ids": [lead]}
    )
    assert answer.json()["data"]["success"] is True
    assert sandbox.state.account("emailbison", "key-a").data.stopped == {(campaign, lead)}


def test_a_replayed_webhook_is_known_afterwards(sandbox, call):
    body = {
        "event": {"type": "LEAD_REPLIED"},
        "data": {
            "lead": {"id": 55120, "email": "dana@example.com", "first_name": "Dana"},
            "campaign": {"id": 7, "name": "Roofs"},
            "reply": {
                "id": 880031,
                "email_subject": "Re: hi",
                "text_body": "Sure",
                "from_email_address": "dana@example.com",
            },
            "scheduled_email": {
                "id": 7700123,
                "lead_id": 55120,
                "email_body": "<p>Hi</p>",
                "sent_at": "2026-01-13T14:00:00Z",
            },
            "sender_email": {"id": 9, "email": "alex@example.com", "name": "Alex"},
        },
    }
    assert sandbox.ingest("emailbison", "key-a", [body, body]) == 2
    call("emailbison", "POST", "/api/replies/880031/reply", json=REPLY | {"sender_email_id": 9})
    sent = call("emailbison", "GET", "/api/leads/55120/sent-emails").json()["data"]
    assert [mail["email_body"] for mail in sent] == ["<p>Hello Dana</p>", "<p>Hi</p>"]
    senders = call("emailbison", "GET", "/api/sender-emails").json()["data"]
    assert {"id": 9, "email": "alex@example.com", "status": "Connected"}.items() <= senders[-1].items()
    replies = call("emailbison", "GET", "/api/replies", params={"folder": "inbox"}).json()["data"]
    assert [reply["sender_email_id"] for reply in replies] == [9]


def test_every_event_has_the_envelope_and_its_parts(sandbox):
    sandbox.set_account("emailbison", "key-a", properties={"workspace_id": 42, "workspace_name": "Northwind"})
    lead = {"email": "dana@example.com", "first_name": "Dana"}
    parts = {
        "LEAD_REPLIED": {"lead", "campaign", "reply", "scheduled_email"},
        "LEAD_INTERESTED": {"lead", "campaign", "reply", "scheduled_email"},
        "UNTRACKED_REPLY_RECEIVED": {"reply"},
        "EMAIL_SENT": {"lead", "campaign", "scheduled_email"},
        "EMAIL_OPENED": {"lead", "campaign", "scheduled_email"},
        "EMAIL_BOUNCED": {"lead", "campaign", "reply", "scheduled_email"},
        "LEAD_UNSUBSCRIBED": {"lead", "campaign", "scheduled_email"},
    }
    for event, expected in parts.items():
        body = sandbox.emit("emailbison", "key-a", event, lead=lead, text="Hi", from_email="x@example.com")[
            "body"
        ]
        assert (
            body["event"] | {"type": event, "workspace_id": 42, "workspace_name": "Northwind"}
            == body["event"]
        )
        filled = {name for name in ("lead", "campaign", "reply", "scheduled_email") if body["data"].get(name)}
        assert filled == expected, event


def test_the_same_reply_can_come_as_replied_and_interested(sandbox):
    lead = {"email": "dana@example.com"}
    first = sandbox.emit("emailbison", "key-a", "LEAD_REPLIED", lead=lead, text="Yes")["body"]["data"]
    reply_id = first["reply"]["id"]
    second = sandbox.emit("emailbison", "key-a", "LEAD_INTERESTED", lead=lead, text="Yes", reply_id=reply_id)
    reply = second["body"]["data"]["reply"]
    assert (reply["id"], reply["interested"]) == (reply_id, True)
    assert second["body"]["data"]["lead"]["id"] == first["lead"]["id"]
