"""The tick `followups`: brings home what was sent, sees to groups that wait for an account, and takes up what is due.

It calls nobody. Steps are claimed in batches, workspaces in turn, each step by its task's unique row and a job named
after the attempt; two ticks at once share the work, as rows that another one holds are passed over.
"""

import logging
from collections import Counter

from django.db import transaction
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from inbox.followups import groups, settling, steps
from inbox.followups.conditions import held_by_suspicion
from inbox.models import FollowUpInstance, FollowUpTask
from jobs.deadline import Deadline
from jobs.enqueue import enqueue_many

logger = logging.getLogger(__name__)

BATCH = 200
PER_TICK = 4_000
"""Steps that one tick takes up at most; the next minute takes more."""
Status = FollowUpTask.Status


def run(deadline: Deadline) -> dict[str, int]:
    """Counts: by outcome, and by outcome and workspace (`sent:<id>`).

    A defect in one part keeps no other from its turn; it is raised at the end. Nor does a long one: each has half of
    the time that is left, the last one all of it.
    """
    counts: Counter[str] = Counter()
    failures: list[Exception] = []
    for part in (groups.reconcile, settling.settle, settling.strand, take_up):
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
    """Claim and enqueue what is due, one round of the workspaces after the other."""
    counts: Counter[str] = Counter(claimed=0)
    while counts["claimed"] < PER_TICK and not deadline.expired:
        found = _due(BATCH)
        if not found:
            break
        claimed = claim(found)
        if not claimed:
            break  # another tick is at them
        counts["claimed"] += len(claimed)
        counts.update(f"claimed:{task.workspace_id}" for task in claimed)
    counts["left"] = due().count() if counts["claimed"] >= PER_TICK or deadline.expired else 0
    return counts


def due():
    """Running instances whose step is due and that no switch and no suspicion holds back."""
    return FollowUpInstance.objects.exclude(held_by_suspicion()).filter(
        status=FollowUpInstance.Status.ACTIVE,
        due_at__lte=timezone.now(),
        sequence__enabled=True,
        workspace__sends_paused=False,
    )


def _due(size: int) -> list:
    turn = Window(RowNumber(), partition_by=F("workspace_id"), order_by=[F("due_at"), F("pk")])
    rows = due().annotate(turn=turn).filter(turn__lte=size).order_by("turn", "due_at", "pk")
    return list(rows.values_list("pk", flat=True)[:size])


@transaction.atomic
def claim(instance_ids: list) -> list[FollowUpTask]:
    """Claim the next step of those instances that are still due and free; returns the claimed tasks."""
    locked = due().select_for_update(skip_locked=True, of=("self",)).filter(pk__in=instance_ids)
    instances = list(locked.select_related("next_step").order_by("pk"))
    now = timezone.now()
    planned = [one for one in instances if one.next_step is not None]
    FollowUpTask.objects.bulk_create(
        [
            FollowUpTask(
                workspace_id=one.workspace_id,
                lead_id=one.lead_id,
                instance=one,
                step=one.next_step,
                channel=one.next_step.channel,
                status=Status.WAITING,
                attempt=0,
                claimed_at=now,
            )
            for one in planned
        ],
        ignore_conflicts=True,
    )
    wanted = FollowUpTask.objects.filter(
        instance__in=planned, step_id=F("instance__next_step_id"), status=Status.WAITING
    )
    ids = list(wanted.values_list("pk", flat=True))
    FollowUpTask.objects.filter(pk__in=ids).update(
        status=Status.CLAIMED, attempt=F("attempt") + 1, claimed_at=now, reason="", send=None
    )
    FollowUpInstance.objects.filter(pk__in=[one.pk for one in planned]).update(due_at=None, waits_for="")
    tasks = list(FollowUpTask.objects.filter(pk__in=ids))
    enqueue_many(steps.STEP, [steps.spec(task) for task in tasks])
    return tasks
