"""Places: threads that are begun when they are needed, woken one by one, and use a few connections in turn."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import SimpleQueue

import pytest
from django.db import DatabaseError, OperationalError, connection

from jobs import connections, places
from jobs.connections import Gate
from jobs.places import Places
from tests.waiting import PATIENCE_S


class Work:
    """What the places do: each run takes the next piece, or finds nothing."""

    def __init__(self) -> None:
        self.pieces: SimpleQueue = SimpleQueue()
        self.stopping = threading.Event()
        self.looked = threading.Semaphore(0)

    def __call__(self) -> None:
        while not self.stopping.is_set() and not self.pieces.empty():
            self.pieces.get()()
        self.looked.release()


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def three(work) -> Iterator[Places]:
    """Three places; they are gone after the test."""
    found = Places(3, work, work.stopping.is_set)
    yield found
    work.stopping.set()
    assert found.finish(PATIENCE_S)


def wait_for(condition) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)


def test_a_thread_is_begun_for_each_wake_up_that_finds_none_idle_and_no_more_than_there_are_places(
    work, three
):
    release, running = threading.Event(), threading.Semaphore(0)

    def piece() -> None:
        running.release()
        assert release.wait(PATIENCE_S)

    for count in (1, 2, 3):
        work.pieces.put(piece)
        three.wake()
        assert running.acquire(timeout=PATIENCE_S)
        assert len(three._all) == count
    three.wake()
    assert len(three._all) == 3
    release.set()


def test_an_idle_place_is_woken_before_another_is_begun(work, three):
    three.wake()
    wait_for(lambda: len(three._idle) == 1)
    done = threading.Event()
    work.pieces.put(done.set)

    three.wake()

    assert done.wait(PATIENCE_S) and len(three._all) == 1


def test_a_wake_up_while_all_are_busy_has_the_first_that_is_free_look_once_more(work):
    one = Places(1, work, work.stopping.is_set)
    begun, go_on, found = threading.Event(), threading.Event(), threading.Event()

    def piece() -> None:
        begun.set()
        assert go_on.wait(PATIENCE_S)

    work.pieces.put(piece)
    one.wake()
    assert begun.wait(PATIENCE_S)
    one.wake()
    go_on.set()
    assert work.looked.acquire(timeout=PATIENCE_S) and work.looked.acquire(timeout=PATIENCE_S)

    wait_for(lambda: one._idle)
    work.pieces.put(found.set)
    one.wake()
    assert found.wait(PATIENCE_S)
    work.stopping.set()
    assert one.finish(PATIENCE_S)


def test_what_a_job_of_ours_breaks_ends_no_place(work, three):
    def piece() -> None:
        raise RuntimeError

    work.pieces.put(piece)
    three.wake()
    wait_for(lambda: three._idle)
    done = threading.Event()
    work.pieces.put(done.set)
    three.wake()

    assert done.wait(PATIENCE_S)


def test_nothing_begins_once_the_process_stops(work, three):
    work.stopping.set()

    three.wake()

    assert three._all == []


def test_a_place_that_does_not_end_is_not_waited_for_longer_than_told(work):
    one = Places(1, work, work.stopping.is_set)
    begun, go_on = threading.Event(), threading.Event()

    def piece() -> None:
        begun.set()
        assert go_on.wait(PATIENCE_S)

    work.pieces.put(piece)
    one.wake()
    assert begun.wait(PATIENCE_S)
    work.stopping.set()

    assert one.finish(0.01) is False
    go_on.set()
    assert one.finish(PATIENCE_S) is True


def session() -> int:
    """The process id of the server's side of this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return cursor.fetchone()[0]


@pytest.fixture
def in_turn() -> Iterator[Callable[..., list]]:
    """Calls functions one after the other, each in a thread of its own behind one gate. Returns what they return."""
    gate = Gate(1)

    def run(*functions: Callable) -> list:
        found = []

        def thread(function: Callable) -> None:
            gate.enter_with_this_thread()
            found.append(function())
            connection.close()

        for function in functions:
            one = threading.Thread(target=thread, args=(function,))
            one.start()
            one.join(PATIENCE_S)
        return found

    yield run
    gate.close()


@pytest.mark.django_db(transaction=True)
class TestConnections:
    def test_places_have_so_many_connections_together_and_the_others_wait_their_turn(self, monkeypatch):
        monkeypatch.setattr(places, "CONNECTIONS", 2)
        stopping, open_now, most = threading.Event(), [0], [0]
        lock, seen, go_on = threading.Lock(), threading.Semaphore(0), threading.Event()
        pieces = SimpleQueue()

        def piece() -> None:
            connection.ensure_connection()
            with lock:
                open_now[0] += 1
                most[0] = max(most[0], open_now[0])
            seen.release()
            assert go_on.wait(PATIENCE_S)
            with lock:
                open_now[0] -= 1
            connection.close()

        def work() -> None:
            while not pieces.empty():
                pieces.get()()

        four = Places(4, work, stopping.is_set)
        for _ in range(4):
            pieces.put(piece)
            four.wake()
        assert seen.acquire(timeout=PATIENCE_S) and seen.acquire(timeout=PATIENCE_S)
        assert not seen.acquire(timeout=0.2)
        go_on.set()
        assert seen.acquire(timeout=PATIENCE_S) and seen.acquire(timeout=PATIENCE_S)
        stopping.set()

        assert four.finish(PATIENCE_S) and most == [2]

    def test_idle_places_have_no_turn_and_leave_their_connections_open_until_the_process_ends(self, work):
        both = threading.Barrier(2)

        def piece() -> None:
            connection.ensure_connection()
            both.wait(PATIENCE_S)

        two = Places(2, work, work.stopping.is_set)
        for _ in range(2):
            work.pieces.put(piece)
            two.wake()
        wait_for(lambda: len(two._idle) == 2)
        kept = list(two.gate._kept)
        assert two.gate._places._value == places.CONNECTIONS
        assert [one.closed for one in kept] == [False, False]
        work.stopping.set()

        assert two.finish(PATIENCE_S) and [one.closed for one in kept] == [True, True]

    def test_the_next_thread_takes_the_connection_that_one_gave_up(self, in_turn):
        assert len(set(in_turn(session, session, session))) == 1

    def test_a_connection_that_the_server_has_ended_is_not_given_to_anybody(self, in_turn):
        [first] = in_turn(session)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [first])

        [second] = in_turn(session)

        assert second != first

    def test_where_one_connection_broke_those_that_are_kept_are_closed(self):
        """The host may have vanished without a word: each of them would be waited for in vain."""
        gate, kept_open, pids = Gate(2), threading.Event(), []

        def first() -> None:
            gate.enter_with_this_thread()
            pids.append(session())
            assert kept_open.wait(PATIENCE_S)
            with suppress(DatabaseError):
                session()
            connection.close()

        def second() -> None:
            gate.enter_with_this_thread()
            session()
            connection.close()

        breaks = threading.Thread(target=first)
        breaks.start()
        wait_for(lambda: pids)
        keeps = threading.Thread(target=second)
        keeps.start()
        keeps.join(PATIENCE_S)
        [kept] = gate._kept
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", pids)
        kept_open.set()
        breaks.join(PATIENCE_S)

        assert kept.closed and gate._kept == []

    @pytest.mark.parametrize("spoilt", ["SELECT * FROM not_there", "BEGIN"])
    def test_a_connection_with_an_error_or_an_open_transaction_is_not_kept(self, in_turn, spoilt):
        def spoil() -> int:
            found = session()
            with suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute(spoilt)
            return found

        assert len(set(in_turn(spoil, session))) == 2

    def test_a_connection_that_could_not_be_opened_leaves_its_turn_to_others(self, monkeypatch):
        gate = Gate(1)
        outcome = []

        def thread() -> None:
            gate.enter_with_this_thread()
            monkeypatch.setattr(connection, "get_new_connection", lambda params: 1 / 0)
            for _ in range(2):
                try:
                    connection.ensure_connection()
                except ZeroDivisionError:
                    outcome.append("refused")
            monkeypatch.undo()
            connection.ensure_connection()
            outcome.append(connection.connection is not None)
            connection.close()

        run = threading.Thread(target=thread)
        run.start()
        run.join(PATIENCE_S)
        gate.close()

        assert outcome == ["refused", "refused", True]

    def test_who_waits_too_long_for_a_connection_is_told_as_of_a_database_that_is_away(self, monkeypatch):
        monkeypatch.setattr(connections, "WAIT_S", 0.01)
        gate = Gate(1)
        gate.enter()

        with pytest.raises(OperationalError, match="All connections of this process are in use"):
            gate.enter()
