"""How a unit of work may end other than well: the small tree that decides retry, snooze, failure or hand-back.

Everything above `jobs` raises one of these (or a subclass); `jobs.outcomes.decide` maps them to a state.
"""

from datetime import datetime


class TransientError(Exception):
    """It may work later: an attempt is used and the job is retried with backoff.

    `retry_after_ms` (int ms, optional) is the other side's own wish, honoured instead of the backoff.
    """

    def __init__(self, message: str = "", *, retry_after_ms: int | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])
        self.retry_after_ms = retry_after_ms


class PermanentError(Exception):
    """It will not work by trying again: the job fails for good and waits for a person."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or (type(self).__doc__ or "").split("\n")[0])


class DeadlineExceeded(TransientError):
    """Our own time ran out."""


class Cancelled(Exception):
    """The caller no longer wants it: a cancelled job or a closed page. Never retried."""


class ShutdownRequested(Exception):
    """The platform is stopping: the work is handed back at no cost."""


class Snooze(Exception):
    """Not now: run again at `run_at`, no attempt used. `reason` is shown to people and holds none of their text."""

    def __init__(self, run_at: datetime, reason: str) -> None:
        super().__init__(reason)
        self.run_at = run_at
        self.reason = reason


class StepInterrupted(PermanentError):
    """A send was cut short and may have happened: a person, or the step's own reconciliation, has to look."""


class LeaseLost(Exception):
    """The job now belongs to another worker: this one stops and writes nothing more."""


class TimeLimitExceeded(TransientError):
    """The job ignored its Deadline and was interrupted."""


class WorkerLost(TransientError):
    """The worker ended while the job ran."""
