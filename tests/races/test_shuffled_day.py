"""The recorded day over 16 connections in a random order: the same messages, opt-outs, interest and links."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from inbox.models import WebhookDelivery
from tests import forms
from tests.recorded import traffic
from tests.webhooks.day import CALLBACKS, Day

CONNECTIONS = 16
LINES = forms.either(200, None)
"""How much of the day, from its beginning."""


@pytest.mark.slow(seconds=10)
@pytest.mark.shortened
@pytest.mark.parametrize("seed", forms.some([1, 3], ["1", "3"], ["1"]))
def test_shuffled_day_ends_as_the_day_in_order(transactional_db, seed):
    in_order = Day.create()
    lines = list(traffic())[:LINES]
    for line in lines:
        in_order.post(line)
    expected = in_order.left()
    in_order.close()

    shuffled = Day.create("-shuffled")
    random.Random(seed).shuffle(lines)
    first = [line for line in lines if line.source not in CALLBACKS]
    then = [line for line in lines if line.source in CALLBACKS]
    verdicts = [*_post(shuffled, first), *_post(shuffled, then)]
    assert not {verdict for verdict in verdicts if verdict.startswith(("status", "failed"))}
    left = shuffled.left()
    found = differences(expected, left)
    assert not found, "\n".join(found)
    assert not WebhookDelivery.objects.filter(verdict="failed").exists()


def differences(expected: dict, got: dict) -> list[str]:
    """What the two days have left differently, one line each."""
    found = []
    for label, parts in expected.items():
        for part, value in parts.items():
            other = got[label][part]
            if isinstance(value, dict):
                keys = [key for key in value | other if value.get(key) != other.get(key)]
                found += [f"{label} {part} {key}: {value.get(key)} became {other.get(key)}" for key in keys]
            elif value != other:
                found.append(f"{label} {part}: lost {set(value) - set(other)}, new {set(other) - set(value)}")
    return found


def _post(day: Day, lines: list) -> list[str]:
    def post(line) -> str:
        try:
            return day.post(line)
        finally:
            connection.close()

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(post, lines))
