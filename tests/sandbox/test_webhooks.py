"""Webhooks from the sandbox to us: where they go, and how often."""

import pytest

from sandbox import SandboxServer

LEAD = {"email": "dana@example.com", "first_name": "Dana"}


@pytest.fixture
def heard(sandbox, receiver):
    """The receiver, as the address of every EmailBison account."""
    sandbox.set_webhook("emailbison", "*", receiver.url, headers={"X-Webhook-Secret": "s3"})
    return receiver


def reply(sandbox, text="Sure", **options):
    return sandbox.emit("emailbison", "key-a", "LEAD_REPLIED", lead=LEAD, text=text, **options)


def test_an_event_is_posted_with_the_configured_headers(sandbox, heard):
    told = reply(sandbox)
    assert heard.bodies == [told["body"]]
    assert (
        heard.received[0][1] | {"x-webhook-secret": "s3", "content-type": "application/json"}
        == heard.received[0][1]
    )
    [delivery] = told["deliveries"]
    assert (delivery["status"], delivery["response"], delivery["error"]) == (200, '{"ok":true}', None)
    assert sandbox.summary()["deliveries"][0] == delivery


def test_an_account_of_its_own_goes_before_the_star(sandbox, heard):
    sandbox.set_webhook("emailbison", "key-a", "http://127.0.0.1:9/")
    [delivery] = reply(sandbox)["deliveries"]
    assert (delivery["status"], heard.received) == (None, [])
    assert "ConnectionRefusedError" in delivery["error"]


def test_nobody_configured_is_nobody_told(sandbox):
    assert reply(sandbox)["deliveries"] == []


def test_what_is_not_delivered_has_still_happened(sandbox, call, heard):
    reply(sandbox, deliver=False)
    assert heard.received == []
    assert len(call("emailbison", "GET", "/api/replies").json()["data"]) == 1


def test_a_body_of_ones_own_is_posted_as_it_is(sandbox, heard):
    sandbox.emit("emailbison", "key-a", body={"event": {"type": "TAG_ATTACHED"}, "data": {}})
    assert heard.bodies == [{"event": {"type": "TAG_ATTACHED"}, "data": {}}]


def test_a_refused_delivery_is_posted_once_and_recorded(sandbox, heard):
    heard.statuses = [503]
    [delivery] = reply(sandbox)["deliveries"]
    assert delivery["status"] == 503 and sandbox.summary()["deliveries"] == [delivery]
    assert len(heard.received) == 1


def test_a_fault_of_calls_does_not_hit_webhooks(sandbox, heard):
    sandbox.fault(provider="emailbison", kind="server_error")
    assert len(reply(sandbox)["deliveries"]) == 1


def test_webhooks_work_again_after_a_restart(receiver):
    server = SandboxServer()
    server.start()
    server.set_webhook("emailbison", "*", receiver.url)
    reply(server)
    server.stop()
    assert reply(server)["deliveries"] == []
    server.start()
    assert len(reply(server)["deliveries"]) == 1
    server.stop()


@pytest.mark.parametrize(
    ("provider", "event", "fields", "field"),
    [
        ("emailbison", "LEAD_EATEN", {}, "event"),
        ("emailbison", "LEAD_REPLIED", {}, "lead"),
        ("emailbison", "UNTRACKED_REPLY_RECEIVED", {}, "from_email"),
        ("unipile", "message.received", {}, "text"),
        ("unipile", "message.eaten", {}, "event"),
        ("ghl", "sms", {}, "text"),
        ("ghl", "fax", {}, "event"),
        ("smartlead", "EMAIL_REPLY", {}, "lead"),
        ("smartlead", "EMAIL_EATEN", {}, "event"),
        ("instantly", "reply_received", {}, "lead"),
        ("calendly", "invitee.created", {}, "email"),
        ("calendly", "invitee.created", {"email": "a@b.c", "start_time": "soon"}, "start_time"),
        ("clay", "phone", {}, "event"),
        ("slack", "shrug", {}, "event"),
        ("openai", "thought", {}, "event"),
        ("myspace", "x", {}, "provider"),
    ],
)
def test_an_event_that_cannot_be_names_its_field(sandbox, http, provider, event, fields, field):
    body = {"provider": provider, "account": "key-a", "event": event} | fields
    response = http.post(sandbox.base_url + "/_control/emit", json=body, timeout=5)
    assert (response.status_code, response.json()["field"]) == (400, field)


@pytest.mark.parametrize(
    ("provider", "event", "fields"),
    [
        ("unipile", "AccountStatus", {"message": "SYNC_SUCCESS"}),
        ("smartlead", "LEAD_UNSUBSCRIBED", {"lead": LEAD}),
        ("instantly", "lead_unsubscribed", {"lead": LEAD}),
        ("instantly", "email_sent", {"lead": LEAD}),
    ],
)
def test_the_other_events_are_posted_too(sandbox, receiver, provider, event, fields):
    sandbox.set_webhook(provider, "*", receiver.url)
    told = sandbox.emit(provider, "acc", event, **fields)
    assert [one["status"] for one in told["deliveries"]] == [200]
