"""The keeper of leases, one look at a time under a clock of the test's own; the ledger is played by the test."""

from datetime import UTC, datetime
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import OperationalError

from jobs import deadline, heartbeat, queue
from jobs.conf import GIVE_BACK_AFTER_MS, HEARTBEAT_S, LEASE_S, OVERRUN_GRACE_S, SHUTDOWN_GRACE_S
from jobs.errors import LeaseLost, ShutdownRequested, TimeLimitExceeded
from jobs.heartbeat import BEAT_S, LATE_S, Claim, LeaseKeeper
from jobs.models import BackgroundJob
from jobs.process import WorkerProcess
from jobs.queue import Started
from tests.waiting import until

LIMIT_S = 600


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
    """What the ledger was asked, and what it answers: `held` as queue.renew, or `error`."""
    told = SimpleNamespace(renewed=[], given_back=[], settled=[], held={}, error=None)

    def renew(tokens, worker_id):
        told.renewed.append(tokens)
        if told.error:
            raise told.error
        return told.held

    def give_back(token, worker_id):
        told.given_back.append(token)
        if told.error:
            raise told.error
        return set()

    def settle(started, error, **details):
        told.settled.append((started, error))
        if told.error:
            raise told.error
        return "retried", None

    monkeypatch.setattr(queue, "renew", renew)
    monkeypatch.setattr(queue, "give_back", give_back)
    monkeypatch.setattr(queue, "settle_attempt", settle)
    return told


@pytest.fixture
def me(told) -> WorkerProcess:
    return WorkerProcess(most_places=32)


@pytest.fixture
def keeper(me) -> LeaseKeeper:
    return LeaseKeeper(me)


def job() -> BackgroundJob:
    return BackgroundJob(kind="t", attempts=1)


def hold(keeper: LeaseKeeper, clock: Clock, behind: int = 0) -> Claim:
    """A claim with `behind` jobs that wait in it."""
    return keeper.hold(uuid4(), clock.now, [job() for _ in range(behind)])


def look(keeper: LeaseKeeper, clock: Clock, after_s: float) -> None:
    clock.passes(after_s)
    keeper._look_after_claims()


def run(claim: Claim):
    """A job begins; it, and what its Deadline asks."""
    started = Started(job(), claim.token, datetime(2026, 1, 1, tzinfo=UTC))
    return started, claim.begin(started, LIMIT_S)


def test_renews_at_each_heartbeat_and_no_sooner(keeper, clock, told):
    hold(keeper, clock)

    look(keeper, clock, HEARTBEAT_S - 0.1)
    assert len(told.renewed) == 0
    look(keeper, clock, 0.2)
    assert len(told.renewed) == 1
    look(keeper, clock, 1)
    assert len(told.renewed) == 1


def test_all_places_leases_are_renewed_in_one_statement(keeper, clock, told):
    claims = [hold(keeper, clock) for _ in range(3)]

    look(keeper, clock, HEARTBEAT_S)

    assert told.renewed == [[claim.token for claim in claims]]


def test_a_lease_counts_from_before_its_claim_was_sent(keeper, clock):
    claim = keeper.hold(uuid4(), clock.now - 5, [])

    clock.passes(LEASE_S - 5)
    assert not claim.expired()
    clock.passes(0.1)
    assert claim.expired()


def test_a_renewal_moves_the_end(keeper, clock, told):
    claim = hold(keeper, clock)
    look(keeper, clock, HEARTBEAT_S)

    clock.passes(LEASE_S - 0.1)
    assert not claim.expired()


def test_nothing_is_asked_where_nothing_is_held(keeper, clock, told):
    keeper.drop(hold(keeper, clock))

    look(keeper, clock, LEASE_S)

    assert (told.renewed, told.given_back) == ([], [])


def test_a_wanted_cancellation_is_told_to_its_job_alone(keeper, clock, told):
    wanted, other = hold(keeper, clock), hold(keeper, clock)
    started, cancelled = run(wanted)
    neighbour, not_cancelled = run(other)
    told.held = {(started.job.pk, wanted.token): True, (neighbour.job.pk, other.token): False}
    assert cancelled() is False

    look(keeper, clock, HEARTBEAT_S)

    assert cancelled() is True and wanted.cancel_requested
    assert not_cancelled() is False and not other.cancel_requested


def test_a_cancellation_is_not_the_next_jobs(keeper, clock, told):
    claim = hold(keeper, clock)
    started, _ = run(claim)
    told.held = {(started.job.pk, claim.token): True}
    look(keeper, clock, HEARTBEAT_S)
    claim.rest()

    assert run(claim)[1]() is False


def test_a_job_that_was_taken_over_hears_of_it_and_its_neighbour_does_not(keeper, clock, told):
    lost, kept = hold(keeper, clock), hold(keeper, clock)
    (_, cancelled), (neighbour, not_cancelled) = run(lost), run(kept)
    told.held = {(neighbour.job.pk, kept.token): False}

    look(keeper, clock, HEARTBEAT_S)

    with pytest.raises(LeaseLost):
        cancelled()
    assert not_cancelled() is False


def test_a_job_whose_lease_ran_out_hears_of_it_without_the_database(keeper, clock):
    _, cancelled = run(hold(keeper, clock))

    clock.passes(LEASE_S + 0.1)  # as after SIGSTOP

    with pytest.raises(LeaseLost):
        cancelled()


def test_waiting_jobs_go_back_once_behind_a_long_one(keeper, clock, told):
    claim = hold(keeper, clock, behind=3)
    run(claim)

    look(keeper, clock, GIVE_BACK_AFTER_MS / 1000)
    assert told.given_back == []
    look(keeper, clock, 0.1)
    look(keeper, clock, 0.1)
    assert told.given_back == [claim.token]


def test_what_the_database_refused_once_is_tried_at_the_next_look(keeper, clock, told, me):
    """Else jobs would wait behind a long one until it ends, and one that ignores its limit would keep its place."""
    claim = hold(keeper, clock, behind=3)
    run(claim)
    told.error = OperationalError("the database did not answer in time")
    look(keeper, clock, GIVE_BACK_AFTER_MS / 1000 + 0.1)
    told.error = None
    look(keeper, clock, 0.1)
    look(keeper, clock, 0.1)
    assert told.given_back == [claim.token] * 2

    keep(keeper, clock, told, [claim], LIMIT_S + OVERRUN_GRACE_S - HEARTBEAT_S / 2)
    told.error = OperationalError("the database did not answer in time")
    look(keeper, clock, HEARTBEAT_S - 0.1)
    assert not claim.lost and me.stopping
    told.error = None
    look(keeper, clock, 0.1)
    look(keeper, clock, 0.1)
    assert len(told.settled) == 2 and claim.lost


def test_leases_are_renewed_although_nothing_can_be_given_back(keeper, clock, told, monkeypatch):
    run(hold(keeper, clock, behind=3))

    def refuse(token, worker_id):
        raise OperationalError("lock timeout")

    monkeypatch.setattr(queue, "give_back", refuse)
    look(keeper, clock, HEARTBEAT_S)
    look(keeper, clock, HEARTBEAT_S)

    assert len(told.renewed) == 2


def test_a_long_job_with_nothing_behind_it_gives_nothing_back(keeper, clock, told):
    run(hold(keeper, clock))

    look(keeper, clock, GIVE_BACK_AFTER_MS / 1000 + 0.1)

    assert told.given_back == []


def test_quick_jobs_keep_their_batch(keeper, clock, told):
    claim = hold(keeper, clock, behind=9)
    for _ in range(5):
        run(claim)
        look(keeper, clock, 0.5)
        claim.rest()

    assert told.given_back == []


def keep(keeper: LeaseKeeper, clock: Clock, told, claims, seconds: float) -> None:
    """Time passes in heartbeats; all is held."""
    told.held = {(c.started.job.pk, c.token): False for c in claims if c.started}
    for _ in range(round(seconds / HEARTBEAT_S)):
        look(keeper, clock, HEARTBEAT_S)


def test_a_job_that_ignores_its_limit_is_taken_away_and_the_process_stops_by_itself(keeper, clock, told, me):
    deaf, other = hold(keeper, clock), hold(keeper, clock)
    (started, cancelled), _ = run(deaf), run(other)
    other.limit_s = 10 * LIMIT_S
    keep(keeper, clock, told, [deaf, other], LIMIT_S + OVERRUN_GRACE_S)
    assert told.settled == [] and not me.stopping

    look(keeper, clock, HEARTBEAT_S)
    look(keeper, clock, HEARTBEAT_S)

    [(settled, error)] = told.settled
    assert settled is started and isinstance(error, TimeLimitExceeded)
    assert me.retired and me.stopping
    with pytest.raises(LeaseLost):
        cancelled()
    assert not other.lost


def test_what_is_kept_of_a_job_that_ignored_its_limit_says_where_its_thread_stood(keeper, clock, told):
    claim = hold(keeper, clock)
    run(claim)
    claim.take_away(TimeLimitExceeded(), "w")

    [(_, error)] = told.settled
    names, trace = [], error.__traceback__
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    assert "test_what_is_kept_of_a_job_that_ignored_its_limit_says_where_its_thread_stood" in names


def test_jobs_that_do_not_end_with_their_process_are_handed_back(keeper, clock, told):
    running, idle, lost = (hold(keeper, clock) for _ in range(3))
    started, _ = run(running)
    run(lost)
    lost.lost = True

    keeper.hand_back()

    assert [(one, type(error)) for one, error in told.settled] == [(started, ShutdownRequested)]


def test_a_renewal_that_fails_is_tried_again_at_each_look_and_one_that_holds_revives_the_lease(
    keeper, clock, told
):
    claim = hold(keeper, clock)
    started, cancelled = run(claim)
    told.error = OperationalError("connection refused")
    look(keeper, clock, HEARTBEAT_S)
    look(keeper, clock, LEASE_S)
    assert len(told.renewed) == 2
    with pytest.raises(LeaseLost):
        cancelled()

    told.error, told.held = None, {(started.job.pk, claim.token): False}
    look(keeper, clock, BEAT_S)

    assert cancelled() is False


def test_a_claim_that_took_longer_than_its_lease_is_renewed_at_the_next_look(keeper, clock, told):
    hold(keeper, clock)
    late = keeper.hold(uuid4(), clock.now - LEASE_S - 5, [])

    look(keeper, clock, BEAT_S)

    assert len(told.renewed) == 1 and not late.expired()


def test_places_shrink_while_the_keeper_is_late_and_grow_one_by_one(clock, me, told):
    keeper = LeaseKeeper(me)
    sizes = []
    for after_s in (LATE_S + 0.1, LATE_S + 0.1, BEAT_S, BEAT_S, 60, 60, 60, 60):
        clock.passes(after_s)
        keeper._beat()
        sizes.append(me.slot.places)
    assert sizes == [16, 8, 9, 10, 5, 2, 1, 1]

    claim = hold(keeper, clock)
    assert not keeper.has_room()
    keeper.drop(claim)
    assert keeper.has_room()
    for _ in range(40):
        clock.passes(BEAT_S)
        keeper._beat()
    assert me.slot.places == 32


def test_an_answer_about_an_earlier_job_of_the_claim_is_not_used(keeper, clock, told, monkeypatch):
    claim = hold(keeper, clock)
    run(claim)
    later = []

    def renew_late(tokens, worker_id):
        later.append(run(claim)[1])
        return {}

    monkeypatch.setattr(queue, "renew", renew_late)
    look(keeper, clock, HEARTBEAT_S)

    assert later[0]() is False


def test_the_watchdog_hears_how_many_places_have_work(clock, told):
    me = WorkerProcess()
    keeper = LeaseKeeper(me)
    claims = [hold(keeper, clock), hold(keeper, clock)]
    assert me.slot.busy == 2
    keeper.drop(claims.pop())
    assert me.slot.busy == 1
    keeper.drop(claims.pop())

    assert me.slot.busy == 0


@pytest.mark.parametrize(
    ("stopping_for_s", "asked"), [(0.0, False), (SHUTDOWN_GRACE_S, False), (SHUTDOWN_GRACE_S + 1, True)]
)
def test_running_jobs_are_asked_to_hand_back_after_the_grace_period(
    keeper, told, me, monkeypatch, stopping_for_s, asked
):
    monkeypatch.setattr(me, "stopping_for_s", lambda: stopping_for_s)
    monkeypatch.setattr(keeper, "_look_after_claims", keeper._done.set)  # one turn of the loop

    monkeypatch.setattr(heartbeat, "BEAT_S", 0)
    keeper._run()

    assert deadline.shutdown_requested.is_set() is asked


def test_the_watchdog_sees_a_worker_beat_with_and_without_work(monkeypatch):
    monkeypatch.setattr(heartbeat, "BEAT_S", 0.001)
    me = WorkerProcess()
    me.slot.beat_at = 0.0

    with LeaseKeeper(me):
        until(lambda: me.slot.beat_at, "it beats")
        me.slot.beat_at = 0.0
        until(lambda: me.slot.beat_at, "it beats again")


def test_no_error_ends_the_keeper(keeper, monkeypatch):
    """Without it every lease of the process would run out under its jobs."""
    looks = []

    def fail() -> None:
        looks.append(1)
        if len(looks) == 2:
            keeper._done.set()
        raise RuntimeError

    monkeypatch.setattr(heartbeat, "BEAT_S", 0)
    monkeypatch.setattr(keeper, "_look_after_claims", fail)
    keeper._run()

    assert len(looks) == 2
