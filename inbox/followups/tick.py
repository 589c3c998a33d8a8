"""The tick `followups`: settles sent steps, pauses or resumes groups, and claims due steps, with workspaces taking
turns. It calls no provider. A task's unique row, and a job named after its attempt, keep each step unique; a tick skips
the rows that another tick has locked.
"""

import logging
from collections import Counter
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from inbox.followups import ended_steps, groups, plan, step_job
from inbox.followups.conditions import held_by_suspicion
from inbox.models import FollowUpInstance, FollowUpTask
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_many

logger = logging.getLogger(__name__)

BATCH = 500
"""The maximum number of steps per transaction. Each selection scans all due steps for the order of turns."""
PER_TICK = 2_000
Status = FollowUpTask.Status


def run(deadline: Deadline) -> dict[str, int]:
    """The tick `followups`. Returns counts by outcome, and by outcome and workspace (`sent:<id>`). A defect in one part
    is raised after the other parts have run. Each part gets half of the time left before `deadline`; the last part gets
    all of it.
    """
    counts: Counter[str] = Counter()
    failures: list[Exception] = []
    for part in (groups.reconcile, ended_steps.settle, ended_steps.strand, take_up):
        share = 1 if part is take_up else 2
        try:
            counts.update(part(deadline.within_ms(deadline.remaining_ms() / share)))
        except Exception as error:
            logger.exception("part of the follow-ups tick failed", extra={"part": part.__name__})
            failures.append(error)
    if failures:
        raise failures[0]
    counts["workspaces"] = sum(name.startswith("claimed:") for name in counts)
    return dict(counts)


def take_up(deadline: Deadline) -> Counter[str]:
    """Claims up to PER_TICK due steps. Returns the claimed steps, in total and by workspace, and those left."""
    counts: Counter[str] = Counter(claimed=0)
    instance_ids = _due(PER_TICK)
    for at in range(0, len(instance_ids), BATCH):
        if deadline.expired:
            break
        claimed = claim(instance_ids[at : at + BATCH])
        counts["claimed"] += len(claimed)
        counts.update(f"claimed:{task.workspace_id}" for task in claimed)
    counts["left"] = due().count() if len(instance_ids) == PER_TICK or deadline.expired else 0
    return counts


def due() -> QuerySet[FollowUpInstance]:
    """Running follow-ups whose next step is due, except those that a switch or an open suspicion holds back."""
    return FollowUpInstance.objects.exclude(held_by_suspicion()).filter(
        status=FollowUpInstance.Status.ACTIVE,
        due_at__lte=timezone.now(),
        sequence__enabled=True,
        workspace__sends_paused=False,
    )


def _due(size: int) -> list[Any]:
    turn = Window(RowNumber(), partition_by=F("workspace_id"), order_by=[F("due_at"), F("pk")])
    rows = due().annotate(turn=turn).filter(turn__lte=size).order_by("turn", "due_at", "pk")
    return list(rows.values_list("pk", flat=True)[:size])


@transaction.atomic
def claim(instance_ids: list[Any]) -> list[FollowUpTask]:
    """Claims the next steps of due and free follow-ups, and enqueues their jobs in the same transaction."""
    locked = due().select_for_update(skip_locked=True, of=("self",)).filter(pk__in=instance_ids)
    instances = list(locked.select_related("next_step").order_by("pk"))
    now = timezone.now()
    planned = [(instance, instance.next_step) for instance in instances if instance.next_step is not None]
    new = [
        FollowUpTask(instance=instance, **plan.task_fields(instance, step, now)) for instance, step in planned
    ]
    FollowUpTask.objects.bulk_create(new, ignore_conflicts=True)
    wanted = FollowUpTask.objects.filter(
        instance__in=[instance for instance, _ in planned],
        step_id=F("instance__next_step_id"),
        status=Status.WAITING,
    )
    ids = list(wanted.values_list("pk", flat=True))
    FollowUpTask.objects.filter(pk__in=ids).update(
        status=Status.CLAIMED, attempt=F("attempt") + 1, claimed_at=now, reason="", send=None
    )
    FollowUpInstance.objects.filter(pk__in=[instance.pk for instance, _ in planned]).update(
        due_at=None, waits_for=""
    )
    tasks = list(FollowUpTask.objects.filter(pk__in=ids))
    enqueue_many(step_job.STEP, [step_job.spec(task) for task in tasks])
    return tasks
