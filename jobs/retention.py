"""Deletes old rows in slices that hold no lock for long. Each app registers functions (pruners) for its tables."""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from django.db import Error
from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now
from django_q.models import OrmQ, Task

from jobs.db import Fault, db_fault
from jobs.deadline import Deadline
from jobs.kinds import KINDS, Policy
from jobs.models import BackgroundJob, JobAction, JobAttempt, JobStep, Worker

logger = logging.getLogger(__name__)

SLICE = 1_000
KEEP_TASK_DAYS = 14
KEEP_WAKEUP_DAYS = 2
KEEP_WORKER_DAYS = 7

Pruner = Callable[[Deadline], int]
PRUNERS: dict[str, Pruner] = {}
PROMISED: set[str] = set()
"""The pruners that run first, because deletion was promised by a certain time."""


def prunes(name: str, *, promised: bool = False) -> Callable[[Pruner], Pruner]:
    """Returns a decorator that registers `pruner(deadline)`, which deletes rows and returns their number."""

    def register(pruner: Pruner) -> Pruner:
        PRUNERS[name] = pruner
        if promised:
            PROMISED.add(name)
        return pruner

    return register


def gaps(
    labels: Iterable[str], pruned: Mapping[str, tuple[str, ...]], exempt: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Yields a problem and its remedy for each table of `labels` that has no retention rule or lacks a pruner.

    `pruned` maps tables to their pruners. `exempt` maps reasons to the tables, separated by spaces, that need no
    pruner.
    """
    reasoned = {label for labels in exempt.values() for label in labels.split()}
    for label in labels:
        if label not in pruned and label not in reasoned:
            yield (
                f"{label} has no retention rule that states how long its rows are kept.",
                "In system_checks.py, add its rule to PRUNED, or the reason for none to KEPT.",
            )
        for name in pruned.get(label, ()):
            if name not in PRUNERS:
                yield (
                    f"{label} is not pruned: the rule “{name}” is missing.",
                    "Register it with prunes in inbox/wiring.py, insights/apps.py or jobs/retention.py.",
                )


def prune(deadline: Deadline) -> dict[str, int]:
    """Runs all pruners within the deadline, and returns the numbers of deleted rows by name. Each pruner gets an equal
    share of the remaining time, and unused time goes to the others in further rounds. `unfinished` counts pruners that
    had more to delete, and `errors` those that failed. Raises django.db.Error if the database cannot be reached.
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
    rows: QuerySet[Any], deadline: Deadline, *, by: str, delete: Callable[[list[Any]], int] | None = None
) -> int:
    """Deletes `rows`, oldest first, SLICE at a time until the deadline, and returns their number. `by` is the time
    column of an index over exactly these rows. Each slice starts where the last one ended, to skip dead index entries.
    `delete(pks)` deletes a slice of rows that other tables reference.
    """
    delete, deleted, remaining = delete or partial(delete_rows, rows.model), 0, rows
    while not deadline.expired:
        chunk = list(remaining.order_by(by).values_list("pk", by)[:SLICE])
        if chunk:
            pks = [pk for pk, _ in chunk]
            deleted += delete(pks)
        if len(chunk) < SLICE:
            break
        remaining = rows.filter(**{f"{by}__gte": chunk[-1][1]})
    return deleted


def delete_rows(model: type[Model], pks: list[Any]) -> int:
    """Deletes these rows of `model`, in one DELETE if nothing references it. Returns their number."""
    return model._base_manager.filter(pk__in=pks).only("pk").delete()[1].get(model._meta.label, 0)


@prunes("jobs")
def prune_jobs(deadline: Deadline) -> int:
    """Deletes finished jobs older than their kind allows, with their attempts, steps and actions."""
    failed, deleted = Q(status=BackgroundJob.Status.FAILED), 0
    for rows, days_of in ((~failed, "keep_done_days"), (failed, "keep_failed_days")):
        for days, kinds in _kinds_by(days_of):
            old = BackgroundJob.objects.filter(
                rows & kinds, status__in=BackgroundJob.FINAL, finished_at__lt=Now() - timedelta(days=days)
            )
            deleted += in_slices(old, deadline, by="finished_at", delete=_delete_jobs)
    return deleted


def _kinds_by(days_of: str) -> Iterator[tuple[int, Q]]:
    """Yields each retention time in days (Policy's field `days_of`) with a condition that matches its job kinds."""
    names: dict[int, list[str]] = {getattr(Policy(), days_of): []}
    for kind in KINDS.values():
        names.setdefault(getattr(kind.policy, days_of), []).append(kind.name)
    for days, theirs in names.items():
        unknown = ~Q(kind__in=[*KINDS]) if days == getattr(Policy(), days_of) else Q(pk__in=[])
        yield days, Q(kind__in=theirs) | unknown


def _delete_jobs(pks: list[Any]) -> int:
    for model in (JobStep, JobAttempt, JobAction):
        model.objects.filter(job_id__in=pks).delete()
    return delete_rows(BackgroundJob, pks)


def pruner_by_age(model: type[Model], by: str, days: int) -> Pruner:
    """Returns a pruner of those rows of `model` whose time in the column `by` is more than `days` days ago."""

    def pruner(deadline: Deadline) -> int:
        rows = model._default_manager.filter(**{f"{by}__lt": Now() - timedelta(days=days)})
        return in_slices(rows, deadline, by=by)

    return pruner


prunes("workers")(pruner_by_age(Worker, "heartbeat_at", KEEP_WORKER_DAYS))
prunes("task_results")(
    pruner_by_age(Task, "stopped", KEEP_TASK_DAYS)
)  # django-q2 itself keeps failures forever
prunes("wakeups")(pruner_by_age(OrmQ, "lock", KEEP_WAKEUP_DAYS))  # no worker takes those of a renamed cluster
