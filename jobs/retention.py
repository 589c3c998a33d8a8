"""Retention: what is old enough is deleted, in slices that hold no lock for long. Each app registers its own part.

Each part has a share of the time, so that much of one thing never keeps another waiting for ever; what people were
promised goes first. A part that fails is logged and keeps no other from its turn.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta

from django.db import Error
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django_q.models import OrmQ, Task

from jobs.db import Fault, db_fault
from jobs.deadline import Deadline
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep, Worker
from jobs.registry import KINDS, Policy

logger = logging.getLogger(__name__)

SLICE = 1_000
KEEP_TASK_DAYS = 14
KEEP_WAKEUP_DAYS = 2
KEEP_WORKER_DAYS = 7

Pruner = Callable[[Deadline], int]
PRUNERS: dict[str, Pruner] = {}
PROMISED: set[str] = set()
"""Names of the pruners that go first: what they delete was promised to be gone by then."""


def prunes(name: str, *, promised: bool = False) -> Callable[[Pruner], Pruner]:
    """Register the decorated `pruner(deadline) -> rows deleted` under the name that its count is reported by."""

    def register(pruner: Pruner) -> Pruner:
        PRUNERS[name] = pruner
        if promised:
            PROMISED.add(name)
        return pruner

    return register


def gaps(
    labels: Iterable[str],
    pruned: Mapping[str, tuple[str, ...]],
    kept: Mapping[str, str],
    said_in: str,
    registered_in: str,
) -> Iterator[tuple[str, str]]:
    """What is wrong with the retention of the tables `labels`, and what to do: each a sentence.

    `pruned`: the names of the rules that a table must have. `kept`: by the reason, the tables that need none, with
    spaces between them. `said_in` and `registered_in`: the files of both, and of the registrations.
    """
    reasoned = {label for labels in kept.values() for label in labels.split()}
    for label in labels:
        if label not in pruned and label not in reasoned:
            yield (
                f"{label} has no retention: nothing says how long its rows are kept.",
                f"Name its rule in PRUNED, or the reason for none in KEPT, of {said_in}.",
            )
        for name in pruned.get(label, ()):
            if name not in PRUNERS:
                yield (
                    f"{label} is not pruned: the rule “{name}” is missing.",
                    f"Register it with prunes in {registered_in}, or in jobs/retention.py.",
                )


def prune(deadline: Deadline) -> dict[str, int]:
    """Run every pruner within the deadline; rows deleted per name. What is left is for the next run.

    The time that is left is shared by those that are not through; who needs less leaves the rest to the others, in
    rounds. `unfinished` counts those that had more to do, `errors` those that failed. Raises django.db.Error where the
    database is out of reach.
    """
    counts = dict.fromkeys(PRUNERS, 0) | {"unfinished": 0, "errors": 0}
    waiting = sorted(PRUNERS, key=lambda name: name not in PROMISED)
    while waiting and not deadline.expired:
        cut = []
        for turn, name in enumerate(waiting):
            share = deadline.within_ms(deadline.remaining_ms() / (len(waiting) - turn))
            try:
                counts[name] += PRUNERS[name](share)
            except Exception as error:
                if isinstance(error, Error) and db_fault(error) is Fault.UNREACHABLE:
                    raise
                counts["errors"] += 1
                logger.exception("pruner failed", extra={"pruner": name})
                continue
            if share.expired:
                cut.append(name)
        waiting = cut
    counts["unfinished"] = len(waiting)
    return counts


def in_slices(
    rows: QuerySet, deadline: Deadline, *, by: str, delete: Callable[[list], int] | None = None
) -> int:
    """Delete `rows` SLICE at a time, oldest first; `delete(pks)` where a plain DELETE is not enough.

    `by`: the time that an index over just these rows is ordered by. Each slice goes on where the one before ended, as
    what it left behind, or only emptied, would be read again. Stops at the deadline with what it has: the count is of
    rows that are gone.
    """
    manager, deleted, left = rows.model._base_manager, 0, rows
    while not deadline.expired:
        found = list(left.order_by(by).values_list("pk", by)[:SLICE])
        if found:
            pks = [pk for pk, _ in found]
            deleted += delete(pks) if delete else manager.filter(pk__in=pks)._raw_delete("default")
        if len(found) < SLICE:
            break
        left = rows.filter(**{f"{by}__gte": found[-1][1]})
    return deleted


def prune_jobs(deadline: Deadline) -> int:
    """Finished jobs past their kind's days: done and cancelled ones sooner than failed ones."""
    failed, deleted = Q(status=BackgroundJob.Status.FAILED), 0
    for rows, days_of in ((~failed, "keep_done_days"), (failed, "keep_failed_days")):
        for days, kinds in _kinds_by(days_of):
            old = BackgroundJob.objects.filter(
                rows & kinds, status__in=BackgroundJob.FINAL, finished_at__lt=Now() - timedelta(days=days)
            )
            deleted += in_slices(old, deadline, by="finished_at", delete=_delete_jobs)
    return deleted


def _kinds_by(days_of: str) -> Iterator[tuple[int, Q]]:
    """How many days, and for which kinds; those that no code knows any more are kept as usual."""
    names: dict[int, list[str]] = {getattr(Policy(), days_of): []}
    for kind in KINDS.values():
        names.setdefault(getattr(kind.policy, days_of), []).append(kind.name)
    for days, theirs in names.items():
        unknown = ~Q(kind__in=[*KINDS]) if days == getattr(Policy(), days_of) else Q(pk__in=[])
        yield days, Q(kind__in=theirs) | unknown


def _delete_jobs(pks: list) -> int:
    for model in (JobStep, JobAttempt, JobAction):
        model.objects.filter(job_id__in=pks)._raw_delete("default")
    return BackgroundJob.objects.filter(pk__in=pks).delete()[1].get("jobs.BackgroundJob", 0)


def prune_workers(deadline: Deadline) -> int:
    """Workers that have been gone for days."""
    gone = Worker.objects.filter(heartbeat_at__lt=Now() - timedelta(days=KEEP_WORKER_DAYS))
    return in_slices(gone, deadline, by="heartbeat_at")


def prune_task_results(deadline: Deadline) -> int:
    """django-q2 keeps failures for ever."""
    old = Task.objects.filter(stopped__lt=Now() - timedelta(days=KEEP_TASK_DAYS))
    return in_slices(old, deadline, by="stopped")


def prune_wakeups(deadline: Deadline) -> int:
    """Wake-ups that nobody takes, as those for a cluster of a name that is gone."""
    old = OrmQ.objects.filter(lock__lt=Now() - timedelta(days=KEEP_WAKEUP_DAYS))
    return in_slices(old, deadline, by="lock")


def register() -> None:
    """Register what the queue itself prunes; JobsConfig calls it at start."""
    prunes("jobs")(prune_jobs)
    prunes("workers")(prune_workers)
    prunes("task_results")(prune_task_results)
    prunes("wakeups")(prune_wakeups)
