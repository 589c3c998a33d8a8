"""Everything that waits, as lists with a number each: due, waiting, paused by reason, excluded by a setting; and what
was skipped or failed lately. Nothing that runs is in no list.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from django.db.models import Count, F, Q, QuerySet
from django.utils import timezone

from inbox.models import Appointment, FollowUpInstance, FollowUpTask, Workspace

Status, TaskStatus = FollowUpInstance.Status, FollowUpTask.Status
LATELY = timedelta(days=30)
EXCLUDED = Q(sequence__enabled=False) | Q(workspace__sends_paused=True)


class View(NamedTuple):
    """One list. `rows(workspace_id)` are instances, or tasks where `of_tasks`; `order` names the time shown."""

    key: str
    label: str
    tone: str
    of_tasks: bool
    order: str
    rows: Callable[[object], QuerySet]


def _instances(workspace_id, *conditions: Q, **fields: object) -> QuerySet:
    return FollowUpInstance.objects.filter(*conditions, workspace_id=workspace_id, **fields)


def _tasks(workspace_id, *statuses: str) -> QuerySet:
    return FollowUpTask.objects.filter(workspace_id=workspace_id, status__in=statuses)


def _due(workspace_id) -> QuerySet:
    return _instances(workspace_id, ~EXCLUDED, status=Status.ACTIVE, due_at__lte=timezone.now())


def _waiting(workspace_id) -> QuerySet:
    return _instances(workspace_id, ~EXCLUDED, status=Status.ACTIVE, due_at__gt=timezone.now())


def _lately(workspace_id, status: str) -> QuerySet:
    return _tasks(workspace_id, status).filter(finished_at__gt=timezone.now() - LATELY)


VIEWS = {
    view.key: view
    for view in (
        View("due", "Due", "info", False, "due_at", _due),
        View(
            "in-hand",
            "Going out",
            "info",
            True,
            "claimed_at",
            lambda pk: _tasks(pk, TaskStatus.CLAIMED, TaskStatus.SENDING),
        ),
        View(
            "approval",
            "Waiting for approval",
            "info",
            True,
            "claimed_at",
            lambda pk: _tasks(pk, TaskStatus.APPROVAL),
        ),
        View("waiting", "Waiting", "", False, "due_at", _waiting),
        View("paused", "Paused", "warn", False, "due_at", lambda pk: _instances(pk, status=Status.PAUSED)),
        View(
            "excluded",
            "Excluded by a setting",
            "warn",
            False,
            "due_at",
            lambda pk: _instances(pk, EXCLUDED, status=Status.ACTIVE, due_at__isnull=False),
        ),
        View("skipped", "Skipped", "", True, "finished_at", lambda pk: _lately(pk, TaskStatus.SKIPPED)),
        View("failed", "Failed", "bad", True, "finished_at", lambda pk: _lately(pk, TaskStatus.FAILED)),
    )
}


def fell_through(workspace: Workspace) -> QuerySet[Appointment]:
    """Meetings that were cancelled, or that nobody came to, and that nobody has dealt with; the latest first."""
    mine = Appointment.objects.filter(
        workspace=workspace, status__in=Appointment.FELL_THROUGH, handled_at=None
    )
    # An earlier one is settled where the lead has booked again.
    return mine.filter(lead__booked_at=None).select_related("lead").order_by("-updated_at", "-pk")


def counts(workspace: Workspace) -> dict[str, int]:
    """How many are in each list."""
    return {key: view.rows(workspace.pk).count() for key, view in VIEWS.items()}


def reasons(workspace: Workspace, key: str) -> list[tuple[str, int]]:
    """(reason in words, how many) of a list, the most frequent first."""
    rows = VIEWS[key].rows(workspace.pk)
    if key == "paused":
        found = rows.values_list("paused_for").annotate(many=Count("pk")).order_by("-many", "paused_for")
        return [(FollowUpInstance.Pause(reason).label, many) for reason, many in found]
    if key == "excluded":
        if workspace.sends_paused:
            return [("Sending is paused for this workspace", rows.count())] if rows.exists() else []
        found = rows.values_list("sequence__name").annotate(many=Count("pk")).order_by("-many")
        return [(f"“{name}” is switched off", many) for name, many in found]
    column = "reason" if VIEWS[key].of_tasks else "waits_for"
    found = rows.exclude(**{column: ""}).values_list(F(column)).annotate(many=Count("pk"))
    return list(found.order_by("-many", column)[:12])
