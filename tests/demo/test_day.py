"""The demo's day is a recent one: whole weeks after the recorded one, in dates and in words."""

from datetime import UTC, datetime, timedelta

import pytest

from demo import day
from demo.management.commands.demo import TRAFFIC
from inbox.webhooks.recorded_traffic import read

NOW = datetime(2026, 11, 28, 7, 0, tzinfo=UTC)


def test_it_is_the_last_day_of_its_weekday_that_is_over():
    assert day.starts_at(NOW) == datetime(2026, 11, 25, tzinfo=UTC)
    assert day.starts_at(datetime(2026, 11, 25, 22, 0, tzinfo=UTC)) == datetime(2026, 11, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("recorded", "moved"),
    [
        ("On Wed, Oct 14, 2026, 8:12", "On Wed, Nov 25, 2026, 8:12"),
        ("du 12 au 23 octobre inclus", "du 23 au 4 décembre inclus"),
        ("tot en met vrijdag 23 oktober.", "tot en met vrijdag 4 december."),
        ("Dienstag, 13. Oktober 2026 10:31", "Dienstag, 24. November 2026 10:31"),
        ("hit me up Dec 1", "hit me up Jan 12"),
        ("October is weddings, and may 5 of us", "October is weddings, and may 5 of us"),
    ],
)
def test_dates_in_words_move_with_it(recorded, moved):
    assert day.in_words(recorded, timedelta(days=42)) == moved


def test_every_provider_tells_something_on_it():
    moved = day.moved(read(TRAFFIC), NOW)
    assert {line.source for line in moved} >= {
        "email",
        "ghl/sms",
        "linkedin",
        "smartlead",
        "instantly",
        "calendly",
    }
    text = str([line.body for line in moved])
    assert text.count("2026-11-25T") > 500
    assert "179198" not in text and "1795618436" in text  # times that are numbers, too


def test_its_mails_have_a_text_and_no_reply_comes_twice():
    bodies = [line.body for line in read(TRAFFIC) if line.source == "smartlead"]
    replies = {
        (body["message_id"], body["from_email"], body["preview_text"])
        for body in bodies
        if body.get("event_type") == "EMAIL_REPLY" and body.get("preview_text")
    }
    texts = {(sender, text) for _, sender, text in replies}
    assert len(replies) == len(texts) > 5
    sent = [body for body in bodies if body.get("event_type") == "EMAIL_SENT"]
    assert sent and all(body.get("sent_message") for body in sent)
