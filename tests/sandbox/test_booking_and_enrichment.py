"""Calendly and Clay in the sandbox."""

import hashlib
import hmac

import pytest


def test_a_calendly_booking_is_listed_told_and_cancelled(sandbox, call, receiver):
    sandbox.set_webhook("calendly", "key-a", receiver.url)
    slot = call("calendly", "GET", "/event_type_available_times").json()["collection"][0]["start_time"]
    lead = {"email": "dana@example.com", "name": "Dana Reyes"}
    booked = sandbox.emit("calendly", "key-a", "invitee.created", start_time=slot, **lead)["body"]["payload"]
    [meeting] = call(
        "calendly", "GET", "/scheduled_events", params={"invitee_email": "dana@example.com"}
    ).json()["collection"]
    assert (meeting["start_time"], meeting["status"]) == (slot, "active")
    path = "/scheduled_events/" + meeting["uri"].rpartition("/")[2]
    [invitee] = call("calendly", "GET", path + "/invitees").json()["collection"]
    assert (invitee["uri"], invitee["status"]) == (booked["invitee"]["uri"], "active")
    free = call("calendly", "GET", "/event_type_available_times").json()["collection"]
    assert slot not in [one["start_time"] for one in free]
    sandbox.emit("calendly", "key-a", "invitee.canceled", invitee_uri=invitee["uri"])
    [invitee] = call("calendly", "GET", path + "/invitees").json()["collection"]
    assert invitee["status"] == "canceled"
    assert sorted(told["event"] for told in receiver.wait_for(2)) == ["invitee.canceled", "invitee.created"]


def test_calendly_webhooks_are_signed_over_time_and_body(sandbox, receiver):
    sandbox.set_webhook("calendly", "key-a", receiver.url, secret="signing-key")
    sandbox.emit("calendly", "key-a", "invitee.created", email="dana@example.com")
    [(body, headers)] = receiver.received
    at, signature = (part.partition("=")[2] for part in headers["calendly-webhook-signature"].split(","))
    assert signature == hmac.new(b"signing-key", f"{at}.".encode() + body, hashlib.sha256).hexdigest()


def test_a_calendly_invitee_is_cancelled_by_uri(sandbox):
    created = sandbox.emit("calendly", "key-a", "invitee.created", email="dana@example.com")["body"][
        "payload"
    ]
    uri = created["invitee"]["uri"]
    canceled = sandbox.emit("calendly", "key-a", "invitee.canceled", invitee_uri=uri)["body"]
    assert canceled["payload"]["scheduled_event"] == created["scheduled_event"]


def test_calendly_refuses_in_its_own_words(call):
    refused = call("calendly", "GET", "/scheduled_events", params={"min_start_time": "soon"})
    assert (refused.status_code, refused.json()["title"]) == (400, "Invalid Argument")
    assert call("calendly", "GET", "/scheduled_events/none").json()["title"] == "Resource Not Found"
    assert call("calendly", "GET", "/users/me", key="").json()["title"] == "Unauthenticated"


def test_calendly_can_be_read(call):
    assert (
        call("calendly", "GET", "/users/me")
        .json()["resource"]["uri"]
        .startswith("https://api.calendly.com/users/")
    )
    assert call("calendly", "GET", "/event_types").json()["collection"][0]["active"] is True


ROW = {"leadId": "lead-1", "emailAddress": "dana@example.com", "fullName": "Dana Reyes"}


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ("linkedin-table", "linkedinUrl", "https://www.linkedin.com/in/dana-reyes-example"),
        ("phones", "phone", "+1555555"),
    ],
)
def test_a_clay_table_calls_back(sandbox, call, receiver, table, field, value):
    sandbox.set_webhook("clay", table, receiver.url, secret="shared")
    assert call("clay", "POST", f"/{table}", json=ROW).json() == {"success": True}
    [told] = receiver.wait_for(1)
    assert (told["leadId"], told["status"]) == ("lead-1", "success")
    assert told[field].startswith(value)
    assert receiver.received[0][1]["x-clay-signature"] == "shared"


def test_clay_signs_by_hmac_where_asked(sandbox, call, receiver):
    sandbox.set_webhook("clay", "phones", receiver.url, secret="shared", hmac=True)
    call("clay", "POST", "/phones", json=ROW | {"fullName": "Nobody Known"})
    [told] = receiver.wait_for(1)
    assert told["status"] == "not_found" and "phone" not in told
    body, headers = receiver.received[0]
    assert headers["x-clay-signature"] == hmac.new(b"shared", body, hashlib.sha256).hexdigest()


def test_clay_rows_are_sends(sandbox, call):
    call("clay", "POST", "/v3/sources/webhook", json=ROW)
    [send] = sandbox.sends(provider="clay")
    assert (send["account"], send["kind"], send["to"]) == ("v3/sources/webhook", "row", "lead-1")
