"""Defines the lists on the page of follow-ups, and counts their rows. Every running follow-up is in one list."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet
from django.utils import timezone

from inbox.followups.conditions import held_by_suspicion
from inbox.models import Appointment, FollowUpInstance, FollowUpTask, Workspace

Status, TaskStatus = FollowUpInstance.Status, FollowUpTask.Status
LATELY = timedelta(days=30)
WAITS_HERE = Q(instance__status__in=FollowUpInstance.LIVE, instance__next_step=F("step"))
"""A condition for tasks: the follow-up is still at the task's step, and has neither moved on nor ended."""
EXCLUDED = Q(sequence__enabled=False) | Q(workspace__sends_paused=True)


class View(NamedTuple):
    """A list of follow-ups (of steps if `of_tasks`). `order` names the column with the time, `why` with the reason."""

    key: str
    label: str
    tone: str
    order: str
    rows: Callable[[UUID], QuerySet[Any]]
    why: str = "reason"

    @property
    def of_tasks(self) -> bool:
        return self.why == "reason"


class Reason(NamedTuple):
    """A reason that `many` rows share. `value` is the reason as it is stored, `words` is the text for users."""

    value: str
    words: str
    many: int


def _instances(workspace_id: UUID, *conditions: Q, **fields: object) -> QuerySet[Any]:
    return FollowUpInstance.objects.filter(*conditions, workspace_id=workspace_id, **fields)


def _tasks(statuses: tuple[str, ...], workspace_id: UUID) -> QuerySet[Any]:
    tasks = FollowUpTask.objects.filter(workspace_id=workspace_id, status__in=statuses)
    return tasks.annotate(waits_here=ExpressionWrapper(WAITS_HERE, BooleanField()))


def _due(workspace_id: UUID) -> QuerySet[Any]:
    return _instances(
        workspace_id, ~EXCLUDED & ~held_by_suspicion(), status=Status.ACTIVE, due_at__lte=timezone.now()
    )


def _waiting(workspace_id: UUID) -> QuerySet[Any]:
    later = Q(due_at__gt=timezone.now()) | held_by_suspicion()
    return _instances(workspace_id, ~EXCLUDED & later, status=Status.ACTIVE)


def _paused(workspace_id: UUID) -> QuerySet[Any]:
    return _instances(workspace_id, status=Status.PAUSED)


def _excluded(workspace_id: UUID) -> QuerySet[Any]:
    return _instances(workspace_id, EXCLUDED, status=Status.ACTIVE, due_at__isnull=False)


def _lately(status: str, workspace_id: UUID) -> QuerySet[Any]:
    return _tasks((status,), workspace_id).filter(finished_at__gt=timezone.now() - LATELY)


VIEWS = {
    view.key: view
    for view in (
        View("due", "Due", "info", "due_at", _due, "waits_for"),
        View(
            "in-hand",
            "Going out",
            "info",
            "claimed_at",
            partial(_tasks, (TaskStatus.CLAIMED, TaskStatus.SENDING)),
        ),
        View(
            "approval", "Waiting for approval", "info", "claimed_at", partial(_tasks, (TaskStatus.APPROVAL,))
        ),
        View("waiting", "Waiting", "", "due_at", _waiting, "waits_for"),
        View("paused", "Paused", "warn", "due_at", _paused, "paused_for"),
        View("excluded", "On hold", "warn", "due_at", _excluded, "sequence__name"),
        View("skipped", "Skipped", "", "finished_at", partial(_lately, TaskStatus.SKIPPED)),
        View("failed", "Failed", "bad", "finished_at", partial(_lately, TaskStatus.FAILED)),
    )
}


def fell_through(workspace: Workspace) -> QuerySet[Appointment]:
    """Returns the cancelled or missed meetings that no one has handled, latest first."""
    appointments = Appointment.objects.filter(
        workspace=workspace, status__in=Appointment.FELL_THROUGH, handled_at=None
    )
    # A cancelled or missed meeting is settled if the lead has booked again.
    return appointments.filter(lead__booked_at=None).select_related("lead").order_by("-updated_at", "-pk")


def counts(workspace: Workspace) -> dict[str, int]:
    return {key: view.rows(workspace.pk).count() for key, view in VIEWS.items()}


def because(view: View, workspace_id: UUID, reason: str) -> QuerySet[Any]:
    """Returns the rows of `view` with the reason `reason` (a Reason.value); all rows if `reason` is ""."""
    rows = view.rows(workspace_id)
    return rows.filter(**{view.why: reason}) if reason else rows


def reasons(workspace: Workspace, view: View) -> list[Reason]:
    """Returns the reasons of the rows in `view` with their counts: at most 12, the most frequent first."""
    rows = view.rows(workspace.pk)
    if view.key == "excluded" and workspace.sends_paused:
        many = rows.count()
        return [Reason("", "Sending is paused for this workspace", many)] if many else []
    counts = rows.exclude(**{view.why: ""}).values_list(F(view.why)).annotate(many=Count("pk"))
    return [Reason(why, _words(view, why), many) for why, many in counts.order_by("-many", view.why)[:12]]


def _words(view: View, why: str) -> str:
    if view.key == "paused":
        return FollowUpInstance.pause_words(why)
    return f"“{why}” is off" if view.key == "excluded" else why
