"""Deletes rows that the inbox keeps for a limited time: raw bodies of deliveries, ledger rows, and other records.

Rows are read by workspace and time, in the order of the indexes. Workspaces come in a random order, so that runs that
end early do not always skip the same workspaces.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Model, QuerySet
from django.db.models.functions import Now

from inbox.models import Deviation, Event, Invitation, LeadChange, WebhookDelivery, Workspace
from integrations.models import AiCall, DayReceipt, IdempotencyKey
from jobs.deadline import Deadline
from jobs.retention import Pruner, in_slices

KEEP_BODIES_DAYS = 30
KEEP_MODEL_CALLS_DAYS = 90
KEEP_LOG_INS_DAYS = 90
"""Longer than inbox.workspaces.throttling.TRUSTED_FOR, which uses these rows to recognise an account's own sources."""
KEEP_INVITATIONS_DAYS = 90
KEEP_DEVIATIONS_DAYS = 90
KEEP_IDEMPOTENCY_KEYS_DAYS = 1
KEEP_CHANGES = timedelta(hours=1)
"""Changes are kept for pages that poll every second. A page without an answer for 50 minutes treats everything as
changed at its next poll (static/live.js).
"""
KEEP_EVENTS_DAYS = 30
KEEP_ROWS_DAYS = 400
"""A ledger row without a body is small, and so is a receipt. Rows with an event key are never deleted, because a late
repeat would then count as new.
"""


def per_workspace(
    rows: Callable[[UUID | None, int], QuerySet[Any]],
    *,
    by: str,
    column: str = "keep_bodies_days",
    of_none: int | None = KEEP_BODIES_DAYS,
    delete: Callable[[list[Any]], int] | None = None,
) -> Pruner:
    """Returns a function `prune(deadline)`. It deletes `rows(workspace_id, days)` of each workspace whose `column`
    holds a number of days, and those without a workspace after `of_none` days (None: there are none). It returns the
    number of deleted rows.

    `by` and `delete`: as for `jobs.retention.in_slices`.
    """

    def prune(deadline: Deadline) -> int:
        workspaces = list(Workspace.objects.order_by("?").values_list("pk", column))
        count = 0
        for workspace_id, keep_days in [(None, of_none), *workspaces]:
            if deadline.expired:
                break
            if keep_days is not None:
                count += in_slices(rows(workspace_id, keep_days), deadline, by=by, delete=delete)
        return count

    return prune


def by_age(model: type[Model], by: str, days: int) -> Pruner:
    """Returns a function `prune(deadline)` that deletes rows of `model` whose time `by` is `days` days ago or more."""

    def prune(deadline: Deadline) -> int:
        old = model._default_manager.filter(**{f"{by}__lt": Now() - timedelta(days=days)})
        return in_slices(old, deadline, by=by)

    return prune


def bodies(workspace_id: UUID | None, keep_days: int) -> "QuerySet[WebhookDelivery]":
    """The webhook requests that still have a raw body and are older than `keep_days` days, or than 30 days."""
    age = timedelta(days=min(keep_days, KEEP_BODIES_DAYS))
    return _deliveries(workspace_id, age).filter(body__isnull=False)


def _deliveries(workspace_id: UUID | None, age: timedelta) -> "QuerySet[WebhookDelivery]":
    return WebhookDelivery.objects.filter(workspace=workspace_id, received_at__lt=Now() - age)


def _empty(pks: list[Any]) -> int:
    return WebhookDelivery.objects.filter(pk__in=pks).update(body=None, headers={})


def _old_rows(workspace_id: UUID | None, _days: int) -> "QuerySet[WebhookDelivery]":
    # A replay is younger than the delivery that it repeated. It stays, without `replay_of`.
    return _deliveries(workspace_id, timedelta(days=KEEP_ROWS_DAYS)).filter(event_key=None)


def model_calls(workspace_id: UUID | None, keep_days: int) -> "QuerySet[AiCall]":
    """The records of calls to the model that are older than `keep_days` days."""
    return AiCall.objects.filter(workspace=workspace_id, created_at__lt=Now() - timedelta(days=keep_days))


def old_events(deadline: Deadline) -> int:
    """Deletes the events for programs that are older than 30 days, with their attempts. Returns their number. Their ids
    hold their times, so no other index is needed.
    """
    first_kept = UUID(int=(time.time_ns() // 1_000_000 - KEEP_EVENTS_DAYS * 86_400_000) << 80)
    return in_slices(Event.objects.filter(pk__lt=first_kept), deadline, by="pk")


def old_changes(_deadline: Deadline) -> int:
    """Deletes the rows of LeadChange that are older than an hour, in one statement. Returns their number."""
    return LeadChange.objects.filter(at__lt=Now() - KEEP_CHANGES).delete()[0]


empty_bodies = per_workspace(bodies, by="received_at", delete=_empty)
"""Empties the raw bodies of webhook requests after 30 days, or sooner if the workspace says so. The rows stay."""
old_rows = per_workspace(_old_rows, by="received_at")
"""Deletes the rows of webhook requests after 400 days, except rows with an event key, which recognises repeats."""
old_model_calls = per_workspace(
    model_calls, by="created_at", column="keep_model_calls_days", of_none=KEEP_MODEL_CALLS_DAYS
)
"""Deletes the records of model calls after their workspace's retention period; without a workspace, after 90 days."""
old_receipts = by_age(DayReceipt, "day", KEEP_ROWS_DAYS)
old_idempotency_keys = by_age(IdempotencyKey, "created_at", KEEP_IDEMPOTENCY_KEYS_DAYS)
old_log_ins = by_age(AccessLog, "attempt_time", KEEP_LOG_INS_DAYS)
old_invitations = by_age(Invitation, "expires_at", KEEP_INVITATIONS_DAYS)
old_deviations = by_age(Deviation, "last_at", KEEP_DEVIATIONS_DAYS)
"""Deletes deviations that no provider has sent for 90 days. If one returns, it is reported to operators again."""
ended_sessions = by_age(Session, "expire_date", 0)
"""Deletes expired sessions, which Django would keep for ever."""
