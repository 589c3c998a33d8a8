"""A whole recorded day: in order, again, and stored deliveries replayed."""

from collections import Counter

import pytest
import time_machine

from inbox.models import WebhookDelivery
from tests.recorded import traffic
from tests.webhooks.day import Day, unmet

pytestmark = pytest.mark.slow


@pytest.fixture
def day(db) -> Day:
    return Day.create()


def run(day: Day) -> list:
    """Post every line at its own time."""
    results = []
    for line in traffic():
        with time_machine.travel(line.at, tick=False):
            results.append((line, day.post(line)))
    return results


def test_day_in_order_meets_every_expectation_and_again_accepts_nothing(day):
    assert unmet(run(day)) == []
    left = day.left()
    again = run(day)
    assert [(line.number, line.note) for line, verdict in again if verdict == "accepted"] == []
    assert day.left() == left
    assert not WebhookDelivery.objects.filter(verdict="failed").exists()


def test_ids_that_collide_between_workspaces_are_two_messages(day):
    run(day)
    left = day.left()
    shared = Counter(key for part in left.values() for key in part["messages"])
    assert shared["emailbison_reply:889900"] == 2
