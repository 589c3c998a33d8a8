"""Pure functions that decide how a job continues after its handler returned, raised or died.

Jobs that wait for the same thing become due at the same full second, and due jobs are claimed by age, so they keep
their order. After an unexpected error the wait is random, because jobs that disturb each other should not meet again.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.conf import MAX_LOSSES, MAX_WORKER_DEATHS
from jobs.errors import Cancelled, Moved, PermanentError, ShutdownRequested, Snooze, TransientError
from jobs.kinds import Policy
from jobs.models import BackgroundJob, JobAttempt

Status = BackgroundJob.Status
AttemptOutcome = JobAttempt.Outcome
Uniform = Callable[[float, float], float]

RETRY_AFTER_MIN_MS = 1_000
RETRY_AFTER_MAX_MS = 3_600_000
DEATH_PAUSE_MS = 2_000


@dataclass(frozen=True)
class Decision:
    """How a job continues. A queued job runs at `run_at` or in `delay_ms`; if both are None, it keeps its due time.
    `refund`: the attempt does not count. `note` gives a reason that the error does not contain.
    """

    status: Status
    outcome: AttemptOutcome
    run_at: datetime | None = None
    delay_ms: int | None = None
    refund: bool = False
    note: str = ""


def decide(
    error: BaseException | None,
    *,
    policy: Policy,
    attempts: int,
    first_run_at: datetime,
    now: datetime,
    cancel_requested: bool = False,
    uniform: Uniform = random.uniform,
) -> Decision:
    """Decides how a job continues after an attempt that ended at `now` (aware). A requested cancellation takes
    precedence over every error. A shutdown, a move or a snooze uses no attempt. Every other error, except a permanent
    one, is retried until the attempts or the kind's maximum age are used up.
    """
    if error is None:
        return Decision(Status.SUCCEEDED, AttemptOutcome.SUCCEEDED)
    if cancel_requested or isinstance(error, Cancelled):
        return Decision(Status.CANCELLED, AttemptOutcome.CANCELLED)
    if isinstance(error, (ShutdownRequested, Moved)):
        outcome = AttemptOutcome.MOVED if isinstance(error, Moved) else AttemptOutcome.HANDED_BACK
        return Decision(Status.QUEUED, outcome, refund=True)
    if isinstance(error, PermanentError):
        return Decision(Status.FAILED, AttemptOutcome.FAILED)
    if isinstance(error, Snooze):
        later, outcome = max(error.run_at, now), AttemptOutcome.SNOOZED
    elif attempts >= policy.attempts:
        return Decision(Status.FAILED, AttemptOutcome.FAILED, note=f"attempts used up ({attempts})")
    else:
        later, outcome = now + _backoff(error, policy, attempts, uniform), AttemptOutcome.RETRIED
        if isinstance(error, TransientError):
            later = full_second(later)
    if later > first_run_at + timedelta(hours=policy.max_age_hours):
        too_old = f"too old (over {policy.max_age_hours:g} h)"
        return Decision(Status.FAILED, AttemptOutcome.FAILED, note=too_old)
    return Decision(Status.QUEUED, outcome, run_at=later, refund=outcome is AttemptOutcome.SNOOZED)


def full_second(moment: datetime) -> datetime:
    """Rounds `moment` up to a full second, so that jobs that wait for the same thing become due together."""
    return moment + timedelta(microseconds=-moment.microsecond % 1_000_000)


def _backoff(error: BaseException, policy: Policy, attempts: int, uniform: Uniform) -> timedelta:
    ceiling_ms = min(policy.backoff_cap_ms, policy.backoff_base_ms * 2 ** min(attempts - 1, 30))
    if not isinstance(error, TransientError):
        return timedelta(milliseconds=uniform(0, ceiling_ms))
    if error.retry_after_ms is None:
        return timedelta(milliseconds=ceiling_ms)
    return timedelta(milliseconds=min(max(error.retry_after_ms, RETRY_AFTER_MIN_MS), RETRY_AFTER_MAX_MS))


def decide_loss(
    *,
    policy: Policy,
    attempts: int,
    worker_deaths: int,
    losses: int,
    own_death: bool,
    witnessed: bool,
    stopped: bool = False,
) -> Decision:
    """Decides how a job continues after it lost its worker; the counts include this loss. `own_death`: the worker died
    first, so the job may be to blame. `witnessed`: the supervisor saw how the worker ended; no attempt is used if the
    worker did not die first. `stopped`: the worker was asked to stop, so the job is queued again and no attempt is
    used.
    """
    if stopped:
        return Decision(Status.QUEUED, AttemptOutcome.HANDED_BACK, refund=True)
    outcome = AttemptOutcome.KILLED_WORKER if own_death else AttemptOutcome.LOST
    if own_death and worker_deaths >= MAX_WORKER_DEATHS:
        return Decision(Status.FAILED, outcome, note=f"killed its worker {worker_deaths} times")
    if losses >= MAX_LOSSES:
        return Decision(Status.FAILED, outcome, note=f"lost its worker {losses} times")
    if witnessed and not own_death:
        return Decision(Status.QUEUED, outcome, refund=True)
    if attempts >= policy.attempts:
        return Decision(
            Status.FAILED, outcome, note=f"attempts used up ({attempts}), the last with its worker"
        )
    return Decision(Status.QUEUED, outcome, delay_ms=DEATH_PAUSE_MS * worker_deaths if own_death else None)
