"""Carries out a person's actions on follow-ups, with audit entries: resume, skip, cancel, pause, approve."""

from collections.abc import Callable, Iterable
from typing import NamedTuple
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from inbox.followups import plan, step_job
from inbox.models import FollowUpInstance, FollowUpTask, Lead, User, Workspace, audit
from inbox.models.actor import Actor
from inbox.replying.send_claims import Refused

Status, TaskStatus = FollowUpInstance.Status, FollowUpTask.Status
BATCH = 50
BUSY = "Holdfast is working on it right now. Try again in a moment."


class ByHandResult(NamedTuple):
    """`done` is the number of changed follow-ups. `refusals` has a sentence for each follow-up that did not change."""

    done: int
    refusals: list[str]


def act(workspace: Workspace, name: str, instance_ids: Iterable[UUID], *, user: Actor) -> ByHandResult:
    """Carries out the action `name` (in ACTIONS), BATCH per transaction. A refused one does not stop the others."""
    done, refusals, ids = 0, [], list(dict.fromkeys(instance_ids))
    for at in range(0, len(ids), BATCH):
        with transaction.atomic():
            batch = _act(workspace, name, ids[at : at + BATCH], user)
        done += batch.done
        refusals += batch.refusals
    return ByHandResult(done, refusals)


def _act(workspace: Workspace, name: str, ids: list[UUID], user: Actor) -> ByHandResult:
    lead_ids = dict(
        FollowUpInstance.objects.filter(pk__in=ids, workspace=workspace).values_list("pk", "lead_id")
    )
    free, done = _free(lead_ids), []
    refusals = ["This follow-up no longer exists."] * (len(ids) - len(lead_ids)) + [BUSY] * (
        len(lead_ids) - len(free)
    )
    for instance in free:
        try:
            ACTIONS[name](instance, user)
        except Refused as refusal:
            refusals.append(str(refusal))
        else:
            done.append(instance)
    audit.record_all(workspace.pk, user, f"followup.{name}", done)
    return ByHandResult(len(done), refusals)


def _free(lead_ids: dict[UUID, UUID]) -> list[FollowUpInstance]:
    """Locks leads, then their follow-ups; returns the latter. To prevent deadlocks, it skips rows that others lock."""
    leads = Lead.objects.select_for_update(skip_locked=True).in_bulk(lead_ids.values())
    instances = FollowUpInstance.objects.filter(pk__in=lead_ids, lead__in=leads).select_related("next_step")
    free = list(instances.select_for_update(skip_locked=True, of=("self",)))
    for instance in free:
        instance.lead = leads[instance.lead_id]
    return free


def _resume(instance: FollowUpInstance, _user: Actor) -> None:
    if instance.lead.is_stopped:
        raise Refused("This lead asked not to be contacted or can’t be reached.")
    if instance.status != Status.PAUSED:
        raise Refused("This follow-up isn’t paused.")
    failed = FollowUpTask.objects.filter(
        instance=instance, step_id=instance.next_step_id, status=TaskStatus.FAILED, send=None
    )
    failed.update(status=TaskStatus.WAITING, reason="", finished_at=None)
    plan.resumed(FollowUpInstance.objects.filter(pk=instance.pk), by_person=True)


def _skip(instance: FollowUpInstance, user: Actor) -> None:
    step = instance.next_step
    if instance.status not in FollowUpInstance.LIVE or step is None:
        raise Refused("This follow-up has already ended.")
    now = timezone.now()
    task, _ = FollowUpTask.objects.get_or_create(
        instance=instance, step=step, defaults=plan.task_fields(instance, step, now)
    )
    skipped = FollowUpTask.objects.filter(
        pk=task.pk, status__in=(*plan.BEFORE_THE_CALL, TaskStatus.FAILED)
    ).update(status=TaskStatus.SKIPPED, reason="Someone skipped this step.", decided_by=user, finished_at=now)
    if not skipped:
        raise Refused("The message is already on its way.")
    plan.go_on(instance, step, now)


def _cancel(instance: FollowUpInstance, _user: Actor) -> None:
    if instance.status not in FollowUpInstance.LIVE:
        raise Refused("This follow-up has already ended.")
    plan.finish(instance, Status.STOPPED, "Someone stopped this follow-up.")


def _pause(instance: FollowUpInstance, _user: Actor) -> None:
    if instance.status != Status.ACTIVE:
        raise Refused("This follow-up isn’t running.")
    plan.pause(instance, FollowUpInstance.Pause.PERSON)
    FollowUpTask.objects.filter(instance=instance, status=TaskStatus.APPROVAL).update(
        status=TaskStatus.WAITING
    )


def _approve(instance: FollowUpInstance, user: Actor) -> None:
    assert isinstance(user, User)  # programs cannot approve through the API
    task = FollowUpTask.objects.filter(instance=instance, status=TaskStatus.APPROVAL).first()
    if task is None:
        raise Refused("No step of this follow-up needs approval.")
    step_job.approve(task, user=user)


ACTIONS: dict[str, Callable[[FollowUpInstance, Actor], None]] = {
    "resume": _resume,
    "skip": _skip,
    "cancel": _cancel,
    "pause": _pause,
    "approve": _approve,
}
WORDS = {
    "resume": "Resumed",
    "skip": "Skipped the next step of",
    "cancel": "Stopped",
    "pause": "Paused",
    "approve": "Approved",
}
