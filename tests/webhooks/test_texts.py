"""Texts without an id: a redelivery is one message, the same words later are another."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from inbox.models import Message
from integrations.ghl.payloads import RETRY_SPAN_S
from tests.recorded import payload

START = datetime(2026, 10, 14, 14, 15, tzinfo=UTC)
SPAN = timedelta(seconds=RETRY_SPAN_S)


@pytest.fixture
def text(poster):
    """Posts the recorded text at an offset from START, with changes; returns the answer."""

    def post(after: timedelta = timedelta(0), fixture: str = "workflow_sms_without_date", **changes):
        body = payload("ghl", fixture) | changes
        with time_machine.travel(START + after, tick=False):
            return poster.post("ghl/sms", body).json()

    return post


def app(**changes) -> dict:
    """An app event that says what the recorded workflow text says."""
    workflow = payload("ghl", "workflow_sms_without_date")
    return payload("ghl", "app_inbound_message") | {
        "contactId": workflow["contact_id"],
        "locationId": workflow["location"]["id"],
        "body": workflow["message"]["body"],
    } | changes  # fmt: skip


@pytest.mark.parametrize("after", [timedelta(0), timedelta(seconds=2), SPAN])
def test_same_words_within_the_retry_span_are_one_message(text, after):
    first, second = text(), text(after)
    assert (first["deduped"], second["deduped"]) == (False, True)
    assert first["messageId"] == second["messageId"]


@pytest.mark.parametrize("after", [SPAN + timedelta(seconds=1), timedelta(days=1)])
def test_same_words_later_are_another_message(text, after):
    assert text()["messageId"] != text(after)["messageId"]


def test_span_has_no_fixed_edge(text):
    """Wherever the first text falls, its retry 70 minutes later is recognised."""
    for hour in range(0, 24, 5):
        first = text(timedelta(days=1, hours=hour, minutes=hour))
        retry = text(timedelta(days=1, hours=hour, minutes=hour + 70))
        assert (first["deduped"], retry["deduped"]) == (False, True)


def test_replay_of_an_earlier_receipt_finds_what_came_after(text):
    later = text(timedelta(minutes=10))
    assert text()["messageId"] == later["messageId"]


def test_different_stated_times_are_two_messages_within_the_span(text):
    one = {"customData": {"Date": "Oct 14th, 2026", "Time": "10:15 AM"}}
    two = {"customData": {"Date": "Oct 14th, 2026", "Time": "10:16 AM"}}
    first, retried, second = text(**one), text(timedelta(seconds=9), **one), text(timedelta(minutes=1), **two)
    assert retried["messageId"] == first["messageId"] != second["messageId"]


def test_same_stated_time_a_week_later_is_another_message(text):
    stated = {"customData": {"Date": "Oct 1st, 2026", "Time": "10:15 AM"}}  # the contact's, not the text's
    assert text(**stated)["messageId"] != text(timedelta(days=7), **stated)["messageId"]


def test_other_contact_and_other_workspace_have_texts_of_their_own(text, other):
    first = text()
    assert text(contact_id="Zz9anotherContact000")["messageId"] != first["messageId"]
    with time_machine.travel(START, tick=False):
        answer = other.post("ghl/sms", payload("ghl", "workflow_sms_without_date")).json()
    assert answer["deduped"] is False


def test_id_that_comes_later_names_the_text(text, poster):
    first = text()
    with time_machine.travel(START + timedelta(seconds=5), tick=False):
        answer = poster.post("ghl/sms", app()).json()
    assert (answer["deduped"], answer["messageId"]) == (True, first["messageId"])
    message = Message.objects.get()
    assert (message.external_id, message.thread_id) == ("ghlmsg_0001", "conv_dana")


def test_id_that_came_first_takes_the_workflows_text_in(text, poster):
    with time_machine.travel(START, tick=False):
        first = poster.post("ghl/sms", app()).json()
    assert text(timedelta(seconds=5))["messageId"] == first["messageId"]
    assert Message.objects.count() == 1


def test_second_id_for_the_same_words_is_a_second_message(text, poster):
    text()
    with time_machine.travel(START + timedelta(minutes=3), tick=False):
        one, two = (poster.post("ghl/sms", app(messageId=name)).json() for name in ("id-1", "id-2"))
    assert (one["deduped"], two["deduped"]) == (True, False)
    assert set(Message.objects.values_list("external_id", flat=True)) == {"id-1", "id-2"}


def test_our_text_and_the_leads_are_not_the_same(text, poster):
    text()
    with time_machine.travel(START, tick=False):
        answer = poster.post("ghl/sms", app(type="OutboundMessage", messageId="ours")).json()
    assert answer["deduped"] is False
    assert Message.objects.get(external_id="ours").direction == "outbound"


def test_instantly_reply_without_id_and_time_is_one_message(poster):
    body = payload("instantly", "reply_received_without_timestamp") | {"email_id": None}
    first, second = poster.post("instantly", body).json(), poster.post("instantly", body).json()
    assert (first["deduped"], second["deduped"]) == (False, True)
    assert second["messageId"] == first["messageId"]


def test_a_picture_without_words_is_a_message_and_another_picture_another(poster):
    def post(name: str, **changes) -> dict:
        return poster.post(
            "ghl/sms", app(body="", attachments=[f"https://cdn.example.com/{name}"]) | changes
        ).json()

    first, again, other = post("1.png"), post("1.png"), post("2.png", messageId="ghlmsg_0009")
    assert first["messageId"] == again["messageId"] != other["messageId"]
    message = Message.objects.get(pk=first["messageId"])
    assert (message.text, message.attachments) == ("", [{"url": "https://cdn.example.com/1.png"}])
