"""The same time reads alike wherever it is shown."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.health.sentences import age
from inbox.pages.templatetags.desk import waits
from inbox.pages.templatetags.holdfast import ago_text, until
from inbox.trace.events import Event
from insights.views.overview import answer_time
from jobs.durations import duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 ms"), (0.0344, "34 ms"), (0.0349, "34 ms"), (0.057, "57 ms"), (0.9996, "999 ms"), (5, "5 s"),
        (9.46, "9.4 s"), (9.9996, "9.9 s"), (41.9, "41 s"), (59.9996, "59 s"), (60, "1 min"), (95, "1 min"),
        (3_599, "59 min"), (3_600, "1 h"), (5_400, "1 h 30 min"), (10_859, "3 h"), (45_000, "12 h"),
        (86_399, "23 h"), (86_400, "1 day"), (100_000, "1 day 3 h"), (172_800, "2 days"), (2_040_000, "23 days"),
    ],
)  # fmt: skip
def test_a_duration_is_rounded_down_and_has_two_units_at_most(seconds, words):
    assert duration(seconds) == words


@pytest.mark.parametrize("seconds", [95, 5_400, 45_000])
def test_every_page_writes_the_same_time_alike(seconds):
    now = timezone.now()
    began, words = now - timedelta(seconds=seconds), duration(seconds)
    assert {
        ago_text(began),
        waits(began),
        until(now + timedelta(seconds=seconds + 1)),
        answer_time(seconds),
    } == {words}
    assert age(seconds) == f"{words} ago" and Event(now, "", "", ms=seconds * 1_000).took == words
