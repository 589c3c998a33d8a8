"""The only writer of what is planned: enrol, go on, pause, resume, stop. Every change is a conditional UPDATE or runs
under the instance's row lock, inside the caller's transaction; the lead's row is locked before the instance's.
"""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from inbox.followups.timing import due_after
from inbox.models import FollowUpInstance, FollowUpSequence, FollowUpStep, FollowUpTask, Lead, User

Status, Pause = FollowUpInstance.Status, FollowUpInstance.Pause
TaskStatus = FollowUpTask.Status
BEFORE_THE_CALL = (TaskStatus.CLAIMED, TaskStatus.WAITING, TaskStatus.APPROVAL)
"""Tasks that nothing has been sent for: they can be taken back."""


def first_step(sequence: FollowUpSequence) -> FollowUpStep | None:
    return sequence.steps.filter(retired=False).order_by("position", "pk").first()


def step_after(step: FollowUpStep) -> FollowUpStep | None:
    """The step that follows in its sequence; None after the last."""
    later = Q(position__gt=step.position) | Q(position=step.position, pk__gt=step.pk)
    steps = FollowUpStep.objects.filter(later, sequence_id=step.sequence_id, retired=False)
    return steps.select_related("sequence__workspace").order_by("position", "pk").first()


def enrol(lead: Lead, sequence: FollowUpSequence, *, user: User | None = None) -> FollowUpInstance | None:
    """Start `sequence` for `lead`; None where it is running for them already, or has no steps, or they are stopped."""
    step = first_step(sequence)
    if step is None or lead.is_stopped:
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
                started_by=user,
            )
    except IntegrityError:
        return None


def live(lead: Lead) -> QuerySet[FollowUpInstance]:
    """What runs, or is paused, for `lead`."""
    mine = FollowUpInstance.objects.filter(lead=lead, status__in=FollowUpInstance.LIVE)
    return mine.select_related("sequence", "next_step").order_by("started_at", "pk")


def open_to(lead: Lead) -> QuerySet[FollowUpSequence]:
    """The sequences that `lead` may be enrolled in: switched on, and not running for them."""
    running = FollowUpInstance.objects.filter(lead=lead, status__in=FollowUpInstance.LIVE)
    on = FollowUpSequence.objects.filter(workspace_id=lead.workspace_id, enabled=True, steps__retired=False)
    return on.exclude(pk__in=running.values("sequence")).distinct()


def go_on(instance: FollowUpInstance, done: FollowUpStep, at: datetime) -> None:
    """Plan the step after `done`, which ended at `at`; complete the instance after the last. `instance` is locked.

    A paused instance moves on as well and stays paused.
    """
    if instance.next_step_id != done.pk or instance.status not in FollowUpInstance.LIVE:
        return
    step = step_after(done)
    if step is None:
        finish(instance, Status.COMPLETED, "All steps are done.")
        return
    instance.next_step, instance.waits_for = step, ""
    instance.due_at = due_after(step, at, step.sequence.workspace)
    instance.save(update_fields=["next_step", "due_at", "waits_for"])


def put_off(instance: FollowUpInstance, until: datetime, reason: str) -> None:
    """Take the step up again at `until`. `instance` is locked."""
    instance.due_at, instance.waits_for = until, reason[:200]
    instance.save(update_fields=["due_at", "waits_for"])


def pause(instance: FollowUpInstance, reason: str) -> None:
    """Pause for a reason of `paused_for`; resuming takes the step up where it is. `instance` is locked."""
    instance.status, instance.paused_for = Status.PAUSED, reason
    instance.due_at = instance.due_at or timezone.now()
    instance.save(update_fields=["status", "paused_for", "due_at"])


def finish(instance: FollowUpInstance, status: str, reason: str) -> None:
    """Complete or stop. `instance` is locked; what waits of its tasks is cancelled, what is going out is not."""
    now = timezone.now()
    instance.status, instance.finish_reason, instance.finished_at = status, reason[:200], now
    instance.due_at, instance.paused_for, instance.waits_for = None, "", ""
    instance.save(
        update_fields=["status", "finish_reason", "finished_at", "due_at", "paused_for", "waits_for"]
    )
    FollowUpTask.objects.filter(instance=instance, status__in=BEFORE_THE_CALL).update(
        status=TaskStatus.CANCELLED, reason=reason[:200], finished_at=now
    )


def finish_all(lead: Lead, status: str, reason: str, *, instances: Q | None = None) -> int:
    """Complete or stop all live instances of `lead` (locked), or those that match; returns how many."""
    live = FollowUpInstance.objects.select_for_update().filter(
        instances or Q(), lead=lead, status__in=FollowUpInstance.LIVE
    )
    found = list(live.order_by("pk"))
    for instance in found:
        finish(instance, status, reason)
    return len(found)


def pause_all(lead: Lead, reason: str) -> int:
    """Pause all that runs for `lead` (locked) and take back what waits for approval; returns how many."""
    running = FollowUpInstance.objects.select_for_update().filter(lead=lead, status=Status.ACTIVE)
    found = list(running.order_by("pk"))
    for instance in found:
        pause(instance, reason)
    FollowUpTask.objects.filter(instance__in=found, status=TaskStatus.APPROVAL).update(
        status=TaskStatus.WAITING, reason=FollowUpInstance.pause_words(reason)
    )
    return len(found)


def resumed(instances: QuerySet, *, by_person: bool) -> int:
    """Let paused `instances` go on now, or when their step is due; returns how many. A person who resumes knows the
    replies until now; where an account came back, a reply of the meantime still counts."""
    now = timezone.now()
    known = {"quiet_since": now} if by_person else {}
    return instances.filter(status=Status.PAUSED).update(
        status=Status.ACTIVE, paused_for="", due_at=Greatest(Coalesce("due_at", now), now), **known
    )
