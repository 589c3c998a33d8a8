"""SmartLead and Instantly in the sandbox: replies into a thread, and where they are listed."""

import pytest

LEAD = {"email": "dana@example.com", "name": "Dana Reyes"}


@pytest.fixture
def smart(http, sandbox):
    def make(method, path, key="key-a", **options):
        params = {"api_key": key} | options.pop("params", {})
        return http.request(
            method, sandbox.url("smartlead") + "/api/v1" + path, params=params, timeout=5, **options
        )

    return make


@pytest.mark.parametrize("event", ["EMAIL_REPLY", "EMAIL_REPLIED"])
def test_a_smartlead_thread_lists_reply_and_answer(sandbox, smart, event):
    told = sandbox.emit("smartlead", "key-a", event, lead=LEAD, text="Tell me more")["body"]
    body = {"email_body": "<p>Gladly</p>", "email_stats_id": told["stats_id"]}
    answer = smart("POST", f"/campaigns/{told['campaign_id']}/reply-email-thread", json=body)
    assert answer.json()["success"] is True
    lead = smart("GET", "/leads/", params={"email": "dana@example.com"}).json()
    history = smart("GET", f"/campaigns/{told['campaign_id']}/leads/{lead['id']}/message-history").json()[
        "history"
    ]
    assert [(entry["type"], entry["email_body"]) for entry in history] == [
        ("REPLY", "<p>Tell me more</p>"),
        ("SENT", "<p>Gladly</p>"),
    ]
    [send] = sandbox.sends()
    assert (send["to"], send["thread"], send["account"]) == ("dana@example.com", told["stats_id"], "key-a")


def test_smartlead_tells_who_wrote_in_both_its_ways(sandbox):
    old, new = (
        sandbox.emit("smartlead", "key-a", event, lead=LEAD)["body"]
        for event in ("EMAIL_REPLY", "EMAIL_REPLIED")
    )
    assert (old["from_email"], new["from_email"]) == ("dana@example.com", "alex@outreach.example.com")


def test_smartlead_refuses_what_it_cannot_send(sandbox, smart):
    path = "/campaigns/501/reply-email-thread"
    assert smart("POST", path, json={"email_body": "x"}).status_code == 400
    assert smart("POST", path, json={"email_body": "x", "email_stats_id": "unheard-of"}).status_code == 404
    known = {"email_body": "x", "email_stats_id": "unheard-of", "to_email": "dana@example.com"}
    assert smart("POST", path, json=known).status_code == 200
    assert smart("GET", "/campaigns/9").status_code == 404
    assert len(sandbox.sends()) == 1


def test_smartlead_campaigns_are_a_bare_list(smart):
    assert [(one["id"], one["name"]) for one in smart("GET", "/campaigns").json()] == [(501, "Q1")]


def test_an_instantly_thread_lists_reply_and_answer(sandbox, call):
    told = sandbox.emit("instantly", "key-a", "reply_received", lead=LEAD, text="Tell me more")["body"]
    body = {
        "reply_to_uuid": told["email_id"],
        "eaccount": told["email_account"],
        "subject": "Re: hi",
        "body": {"text": "Gladly"},
    }
    sent = call("instantly", "POST", "/api/v2/emails/reply", json=body).json()
    listed = call("instantly", "GET", "/api/v2/emails", params={"lead": "dana@example.com"}).json()["items"]
    assert [(mail["ue_type"], mail["body"]["text"]) for mail in listed] == [
        (3, "Gladly"),
        (2, "Tell me more"),
    ]
    assert listed[0]["thread_id"] == listed[1]["thread_id"]
    assert listed[0] == sent
    received = call("instantly", "GET", "/api/v2/emails", params={"email_type": "received"}).json()["items"]
    assert [mail["id"] for mail in received] == [told["email_id"]]
    assert [(send["to"], send["text"]) for send in sandbox.sends()] == [("dana@example.com", "Gladly")]


@pytest.mark.parametrize("missing", ["reply_to_uuid", "eaccount", "subject", "body"])
def test_instantly_refuses_an_incomplete_reply(sandbox, call, missing):
    body = {"reply_to_uuid": "em-1", "eaccount": "a@example.com", "subject": "Re", "body": {"text": "x"}}
    del body[missing]
    refused = call("instantly", "POST", "/api/v2/emails/reply", json=body)
    assert (refused.status_code, refused.json()["error"]) == (400, "Bad Request")
    assert missing in refused.json()["message"]
    assert sandbox.sends() == []


def test_instantly_lists_go_on_after_a_cursor(sandbox, call):
    bodies = [
        {"type": "email_sent", "email_id": f"em-{n}", "contact_email": "d@example.com", "email_text": "x"}
        for n in range(3)
    ]
    sandbox.ingest("instantly", "key-a", bodies)
    page = call("instantly", "GET", "/api/v2/emails", params={"limit": 2}).json()
    rest = call(
        "instantly", "GET", "/api/v2/emails", params={"starting_after": page["next_starting_after"]}
    ).json()
    assert [mail["id"] for mail in page["items"] + rest["items"]] == ["em-2", "em-1", "em-0"]
    assert "next_starting_after" not in rest


def test_instantly_shows_campaigns_mailboxes_and_workspace(call):
    assert call("instantly", "GET", "/api/v2/campaigns").json()["items"][0]["name"] == "Q1"
    assert (
        call("instantly", "GET", "/api/v2/accounts").json()["items"][0]["email"]
        == "alex@outreach.example.com"
    )
    first, second = (
        call("instantly", "GET", "/api/v2/workspaces/current", key=key).json()["id"] for key in "ab"
    )
    assert first != second
