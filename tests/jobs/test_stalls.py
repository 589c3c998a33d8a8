"""Nobody waits for a database longer than they can, and one that answers nobody takes no more than a few threads.

A lock that the test holds stands for the stall: PostgreSQL says nothing until the test lets it.
"""

import gc
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import psutil
import psycopg
import pytest
from django.db import OperationalError, connection, connections, transaction

from jobs import heartbeat, stalls
from jobs.db import Fault, db_fault
from jobs.heartbeat import LeaseKeeper
from jobs.ids import uuid7
from jobs.process import WorkerProcess
from jobs.stalls import MOST_LONG_WAITS, Bulkhead, Stalled
from tests import factories
from tests.waiting import PATIENCE_S, until

pytestmark = pytest.mark.django_db(transaction=True)

STALL = 7_314_063
WAITS = f"SELECT pg_advisory_lock({STALL}), pg_advisory_unlock({STALL})"


@pytest.fixture(autouse=True)
def bulkhead(monkeypatch) -> Bulkhead:
    monkeypatch.setattr(stalls, "_bulkhead", Bulkhead())
    return stalls._bulkhead


@pytest.fixture
def stall() -> Iterator[psycopg.Connection]:
    """What waits for the lock is not answered while this session holds it."""
    with connection.get_new_connection(connection.get_connection_params()) as session:
        session.execute(f"SELECT pg_advisory_lock({STALL})")
        yield session


def end(stall: psycopg.Connection) -> None:
    stall.execute(f"SELECT pg_advisory_unlock({STALL})")


def ask(sql: str = "SELECT 1") -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def test_a_statement_is_given_up_after_the_limit_and_the_next_one_has_a_new_connection(stall):
    ask()
    with pytest.raises(OperationalError, match="did not answer in time") as given_up, stalls.limit(0.2):
        ask(WAITS)
    assert db_fault(given_up.value) is Fault.UNREACHABLE
    assert connection.connection.closed
    connection.close()
    ask()


def test_a_commit_that_is_given_up_may_have_taken_effect(stall):
    """So it counts as unreachable, which means unknown, and never as failed."""
    workspace = factories.make_workspace()
    ask(f"""CREATE FUNCTION wait_at_commit() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_advisory_xact_lock({STALL}); RETURN NULL; END'""")
    ask("""CREATE CONSTRAINT TRIGGER slow_commit AFTER UPDATE ON inbox_workspace DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION wait_at_commit()""")
    try:
        with pytest.raises(OperationalError) as given_up, stalls.limit(0.2), transaction.atomic():
            type(workspace).objects.filter(pk=workspace.pk).update(name="Committed after all")
        assert db_fault(given_up.value) is Fault.UNREACHABLE
        connection.close()
        end(stall)
        until(lambda: renamed(workspace), "PostgreSQL went on with the commit")
    finally:
        ask("DROP TRIGGER slow_commit ON inbox_workspace")
        ask("DROP FUNCTION wait_at_commit")


def renamed(workspace) -> bool:
    workspace.refresh_from_db()
    return workspace.name == "Committed after all"


def test_a_request_that_gave_up_once_asks_no_more(stall):
    with stalls.request_limit(0.2):
        with pytest.raises(OperationalError, match="in time"):
            ask(WAITS)
        connection.close()
        with pytest.raises(OperationalError, match="earlier query"):
            ask()
    ask()


def test_when_nobody_is_answered_few_wait_and_the_rest_is_refused_at_once(stall, monkeypatch):
    monkeypatch.setattr(stalls, "LONG_S", 0.3)

    def request(sql: str = WAITS) -> str:
        connection.ensure_connection()
        try:
            with stalls.request_limit(PATIENCE_S):
                ask(sql)
        except OperationalError as error:
            return str(error)
        finally:
            connection.close()
        return "answered"

    def asked() -> int:
        """How many statements PostgreSQL has not answered; it does not know who has given up."""
        return stall.execute(
            "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
            " WHERE datname = current_database() AND objid = %s AND NOT granted",
            [STALL],
        ).fetchone()[0]

    with ThreadPoolExecutor(MOST_LONG_WAITS + 4) as threads:
        requests = [threads.submit(request) for _ in range(MOST_LONG_WAITS + 3)]
        until(lambda: sum(one.done() for one in requests) == 3, "those beyond the few have given up")
        assert request() == "The database did not answer in time.", "it has asked for all, and not for long"
        monkeypatch.setattr(stalls, "LONG_S", PATIENCE_S)
        requests.append(threads.submit(request))
        until(lambda: asked() == MOST_LONG_WAITS + 5, "one more asks for all")
        assert request() == "The database isn’t responding."
        assert sum(one.done() for one in requests) == 3
        end(stall)
        said = sorted(one.result() for one in requests)
    assert said == ["The database did not answer in time."] * 3 + ["answered"] * (MOST_LONG_WAITS + 1)
    assert request("SELECT 1") == "answered"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@contextmanager
def waiting(bulkhead: Bulkhead, number: int) -> Iterator[list]:
    """So many waits. Gives what each says to whether it should give up."""
    holds = [bulkhead.waiting() for _ in range(number)]
    yield [hold.__enter__() for hold in holds]
    for hold in holds:
        hold.__exit__(None, None, None)


def test_slow_statements_refuse_nobody_while_others_are_answered():
    clock = Clock()
    bulkhead = Bulkhead(clock)
    with waiting(bulkhead, MOST_LONG_WAITS + 2) as given_up:
        clock.now = 60.0
        with bulkhead.waiting():
            pass  # answered at this moment
        assert not any(asked() for asked in given_up)
        with bulkhead.waiting(), bulkhead.waiting():
            pass


def test_one_statement_that_was_given_up_is_no_stall_while_others_are_answered():
    clock = Clock()
    bulkhead = Bulkhead(clock)
    with pytest.raises(Stalled), bulkhead.waiting():
        clock.now = 60.0
        with bulkhead.waiting():
            pass
        raise Stalled
    with bulkhead.waiting(), bulkhead.waiting():
        pass


def test_a_pooler_that_takes_connections_is_no_answer():
    clock = Clock()
    bulkhead = Bulkhead(clock)
    clock.now = 60.0
    with pytest.raises(Stalled), bulkhead.waiting():
        raise Stalled
    with bulkhead.waiting(answered=lambda: False):
        pass
    with bulkhead.waiting(), pytest.raises(Stalled), bulkhead.waiting():
        pass
    with bulkhead.waiting(), bulkhead.waiting():
        pass  # the one that asked for all was answered


def test_who_asks_for_all_asks_no_longer_than_a_wait_that_counts_as_long():
    """It has waited for a thread as long as others waited for the database, and its sender waits for 5 s."""
    clock = Clock()
    bulkhead = Bulkhead(clock)
    with pytest.raises(Stalled), bulkhead.waiting():
        clock.now = 60.0
        raise Stalled
    with bulkhead.waiting() as asks_for_all:
        assert not asks_for_all()
        clock.now += stalls.LONG_S
        assert asks_for_all()


@pytest.fixture
def stalled(monkeypatch) -> Bulkhead:
    """The bulkhead of this process, after PostgreSQL has answered nobody."""
    clock = Clock()
    monkeypatch.setattr(stalls, "_bulkhead", Bulkhead(clock))
    clock.now = 60.0
    with pytest.raises(Stalled), stalls._bulkhead.waiting():
        raise Stalled
    return stalls._bulkhead


def refuses(bulkhead: Bulkhead) -> bool:
    """Whether it lets only one ask."""
    with bulkhead.waiting(answered=lambda: False):
        try:
            with bulkhead.waiting(answered=lambda: False):
                return False
        except Stalled:
            return True


def test_what_django_does_on_a_new_connection_without_a_word_of_the_server_is_no_answer(stalled):
    """A pooler opens one while PostgreSQL is frozen, and autocommit is set on it in memory."""
    connection.close()
    with stalls.request_limit(PATIENCE_S):
        connection.connect()
        assert refuses(stalled)
        ask()
    assert not refuses(stalled)


def test_an_error_of_the_connection_is_no_answer_and_an_error_of_the_server_is(stalled):
    """A pooler that has waited for PostgreSQL in vain tells it as 08P01."""
    with pytest.raises(psycopg.Error), stalled.waiting():
        raise psycopg.errors.ProtocolViolation("query_wait_timeout")
    assert refuses(stalled)
    with pytest.raises(psycopg.Error), stalled.waiting():
        raise psycopg.errors.UniqueViolation
    assert not refuses(stalled)


def test_who_asks_for_all_waits_no_longer_for_a_connection_than_a_wait_that_counts_as_long(
    stalled, monkeypatch
):
    """All others wait as the operator has set it."""
    given: list[dict[str, object]] = []
    django_s = type(connections["default"]).__base__
    monkeypatch.setattr(django_s, "get_new_connection", lambda _, params: given.append(params))
    monkeypatch.setattr(stalls, "watched", lambda made: made)
    for limit, configured in (
        (nullcontext(), "3"),
        (stalls.limit(60), "3"),
        (stalls.request_limit(60), "3"),
        (stalls.request_limit(60), "1"),
        (stalls.request_limit(60), "0"),
    ):
        with limit:
            connection.get_new_connection({"connect_timeout": configured})
    assert [params["connect_timeout"] for params in given] == [
        "3",
        "3",
        stalls.CONNECT_S,
        1,
        stalls.CONNECT_S,
    ]
    with stalled.waiting():
        pass  # it answers again
    with stalls.request_limit(60):
        connection.get_new_connection({"connect_timeout": "3"})
    assert given[-1]["connect_timeout"] == "3"


def test_a_connection_that_is_given_up_leaves_no_socket():
    gc.disable()
    try:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            host, port = silent.getsockname()
            with pytest.raises(psycopg.errors.ConnectionTimeout):
                connection.get_new_connection({"host": host, "port": port, "connect_timeout": "2"})
            ours = psutil.Process().net_connections("tcp")
            assert [each for each in ours if each.raddr and each.raddr.port == port] == []
    finally:
        gc.enable()


def test_a_lease_keeper_goes_on_when_its_statement_is_not_answered(stall, monkeypatch):
    """It shows that its process is alive, and ends it once a lease has run out. A wait without end would keep it."""
    monkeypatch.setattr(heartbeat, "HEARTBEAT_S", 0.2)
    asked = threading.Event()

    def renew(*_: object) -> None:
        asked.set()
        ask(WAITS)

    monkeypatch.setattr("jobs.queue.renew", renew)
    me = WorkerProcess()
    with LeaseKeeper(me) as keeper:
        keeper.hold(uuid7(), asked_at=-60.0, jobs=[])
        until(asked.is_set, "it asks")
        for _ in range(2):
            me.slot.beat_at = 0.0
            until(lambda: me.slot.beat_at, "it beats after its statement was given up")
