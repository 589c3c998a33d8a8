"""How a job goes on after its handler returned, raised or died: pure functions, tested as tables.

Jobs that are put off for one reason come back in the order in which they were made: their waits end at one moment, a
full second, and jobs that are due at the same moment are claimed by age. Only an error that nobody expected waits a
random time, as two jobs that are in each other's way must not meet again.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from jobs.conf import MAX_LOSSES, MAX_WORKER_DEATHS
from jobs.errors import Cancelled, PermanentError, ShutdownRequested, Snooze, TransientError
from jobs.models import BackgroundJob, JobAttempt
from jobs.registry import Policy

Status = BackgroundJob.Status
Outcome = JobAttempt.Outcome
Uniform = Callable[[float, float], float]

RETRY_AFTER_MIN_MS = 1_000
RETRY_AFTER_MAX_MS = 3_600_000
DEATH_PAUSE_MS = 2_000


@dataclass(frozen=True)
class Decision:
    """The next state. For queued jobs `run_at` says when, or `delay_ms` how long from now; where both are None the job
    keeps its time, and so its place. `refund` gives the attempt back. `note` says why, where the error does not.
    """

    status: Status
    outcome: Outcome
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
    """What becomes of a job whose attempt number `attempts` ended with `error` (None: it returned) at `now`.

    A wanted cancellation beats everything but success; a shutdown or snooze uses no attempt; a permanent error fails
    at once; all else is retried until attempts or age are used up.
    """
    if error is None:
        return Decision(Status.SUCCEEDED, Outcome.SUCCEEDED)
    if cancel_requested or isinstance(error, Cancelled):
        return Decision(Status.CANCELLED, Outcome.CANCELLED)
    if isinstance(error, ShutdownRequested):
        return Decision(Status.QUEUED, Outcome.HANDED_BACK, refund=True)
    if isinstance(error, PermanentError):
        return Decision(Status.FAILED, Outcome.FAILED)
    if isinstance(error, Snooze):
        later, refund, outcome = max(error.run_at, now), True, Outcome.SNOOZED
    elif attempts >= policy.attempts:
        return Decision(Status.FAILED, Outcome.FAILED, note=f"attempts used up ({attempts})")
    else:
        later, refund, outcome = now + _backoff(error, policy, attempts, uniform), False, Outcome.RETRIED
        if isinstance(error, TransientError):
            later = full_second(later)
    if later > first_run_at + timedelta(hours=policy.max_age_hours):
        return Decision(Status.FAILED, Outcome.FAILED, note=f"too old (over {policy.max_age_hours:g} h)")
    return Decision(Status.QUEUED, outcome, run_at=later, refund=refund)


def full_second(moment: datetime) -> datetime:
    """`moment`, or the next full second: what waits for one thing is due together, whenever it was put off."""
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
    """What becomes of a started job that lost its worker; the counts include this loss.

    `own_death`: its own worker died first, so the job may be the cause. `witnessed`: a supervisor saw the end and
    knows that it was not the job's doing, so the attempt is given back. Without a witness the attempt stays used.
    `stopped`: the worker was asked to stop and the job did not hand itself back in time.
    """
    if stopped:
        return Decision(Status.QUEUED, Outcome.HANDED_BACK, refund=True)
    outcome = Outcome.KILLED_WORKER if own_death else Outcome.LOST
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
