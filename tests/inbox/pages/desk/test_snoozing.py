"""Until when a snooze lasts, in words, and a span of time for a filter. It is Thursday, 26 November 2026, 11:53."""

from datetime import datetime, time
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from inbox.pages.desk import filters, snooze_words

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 26, 11, 53, tzinfo=ZONE)


@pytest.fixture(autouse=True)
def _a_thursday(monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    with timezone.override(ZONE):
        yield


@pytest.mark.parametrize(
    ("words", "until"),
    [
        ("tomorrow", "Fri 27 Nov 09:15"),
        ("Tomorrow 9AM", "Fri 27 Nov 09:00"),
        ("tomorrow at 14:30", "Fri 27 Nov 14:30"),
        ("next Tuesday", "Tue 01 Dec 09:15"),
        ("Friday", "Fri 27 Nov 09:15"),
        ("thursday", "Thu 03 Dec 09:15"),
        ("next thursday at noon", "Thu 03 Dec 12:00"),
        ("in 3 weeks", "Thu 17 Dec 09:15"),
        ("in a month at 10am", "Sat 26 Dec 10:00"),
        ("in 2 hours", "Thu 26 Nov 13:53"),
        ("9am", "Fri 27 Nov 09:00"),
        ("at 16", "Thu 26 Nov 16:00"),
        ("this evening", "Thu 26 Nov 18:00"),
        ("tonight", "Thu 26 Nov 18:00"),
        ("next week", "Mon 30 Nov 09:15"),
        ("5 March at 2 pm", "Fri 05 Mar 14:00"),
        ("on 2027-01-31", "Sun 31 Jan 09:15"),
        ("31.01.2027 8:15", "Sun 31 Jan 08:15"),
        ("12am tomorrow", "Fri 27 Nov 00:00"),
        ("thu 10.30", "Thu 03 Dec 10:30"),
        ("fri 9am sydney", "Thu 26 Nov 17:00"),
        ("tomorrow 9am kiritimati", "Thu 26 Nov 14:00"),
        ("5 march at 8.15", "Fri 05 Mar 08:15"),
        ("8am PST", "Fri 27 Nov 11:00"),
        ("tomorrow 9am ET", "Fri 27 Nov 09:00"),
        ("monday 8am mountain time", "Mon 30 Nov 10:00"),
        ("fri 9am london", "Fri 27 Nov 04:00"),
        ("fri 9am Europe/London", "Fri 27 Nov 04:00"),
        ("fri 9am America/Los_Angeles", "Fri 27 Nov 12:00"),
        ("1/31 9am", "Sun 31 Jan 09:00"),
        ("12/12", "Sat 12 Dec 09:15"),
        ("in a year", "Fri 26 Nov 09:15"),
    ],
)
def test_words_name_a_time(words, until):
    assert snooze_words.read(words, time(9, 15)).strftime("%a %d %b %H:%M") == until


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("soon", "a time we understand"),
        ("banana 9am", "a time we understand"),
        ("today", "a time we understand"),
        ("monday and friday", "a time we understand"),
        ("in 3 years", "in the next year"),
        ("yesterday 9:00", "has passed"),
        (" ", "Snooze until: enter a time"),
        ("london", "a time we understand"),
        ("3/12", "“3/12” could be 3 Dec or 12 Mar. Write “3 Dec” or “12 Mar”."),
        ("3.12", "a time we understand"),
        ("thu 10.12", "a time we understand"),
        ("9am east", "a time we understand"),
        ("9am victoria", "a time we understand"),
        ("9am san juan", "a time we understand"),
        ("tomorrow 25:00", "a time we understand"),
        ("in 999 months", "in the next year"),
        ("today 5am", "has passed"),
        ("5 March 2020", "has passed"),
        ("in 400 days", "in the next year"),
    ],
)
def test_other_words_are_refused_with_the_reason(words, why):
    with pytest.raises(snooze_words.NotUnderstood, match=why):
        snooze_words.read(words, time(9))


@pytest.mark.parametrize(
    ("words", "start", "end"),
    [
        ("today", "26 Nov 00:00", None),
        ("Yesterday", "25 Nov 00:00", "26 Nov 00:00"),
        ("last 7 days", "20 Nov 00:00", None),
        ("past 24 hours", "25 Nov 11:53", None),
        ("this week", "23 Nov 00:00", None),
        ("last week", "16 Nov 00:00", "23 Nov 00:00"),
        ("last month", "01 Oct 00:00", "01 Nov 00:00"),
        ("older than 2 days", None, "24 Nov 11:53"),
    ],
)
def test_words_name_a_span(words, start, end):
    span = filters.read(words)
    assert [at and at.astimezone(ZONE).strftime("%d %b %H:%M") for at in (span.start, span.end)] == [
        start,
        end,
    ]
