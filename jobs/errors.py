"""The errors by which a job ends without success. Each class means one of: retry, snooze, fail, stop, give back.

All code above `jobs` raises one of these or a subclass. `jobs.retries.decide` turns it into the job's next state. An
error of the first two classes that is raised without a message gets the first line of its class's docstring.
"""

from datetime import datetime


class TransientError(Exception):
    """It may work later: an attempt is used and the job is retried with backoff."""

    sent: bool | None  # whether an outside call went out, set by code that knows it (integrations.errors)

    def __init__(self, message: str = "", *, retry_after_ms: int | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])
        self.retry_after_ms = (
            retry_after_ms  # how long the other side asks us to wait, in place of the backoff
        )


class PermanentError(Exception):
    """It will not work by trying again: the job fails for good and waits for a person."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])


class DeadlineExceeded(TransientError):
    """Our own time ran out."""


class Cancelled(Exception):
    """The caller no longer wants the result: the job was cancelled, or the page was closed. It is never retried."""

    sent: bool | None  # as TransientError's


class ShutdownRequested(Exception):
    """The platform is stopping, so the job goes back to the queue. This uses no attempt."""

    sent: bool | None  # as TransientError's


class Snooze(Exception):
    """The job runs again at `run_at` (aware), and no attempt is used. It fails if that is more than its kind's
    `max_age_hours` after its first due time. `reason` is shown to people and must not quote a lead's or colleague's
    words.
    """

    def __init__(self, run_at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.run_at = run_at
        self.reason = reason


class Moved(Exception):
    """The rest of the job goes on in another lane, which its row names already. No attempt is used."""


class StepInterrupted(PermanentError):
    """A send was cut short and may have happened: a person, or the step's own reconciliation, has to look."""


class LeaseLost(Exception):
    """The job is no longer this worker's, so its run stops and writes nothing more.

    Another worker has it, its lease ran out, or the lease keeper took it away because it ignored its time limit.
    """


class TimeLimitExceeded(TransientError):
    """The job ignored its Deadline and was interrupted."""


class WorkerLost(TransientError):
    """The worker ended while the job ran."""
