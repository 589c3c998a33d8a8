"""The ticks that keep the job queue in order. A running cluster does the same work more often."""

from django.db.models import Case, Value, When

from jobs import lost_workers, retention, stats
from jobs.deadline import Deadline
from jobs.kinds import KINDS
from jobs.lanes import UNASSIGNED
from jobs.models import BackgroundJob
from jobs.ticks import tick


def background_jobs(deadline: Deadline) -> dict[str, int]:
    """The tick `background-jobs` (recurring work): gives jobs of lost workers back to the queue, and assigns lanes.

    Returns counts: `due` jobs, `workers` that are alive, and the jobs taken back by outcome.
    """
    assign_lanes()
    taken_back = lost_workers.sweep()
    return {"due": lost_workers.count_due(), "workers": stats.workers().count(), **taken_back}


def assign_lanes() -> int:
    """Puts waiting jobs without a lane (queue), which the previous release made, into the lanes of their kinds. Returns
    the number of these jobs.
    """
    lanes = [When(kind=kind.name, then=Value(kind.policy.lane)) for kind in KINDS.values()]
    waiting = BackgroundJob.objects.filter(
        status=BackgroundJob.Status.QUEUED, lane=UNASSIGNED, kind__in=list(KINDS)
    )
    return waiting.update(lane=Case(*lanes))


def register() -> None:
    """Registers the ticks (recurring work) `background-jobs` and `retention`. JobsConfig calls it at start."""
    tick("background-jobs", background_jobs, words="Gives jobs of lost workers back to the queue", every_s=60)
    tick("retention", retention.prune, words="Deletes rows and texts whose time is up", every_s=3600)
