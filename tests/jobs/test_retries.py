"""The decision table: what becomes of a job, for every way its attempt can end."""

from datetime import UTC, datetime, timedelta

import pytest

from jobs.errors import (
    Cancelled,
    DeadlineExceeded,
    PermanentError,
    ShutdownRequested,
    Snooze,
    StepInterrupted,
    TimeLimitExceeded,
    TransientError,
)
from jobs.kinds import Policy
from jobs.retries import AttemptOutcome, Decision, Status, decide, decide_loss

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
POLICY = Policy(attempts=3, backoff_base_ms=5_000, backoff_cap_ms=900_000, max_age_hours=24)


def highest(low: float, high: float) -> float:
    return high


def outcome(error, attempts=1, age=timedelta(0), **options) -> Decision:
    return decide(
        error,
        policy=POLICY,
        attempts=attempts,
        first_run_at=NOW - age,
        now=NOW,
        uniform=highest,
        **options,
    )


def queued(kind: AttemptOutcome, in_ms: int | None = None, **options) -> Decision:
    run_at = None if in_ms is None else NOW + timedelta(milliseconds=in_ms)
    return Decision(Status.QUEUED, kind, run_at, **options)


FAILED = Decision(Status.FAILED, AttemptOutcome.FAILED)
CANCELLED = Decision(Status.CANCELLED, AttemptOutcome.CANCELLED)
IN_AN_HOUR = Snooze(NOW + timedelta(hours=1), "closed")


@pytest.mark.parametrize(
    ("error", "attempts", "expected"),
    [
        (None, 1, Decision(Status.SUCCEEDED, AttemptOutcome.SUCCEEDED)),
        (None, 3, Decision(Status.SUCCEEDED, AttemptOutcome.SUCCEEDED)),
        (TransientError("x"), 1, queued(AttemptOutcome.RETRIED, 5_000)),
        (TransientError("x"), 2, queued(AttemptOutcome.RETRIED, 10_000)),
        (DeadlineExceeded(), 1, queued(AttemptOutcome.RETRIED, 5_000)),
        (TimeLimitExceeded(), 1, queued(AttemptOutcome.RETRIED, 5_000)),
        (ValueError("x"), 1, queued(AttemptOutcome.RETRIED, 5_000)),
        (SystemExit(1), 1, queued(AttemptOutcome.RETRIED, 5_000)),
        (PermanentError("x"), 1, FAILED),
        (StepInterrupted("x"), 1, FAILED),
        (Cancelled(), 1, CANCELLED),
        (ShutdownRequested(), 3, queued(AttemptOutcome.HANDED_BACK, refund=True)),
        (IN_AN_HOUR, 3, queued(AttemptOutcome.SNOOZED, 3_600_000, refund=True)),
        (Snooze(NOW - timedelta(hours=1), "late"), 1, queued(AttemptOutcome.SNOOZED, 0, refund=True)),
    ],
    ids=repr,
)
def test_decides_by_how_the_attempt_ended(error, attempts, expected):
    assert outcome(error, attempts) == expected


@pytest.mark.parametrize("error", [TransientError("x"), ValueError("x"), DeadlineExceeded()], ids=repr)
def test_fails_when_attempts_are_used_up(error):
    assert outcome(error, attempts=3) == Decision(
        Status.FAILED, AttemptOutcome.FAILED, note="attempts used up (3)"
    )


@pytest.mark.parametrize(
    ("wish_ms", "wait_ms"), [(7_000, 7_000), (7_001, 8_000), (0, 1_000), (-5, 1_000), (10**9, 3_600_000)]
)
def test_waits_as_long_as_the_provider_asks_within_reason(wish_ms, wait_ms):
    waits = outcome(TransientError("x", retry_after_ms=wish_ms)).run_at - NOW
    assert waits == timedelta(milliseconds=wait_ms)


@pytest.mark.parametrize("error", [TransientError("x"), TransientError("x", retry_after_ms=30_000)], ids=repr)
def test_jobs_put_off_for_one_reason_at_different_moments_are_due_at_the_same(error):
    def due(microsecond: int):
        now = NOW.replace(microsecond=microsecond)
        return decide(error, policy=POLICY, attempts=1, first_run_at=NOW, now=now).run_at

    moments = {due(64_000), due(127_301), due(999_999)}
    assert len(moments) == 1 and moments.pop().microsecond == 0
    assert due(1) >= NOW + timedelta(seconds=5)


def test_backoff_stops_growing_at_its_cap():
    policy = Policy(attempts=100, backoff_base_ms=5_000, backoff_cap_ms=60_000)
    late = decide(TransientError("x"), policy=policy, attempts=60, first_run_at=NOW, now=NOW, uniform=highest)
    assert late.run_at == NOW + timedelta(minutes=1)


def test_an_error_that_nobody_expected_waits_a_random_time_from_zero():
    asked = []

    def spy(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    decide(ValueError("x"), policy=POLICY, attempts=2, first_run_at=NOW, now=NOW, uniform=spy)
    assert asked == [(0, 10_000)]


@pytest.mark.parametrize("error", [TransientError("x"), IN_AN_HOUR], ids=repr)
def test_gives_up_on_a_job_that_is_too_old(error):
    assert outcome(error, age=timedelta(hours=24)) == Decision(
        Status.FAILED, AttemptOutcome.FAILED, note="too old (over 24 h)"
    )


@pytest.mark.parametrize(
    "error", [TransientError("x"), PermanentError("x"), ShutdownRequested(), IN_AN_HOUR], ids=repr
)
def test_a_wanted_cancellation_beats_every_error(error):
    assert outcome(error, cancel_requested=True) == CANCELLED


def test_work_that_succeeded_before_its_cancellation_has_succeeded():
    assert outcome(None, cancel_requested=True).status is Status.SUCCEEDED


def loss(**given) -> Decision:
    facts = {"attempts": 1, "worker_deaths": 0, "losses": 1, "own_death": False, "witnessed": True}
    return decide_loss(policy=POLICY, **facts | given)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, queued(AttemptOutcome.LOST, refund=True)),
        ({"attempts": 3}, queued(AttemptOutcome.LOST, refund=True)),
        ({"witnessed": False}, queued(AttemptOutcome.LOST)),
        (
            {"witnessed": False, "attempts": 3},
            Decision(
                Status.FAILED, AttemptOutcome.LOST, note="attempts used up (3), the last with its worker"
            ),
        ),
        ({"own_death": True, "worker_deaths": 1}, queued(AttemptOutcome.KILLED_WORKER, delay_ms=2_000)),
        (
            {"own_death": True, "worker_deaths": 2, "attempts": 2},
            queued(AttemptOutcome.KILLED_WORKER, delay_ms=4_000),
        ),
        (
            {"own_death": True, "worker_deaths": 3, "attempts": 2},
            Decision(Status.FAILED, AttemptOutcome.KILLED_WORKER, note="killed its worker 3 times"),
        ),
        ({"losses": 20}, Decision(Status.FAILED, AttemptOutcome.LOST, note="lost its worker 20 times")),
        ({"stopped": True, "losses": 99}, queued(AttemptOutcome.HANDED_BACK, refund=True)),
    ],
    ids=str,
)
def test_decides_what_becomes_of_a_job_without_its_worker(given, expected):
    assert loss(**given) == expected
