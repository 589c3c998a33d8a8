"""The doorbell on Redis: rung after the commit, seldom, and never at the enqueue's expense."""

import pytest
from django.db import transaction

from jobs import wakeup
from jobs.enqueue import enqueue
from jobs.models import BackgroundJob

pytestmark = pytest.mark.django_db


class FakeBroker:
    """Counts the wake-ups; `waiting` are those that nobody has taken; `error` is what Redis answers with."""

    def __init__(self) -> None:
        self.rung, self.asked, self.waiting, self.error = 0, 0, 0, None

    def queue_size(self) -> int:
        self.asked += 1
        if self.error:
            raise self.error
        return self.waiting


@pytest.fixture
def broker(kind, settings, monkeypatch) -> FakeBroker:
    kind("t.wake", lambda ctx: None)
    broker = FakeBroker()

    def ring(func: str, *, broker: FakeBroker) -> None:
        assert func == wakeup.DRAIN
        broker.rung += 1

    settings.Q_BROKER_URL = "redis://localhost:6379/0"
    monkeypatch.setattr(wakeup, "get_broker", lambda: broker)
    monkeypatch.setattr(wakeup, "async_task", ring)
    monkeypatch.setattr(wakeup, "_redis_silent_until", 0.0)
    return broker


def test_is_rung_after_the_commit_and_not_before(broker, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        enqueue("t.wake", dedupe_key="a")
        assert broker.rung == 0

    assert broker.rung == 1


def test_is_not_rung_for_what_was_rolled_back(broker, django_capture_on_commit_callbacks):
    with (
        django_capture_on_commit_callbacks(execute=True),
        pytest.raises(ZeroDivisionError),
        transaction.atomic(),
    ):
        enqueue("t.wake", dedupe_key="a")
        raise ZeroDivisionError

    assert (broker.rung, BackgroundJob.objects.count()) == (0, 0)


def test_one_that_nobody_has_taken_yet_serves_the_next_job_too(broker, django_capture_on_commit_callbacks):
    broker.waiting = 1
    with django_capture_on_commit_callbacks(execute=True):
        enqueue("t.wake", dedupe_key="a")

    assert broker.rung == 0


def test_a_dead_redis_costs_one_try_and_no_job(broker, django_capture_on_commit_callbacks):
    broker.error = ConnectionError("refused")
    for key in ("a", "b", "c"):
        with django_capture_on_commit_callbacks(execute=True):
            enqueue("t.wake", dedupe_key=key)

    assert broker.asked == 1
    assert BackgroundJob.objects.filter(status="queued").count() == 3
