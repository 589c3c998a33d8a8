"""A limit that holds for everybody together: threads with connections of their own stand for processes."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import OperationalError, connection, connections

from integrations.http.ratelimit import RateLimit
from integrations.models import RateWindow
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.django_db


def time_passes(seconds: float) -> None:
    """As if every place had been taken so much earlier."""
    window = RateWindow.objects.get()
    window.stamps = [stamp - seconds for stamp in window.stamps]
    window.save()


def test_grants_the_limit_then_says_how_long_to_wait():
    limit = RateLimit("ghl:a", 3, 1_000.0)
    assert [limit.take() for _ in range(3)] == [0, 0, 0]
    assert 900_000 < limit.take() <= 1_000_000


def test_a_place_is_free_again_when_its_time_has_passed():
    limit = RateLimit("ghl:a", 2, 1_000.0)
    limit.take()
    time_passes(500)
    limit.take()
    assert 0 < limit.take() <= 500_000
    time_passes(501)
    assert limit.take() == 0
    assert limit.take() > 0


def test_the_window_slides_so_that_no_stretch_of_it_holds_more():
    """A fixed window would let twice the limit through around its boundary."""
    limit = RateLimit("ghl:a", 5, 0.4)
    granted = []
    while len(granted) < 15:
        if limit.take() == 0:
            granted.append(RateWindow.objects.get().stamps[-1])
        time.sleep(0.01)
    assert all(later - earlier >= 0.4 for earlier, later in zip(granted, granted[5:], strict=False))


def test_accounts_have_windows_of_their_own():
    assert RateLimit("ghl:a", 1, 10.0).take() == 0
    assert RateLimit("ghl:b", 1, 10.0).take() == 0


def test_keeps_no_more_than_the_window():
    limit = RateLimit("ghl:a", 5, 0.01)
    for _ in range(20):
        limit.take()
        time.sleep(0.004)
    assert len(RateWindow.objects.get().stamps) <= 5


def test_a_database_that_is_away_lets_the_call_through(monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError

    monkeypatch.setattr(connection, "cursor", away)
    assert RateLimit("ghl:a", 1, 10.0).take() == 0


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_no_more_than_the_limit_is_granted_to_many_at_once():
    limit, barrier = RateLimit("ghl:a", 90, 1_000.0), threading.Barrier(8, timeout=PATIENCE_S)

    def take(_):
        barrier.wait()
        try:
            return sum(limit.take() == 0 for _ in range(30))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, range(8))) == 90
