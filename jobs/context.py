"""JobContext, the argument of every job handler: the job, its time limit, and its recorded steps."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet

from jobs import queue, steps
from jobs.db import persist
from jobs.deadline import Deadline
from jobs.errors import LeaseLost, Moved, PermanentError, StepInterrupted
from jobs.models import BackgroundJob, JobStep
from jobs.queue import Started

Row = TypeVar("Row", bound=Model)
T = TypeVar("T")

PROGRESS_EVERY_S = 1.0

_running: ContextVar[UUID | None] = ContextVar("running_job", default=None)

StepFunction = Callable[[Deadline], Any]


def running_job() -> UUID | None:
    """The id of the job whose handler runs in this thread. None in threads started by a handler."""
    return _running.get()


@contextlib.contextmanager
def running(job_id: UUID) -> Iterator[None]:
    token = _running.set(job_id)
    try:
        yield
    finally:
        _running.reset(token)


class JobContext:
    """The argument of a job's handler. `deadline` ends at the time limit, a cancellation or a lost lease."""

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
        """The job's workspace. Raises PermanentError for a job of the platform itself."""
        if self.job.workspace_id is None:
            raise PermanentError("This kind of job works for a workspace, and the job names none.")
        return self.job.workspace_id

    def row(self, rows: QuerySet[Row], name: str) -> Row:
        """Gets the row of the job's workspace whose id the payload holds as `name`. Raises the model's DoesNotExist."""
        return rows.get(pk=self.payload[name], workspace_id=self.workspace_id)

    @property
    def attempt(self) -> int:
        """The number of this attempt, from 1. A retry by hand starts again at 1."""
        return self.job.attempts

    def checkpoint(self) -> None:
        """Raises Cancelled, ShutdownRequested, DeadlineExceeded or LeaseLost if the job must stop."""
        self.deadline.check()

    def step(
        self,
        name: str,
        fn: StepFunction,
        *,
        effect: str = "read",
        time_limit_ms: int | None = None,
        on_interrupted: StepFunction | None = None,
    ) -> Any:
        """Runs `fn(deadline)` once per job, and returns its result, which must be JSON. Later attempts get the recorded
        result. `effect` is "read", "idempotent" or "send". A send is first recorded as started. If an attempt finds a
        started send, the message may have gone out: `on_interrupted(deadline)` must resolve it, or StepInterrupted is
        raised. An error with `sent = False` proves that nothing went out. Raises the errors of `fn` and `checkpoint`.
        """
        self.checkpoint()
        record = self._steps().get(name)
        if record is not None and record.status != steps.Status.STARTED:
            return record.result
        if record is not None:
            if on_interrupted is None:
                raise StepInterrupted(f"Step {name} was interrupted and may have happened.")
            fn = on_interrupted
        elif effect == steps.Effect.SEND:
            self._write(name, effect, steps.Status.STARTED)
        began = time.monotonic()
        try:
            output = fn(self.deadline if time_limit_ms is None else self.deadline.within_ms(time_limit_ms))
        except Exception as error:
            if effect == steps.Effect.SEND and getattr(error, "sent", None) is False:
                self._persist(lambda: steps.forget_started(self.job.pk, self._token, name))
            raise
        took_ms = (time.monotonic() - began) * 1000
        self._write(name, effect, steps.Status.DONE, output=output, took_ms=took_ms)
        return output

    def skip(self, name: str, reason: str) -> None:
        """Records that a step is not needed, with the reason. Raises LeaseLost."""
        if name not in self._steps():
            self._write(name, steps.Effect.READ, steps.Status.SKIPPED, reason=reason)

    def recorded(self, name: str) -> bool:
        """Whether the step is recorded, as done, skipped or started."""
        return name in self._steps()

    def forget(self, names: list[str]) -> None:
        """Deletes the records of these steps, so that they run again, if this worker still holds the job."""
        self._persist(lambda: steps.forget(self.job.pk, self._token, names))
        self._known_steps = None

    def move_to(self, lane: str) -> None:
        """Continues the job in another lane, by raising Moved, unless the job is already there."""
        if self.job.lane != lane:
            self.leave_for(lane)
            raise Moved()

    def leave_for(self, lane: str) -> None:
        """Changes the lane for the job's next start, without ending this run. Raises LeaseLost."""
        if not self._persist(lambda: queue.change_lane(self.job.pk, self._token, lane)):
            raise LeaseLost()
        self.job.lane = lane

    def progress(self, done: int, total: int | None = None) -> None:
        """Shows that `done` of `total` parts are done, at most once a second. Raises the errors of `checkpoint`."""
        self.checkpoint()
        if time.monotonic() - self._progress_at >= PROGRESS_EVERY_S or done == total:
            self._progress_at = time.monotonic()
            if not queue.progress(self.job.pk, self._token, done, total):
                raise LeaseLost()

    @contextlib.contextmanager
    def fenced(self) -> Iterator[None]:
        """A short transaction that commits only if the worker still holds the job. Otherwise raises LeaseLost."""
        with transaction.atomic():
            if not queue.holds(self.job.pk, self._token):
                raise LeaseLost()
            yield

    def _persist(self, write: Callable[[], T]) -> T:
        return persist(write, give_up=self._lease_expired)

    def _steps(self) -> dict[str, JobStep]:
        if self._known_steps is None:
            self._known_steps = steps.recorded(self.job.pk)
        return self._known_steps

    def _write(self, name: str, effect: str, status: str, **details: Any) -> None:
        write = partial(steps.write, self.job.pk, self._token, name, effect, status, **details)
        if not self._persist(write):
            raise LeaseLost()
        self._steps()[name] = JobStep(
            job_id=self.job.pk, name=name, effect=effect, status=status, result=details.get("output")
        )
