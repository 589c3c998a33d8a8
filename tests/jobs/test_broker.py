"""django-q2's tasks that wake workers: with PostgreSQL one commits with its job, with Redis it is sent after that."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from django_q.brokers import get_broker
from django_q.conf import Conf
from django_q.models import OrmQ
from django_q.status import Stat
from django_q.tasks import async_task

from jobs import enqueue as enqueuing
from jobs import lost_workers
from jobs.broker import CHANNEL, NOTIFIED, PostgresBroker
from jobs.conf import WAKE_UPS
from jobs.enqueue import DRAIN, JobSpec, enqueue, enqueue_many, wake
from jobs.ids import uuid7
from jobs.models import BackgroundJob
from tests.waiting import until

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def kinds(kind) -> None:
    kind("t.wake", lambda ctx: None)
    kind("t.other", lambda ctx: None)


@pytest.fixture
def listening() -> Iterator[PostgresBroker]:
    """The broker of a dispatcher, which listens and has heard nothing yet."""
    broker = get_broker(WAKE_UPS)
    assert broker.dequeue() == [NOTIFIED]  # what came before it listened may have been missed
    yield broker
    broker.close()


def waiting() -> list[tuple[str, str]]:
    """Kind and lane of the wake-ups that nobody has taken."""
    return [(row.name(), row.group()) for row in OrmQ.objects.filter(key=WAKE_UPS).order_by("pk")]


@pytest.mark.django_db(transaction=True)
class TestWakeUp:
    def test_is_a_task_of_django_q2_that_commits_with_its_job(self, listening):
        with transaction.atomic():
            enqueue("t.wake", dedupe_key="a", lane="stop")
            assert listening.dequeue() is None
        [task] = OrmQ.objects.all()

        assert (task.func(), task.name(), task.group()) == (DRAIN, "t.wake", "stop")
        assert (task.args(), task.kwargs()) == ((), {})
        assert listening.dequeue() == [(None, task.payload)]
        assert not OrmQ.objects.exists()

    def test_is_one_for_each_commit_kind_and_lane(self):
        for _ in range(2):
            with transaction.atomic():
                for part in ("a", "b"):
                    key = f"{uuid7()}{part}"
                    enqueue_many("t.wake", [JobSpec(f"{key}{n}", lane="bulk") for n in range(20)])
                enqueue("t.wake", dedupe_key=f"{key} in another lane", lane="stop")
                enqueue("t.other", dedupe_key=f"{key} of another kind", lane="bulk")

        assert waiting() == [("t.wake", "bulk"), ("t.wake", "stop"), ("t.other", "bulk")] * 2

    def test_neither_what_was_rolled_back_nor_a_duplicate_nor_a_job_for_later_has_one(self):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            enqueue("t.wake", dedupe_key="a")
            raise ZeroDivisionError
        enqueue("t.wake", dedupe_key="later", run_at=timezone.now() + timedelta(hours=1))
        assert waiting() == []
        enqueue("t.wake", dedupe_key="a")
        assert len(waiting()) == 1
        enqueue("t.wake", dedupe_key="a")

        assert len(waiting()) == 1

    def test_many_are_taken_at_once_and_each_by_one_cluster(self, listening):
        other = get_broker(WAKE_UPS)
        other.dequeue()
        for n in range(50):
            enqueue("t.wake", dedupe_key=str(n))

        assert len(listening.dequeue()) == 1
        assert waiting() == []
        assert other.dequeue() == [NOTIFIED]
        other.close()

    def test_rings_once_for_a_hundred_thousand(self, listening):
        wake("t.wake", "bulk")
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO django_q_ormq (key, payload, lock)"
                " SELECT key, payload, lock FROM django_q_ormq, generate_series(2, 100000)"
            )

        assert OrmQ.objects.count() == 100_000
        assert [len(listening.dequeue() or ()) for _ in range(3)] == [1, 0, 0]
        assert not OrmQ.objects.exists()

    def test_one_that_another_cluster_is_taking_is_not_waited_for(self, listening):
        wake("t.wake", "bulk")
        with psycopg.connect(**connection.get_connection_params()) as other:
            other.execute("SELECT 1 FROM django_q_ormq FOR UPDATE")

            assert listening.dequeue() == [NOTIFIED]
            assert len(waiting()) == 1

    def test_of_the_release_before_is_a_notify_without_a_task(self, listening):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT pg_notify('{CHANNEL}', '')")

        assert listening.dequeue() == [NOTIFIED]

    def test_stands_in_a_queue_that_the_release_before_does_not_take(self):
        wake("t.wake", "bulk")

        assert not OrmQ.objects.filter(key=Conf.CLUSTER_NAME).exists()

    def test_is_taken_by_a_deaf_broker_too(self):
        broker = get_broker(WAKE_UPS)
        broker.deaf = True
        assert broker.dequeue() is None
        wake("t.wake", "bulk")

        assert len(broker.dequeue()) == 1 and broker._session is None

    def test_is_heard_again_after_the_session_was_cut(self, listening):
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [listening._session.info.backend_pid])
        with pytest.raises(psycopg.Error):
            until(lambda: listening.dequeue(), "it is cut")
        assert listening.dequeue() == [NOTIFIED]
        wake("t.wake", "bulk")

        assert len(listening.dequeue()) == 1

    def test_is_listened_for_at_the_address_that_is_named_for_it(self, settings):
        settings.WAKE_DATABASE = connection.settings_dict | {"NAME": "no such database"}

        with pytest.raises(psycopg.OperationalError, match="no such database"):
            get_broker(WAKE_UPS).dequeue()


def test_a_web_process_makes_brokers_and_no_session_that_listens(monkeypatch):
    monkeypatch.setattr(PostgresBroker, "_listen", lambda self: pytest.fail("it listens"))
    enqueue("t.wake", dedupe_key="a")
    assert len(waiting()) == 1


def test_a_tick_is_locked_while_it_runs_and_deleted_when_it_has_ended(settings):
    broker = get_broker()
    async_task("jobs.ticks.run_tick", "a")
    [(pk, package)] = broker.dequeue()
    assert broker.dequeue() is None
    broker.acknowledge(pk)

    assert not OrmQ.objects.exists()


def test_qinfo_counts_the_clusters_by_our_table_of_workers_and_what_waits(capsys):
    pytest.importorskip("blessed")
    first, second = uuid7(), uuid7()
    for cluster, pids in ((first, (7, 8)), (second, (9,))):
        workers = {uuid7(): pid for pid in pids}
        lost_workers.report_alive(cluster, "host-a", workers, alive=dict.fromkeys(workers, 8))
    enqueue("t.wake", dedupe_key="a")
    call_command("qinfo")

    words = "".join(capsys.readouterr().out.split())
    assert "Clusters2Workers3" in words and "Queued1" in words and "1jobsdue" in words


def test_the_broker_answers_for_the_clusters_that_are_alive():
    workers = {uuid7(): 7, uuid7(): 8}
    lost_workers.report_alive(uuid7(), "host-a", workers, alive=dict.fromkeys(workers, 8))

    [status] = Stat.get_all()
    assert (status.host, sorted(status.workers), status.status) == ("host-a", [7, 8], Conf.WORKING)
    assert status.tob <= timezone.now()


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
def broker(settings, monkeypatch) -> FakeBroker:
    broker = FakeBroker()

    def ring(func: str, *, broker: FakeBroker, **options) -> None:
        assert func == DRAIN
        broker.rung += 1

    settings.Q_BROKER_URL = "redis://localhost:6379/0"
    monkeypatch.setattr(enqueuing, "get_broker", lambda queue: broker)
    monkeypatch.setattr(enqueuing, "async_task", ring)
    monkeypatch.setattr(enqueuing, "_redis_silent_until", 0.0)
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
