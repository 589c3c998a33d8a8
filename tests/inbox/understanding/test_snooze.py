"""Until when a lead is left alone: what people ask for, and when the absent say they are back."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from inbox.understanding.rules import ReplyText, judge
from inbox.understanding.snooze import APPLY_AT, deferral, return_day

NEW_YORK = ZoneInfo("America/New_York")
NOW = datetime(2026, 10, 14, 15, 0, tzinfo=NEW_YORK)  # a Wednesday


def day(result) -> str | None:
    return result.until.strftime("%Y-%m-%d %H:%M") if result else None


@pytest.mark.parametrize(
    ("text", "until", "confidence"),
    [
        ("Could you circle back after November 9?", "2026-11-10 09:00", 0.99),
        ("We're frozen until Jan 15, write then.", "2027-01-15 09:00", 0.99),
        ("From 12/01 on I have time, ring me then.", "2026-12-01 09:00", 0.99),
        ("Ask me after the 1st.", "2026-11-02 09:00", 0.99),
        ("Rufen Sie mich ab Montag den 26. wieder an.", "2026-10-26 09:00", 0.99),
        ("Rappelez-moi à partir du 3 novembre.", "2026-11-03 09:00", 0.99),
        ("Escríbame a partir del 3 de noviembre.", "2026-11-03 09:00", 0.99),
        ("Proszę napisać po 3 listopada.", "2026-11-04 09:00", 0.99),
        ("Try me again in Q3 next year.", "2027-07-01 09:00", 0.97),
        ("Try me in Q1.", "2027-01-01 09:00", 0.97),
        ("Maybe next quarter.", "2027-01-01 09:00", 0.97),
        ("End of Q1 2027 works.", "2027-03-01 09:00", 0.97),
        ("Fragen Sie bitte im 2. Quartal 2027.", "2027-04-01 09:00", 0.97),
        ("Ask when the new fiscal year starts.", "2027-01-01 09:00", 0.97),
        ("hit me up Dec 1", "2026-12-01 09:00", 0.9),
        ("Ping me in February.", "2027-02-01 09:00", 0.8),
        ("Ask again in three weeks.", "2026-11-04 09:00", 0.8),
        ("Next week please.", "2026-10-19 09:00", 0.8),
    ],
)
def test_deferral_is_read(text, until, confidence):
    found = deferral(text, NOW, NEW_YORK)
    assert day(found) == until
    assert found.confidence == confidence
    assert found.quote == text


@pytest.mark.parametrize(
    "text",
    [
        "Our contract runs until March 31. We want to decide now.",
        "The lease ends after December 4. Send the plan before that please.",
        "Our Q1 target is forty trucks.",
        "Wir brauchen das ab 1. Dezember. Rufen Sie heute an.",
        "Il nous le faut à partir du 1er décembre, rappelez-moi aujourd'hui.",
        "We have been frozen until Jan 15 by the board.",
        "From 12/01 on I have time.",
    ],
)
def test_a_date_is_only_suggested_unless_its_clause_asks_us_to_act_then_and_none_asks_for_something_now(text):
    assert deferral(text, NOW, NEW_YORK).confidence < APPLY_AT


@pytest.mark.parametrize(
    "text",
    [
        "Sounds good.",
        "We've been with them since March 3, 2020.",
        "24/7 service is what we need.",
        "Don't call during clinic hours, 9-12.",
        "Call me at 555-555-0101 after 5.",
        "Until October 14, 2026",
        "In Q4 we are busy.",
        "After 31/31/2031",
    ],
)
def test_no_time_is_invented(text):
    assert deferral(text, NOW, NEW_YORK) is None


def test_proposed_time_is_not_sure_enough_to_snooze():
    assert deferral("He can do Tuesday 20 October at 15:30.", NOW, NEW_YORK).confidence < 0.95


def test_morning_is_the_leads_own():
    found = deferral("After November 9", NOW, ZoneInfo("Europe/Berlin"))
    assert found.until == datetime(2026, 11, 10, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("I will return on Wednesday, October 21.", "2026-10-21 09:00"),
        ("Out until Monday October 19th.", "2026-10-19 09:00"),
        ("Out from October 12 through October 23.", "2026-10-26 09:00"),
        ("Back 10/19.", "2026-10-19 09:00"),
        ("Out starting 10/13/2026, will not return until 11/02/2026.", "2026-11-02 09:00"),
        ("Ich bin bis einschließlich 23.10.2026 nicht im Büro.", "2026-10-26 09:00"),
        ("Ich bin vom 12.10. bis 16.10. im Urlaub.", "2026-10-19 09:00"),
        ("Ab dem 2. November bin ich wieder da.", "2026-11-02 09:00"),
        ("Je suis absente du 12 au 23 octobre inclus.", "2026-10-26 09:00"),
        ("De vacaciones hasta el 19 de octubre.", "2026-10-19 09:00"),
        ("Met vakantie tot en met vrijdag 23 oktober.", "2026-10-26 09:00"),
        ("Jestem na urlopie do 20.10.2026.", "2026-10-21 09:00"),
        ("Olen lomalla 13.11. saakka.", "2026-11-16 09:00"),
        ("11月16日以降にご返信いたします。", "2026-11-16 09:00"),
        ("On parental leave through June.", "2027-07-01 09:00"),
    ],
)
def test_return_day_is_read(text, until):
    assert day(return_day(text, NOW, NEW_YORK)) == until


@pytest.mark.parametrize("text", ["I am out of the office.", "Back on October 1.", "Our sale: from 1 to 9."])
def test_return_day_that_is_not_named_or_past_is_none(text):
    assert return_day(text, NOW, NEW_YORK) is None


def test_date_in_the_quoted_mail_is_nobodys_return():
    text = (
        "I am out of the office.\n\nOn Wed, Oct 14, 2026 Alex <a@x.example.com> wrote:\n> Until October 30?"
    )
    reply = ReplyText("email", text, subject="Automatic reply: x", received_at=NOW)
    verdict = judge(reply, NEW_YORK)
    assert verdict.out_of_office
    assert verdict.snooze_until is None


def test_verdict_applies_only_what_is_sure():
    sure = judge(ReplyText("email", "Try me after November 9.", received_at=NOW), NEW_YORK)
    vague = judge(ReplyText("email", "Try me next week.", received_at=NOW), NEW_YORK)
    assert sure.snooze_until == datetime(2026, 11, 10, 9, 0, tzinfo=NEW_YORK)
    assert vague.snooze_until is None
    assert vague.snooze.confidence < 0.95


def test_time_without_a_zone_is_taken_as_utc():
    naive = datetime(2026, 10, 14, 15, 0)  # noqa: DTZ001 - what some providers send
    assert judge(ReplyText("email", "After November 9.", received_at=naive)).snooze_until.tzinfo is UTC


def test_without_a_time_of_receipt_no_date_is_read():
    assert judge(ReplyText("email", "After November 9.")).snooze is None
