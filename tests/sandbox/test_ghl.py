"""GoHighLevel in the sandbox: SMS, do-not-disturb, contacts, appointments."""

import pytest

CONTACT = "Ab3dEf6hIj9kLm2nOp5q"
SMS = {"type": "SMS", "contactId": CONTACT, "message": "Hello Dana"}


def test_an_sms_is_listed_in_its_conversation_and_in_the_export(sandbox, call):
    sent = call("ghl", "POST", "/conversations/messages", json=SMS)
    assert sent.status_code == 201
    assert sent.json() | {"contactId": CONTACT, "message": "Hello Dana"} == sent.json()
    found = call("ghl", "GET", "/conversations/search", params={"contactId": CONTACT}).json()["conversations"]
    assert [one["id"] for one in found] == [sent.json()["conversationId"]]
    listed = call("ghl", "GET", f"/conversations/{found[0]['id']}/messages").json()["messages"]["messages"]
    exported = call("ghl", "GET", "/conversations/messages/export", params={"contactId": CONTACT}).json()
    assert exported["messages"] == listed
    assert (
        listed[0] | {"id": sent.json()["messageId"], "direction": "outbound", "body": "Hello Dana"}
        == listed[0]
    )
    assert [(one["kind"], one["to"]) for one in sandbox.sends()] == [("sms", CONTACT)]


def test_dnd_is_refused_for_good(sandbox, call):
    sandbox.set_account("ghl", "key-a", properties={"dnd_contacts": [CONTACT]})
    refused = call("ghl", "POST", "/conversations/messages", json=SMS)
    assert refused.status_code == 400
    assert "DND is active for SMS" in refused.json()["message"]
    sandbox.set_account("ghl", "key-a", properties={"dnd_contacts": []})
    assert call("ghl", "POST", "/conversations/messages", json=SMS).status_code == 201


def test_a_texted_stop_sets_dnd_and_start_lifts_it(sandbox, call):
    contact = {"id": CONTACT, "phone": "+15555550123"}
    for text, status in (("Stop.", 400), ("please stop by", 400), ("START", 201)):
        sandbox.emit("ghl", "key-a", "sms", contact=contact, text=text)
        assert call("ghl", "POST", "/conversations/messages", json=SMS).status_code == status, text


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ({"type": "Email"}, 422, "type must be SMS"),
        ({"contactId": "short"}, 422, "contactId"),
        ({"message": ""}, 400, "no message"),
    ],
)
def test_an_unusable_sms_is_refused(sandbox, call, change, status, text):
    refused = call("ghl", "POST", "/conversations/messages", json=SMS | change)
    assert refused.status_code == status
    assert text in refused.json()["message"]
    assert sandbox.sends() == []


def test_a_contact_without_a_phone_gets_no_sms(sandbox, call):
    created = call("ghl", "POST", "/contacts/upsert", json={"email": "dana@example.com"}).json()["contact"]
    refused = call("ghl", "POST", "/conversations/messages", json=SMS | {"contactId": created["id"]})
    assert refused.json()["message"] == "Missing phone number"


def test_contacts_are_made_once_and_found(call):
    values = {
        "email": "dana@example.com",
        "phone": "+1 555 555 0123",
        "firstName": "Dana",
        "lastName": "Reyes",
    }
    first = call("ghl", "POST", "/contacts/upsert", json=values).json()
    second = call(
        "ghl", "POST", "/contacts/upsert", json={"phone": "+15555550123", "companyName": "Roofs"}
    ).json()
    assert (first["new"], second["new"]) == (True, False)
    contact_id = first["contact"]["id"]
    call("ghl", "PUT", f"/contacts/{contact_id}", json={"timezone": "America/Denver"})
    contact = call("ghl", "GET", f"/contacts/{contact_id}").json()["contact"]
    assert (contact["contactName"], contact["companyName"], contact["timezone"]) == (
        "Dana Reyes",
        "Roofs",
        "America/Denver",
    )
    search = {"pageLimit": 20, "filters": [{"field": "email", "operator": "eq", "value": "Dana@example.com"}]}
    found = call("ghl", "POST", "/contacts/search", json=search).json()
    assert (found["total"], found["contacts"][0]["id"]) == (1, contact_id)
    assert call("ghl", "GET", "/contacts/Zz3dEf6hIj9kLm2nOp5q").status_code == 404


def test_appointments_are_booked_and_moved(sandbox, call):
    body = {"calendarId": "cal", "contactId": CONTACT, "startTime": "2026-01-16T16:00:00Z"}
    path = "/calendars/events/appointments"
    assert call("ghl", "POST", path, json={"calendarId": "cal"}).status_code == 422
    appointment = call("ghl", "POST", path, json=body).json()
    one = f"{path}/{appointment['id']}"
    call("ghl", "PUT", one, json={"startTime": "2026-01-17T16:00:00Z"})
    listed = call("ghl", "GET", f"/contacts/{CONTACT}/appointments").json()
    assert [event["startTime"] for event in listed["events"]] == [
        "2026-01-17T16:00:00Z"
    ] and "traceId" in listed
    assert [send["kind"] for send in sandbox.sends()] == ["booking"]


def test_the_export_pages_by_cursor(call):
    for number in range(3):
        call("ghl", "POST", "/conversations/messages", json=SMS | {"message": str(number)})
    page = call("ghl", "GET", "/conversations/messages/export", params={"limit": 2}).json()
    assert [one["body"] for one in page["messages"]] == ["2", "1"]
    params = {"limit": 2, "cursor": page["nextCursor"]}
    rest = call("ghl", "GET", "/conversations/messages/export", params=params).json()
    assert ([one["body"] for one in rest["messages"]], rest["nextCursor"], rest["total"]) == (["0"], None, 3)


def test_a_conversation_pages_back_from_a_message(call):
    sent = [
        call("ghl", "POST", "/conversations/messages", json=SMS | {"message": str(number)}).json()
        for number in range(3)
    ]
    path = f"/conversations/{sent[0]['conversationId']}/messages"
    page = call("ghl", "GET", path, params={"limit": 2}).json()["messages"]
    assert (page["nextPage"], page["lastMessageId"]) == (True, sent[1]["messageId"])
    rest = call("ghl", "GET", path, params={"lastMessageId": page["lastMessageId"]}).json()["messages"]
    assert ([one["body"] for one in rest["messages"]], rest["nextPage"]) == (["0"], False)


def test_a_limit_holds_over_any_number_of_callers(sandbox, call):
    sandbox.set_account("ghl", "key-a", properties={"limit": {"calls": 3, "seconds": 60}})
    statuses = [call("ghl", "GET", "/calendars/").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert call("ghl", "GET", "/calendars/", key="key-b").status_code == 200


@pytest.mark.parametrize("path", ["/calendars/", "/locations/L1", "/calendars/c/free-slots"])
def test_the_rest_can_be_read(call, path):
    answer = call("ghl", "GET", path)
    assert answer.status_code == 200 and "traceId" in answer.json()


def test_the_sms_webhook_has_its_shape(sandbox):
    sandbox.set_account("ghl", "key-a", properties={"location_id": "LocNorthwind01"})
    contact = {"id": CONTACT, "first_name": "Dana", "phone": "+15555550123"}
    custom = {"Client": "Northwind West"}
    body = sandbox.emit("ghl", "key-a", "sms", contact=contact, text="yes call me", custom_data=custom)[
        "body"
    ]
    assert body["location"]["id"] == "LocNorthwind01"
    assert (body["contact_id"], body["message"]) == (CONTACT, {"type": 2, "body": "yes call me"})
    assert body["customData"] | {"Message": "yes call me", "Client": "Northwind West"} == body["customData"]
