"""Changes the state of follow-ups: enrol, go on, pause, resume, stop. No other module writes this state. Every change
is a conditional UPDATE, or runs in the caller's transaction with the row of the follow-up (an *instance*) locked. The
lead's row is always locked first, so no deadlock can occur.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from inbox.models import (
    DatabaseOrigin,
    FollowUpInstance,
    FollowUpSequence,
    FollowUpStep,
    FollowUpTask,
    Lead,
    Workspace,
)
from inbox.models.actor import Actor, columns
from inbox.replying import hours, lost_time

Status, Pause = FollowUpInstance.Status, FollowUpInstance.Pause
TaskStatus = FollowUpTask.Status
BEFORE_THE_CALL = (TaskStatus.CLAIMED, TaskStatus.WAITING, TaskStatus.APPROVAL)
"""The states of tasks for which nothing has been sent yet. Such tasks can be taken back."""


def due_after(step: FollowUpStep, moment: datetime, workspace: Workspace) -> datetime:
    """Returns when (aware) `step` is due if the step before it ended at `moment` (aware). Adds the step's days in the
    workspace's time zone, then its minutes. If the sequence requires it, the time moves into business hours.
    """
    zone = hours.zone(workspace)
    wall = moment.astimezone(zone).replace(tzinfo=None) + timedelta(days=step.offset_days)
    due = wall.replace(tzinfo=zone).astimezone(UTC) + timedelta(minutes=step.offset_minutes)
    return hours.next_open(workspace, due) if step.sequence.business_hours_only else due


def step_after(step: FollowUpStep) -> FollowUpStep | None:
    """Returns the next step of the same sequence that is not retired; None after the last step."""
    later = Q(position__gt=step.position) | Q(position=step.position, pk__gt=step.pk)
    steps = FollowUpStep.objects.filter(later, sequence_id=step.sequence_id, retired=False)
    return steps.select_related("sequence__workspace").order_by("position", "pk").first()


def enrol(lead: Lead, sequence: FollowUpSequence, *, user: Actor | None = None) -> FollowUpInstance | None:
    """Starts the sequence `sequence` for `lead`. Returns None if the sequence already runs or has no steps, or if the
    lead is stopped or a sample. `user` is the person or program that starts it; None for an automatic start. A sequence
    that is switched off sends nothing until it is switched on.
    """
    step = sequence.steps.filter(retired=False).order_by("position", "pk").first()
    if step is None or lead.is_stopped or lead.sample:
        return None
    now = timezone.now()
    try:
        with transaction.atomic():
            return FollowUpInstance.objects.create(
                workspace_id=lead.workspace_id,
                lead=lead,
                sequence=sequence,
                next_step=step,
                due_at=due_after(step, now, sequence.workspace),
                quiet_since=now,
                **columns(user, "started_by"),
                # if the booking is older than a restore, the first step may have gone out in the time that it lost
                in_doubt=user is None and _was_lost(lead.booked_at),
            )
    except IntegrityError:
        return None


def live(lead: Lead) -> QuerySet[FollowUpInstance]:
    instances = FollowUpInstance.objects.filter(lead=lead, status__in=FollowUpInstance.LIVE)
    return instances.select_related("sequence", "next_step").order_by("started_at", "pk")


def open_to(lead: Lead) -> QuerySet[FollowUpSequence]:
    """Returns the sequences that can start for `lead`: switched on, with steps, not running. A sample lead has none."""
    if lead.sample:
        return FollowUpSequence.objects.none()
    running = FollowUpInstance.objects.filter(lead=lead, status__in=FollowUpInstance.LIVE)
    steps = FollowUpStep.objects.filter(sequence=OuterRef("pk"), retired=False)
    on = FollowUpSequence.objects.filter(Exists(steps), workspace_id=lead.workspace_id, enabled=True)
    return on.exclude(pk__in=running.values("sequence"))


def task_fields(instance: FollowUpInstance, step: FollowUpStep, now: datetime) -> dict[str, Any]:
    ids = {"workspace_id": instance.workspace_id, "lead_id": instance.lead_id, "step": step}
    state = {"channel": step.channel, "claimed_at": now, "attempt": 0, "status": TaskStatus.WAITING}
    return ids | state


def go_on(instance: FollowUpInstance, done: FollowUpStep, at: datetime) -> None:
    """Plans the step after `done`, which ended at `at`, or completes the follow-up. A paused one stays paused."""
    if instance.next_step_id != done.pk or instance.status not in FollowUpInstance.LIVE:
        return
    step = step_after(done)
    if step is None:
        finish(instance, Status.COMPLETED, "All steps are done.")
        return
    instance.next_step, instance.waits_for = step, ""
    instance.due_at = due_after(step, at, step.sequence.workspace)
    instance.in_doubt = instance.in_doubt and _was_lost(instance.due_at)
    instance.save(update_fields=["next_step", "due_at", "waits_for", "in_doubt"])


def _was_lost(moment: datetime | None) -> bool:
    return moment is not None and lost_time.covers(DatabaseOrigin.objects.first(), moment)


def pause(instance: FollowUpInstance, reason: str) -> None:
    """Pauses the follow-up at its step. `reason` is one of Pause. The instance's row must be locked."""
    instance.write(status=Status.PAUSED, paused_for=reason, due_at=instance.due_at or timezone.now())


def finish(instance: FollowUpInstance, status: str, reason: str) -> None:
    """Ends the follow-up with `status`, and cancels its tasks for which nothing was sent yet. A message that is already
    going out continues. The instance's row must be locked.
    """
    now = timezone.now()
    instance.write(
        status=status, finish_reason=reason[:200], finished_at=now, due_at=None, paused_for="", waits_for=""
    )
    FollowUpTask.objects.filter(instance=instance, status__in=BEFORE_THE_CALL).update(
        status=TaskStatus.CANCELLED, reason=reason[:200], finished_at=now
    )


def finish_all(lead: Lead, status: str, reason: str, *, instances: Q | None = None) -> int:
    """Ends the lead's live follow-ups that match `instances`; returns their number. The lead's row must be locked."""
    live = FollowUpInstance.objects.select_for_update().filter(
        instances or Q(), lead=lead, status__in=FollowUpInstance.LIVE
    )
    rows = list(live.order_by("pk"))
    for instance in rows:
        finish(instance, status, reason)
    return len(rows)


def pause_all(lead: Lead, reason: str) -> int:
    """Pauses the lead's running follow-ups and returns their number. Messages that wait for approval can no longer be
    approved. The lead's row must be locked.
    """
    running = FollowUpInstance.objects.select_for_update().filter(lead=lead, status=Status.ACTIVE)
    instances = list(running.order_by("pk"))
    for instance in instances:
        pause(instance, reason)
    FollowUpTask.objects.filter(instance__in=instances, status=TaskStatus.APPROVAL).update(
        status=TaskStatus.WAITING, reason=FollowUpInstance.pause_words(reason)
    )
    return len(instances)


def resumed(instances: QuerySet[Any], *, by_person: bool) -> int:
    """Resumes the paused follow-ups of `instances`, now or when their step is due, and returns their number. With
    `by_person`, a person who has seen the lead's earlier replies resumes them, so these replies do not pause them
    again. Without it, for example after an account has recovered, they do.
    """
    now = timezone.now()
    changes = {"quiet_since": now} if by_person else {}
    return instances.filter(status=Status.PAUSED).update(
        status=Status.ACTIVE, paused_for="", due_at=Greatest(Coalesce("due_at", now), now), **changes
    )
