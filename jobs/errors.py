"""The exceptions that end a job without success. Each exception means that the job is retried, snoozed, failed, stopped
or given back.

All code above the package `jobs` raises one of these exceptions or a subclass. `jobs.retries.decide` turns an exception
into the job's next state. The first line of a class's docstring is the default message of TransientError and
PermanentError.
"""

from datetime import datetime


class TransientError(Exception):
    """It may work later: an attempt is used and the job is retried with backoff."""

    sent: bool | None  # whether an outside call was sent, set by the code that knows (integrations.errors)

    def __init__(self, message: str = "", *, retry_after_ms: int | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])
        self.retry_after_ms = (
            retry_after_ms  # how long the other machine asks us to wait, instead of the backoff
        )


class PermanentError(Exception):
    """It will not work by trying again: the job fails for good and waits for a person."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])


class DeadlineExceeded(TransientError):
    """Our own time ran out."""


class Cancelled(Exception):
    """The job was cancelled, or the page that waits for the result was closed. A cancelled job is never retried."""

    sent: bool | None  # as in TransientError


class ShutdownRequested(Exception):
    """The platform is stopping, so the job goes back to the queue. A shutdown uses none of the job's attempts."""

    sent: bool | None  # as in TransientError


class Snooze(Exception):
    """Runs the job again at `run_at` (aware) without using an attempt, or fails it if it would then be older than its
    kind's `max_age_hours`. `reason` is shown to people, so it must not quote a lead or a colleague.
    """

    def __init__(self, run_at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.run_at = run_at
        self.reason = reason


class Moved(Exception):
    """The job continues in another lane, which is already stored in its row. The move uses no attempt."""


class StepInterrupted(PermanentError):
    """A send was cut short and may have happened: a person, or the step's own reconciliation, has to look."""


class LeaseLost(Exception):
    """The lease expired or was taken away, so the worker no longer holds the job. The run must write nothing more."""


class TimeLimitExceeded(TransientError):
    """The job ignored its Deadline and was interrupted."""


class WorkerLost(TransientError):
    """The worker ended while the job ran."""
