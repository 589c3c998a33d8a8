"""Retention: what is old enough is deleted, in slices that hold no lock for long. Each app registers its own part."""

import logging
from collections.abc import Callable
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django_q.models import OrmQ, Task

from jobs.deadline import Deadline
from jobs.errors import DeadlineExceeded
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep, Worker
from jobs.registry import KINDS, Policy

logger = logging.getLogger(__name__)

SLICE = 1_000
KEEP_TASK_DAYS = 14
KEEP_WAKEUP_DAYS = 2
KEEP_WORKER_DAYS = 7

Pruner = Callable[[Deadline], int]
PRUNERS: dict[str, Pruner] = {}


def prunes(name: str) -> Callable[[Pruner], Pruner]:
    """Register the decorated `pruner(deadline) -> rows deleted` under the name that its count is reported by."""

    def register(pruner: Pruner) -> Pruner:
        PRUNERS[name] = pruner
        return pruner

    return register


def prune(deadline: Deadline) -> dict[str, int]:
    """Run every pruner within the deadline; rows deleted per name. What is left is for the next run."""
    counts = {}
    for name, pruner in PRUNERS.items():
        try:
            counts[name] = pruner(deadline)
        except DeadlineExceeded:
            counts["unfinished"] = 1
            break
    return counts


def in_slices(rows: QuerySet, deadline: Deadline, delete: Callable[[list], int] | None = None) -> int:
    """Delete `rows` SLICE at a time, oldest first by primary key; `delete(pks)` where a plain DELETE is not enough.

    Stops at the deadline with what it has: the count is of rows that are gone.
    """
    manager, deleted = rows.model._base_manager, 0
    while not deadline.expired:
        pks = list(rows.order_by("pk").values_list("pk", flat=True)[:SLICE])
        if not pks:
            break
        deleted += delete(pks) if delete else manager.filter(pk__in=pks)._raw_delete("default")
        if len(pks) < SLICE:
            break
    return deleted


@prunes("jobs")
def prune_jobs(deadline: Deadline) -> int:
    """Finished jobs past their kind's days: done and cancelled ones sooner than failed ones."""
    deleted = 0
    policies = {kind.name: kind.policy for kind in KINDS.values()}
    for policy in set(policies.values()) | {Policy()}:
        names = [name for name, its in policies.items() if its == policy]
        unknown = ~Q(kind__in=policies) if policy == Policy() else Q(pk__in=[])
        ours = BackgroundJob.objects.filter(Q(kind__in=names) | unknown)
        failed = Q(status=BackgroundJob.Status.FAILED)
        for rows, days in ((~failed, policy.keep_done_days), (failed, policy.keep_failed_days)):
            old = ours.filter(
                rows, status__in=BackgroundJob.FINAL, finished_at__lt=Now() - timedelta(days=days)
            )
            deleted += in_slices(old, deadline, _delete_jobs)
    return deleted


def _delete_jobs(pks: list) -> int:
    for model in (JobStep, JobAttempt, JobAction):
        model.objects.filter(job_id__in=pks)._raw_delete("default")
    return BackgroundJob.objects.filter(pk__in=pks).delete()[1].get("jobs.BackgroundJob", 0)


@prunes("workers")
def prune_workers(deadline: Deadline) -> int:
    """Workers that have been gone for days."""
    return in_slices(
        Worker.objects.filter(heartbeat_at__lt=Now() - timedelta(days=KEEP_WORKER_DAYS)), deadline
    )


@prunes("task_results")
def prune_task_results(deadline: Deadline) -> int:
    """django-q2 keeps failures for ever."""
    return in_slices(Task.objects.filter(stopped__lt=Now() - timedelta(days=KEEP_TASK_DAYS)), deadline)


@prunes("wakeups")
def prune_wakeups(deadline: Deadline) -> int:
    """Wake-ups that nobody takes, as those for a cluster of a name that is gone."""
    return in_slices(OrmQ.objects.filter(lock__lt=Now() - timedelta(days=KEEP_WAKEUP_DAYS)), deadline)
