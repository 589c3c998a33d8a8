"""The ticks that keep the job queue in order. A running cluster does the same work more often."""

from jobs import lost_workers, retention, stats
from jobs.deadline import Deadline
from jobs.ticks import tick


def background_jobs(deadline: Deadline) -> dict[str, int]:
    """The tick `background-jobs` gives back the jobs of lost workers. It returns counts."""
    taken_back = lost_workers.sweep()
    return {"due": lost_workers.count_due(), "workers": stats.workers().count(), **taken_back}


def register() -> None:
    tick("background-jobs", background_jobs, words="Requeues jobs of lost workers", every_s=60)
    tick("retention", retention.prune, words="Deletes data past its retention", every_s=3600)
