"""Unipile: both spellings, both shapes."""

from datetime import UTC, datetime

import pytest

from integrations.events import (
    AccountStatusEvent,
    ConnectionEvent,
    IgnoredEvent,
    MessageEvent,
    PayloadInvalid,
    Person,
)
from integrations.unipile.payloads import account_of, parse
from tests.recorded import payload

NOW = datetime(2026, 10, 14, 14, 5, tzinfo=UTC)


def fixture(name: str, **changes) -> dict:
    return payload("unipile", name) | changes


def test_nested_message_is_the_senders():
    event = parse(fixture("message_received_nested"), NOW)
    assert isinstance(event, MessageEvent)
    assert (event.direction, event.channel, event.source) == ("inbound", "linkedin", "unipile_message")
    assert (event.external_id, event.thread_id) == ("msg_gT10PL1C", "chat_Zsddh9")
    assert event.person == Person(
        linkedin_member_id="ACoAAuqMUfWioq",
        linkedin_url="https://www.linkedin.com/in/anders-holt-example",
        first_name="Anders",
        last_name="Holt",
    )


def test_flat_message_is_read_alike():
    event = parse(fixture("message_received_flat"), NOW)
    assert (event.direction, event.external_id, event.thread_id) == ("inbound", "msg_eWo232Bi", "chat_i91X1Z")
    assert event.person.linkedin_member_id == "ACoAA6E5BqjLj4"
    assert event.text.startswith("Fundraising until")
    assert event.occurred_at == datetime(2026, 10, 14, 14, 4, 38, 482000, tzinfo=UTC)


def test_both_spellings_and_shapes_of_one_message_have_one_key():
    nested = parse(fixture("message_received_nested", event="message_received"), NOW)
    assert nested.external_id == parse(fixture("message_received_nested"), NOW).external_id
    flat = parse(fixture("message_received_flat", message_id="msg_gT10PL1C", event="message.received"), NOW)
    assert flat.external_id == nested.external_id


@pytest.mark.parametrize("name", ["message_received_flat_own", "message_sent"])
def test_message_of_our_own_side_is_outbound_and_names_only_the_chat(name):
    event = parse(fixture(name), NOW)
    assert event.direction == "outbound"
    assert event.person == Person()
    assert event.thread_id


def test_own_message_goes_to_the_other_person_of_the_chat():
    body = fixture("message_received_flat_own")
    body["attendees"].append(fixture("message_received_flat")["sender"])
    assert parse(body, NOW).person.linkedin_member_id == "ACoAA6E5BqjLj4"


def test_own_message_in_a_group_goes_to_nobody_in_particular():
    body = fixture("message_received_flat_own")
    body["attendees"] += [{"attendee_provider_id": "ACoAA1"}, {"attendee_provider_id": "ACoAA2"}]
    assert parse(body, NOW).person == Person()


def test_sender_who_is_the_accounts_user_is_us_without_the_flag():
    body = fixture("message_received_flat", is_sender=None)
    body["account_info"]["user_id"] = body["sender"]["attendee_provider_id"]
    assert parse(body, NOW).direction == "outbound"


def test_profile_url_made_of_the_member_id_is_no_profile_url():
    body = fixture("message_received_flat")
    body["sender"] |= {
        "attendee_provider_id": "",
        "attendee_profile_url": "https://www.linkedin.com/in/ACoAAAcDMMQB/",
    }
    person = parse(body, NOW).person
    assert (person.linkedin_member_id, person.linkedin_url) == ("ACoAAAcDMMQB", "")


@pytest.mark.parametrize("value", [[{"type": "img", "url": "https://cdn.example.com/1.png", "size": {}}],
                                   {"type": "img", "url": "https://cdn.example.com/1.png"}])  # fmt: skip
def test_attachments_come_as_a_list_or_one_object(value):
    event = parse(fixture("message_received_flat", attachments=value), NOW)
    assert event.attachments == [{"type": "img", "url": "https://cdn.example.com/1.png"}]


@pytest.mark.parametrize("name", ["connection_accepted", "new_relation_flat"])
def test_accepted_invitation_names_the_person(name):
    event = parse(fixture(name), NOW)
    assert isinstance(event, ConnectionEvent)
    assert event.person.linkedin_member_id.startswith("ACoAA")
    assert event.person.first_name and event.person.last_name
    assert event.event_key == f"connected:{account_of(fixture(name))}:{event.person.linkedin_member_id}"


def test_accepted_invitation_of_nobody_is_refused():
    with pytest.raises(PayloadInvalid):
        parse({"event": "new_relation", "account_id": "uni_acc_42", "user_full_name": "Bodil Aas"}, NOW)


def test_account_status_carries_the_providers_word():
    event = parse(fixture("account_status"), NOW)
    assert isinstance(event, AccountStatusEvent)
    assert (event.account_id, event.status, event.event_key) == ("uni_acc_42", "CREDENTIALS", "")


@pytest.mark.parametrize(
    "body",
    [
        fixture("message_reaction"),
        fixture("message_received_flat", account_type="WHATSAPP"),
        fixture("message_received_flat", event="something_new"),
    ],
)
def test_what_we_do_not_use_is_ignored(body):
    assert isinstance(parse(body, NOW), IgnoredEvent)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event": "message.received", "account_id": "uni_acc_42"}, "message"),
        (fixture("message_received_nested", account_id=None), "account_id"),
        (fixture("message_received_nested", message={"text": "hi"}), "message.id"),
        (fixture("message_received_flat", message_id={}), "message_id"),
        ({"AccountStatus": {"account_id": "uni_acc_42"}}, "message"),
        ({"AccountStatus": None}, "body"),
        ({"event": 7}, "event"),
        ([], "body"),
    ],
)
def test_missing_or_wrong_fields_are_named(body, field):
    with pytest.raises(PayloadInvalid) as caught:
        parse(body, NOW)
    assert list(caught.value.fields) == [field]


def test_account_is_read_from_every_shape():
    assert account_of(fixture("account_status")) == account_of(fixture("message_sent")) == "uni_acc_42"
    assert account_of(None) == account_of({"account_id": 3}) == account_of({"AccountStatus": 3}) == ""
