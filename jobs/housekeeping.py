"""The ticks that keep the queue itself in order; a running cluster does the same more often."""

from jobs import recovery, retention
from jobs.deadline import Deadline
from jobs.ticks import tick
from jobs.wakeup import ring


def background_jobs(deadline: Deadline) -> dict[str, int]:
    """Take back expired leases and wake a worker where jobs are due; counts of both, and of the workers alive."""
    taken_back = recovery.sweep()
    due = recovery.count_due()
    if due:
        ring()
    return {"due": due, "workers": recovery.count_alive(), **taken_back}


def prune(deadline: Deadline) -> dict[str, int]:
    """Delete what has been kept long enough, in slices, until done or out of time."""
    return retention.prune(deadline)


def register() -> None:
    """Register both ticks; JobsConfig calls it at start."""
    tick("background-jobs", every_s=60)(background_jobs)
    tick("retention", every_s=3600)(prune)
