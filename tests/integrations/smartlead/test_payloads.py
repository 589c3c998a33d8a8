"""SmartLead: two vocabularies, and who is who in each."""

from datetime import UTC, datetime

import pytest

from integrations.events import IgnoredEvent, PayloadInvalid, UnsubscribeEvent
from integrations.smartlead.payloads import parse
from tests.recorded import payload

NOW = datetime(2026, 10, 14, 14, 5, tzinfo=UTC)
US = "tom@circle.copperfield.example.org"


def fixture(name: str, **changes) -> dict:
    return payload("smartlead", name) | changes


def test_reply_with_the_lead_in_from_email():
    event = parse(fixture("email_reply"), NOW)
    assert (event.person.email, event.from_address) == ("janice@womackwindows.example.com",) * 2
    assert event.account_address == US
    assert event.text.startswith("Who else")
    assert (event.source, event.external_id) == ("smartlead_reply", "<6LML4Ck9hvLKV4@mail.example.com>")
    assert (event.campaign.external_id, event.thread_id) == ("501", "st-gcr80tD3z2")


def test_documented_reply_has_our_mailbox_in_from_email():
    event = parse(fixture("email_replied"), NOW)
    assert (event.person.email, event.from_address) == ("terrell@bankscatering.example.net",) * 2
    assert event.account_address == US
    assert event.from_name == "Terrell Banks"
    assert event.html and event.text.startswith("Been looking")


def test_colleague_who_answers_is_the_sender_not_the_lead():
    event = parse(fixture("email_replied_by_colleague"), NOW)
    assert event.person.email == "grady@holtelevators.example.net"
    assert event.from_address == "ops@holtelevators.example.net"
    assert (event.from_name, event.account_address) == ("", US)


def test_reply_under_the_other_name_is_the_same_message():
    one, other = (
        parse(fixture("email_replied", event_type=name), NOW) for name in ("EMAIL_REPLY", "EMAIL_REPLIED")
    )
    assert (one.external_id, one.from_address, one.text) == (
        other.external_id,
        other.from_address,
        other.text,
    )


def test_second_send_of_a_lead_is_another_message():
    first, second = parse(fixture("email_sent"), NOW), parse(fixture("email_sent_second"), NOW)
    assert first.thread_id == second.thread_id
    assert first.external_id != second.external_id


def test_sent_mail_is_ours_and_goes_to_the_lead():
    event = parse(fixture("email_sent"), NOW)
    assert (event.direction, event.from_address) == ("outbound", US)
    assert event.recipients == {"to": [{"address": "janice@womackwindows.example.com", "name": ""}]}


def test_sent_mail_without_message_id_is_known_by_its_step():
    body = fixture("email_sent", message_id=None, sent_message=None)
    assert parse(body, NOW).external_id == "stats:st-gcr80tD3z2:1"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-10-14T15:40:56+00:00", datetime(2026, 10, 14, 15, 40, 56, tzinfo=UTC)),
        (1791992456, datetime(2026, 10, 14, 15, 40, 56, tzinfo=UTC)),
        (1791992456000, datetime(2026, 10, 14, 15, 40, 56, tzinfo=UTC)),
        (None, NOW),
        ("yesterday", NOW),
    ],
)
def test_time_comes_in_every_form(value, expected):
    assert parse(fixture("email_reply", event_timestamp=value), NOW).occurred_at == expected


@pytest.mark.parametrize("name", ["lead_unsubscribed", "lead_unsubscribed_documented"])
def test_unsubscribe_names_the_lead(name):
    event = parse(fixture(name), NOW)
    assert isinstance(event, UnsubscribeEvent)
    assert event.person.email == "dean@farrowfeed.example.com"
    assert event.person.last_name == "Farrow"


def test_unsubscribe_again_later_is_another_event():
    first = parse(fixture("lead_unsubscribed"), NOW)
    assert parse(fixture("lead_unsubscribed"), NOW).event_key == first.event_key
    assert (
        parse(fixture("lead_unsubscribed", event_timestamp="2026-11-01T00:00:00Z"), NOW).event_key
        != first.event_key
    )


def test_untracked_reply_is_from_whoever_wrote_it():
    event = parse(fixture("untracked_replies"), NOW)
    assert (event.person.email, event.person.first_name) == ("ada@farrowfeed.example.com", "Ada")
    assert (event.tracked, event.external_id) == (False, "<untracked-1@mail.example.com>")


def test_long_message_id_is_hashed_to_fit():
    event = parse(fixture("email_reply", message_id=f"<{'x' * 900}@example.com>"), NOW)
    assert event.external_id.startswith("sha256:") and len(event.external_id) < 60


def test_opens_are_ignored():
    assert isinstance(parse(fixture("email_open"), NOW), IgnoredEvent)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"campaign_id": None, "message_id": "", "preview_text": ""}, ["campaign_id", "message_id"]),
        ({"campaign_id": {}}, ["campaign_id"]),
        ({"sl_lead_email": 7}, ["sl_lead_email"]),
        ({"event_type": None}, ["event_type"]),
        ({"sl_lead_email": None, "to_email": "", "lead_correspondence": {}}, ["sl_lead_email"]),
    ],
)
def test_missing_or_wrong_fields_are_named(change, fields):
    with pytest.raises(PayloadInvalid) as caught:
        parse(fixture("email_reply", **change), NOW)
    assert list(caught.value.fields) == fields
