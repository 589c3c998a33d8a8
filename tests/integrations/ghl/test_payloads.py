"""GoHighLevel: the workflow's texts and the Marketplace app's."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.events import IgnoredEvent, PayloadInvalid
from integrations.ghl.payloads import RETRY_SPAN_S, account_of, parse
from tests.recorded import payload

NOW = datetime(2026, 10, 14, 14, 15, 30, tzinfo=UTC)


def workflow(**changes) -> dict:
    return payload("ghl", "workflow_sms") | changes


def test_workflow_text_names_its_lead_by_everything_it_has():
    event = parse(workflow(), NOW)
    assert (event.event_type, event.source, event.direction, event.channel) == (
        "InboundSMS", "ghl_message", "inbound", "sms",
    )  # fmt: skip
    assert event.person.ghl_contact_id == "Dj7MkirH2aBgnpH8HBnJ"
    assert event.person.email == "Dana.Reyes@reyesroofing.example.com"
    assert event.person.phone == "+15555550123"
    assert event.text.startswith("Hi its Dana")
    assert not event.external_id and event.content_key and event.window_s == RETRY_SPAN_S


def test_key_ignores_case_space_workflow_and_the_contacts_age():
    body = workflow()
    body["message"]["body"] = "  hi ITS dana from Reyes Roofing,  answered ur email too. Thurs 2 good? "
    other = body | {"workflow": {"id": "wf-2"}, "date_created": "2020-01-01T00:00:00Z"}
    assert parse(other, NOW).content_key == parse(workflow(), NOW).content_key


@pytest.mark.parametrize("change", [{"contact_id": "another"}, {"location": {"id": "LocOther"}}])
def test_key_differs_for_another_contact_or_location(change):
    assert parse(workflow(**change), NOW).content_key != parse(workflow(), NOW).content_key


def test_stamp_is_the_date_and_time_of_the_workflow():
    assert parse(workflow(), NOW).stamp == "2026-10-14T10:15:00"
    assert parse(payload("ghl", "workflow_sms_without_date"), NOW).stamp == ""


def test_stamp_that_cannot_be_read_stays_as_it_is():
    body = workflow(customData={"Date": "tomorrow", "Time": "at ten"})
    assert parse(body, NOW).stamp == "tomorrow at ten"


def test_stated_time_counts_only_near_the_receipt():
    local = datetime(2026, 10, 14, 10, 15, tzinfo=UTC)
    assert parse(workflow(), local + timedelta(minutes=19)).occurred_at == local + timedelta(seconds=59)
    assert parse(workflow(), NOW).occurred_at == NOW


def test_stated_time_without_seconds_is_the_newest_moment_of_its_minute_that_is_not_ahead():
    minute = datetime(2026, 10, 14, 10, 15, tzinfo=UTC)
    for now in (minute + timedelta(seconds=35), minute - timedelta(minutes=2)):
        assert parse(workflow(), now).occurred_at == max(minute, now)


def test_text_comes_from_the_custom_field_where_the_message_has_none():
    body = workflow(message={"type": 2, "body": None})
    assert parse(body, NOW).text == body["customData"]["Message"]


def test_text_without_words_is_ignored():
    event = parse(payload("ghl", "workflow_sms_empty"), NOW)
    assert isinstance(event, IgnoredEvent) and event.reason == "empty_message"


@pytest.mark.parametrize(
    ("change", "field"),
    [({"location": {}}, "location.id"), ({"location": None}, "location"), ({"contact_id": ""}, "contact_id")],
)
def test_missing_location_or_contact_is_named(change, field):
    with pytest.raises(PayloadInvalid) as caught:
        parse(workflow(**change), NOW)
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize("custom", [None, [], "text", 7])
def test_unusable_custom_data_counts_as_none(custom):
    assert parse(workflow(customData=custom, triggerData=custom), NOW).stamp == ""


def test_sub_client_becomes_the_campaign():
    event = parse(workflow(customData={"Client Name": " Northwind  West "}), NOW)
    assert (event.campaign.external_id, event.campaign.name) == ("northwind west", "Northwind West")


def test_profile_url_is_harvested_from_custom_fields():
    event = parse(workflow(triggerData={"notes": "see https://www.linkedin.com/in/dana-reyes?x=1 ok"}), NOW)
    assert event.person.linkedin_url == "https://www.linkedin.com/in/dana-reyes?x=1"


def test_number_sent_as_a_number_is_a_phone():
    assert parse(workflow(phone=15555550123), NOW).person.phone == "15555550123"


def test_app_message_has_ghls_own_id_and_the_workflows_content_key():
    event = parse(payload("ghl", "app_inbound_message"), NOW)
    assert (event.external_id, event.direction, event.thread_id) == ("ghlmsg_0001", "inbound", "conv_dana")
    assert event.occurred_at == datetime(2026, 10, 14, 14, 15, 2, tzinfo=UTC)
    assert event.content_key == parse(workflow(), NOW).content_key


def test_app_outbound_message_is_ours_whatever_its_direction_says():
    event = parse(payload("ghl", "app_outbound_message"), NOW)
    assert (event.external_id, event.direction) == ("ghlmsg_0002", "outbound")
    assert event.attachments == [{"url": "https://cdn.example.com/1.png"}]


def test_app_message_without_id_is_known_by_its_text():
    body = payload("ghl", "app_outbound_message")
    del body["messageId"]
    event = parse(body, NOW)
    assert event.external_id == "" and event.content_key


@pytest.mark.parametrize(
    "body",
    [
        payload("ghl", "app_inbound_call"),
        payload("ghl", "app_inbound_message") | {"messageType": "Voicemail"},
        payload("ghl", "app_inbound_message") | {"body": " "},
        payload("ghl", "app_inbound_message") | {"type": "ContactCreate"},
    ],
)
def test_app_events_that_are_no_texts_are_ignored(body):
    assert isinstance(parse(body, NOW), IgnoredEvent)


def test_account_is_the_location_of_either_shape():
    assert account_of(workflow()) == account_of(payload("ghl", "app_inbound_message")) == "LocNorthwind01"
    assert account_of([]) == account_of({"location": 3}) == account_of({"locationId": 3}) == ""
