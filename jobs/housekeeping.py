"""The ticks that keep the job queue in order. A running cluster does the same work more often."""

from django.db.models import Case, Value, When

from jobs import lost_workers, retention, stats
from jobs.deadline import Deadline
from jobs.kinds import KINDS
from jobs.lanes import UNASSIGNED
from jobs.models import BackgroundJob
from jobs.ticks import tick


def background_jobs(deadline: Deadline) -> dict[str, int]:
    """The tick `background-jobs`: gives jobs of lost workers back, and assigns lanes. Returns counts."""
    assign_lanes()
    taken_back = lost_workers.sweep()
    return {"due": lost_workers.count_due(), "workers": stats.workers().count(), **taken_back}


def assign_lanes() -> int:
    """Puts waiting jobs without a lane into the lanes of their kinds. Returns how many."""
    lanes = [When(kind=kind.name, then=Value(kind.policy.lane)) for kind in KINDS.values()]
    waiting = BackgroundJob.objects.filter(
        status=BackgroundJob.Status.QUEUED, lane=UNASSIGNED, kind__in=list(KINDS)
    )
    return waiting.update(lane=Case(*lanes))


def register() -> None:
    """Registers the ticks of the job queue."""
    tick("background-jobs", background_jobs, words="Gives jobs of lost workers back to the queue", every_s=60)
    tick("retention", retention.prune, words="Deletes rows and texts whose time is up", every_s=3600)
