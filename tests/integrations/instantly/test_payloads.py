"""Instantly: old and real field names, and keys that no clock is part of."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.events import IgnoredEvent, LabelEvent, PayloadInvalid, UnsubscribeEvent
from integrations.instantly.payloads import account_of, parse
from tests.recorded import payload

NOW = datetime(2026, 10, 14, 14, 5, tzinfo=UTC)


def fixture(name: str, **changes) -> dict:
    return payload("instantly", name) | changes


def test_reply_is_the_leads():
    event = parse(fixture("reply_received"), NOW)
    assert (event.source, event.direction) == ("instantly_reply", "inbound")
    assert event.external_id == "3cbb7ca1-4316-4901-8aab-0993497900e4"
    assert event.person.email == event.from_address == "shelly@dunnframes.example.com"
    assert (event.person.first_name, event.from_name) == ("Shelly", "Shelly Dunn")
    assert event.account_address == "tom@tables.copperfield.example.org"
    assert event.text.startswith("Is it online")


def test_real_field_names_are_read_alike():
    event = parse(fixture("reply_received_real_names"), NOW)
    assert event.person.email == "hana@kovarglass.example.com"
    assert (event.person.first_name, event.person.last_name) == ("Hana", "Kovar")
    assert event.external_id == "510e8bf1-037d-48ef-89b8-9a213725c30b"


def test_key_does_not_depend_on_any_time():
    body = fixture("reply_received_without_timestamp")
    later = parse(body, NOW + timedelta(days=1))
    retried = parse(body | {"timestamp": "2026-10-14T18:00:00Z"}, NOW)
    assert parse(body, NOW).external_id == later.external_id == retried.external_id


def test_reply_without_id_is_known_by_its_text():
    body = fixture("reply_received", email_id=None)
    event = parse(body, NOW)
    assert not event.external_id and event.window_s > 0
    assert event.content_key == parse(body | {"timestamp": None}, NOW + timedelta(minutes=5)).content_key
    assert event.content_key != parse(body | {"reply_text": "something else"}, NOW).content_key


def test_html_only_reply_keeps_its_html():
    event = parse(fixture("reply_received_html_only"), NOW)
    assert event.html and event.text == ""


def test_auto_reply_event_says_so():
    assert parse(fixture("reply_received", type="auto_reply_received"), NOW).automated_reply is True


def test_sent_mail_is_ours():
    event = parse(fixture("email_sent"), NOW)
    assert (event.direction, event.source) == ("outbound", "instantly_sent")
    assert event.recipients == {"to": [{"address": "shelly@dunnframes.example.com", "name": ""}]}


def test_unsubscribe_names_the_lead():
    event = parse(fixture("lead_unsubscribed"), NOW)
    assert isinstance(event, UnsubscribeEvent)
    assert event.person.email == "hana@kovarglass.example.com"
    assert event.event_key == parse(fixture("lead_unsubscribed"), NOW + timedelta(hours=1)).event_key


def test_an_event_of_an_unknown_name_is_a_label_of_the_workspace():
    event = parse(fixture("lead_unsubscribed") | {"type": "Do Not Contact"}, NOW)
    assert isinstance(event, LabelEvent)
    assert (event.label, event.person.email) == ("Do Not Contact", "hana@kovarglass.example.com")
    assert isinstance(parse({"event_type": "campaign_completed"}, NOW), IgnoredEvent)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"contact_email": None}, "contact_email"),
        ({"type": []}, "type"),
        ({"event_type": 7}, "event_type"),
        ({"campaign_id": True}, "campaign_id"),
    ],
)
def test_missing_or_wrong_fields_are_named(change, field):
    with pytest.raises(PayloadInvalid) as caught:
        parse(fixture("reply_received", **change), NOW)
    assert list(caught.value.fields) == [field]


def test_account_is_instantlys_workspace():
    assert account_of(fixture("reply_received_real_names")) == "742523da-ef59-4b4b-8184-09f46de05d0c"
    assert account_of(fixture("reply_received")) == ""
