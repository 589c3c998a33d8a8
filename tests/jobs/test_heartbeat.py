"""The keeper of leases, one look at a time under a clock of the test's own; the ledger is played by the test."""

import threading
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import OperationalError

from jobs import deadline, heartbeat, ledger
from jobs.conf import GIVE_BACK_AFTER_MS, HEARTBEAT_S, LEASE_S, SHUTDOWN_GRACE_S
from jobs.errors import LeaseLost
from jobs.heartbeat import ABANDON_AFTER_S, LeaseKeeper
from jobs.process import WorkerProcess
from tests.waiting import PATIENCE_S


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(heartbeat, "time", clock)
    return clock


@pytest.fixture
def told(monkeypatch) -> SimpleNamespace:
    """What the ledger was asked, and what it answers: `held` as ledger.renew, or `error`."""
    told = SimpleNamespace(renewed=0, given_back=0, abandoned=0, held={}, error=None)

    def renew(token, worker_id):
        told.renewed += 1
        if told.error:
            raise told.error
        return told.held

    def give_back(token, worker_id):
        told.given_back += 1
        return set()

    monkeypatch.setattr(ledger, "renew", renew)
    monkeypatch.setattr(ledger, "give_back", give_back)
    return told


@pytest.fixture
def keeper(told) -> LeaseKeeper:
    def abandon() -> None:
        told.abandoned += 1

    return LeaseKeeper(WorkerProcess(abandon=abandon))


def look(keeper: LeaseKeeper, clock: Clock, after_s: float) -> None:
    clock.passes(after_s)
    keeper._look_after_claim()


def test_renews_at_each_heartbeat_and_no_sooner(keeper, clock, told):
    keeper.hold(uuid4(), clock.now)

    look(keeper, clock, HEARTBEAT_S - 0.1)
    assert told.renewed == 0
    look(keeper, clock, 0.2)
    assert told.renewed == 1
    look(keeper, clock, 1)
    assert told.renewed == 1


def test_a_lease_counts_from_before_its_claim_was_sent(keeper, clock):
    keeper.hold(uuid4(), clock.now - 5)

    clock.passes(LEASE_S - 5)
    assert not keeper.expired()
    clock.passes(0.1)
    assert keeper.expired()


def test_a_renewal_moves_the_end(keeper, clock):
    keeper.hold(uuid4(), clock.now)
    look(keeper, clock, HEARTBEAT_S)

    clock.passes(LEASE_S - 0.1)
    assert not keeper.expired()


def test_nothing_is_asked_where_nothing_is_held(keeper, clock, told):
    keeper.hold(uuid4(), clock.now)
    keeper.drop()

    look(keeper, clock, LEASE_S)

    assert (told.renewed, told.given_back) == (0, 0)


def test_a_wanted_cancellation_is_told_to_the_running_job(keeper, clock, told):
    job_id = uuid4()
    keeper.hold(uuid4(), clock.now)
    cancelled = keeper.run(job_id)
    told.held = {job_id: True}
    assert cancelled() is False

    look(keeper, clock, HEARTBEAT_S)

    assert cancelled() is True and keeper.cancel_requested


def test_a_cancellation_is_not_the_next_jobs(keeper, clock, told):
    first = uuid4()
    keeper.hold(uuid4(), clock.now)
    keeper.run(first)
    told.held = {first: True}
    look(keeper, clock, HEARTBEAT_S)
    keeper.rest()

    assert keeper.run(uuid4())() is False


def test_a_job_that_was_taken_over_hears_of_it(keeper, clock, told):
    keeper.hold(uuid4(), clock.now)
    cancelled = keeper.run(uuid4())
    told.held = {}

    look(keeper, clock, HEARTBEAT_S)

    with pytest.raises(LeaseLost):
        cancelled()


def test_a_job_whose_lease_ran_out_hears_of_it_without_the_database(keeper, clock):
    keeper.hold(uuid4(), clock.now)
    cancelled = keeper.run(uuid4())

    clock.passes(LEASE_S + 0.1)  # as after SIGSTOP

    with pytest.raises(LeaseLost):
        cancelled()


def test_waiting_jobs_go_back_once_behind_a_long_one(keeper, clock, told):
    keeper.hold(uuid4(), clock.now)
    keeper.run(uuid4())

    look(keeper, clock, GIVE_BACK_AFTER_MS / 1000)
    assert told.given_back == 0
    look(keeper, clock, 0.1)
    look(keeper, clock, 0.1)
    assert told.given_back == 1


def test_quick_jobs_keep_their_batch(keeper, clock, told):
    keeper.hold(uuid4(), clock.now)
    for _ in range(5):
        keeper.run(uuid4())
        look(keeper, clock, 0.5)
        keeper.rest()

    assert told.given_back == 0


def test_a_renewal_that_fails_is_tried_again_and_then_the_process_given_up(keeper, clock, told):
    keeper.hold(uuid4(), clock.now)
    keeper.run(uuid4())
    told.error = OperationalError("connection refused")

    look(keeper, clock, HEARTBEAT_S)
    look(keeper, clock, 0.5)
    assert (told.renewed, told.abandoned) == (2, 0)
    look(keeper, clock, LEASE_S + ABANDON_AFTER_S)
    assert told.abandoned == 1


def test_a_job_that_has_ended_is_no_reason_to_give_the_process_up(keeper, clock, told):
    keeper.hold(uuid4(), clock.now)
    keeper.run(uuid4())
    keeper.rest()
    told.error = OperationalError("connection refused")

    look(keeper, clock, LEASE_S + ABANDON_AFTER_S + 1)

    assert told.abandoned == 0


def test_an_answer_about_an_earlier_claim_is_not_used(keeper, clock, told, monkeypatch):
    keeper.hold(uuid4(), clock.now)
    running = keeper.run(uuid4())

    def renew_late(token, worker_id):
        keeper.hold(uuid4(), clock.now)
        keeper.run(uuid4())
        return {}

    monkeypatch.setattr(ledger, "renew", renew_late)
    look(keeper, clock, HEARTBEAT_S)

    assert running() is False


@pytest.mark.parametrize(
    ("stopping_for_s", "asked"), [(0.0, False), (SHUTDOWN_GRACE_S, False), (SHUTDOWN_GRACE_S + 1, True)]
)
def test_running_jobs_are_asked_to_hand_back_after_the_grace_period(
    keeper, told, monkeypatch, stopping_for_s, asked
):
    me = keeper._me
    monkeypatch.setattr(me, "stopping_for_s", lambda: stopping_for_s)
    monkeypatch.setattr(me, "beat", keeper._done.set)  # one turn of the loop

    monkeypatch.setattr(heartbeat, "BEAT_S", 0)
    keeper._run()

    assert deadline.shutdown_requested.is_set() is asked


def test_the_watchdog_sees_a_drain_begin_beat_and_end(monkeypatch):
    seen, beaten = [], threading.Event()

    def beat() -> None:
        seen.append("beat")
        beaten.set()

    me = WorkerProcess(begin=lambda: seen.append("begin"), beat=beat, rest=lambda: seen.append("rest"))
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.001)

    with LeaseKeeper(me):
        assert beaten.wait(PATIENCE_S)

    assert (seen[0], seen[1], seen[-1]) == ("begin", "beat", "rest")
