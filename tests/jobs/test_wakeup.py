"""The wake-up: with PostgreSQL it commits with its job; with Redis it comes after, and never at the enqueue's cost."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from jobs import wakeup
from jobs.cluster import ear
from jobs.cluster.ear import Ear
from jobs.enqueue import JobSpec, enqueue, enqueue_many
from jobs.models import BackgroundJob
from tests.waiting import PATIENCE_S

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard(kind) -> Iterator[Callable[[], int]]:
    """How many wake-ups were committed since the last call: a sentinel sent after them is waited for."""
    kind("t.wake", lambda ctx: None)
    with psycopg.connect(**ear._parameters(connection.settings_dict), autocommit=True) as session:
        session.execute(f"LISTEN {wakeup.CHANNEL}")

        def count() -> int:
            session.execute(f"NOTIFY {wakeup.CHANNEL}, 'end'")
            told = []
            while "end" not in told:
                found = [one.payload for one in session.notifies(timeout=PATIENCE_S, stop_after=1)]
                assert found, "nothing was heard"
                told += found
            return len(told) - 1

        yield count


@pytest.mark.django_db(transaction=True)
class TestNotify:
    def test_a_job_that_is_due_wakes_once_it_is_committed(self, heard):
        with transaction.atomic():
            enqueue("t.wake", dedupe_key="a")
            assert heard() == 0

        assert heard() == 1

    def test_many_jobs_of_one_transaction_wake_once(self, heard):
        with transaction.atomic():
            for part in ("a", "b"):
                enqueue_many("t.wake", [JobSpec(f"{part}{n}") for n in range(20)])

        assert heard() == 1

    def test_neither_what_was_rolled_back_nor_a_duplicate_nor_a_job_for_later_wakes(self, heard):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            enqueue("t.wake", dedupe_key="a")
            raise ZeroDivisionError
        enqueue("t.wake", dedupe_key="later", run_at=timezone.now() + timedelta(hours=1))
        assert heard() == 0
        enqueue("t.wake", dedupe_key="a")
        assert heard() == 1
        enqueue("t.wake", dedupe_key="a")

        assert heard() == 0

    def test_what_people_have_run_again_wakes(self, heard):
        wakeup.ring()

        assert heard() == 1


@pytest.mark.django_db(transaction=True)
class TestEar:
    @pytest.fixture
    def listening(self) -> Iterator[Ear]:
        found = Ear()
        yield found
        found.close()

    def test_hears_a_wake_up_and_nothing_else(self, listening):
        assert listening.wait(0) is True  # what came before it listened may have been missed
        assert listening.wait(0) is False
        wakeup.ring()

        assert listening.wait(PATIENCE_S) is True

    def test_a_session_that_was_cut_is_an_error_and_the_next_one_hears_again(self, listening):
        listening.wait(0)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [listening._session.info.backend_pid])
        with pytest.raises(psycopg.Error):
            listening.wait(PATIENCE_S)
        listening.close()
        assert listening.wait(0) is True
        wakeup.ring()

        assert listening.wait(PATIENCE_S) is True

    def test_listens_at_the_address_of_its_own_where_one_is_named(self, listening, settings):
        settings.WAKE_DATABASE = connection.settings_dict | {"NAME": "no such database"}

        with pytest.raises(psycopg.OperationalError, match="no such database"):
            listening.wait(0)


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
