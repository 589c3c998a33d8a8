"""JobContext: what a handler may use. It knows the job, its time and its lease, and records the job's steps."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from django.db import transaction

from jobs import ledger, steps
from jobs.db import persist
from jobs.deadline import Deadline
from jobs.errors import LeaseLost, StepInterrupted
from jobs.ledger import Started
from jobs.models import BackgroundJob, JobStep

PROGRESS_EVERY_S = 1.0

_running: ContextVar[UUID | None] = ContextVar("running_job", default=None)

StepFunction = Callable[[Deadline], Any]


def running_job() -> UUID | None:
    """The job whose handler runs in this thread; None outside of one, and in threads that a handler starts."""
    return _running.get()


@contextlib.contextmanager
def running(job_id: UUID) -> Iterator[None]:
    """Let `running_job` say `job_id` meanwhile."""
    token = _running.set(job_id)
    try:
        yield
    finally:
        _running.reset(token)


class JobContext:
    """Handed to the handler. `deadline` carries the job's limit, its cancellation and the loss of its lease."""

    def __init__(self, started: Started, deadline: Deadline, lease_expired: Callable[[], bool]) -> None:
        self.job: BackgroundJob = started.job
        self.deadline = deadline
        self._token = started.token
        self._lease_expired = lease_expired
        self._known_steps: dict[str, JobStep] | None = None
        self._progress_at = float("-inf")

    @property
    def payload(self) -> dict[str, Any]:
        return self.job.payload

    @property
    def workspace_id(self) -> UUID | None:
        return self.job.workspace_id

    @property
    def attempt(self) -> int:
        """1 for the first start of this round."""
        return self.job.attempts

    def checkpoint(self) -> None:
        """Raise the reason to stop, if there is one: Cancelled, ShutdownRequested, DeadlineExceeded or LeaseLost."""
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
        """`fn(deadline)`'s JSON-able result, from the record where an earlier attempt has finished the step.

        A "send" is recorded as started before `fn` runs. Found so by a later attempt, it may have happened: then
        `on_interrupted(deadline)` finds out and returns the step's result, or StepInterrupted is raised. An error
        from a send that carries `sent = False` says that nothing left, so that the step may be tried again.
        Raises what `fn` raises, and LeaseLost where the job has been taken over.
        """
        self.checkpoint()
        known = self._steps().get(name)
        if known is not None and known.status != steps.Status.STARTED:
            return known.result
        if known is not None:
            if on_interrupted is None:
                raise StepInterrupted(f"Step {name} was interrupted and may have happened.")
            fn = on_interrupted
        elif effect == steps.Effect.SEND:
            self._write(name, effect, steps.Status.STARTED)
        began = time.monotonic()
        try:
            result = fn(self.deadline if time_limit_ms is None else self.deadline.within_ms(time_limit_ms))
        except Exception as error:
            if effect == steps.Effect.SEND and getattr(error, "sent", None) is False:
                persist(
                    lambda: steps.forget_started(self.job.pk, self._token, name), give_up=self._lease_expired
                )
            raise
        took_ms = (time.monotonic() - began) * 1000
        self._write(name, effect, steps.Status.DONE, result=result, took_ms=took_ms)
        return result

    def skip(self, name: str, reason: str) -> None:
        """Record that the step is not needed, and why; a step that is already recorded stays as it is."""
        if name not in self._steps():
            self._write(name, steps.Effect.READ, steps.Status.SKIPPED, reason=reason)

    def recorded(self, name: str) -> bool:
        """Whether the step was done or skipped."""
        return name in self._steps()

    def forget(self, names: list[str]) -> None:
        """Have steps done again that were done or skipped: what they depend on has changed. Idempotent steps only."""
        persist(lambda: steps.forget(self.job.pk, self._token, names), give_up=self._lease_expired)
        self._known_steps = None

    def progress(self, done: int, total: int | None = None) -> None:
        """Show `done` of `total` on the pages (written about once a second) and checkpoint."""
        self.checkpoint()
        if time.monotonic() - self._progress_at >= PROGRESS_EVERY_S or done == total:
            self._progress_at = time.monotonic()
            if not ledger.progress(self.job.pk, self._token, done, total):
                raise LeaseLost()

    @contextlib.contextmanager
    def fenced(self) -> Iterator[None]:
        """A transaction that commits only while the lease holds: the job's row stays locked in it. Keep it short."""
        with transaction.atomic():
            if not ledger.holds(self.job.pk, self._token):
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
            job_id=self.job.pk, name=name, effect=effect, status=status, result=details.get("result")
        )
