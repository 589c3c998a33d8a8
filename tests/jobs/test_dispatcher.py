"""The dispatcher's own look for due jobs goes on while no wake-up can be heard."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import SimpleQueue
from uuid import uuid4

import pytest
from django.db import OperationalError, connection

from jobs.cluster import dispatcher
from jobs.cluster.board import new_board
from jobs.cluster.dispatcher import Dispatcher
from jobs.cluster.sentinel import WEDGED_AFTER_S
from jobs.conf import WAKE_UPS
from jobs.models import BackgroundJob
from tests.waiting import PATIENCE_S, until


class Alone(Dispatcher):
    """A dispatcher without its other threads. `sessions`: over which session of the database it found a job due."""

    def __init__(self) -> None:
        super().__init__(SimpleQueue(), new_board(), (), uuid4())
        self.sessions: list[int] = []

    def run(self) -> None:
        super().run()
        for broker in self._brokers.values():
            broker.close()
        connection.close()

    def _repeat(self, *_: object) -> None:
        pass

    def _ring(self) -> None:
        if connection.connection is not None:
            self.sessions.append(connection.connection.info.backend_pid)


@pytest.fixture
def refusing() -> Iterator[list]:
    """A server that ends every connection. Gives its address, and then one element for each connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        came = [server.getsockname()]

        def refuse() -> None:
            with suppress(OSError):
                while True:
                    client, address = server.accept()
                    came.append(address)
                    client.close()

        thread = threading.Thread(target=refuse, daemon=True)
        thread.start()
        yield came
        server.shutdown(socket.SHUT_RDWR)
        thread.join(PATIENCE_S)


@pytest.mark.django_db(transaction=True)
def test_a_look_that_is_not_answered_ends_before_the_sentinel_takes_its_cluster_for_stuck(monkeypatch):
    assert dispatcher.LOOK_S < WEDGED_AFTER_S / 2
    monkeypatch.setattr(dispatcher, "LOOK_S", 0.1)
    monkeypatch.setattr(
        dispatcher.lost_workers, "jobs_are_due", lambda: connection.cursor().execute("SELECT pg_sleep(3)")
    )
    with pytest.raises(OperationalError):
        Alone()._look()
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_broker_that_cannot_listen_neither_holds_a_look_up_nor_costs_its_session(settings, refusing):
    known = connection.settings_dict
    settings.WAKE_DATABASE = known | {
        "HOST": refusing[0][0],
        "PORT": refusing[0][1],
        "OPTIONS": known["OPTIONS"] | {"sslmode": "disable"},
    }
    BackgroundJob.objects.create(kind="t.due", lane="bulk", dedupe_key="due")
    alone = Alone()
    thread = threading.Thread(target=alone.run)
    thread.start()
    try:
        until(lambda: len(alone.sessions) >= 20, "twenty looks")
        asked = len(refusing) - 1
        assert 1 <= asked < 10
        assert len(set(alone.sessions)) == 1

        settings.WAKE_DATABASE = known
        alone._deaf_until = 0.0
        until(lambda: alone._brokers[WAKE_UPS]._session, "it hears again")
    finally:
        alone.stop()
        thread.join(PATIENCE_S)


@pytest.mark.django_db(transaction=True)
def test_a_chore_that_the_database_refuses_is_logged_with_its_constraint_and_the_place_of_ours(caplog):
    alone = Dispatcher(SimpleQueue(), new_board(), (), uuid4())

    def work() -> None:
        alone.stop()
        BackgroundJob.objects.create(kind="t", dedupe_key="without a lease", status="running")

    with ThreadPoolExecutor(1) as chore:
        chore.submit(alone._repeat, work, 0).result()
    alone._gate.close()

    [told] = [record for record in caplog.records if record.message == "cluster chore failed"]
    assert (told.error_class, told.constraint) == ("IntegrityError", "jobs_job_running_has_lease")
    assert told.where.startswith("tests/jobs/test_dispatcher.py:work:")


@pytest.mark.django_db(transaction=True)
def test_the_threads_beside_the_main_one_share_connections_that_stay_open():
    alone = Dispatcher(SimpleQueue(), new_board(), (), uuid4())
    rounds, sessions = iter([None, None, alone.stop]), set[int]()
    others = dispatcher.DISPATCHER_CONNECTIONS + 2
    together = threading.Barrier(others, lambda: (next(rounds) or int)())

    def work() -> None:
        together.wait(PATIENCE_S)
        connection.ensure_connection()
        sessions.add(connection.connection.info.backend_pid)

    with ThreadPoolExecutor(others) as chores:
        for chore in [chores.submit(alone._repeat, work, 0) for _ in range(others)]:
            chore.result()
    alone._gate.close()
    assert len(sessions) <= dispatcher.DISPATCHER_CONNECTIONS
