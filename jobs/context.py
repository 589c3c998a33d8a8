"""JobContext, the object that a job's handler gets: its job, its time, and the records of its steps."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.db import transaction

from jobs import queue, steps
from jobs.db import persist
from jobs.deadline import Deadline
from jobs.errors import LeaseLost, Moved, PermanentError, StepInterrupted
from jobs.models import BackgroundJob, JobStep
from jobs.queue import Started

PROGRESS_EVERY_S = 1.0

_running: ContextVar[UUID | None] = ContextVar("running_job", default=None)

StepFunction = Callable[[Deadline], Any]


def running_job() -> UUID | None:
    """The id of the job whose handler runs in this thread.

    None outside of a job's handler, and in threads that a handler starts.
    """
    return _running.get()


@contextlib.contextmanager
def running(job_id: UUID) -> Iterator[None]:
    """Makes `running_job` return `job_id` in this thread within the `with` block."""
    token = _running.set(job_id)
    try:
        yield
    finally:
        _running.reset(token)


class JobContext:
    """What a job's handler gets: the job, its time, and the records of its steps.

    `deadline` ends with the job's time limit, its cancellation, or the loss of its lease (the right to run it).
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
        """The id of the workspace that the job works for.

        Raises PermanentError for a job of the platform itself (`job.workspace_id` is None for those).
        """
        if self.job.workspace_id is None:
            raise PermanentError("This kind of job works for a workspace, and the job names none.")
        return self.job.workspace_id

    @property
    def attempt(self) -> int:
        """The number of this attempt at the job, from 1. A retry by hand counts from 1 again."""
        return self.job.attempts

    def checkpoint(self) -> None:
        """Raises an error if the job must stop: Cancelled, ShutdownRequested, DeadlineExceeded or LeaseLost. Else it
        does nothing.
        """
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
        """Runs `fn(deadline)` once per job, as the step `name`, records its result, which must be JSON, and returns it.
        A later attempt gets the recorded result without a call.

        `effect` says what the step does outside: "read", "idempotent" or "send". A "send" is recorded as started before
        `fn` runs. If a later attempt finds it only started, the message may have gone out. Then
        `on_interrupted(deadline)` finds out and returns the step's result; without it StepInterrupted is raised. If a
        send raises an error with `sent = False`, nothing went out and the step may be tried again. `time_limit_ms`
        limits this step. Raises what `fn` raises, the errors of `checkpoint`, and LeaseLost if another worker has taken
        the job over.
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
                persist(
                    lambda: steps.forget_started(self.job.pk, self._token, name), give_up=self._lease_expired
                )
            raise
        took_ms = (time.monotonic() - began) * 1000
        self._write(name, effect, steps.Status.DONE, output=output, took_ms=took_ms)
        return output

    def skip(self, name: str, reason: str) -> None:
        """Records that a step of the job is not needed, and why. A step that is recorded already stays as it is. Raises
        LeaseLost if another worker has taken the job over.
        """
        if name not in self._steps():
            self._write(name, steps.Effect.READ, steps.Status.SKIPPED, reason=reason)

    def recorded(self, name: str) -> bool:
        """Whether the job's step with this name is recorded as done, skipped or started."""
        return name in self._steps()

    def forget(self, names: list[str]) -> None:
        """Deletes the records of the job's steps with these names, so that they run again because something that they
        depend on has changed.

        Only for steps that may be repeated. Raises LeaseLost if another worker has taken the job over.
        """
        persist(lambda: steps.forget(self.job.pk, self._token, names), give_up=self._lease_expired)
        self._known_steps = None

    def move_to(self, lane: str) -> None:
        """Ends this run of the job so that it goes on in another lane (a queue with its own promise of the longest
        wait): raises Moved, which the handler must let pass. Does nothing if the job is in `lane` already. Recorded
        steps stay done.
        """
        if self.job.lane != lane:
            self.leave_for(lane)
            raise Moved()

    def leave_for(self, lane: str) -> None:
        """Changes the lane (a queue with its own promise of the longest wait) in which the job's next start will be;
        this run goes on. Raises LeaseLost if another worker has taken the job over.
        """
        if not persist(
            lambda: queue.change_lane(self.job.pk, self._token, lane), give_up=self._lease_expired
        ):
            raise LeaseLost()
        self.job.lane = lane

    def progress(self, done: int, total: int | None = None) -> None:
        """Shows on the pages that `done` of `total` parts of the job are done (`total` None: of an unknown number).
        Raises an error if the job must stop (see checkpoint).

        It is written once a second at most, and when all parts are done.
        """
        self.checkpoint()
        if time.monotonic() - self._progress_at >= PROGRESS_EVERY_S or done == total:
            self._progress_at = time.monotonic()
            if not queue.progress(self.job.pk, self._token, done, total):
                raise LeaseLost()

    @contextlib.contextmanager
    def fenced(self) -> Iterator[None]:
        """A context manager: a transaction that commits only while the worker holds the job. It must be short, as it
        locks the job's row. Raises LeaseLost if another worker has taken the job over.
        """
        with transaction.atomic():
            if not queue.holds(self.job.pk, self._token):
                raise LeaseLost()
            yield

    def _steps(self) -> dict[str, JobStep]:
        if self._known_steps is None:
            self._known_steps = steps.recorded(self.job.pk)
        return self._known_steps

    def _write(self, name: str, effect: str, status: str, **details: Any) -> None:
        def write() -> bool:
            return steps.write(self.job.pk, self._token, name, effect, status, **details)

        if not persist(write, give_up=self._lease_expired):
            raise LeaseLost()
        self._steps()[name] = JobStep(
            job_id=self.job.pk, name=name, effect=effect, status=status, result=details.get("output")
        )
