"""A whole recorded day: in order, again, and stored deliveries replayed."""

import itertools
from collections import Counter

import pytest
import time_machine

from inbox.models import WebhookDelivery
from tests import forms
from tests.recorded import traffic
from tests.webhooks.day import Day, unmet

pytestmark = pytest.mark.slow(seconds=15)


@pytest.fixture
def day(db) -> Day:
    return Day.create()


def run(day: Day, one_in: int = 1) -> list:
    """Post every line, or one in so many, at its own time."""
    results = []
    for line in itertools.islice(traffic(), None, None, one_in):
        with time_machine.travel(line.at, tick=False):
            results.append((line, day.post(line)))
    return results


@pytest.mark.shortened
def test_day_in_order_meets_every_expectation_and_again_accepts_nothing(day):
    """In the short form every third line comes again."""
    assert unmet(run(day)) == []
    left = day.left()
    keys = Counter(key for part in left.values() for key in part["messages"])
    assert keys["emailbison_reply:889900"] == 2  # an id that two workspaces have is two messages
    again = run(day, forms.either(3, 1))
    assert [(line.number, line.note) for line, verdict in again if verdict == "accepted"] == []
    assert day.left() == left
    assert not WebhookDelivery.objects.filter(verdict="failed").exists()
