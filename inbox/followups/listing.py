"""Everything that waits, as lists with a number each: due, waiting, paused by reason, excluded by a setting; and what
was skipped or failed lately. Nothing that runs is in no list.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet
from django.utils import timezone

from inbox.followups.conditions import held_by_suspicion
from inbox.models import Appointment, FollowUpInstance, FollowUpTask, Workspace

Status, TaskStatus = FollowUpInstance.Status, FollowUpTask.Status
LATELY = timedelta(days=30)
WAITS_HERE = Q(instance__status__in=FollowUpInstance.LIVE, instance__next_step=F("step"))
"""Of a task: the sequence still stands at its step. Else it has gone on, or has ended."""
EXCLUDED = Q(sequence__enabled=False) | Q(workspace__sends_paused=True)


class View(NamedTuple):
    """One list. `rows(workspace_id)` are instances, or tasks where `of_tasks`; `order` names the time shown, `why` what
    holds the reason."""

    key: str
    label: str
    tone: str
    of_tasks: bool
    order: str
    rows: Callable[[object], QuerySet]
    why: str = "reason"


class Reason(NamedTuple):
    """How many of a list wait for one reason; `value` names it to `because`."""

    value: str
    words: str
    many: int


def _instances(workspace_id, *conditions: Q, **fields: object) -> QuerySet:
    return FollowUpInstance.objects.filter(*conditions, workspace_id=workspace_id, **fields)


def _tasks(workspace_id, *statuses: str) -> QuerySet:
    mine = FollowUpTask.objects.filter(workspace_id=workspace_id, status__in=statuses)
    return mine.annotate(waits_here=ExpressionWrapper(WAITS_HERE, BooleanField()))


def _due(workspace_id) -> QuerySet:
    return _instances(
        workspace_id, ~EXCLUDED & ~held_by_suspicion(), status=Status.ACTIVE, due_at__lte=timezone.now()
    )


def _waiting(workspace_id) -> QuerySet:
    later = Q(due_at__gt=timezone.now()) | held_by_suspicion()
    return _instances(workspace_id, ~EXCLUDED & later, status=Status.ACTIVE)


def _lately(workspace_id, status: str) -> QuerySet:
    return _tasks(workspace_id, status).filter(finished_at__gt=timezone.now() - LATELY)


VIEWS = {
    view.key: view
    for view in (
        View("due", "Due", "info", False, "due_at", _due, "waits_for"),
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
        View("waiting", "Waiting", "", False, "due_at", _waiting, "waits_for"),
        View(
            "paused",
            "Paused",
            "warn",
            False,
            "due_at",
            lambda pk: _instances(pk, status=Status.PAUSED),
            "paused_for",
        ),
        View(
            "excluded",
            "Excluded by a setting",
            "warn",
            False,
            "due_at",
            lambda pk: _instances(pk, EXCLUDED, status=Status.ACTIVE, due_at__isnull=False),
            "sequence__name",
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


def because(view: View, workspace_id, reason: str) -> QuerySet:
    """The rows of `view` that have `reason` (Reason.value); all of them where it is empty."""
    rows = view.rows(workspace_id)
    return rows.filter(**{view.why: reason}) if reason else rows


def reasons(workspace: Workspace, view: View) -> list[Reason]:
    """Why rows are in a list, the most frequent reason first."""
    rows = view.rows(workspace.pk)
    if view.key == "excluded" and workspace.sends_paused:
        many = rows.count()
        return [Reason("", "Sending is paused for this workspace", many)] if many else []
    found = rows.exclude(**{view.why: ""}).values_list(F(view.why)).annotate(many=Count("pk"))
    return [Reason(why, _words(view, why), many) for why, many in found.order_by("-many", view.why)[:12]]


def _words(view: View, why: str) -> str:
    if view.key == "paused":
        return FollowUpInstance.pause_words(why)
    return f"“{why}” is switched off" if view.key == "excluded" else why
