"""Slack: which button was pressed, by whom."""

from datetime import UTC, datetime

import pytest

from integrations.events import ButtonEvent, IgnoredEvent, PayloadInvalid
from integrations.slack.payloads import parse
from tests.recorded import payload

NOW = datetime(2026, 10, 14, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize("action", ["approve_send", "regenerate_draft_fast"])
def test_pressed_button_carries_our_ids_and_where_it_stands(action):
    event = parse(payload("slack", action), NOW)
    assert isinstance(event, ButtonEvent)
    assert (event.action, event.user_id, event.user_name) == (action, "U01", "alex")
    assert (event.channel_id, event.message_ts) == ("C01", "1792009376.000200")
    assert event.value["draftId"] == "0199d0c0-0000-7000-8000-00000000000d"


def test_redelivery_has_the_presss_key_and_a_second_press_another():
    body = payload("slack", "approve_send")
    assert parse(body, NOW).event_key == parse(body, NOW).event_key == "approve_send:1792009400.123456:U01"
    body["actions"][0]["action_ts"] = "1792009401.000001"
    assert parse(body, NOW).event_key == "approve_send:1792009401.000001:U01"


@pytest.mark.parametrize("body", [payload("slack", "view_dashboard"), {"type": "view_submission"}])
def test_other_interactions_are_ignored(body):
    assert isinstance(parse(body, NOW), IgnoredEvent)


@pytest.mark.parametrize("value", ["", "7", "[1]", "{", None, "[" * 2_000, '{"a":' * 400])
def test_button_without_our_object_is_refused(value):
    body = payload("slack", "approve_send")
    body["actions"][0]["value"] = value
    with pytest.raises(PayloadInvalid):
        parse(body, NOW)


@pytest.mark.parametrize("change", [{"actions": []}, {"user": None}, {"type": 3}])
def test_missing_fields_are_refused(change):
    with pytest.raises(PayloadInvalid):
        parse(payload("slack", "approve_send") | change, NOW)
