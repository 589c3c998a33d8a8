"""JobContext, the argument of every job handler: the job, its time limit, and its recorded steps."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar, cast
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Model, QuerySet

from jobs import queue
from jobs.block_values import during
from jobs.db import fetch, persist
from jobs.deadline import Deadline
from jobs.errors import LeaseLost, Moved, PermanentError, StepInterrupted
from jobs.models import BackgroundJob, JobStep
from jobs.queue import Started

Row = TypeVar("Row", bound=Model)
T = TypeVar("T")

PROGRESS_EVERY_S = 1.0

StepStatus = JobStep.Status
Effect = JobStep.Effect

_running: ContextVar[UUID | None] = ContextVar("running_job", default=None)
# The statement locks the job's row, so no other worker can take the job between the check of the token and the insert.
WRITE_STEP = """
WITH held AS (
    SELECT id FROM jobs_backgroundjob
    WHERE id = %(job)s AND lease_token = %(token)s AND status = 'running' FOR NO KEY UPDATE
)
INSERT INTO jobs_jobstep (job_id, name, effect, status, result, reason, started_at, finished_at)
SELECT id, %(name)s, %(effect)s, %(status)s, %(result)s, %(reason)s,
       clock_timestamp() - %(took_ms)s * interval '1 millisecond',
       CASE WHEN %(status)s <> 'started' THEN clock_timestamp() END
FROM held
ON CONFLICT (job_id, name) DO UPDATE
SET status = EXCLUDED.status, result = EXCLUDED.result, reason = EXCLUDED.reason, finished_at = EXCLUDED.finished_at
RETURNING job_id
"""


def running_job() -> UUID | None:
    """Returns the id of the job whose handler runs in this thread. None in threads that a handler has started."""
    return _running.get()


def running(job_id: UUID) -> contextlib.AbstractContextManager[None]:
    return during(_running, job_id)


class JobContext:
    """The argument of a job's handler. `deadline` ends at the time limit of the job's kind, or as soon as the job is
    cancelled or the worker has lost its lease.
    """

    def __init__(self, started: Started, deadline: Deadline, lease_expired: Callable[[], bool]) -> None:
        self.job: BackgroundJob = started.job
        self.deadline = deadline
        self._token = started.token
        self._lease_expired = lease_expired
        self._known_steps: dict[str, JobStep] | None = None
        self._progress_at = float("-inf")

    @property
    def payload(self) -> dict[str, Any]:
        payload: dict[str, Any] = self.job.payload
        return payload

    @property
    def workspace_id(self) -> UUID:
        """The id of the job's workspace. Raises PermanentError for a job that belongs to no workspace."""
        if self.job.workspace_id is None:
            raise PermanentError("This kind of job needs a workspace, but the job has none.")
        return self.job.workspace_id

    def row(self, rows: QuerySet[Row], name: str) -> Row:
        """Returns the row of the job's workspace whose id is `name` in the payload. Raises the model's DoesNotExist."""
        return rows.get(pk=self.payload[name], workspace_id=self.workspace_id)

    @property
    def attempt(self) -> int:
        """The number of this attempt of the job, from 1. A user's retry starts again at 1."""
        return self.job.attempts

    def checkpoint(self) -> None:
        """Raises Cancelled, ShutdownRequested, DeadlineExceeded or LeaseLost if the job must stop."""
        self.deadline.check()

    def step(
        self,
        name: str,
        fn: Callable[[Deadline], T],
        *,
        effect: str = "read",
        time_limit_ms: int | None = None,
        on_interrupted: Callable[[Deadline], T] | None = None,
    ) -> T:
        """Runs `fn(deadline)` once per job, and returns its result, which must be JSON. Later attempts of the job get
        the recorded result. `effect` says what the step does elsewhere: "read", "idempotent" or "send". A step with the
        effect "send" is first recorded as started. If an attempt of the job finds a started send, the message may have
        gone out: `on_interrupted(deadline)` must resolve that, or StepInterrupted is raised. An error with `sent =
        False` proves that no message went out. Raises the errors of `fn` and `checkpoint`.
        """
        self.checkpoint()
        record = self._steps().get(name)
        if record is not None and record.status != StepStatus.STARTED:
            return cast(T, record.result)
        if record is not None:
            if on_interrupted is None:
                raise StepInterrupted(f"Step {name} was interrupted. It may already have run.")
            fn = on_interrupted
        elif effect == Effect.SEND:
            self._write(name, effect, StepStatus.STARTED)
        began = time.monotonic()
        try:
            output = fn(self.deadline if time_limit_ms is None else self.deadline.within_ms(time_limit_ms))
        except Exception as error:
            if effect == Effect.SEND and getattr(error, "sent", None) is False:
                # The step was started, but did not happen. The record of a finished step is not changed.
                self._persist(self._held_steps().filter(name=name, status=StepStatus.STARTED).delete)
            raise
        took_ms = (time.monotonic() - began) * 1000
        self._write(name, effect, StepStatus.DONE, output=output, took_ms=took_ms)
        return output

    def skip(self, name: str, reason: str) -> None:
        """Records that a step of the job is not needed, with the reason. Raises LeaseLost."""
        if name not in self._steps():
            self._write(name, Effect.READ, StepStatus.SKIPPED, reason=reason)

    def recorded(self, name: str) -> bool:
        """Whether the step of the job is recorded, as done, skipped or started."""
        return name in self._steps()

    def forget(self, names: list[str]) -> None:
        """Deletes the records of these steps, so that the steps run again. Only the holder of the job can do this."""
        self._persist(self._held_steps().filter(name__in=names).delete)
        self._known_steps = None

    def move_to(self, lane: str) -> None:
        """Unless the job is in `lane` already, moves it there for a worker to continue, and raises Moved."""
        if self.job.lane != lane:
            self.leave_for(lane)
            raise Moved()

    def leave_for(self, lane: str) -> None:
        """Changes the lane in which the job starts the next time. The current run goes on. Raises LeaseLost."""
        if not self._persist(lambda: queue.change_lane(self.job.pk, self._token, lane)):
            raise LeaseLost()
        self.job.lane = lane

    def progress(self, done: int, total: int | None = None) -> None:
        """Shows `done` of the job's `total` parts, once a second at most. Raises what `checkpoint` does."""
        self.checkpoint()
        if time.monotonic() - self._progress_at >= PROGRESS_EVERY_S or done == total:
            self._progress_at = time.monotonic()
            if not queue.progress(self.job.pk, self._token, done, total):
                raise LeaseLost()

    @contextlib.contextmanager
    def fenced(self) -> Iterator[None]:
        """Opens a short transaction that commits only if the worker still holds the job. Raises LeaseLost otherwise."""
        with transaction.atomic():
            if not queue.holds(self.job.pk, self._token):
                raise LeaseLost()
            yield

    def _persist(self, write: Callable[[], T]) -> T:
        return persist(write, give_up=self._lease_expired)

    def _steps(self) -> dict[str, JobStep]:
        if self._known_steps is None:
            self._known_steps = {step.name: step for step in JobStep.objects.filter(job_id=self.job.pk)}
        return self._known_steps

    def _held_steps(self) -> QuerySet[JobStep]:
        running = BackgroundJob.Status.RUNNING
        return JobStep.objects.filter(job=self.job.pk, job__lease_token=self._token, job__status=running)

    def _write(self, name: str, effect: str, status: str, **details: Any) -> None:
        write = partial(write_step, self.job.pk, self._token, name, effect, status, **details)
        if not self._persist(write):
            raise LeaseLost()
        self._steps()[name] = JobStep(
            job_id=self.job.pk, name=name, effect=effect, status=status, result=details.get("output")
        )


def write_step(
    job_id: UUID,
    token: UUID,
    name: str,
    effect: str,
    status: str,
    *,
    output: Any = None,
    reason: str = "",
    took_ms: float = 0,
) -> bool:
    """Saves the record of a job's step. Returns False if `token` no longer holds the job."""
    values: dict[str, Any] = {
        "job": job_id,
        "token": token,
        "name": name,
        "effect": effect,
        "status": status,
        "result": None if output is None else json.dumps(output, cls=DjangoJSONEncoder),
        "reason": reason[:200],
        "took_ms": took_ms,
    }
    return bool(fetch(WRITE_STEP, values))
