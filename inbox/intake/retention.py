"""Deletes what the inbox keeps only for a time: raw bodies of deliveries, old ledger rows, and other old records.

Rows are read by workspace and time, as the indexes are. So rows that stay, or are empty already, are not read
again each time. The workspaces come in another order each time, so that a run that ends early leaves none out
for ever.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.db.models.functions import Now

from inbox.models import Invitation, LeadChange, WebhookDelivery, Workspace
from integrations.models import AiCall
from jobs.deadline import Deadline
from jobs.retention import in_slices

KEEP_BODIES_DAYS = 30
KEEP_MODEL_CALLS_DAYS = 90
KEEP_LOG_INS_DAYS = 90
"""Longer than inbox.pages.account.throttling.KNOWN_FOR, which uses these rows to know an account's own sources."""
KEEP_INVITATIONS_DAYS = 90
KEEP_CHANGES = timedelta(hours=1)
"""What changed is kept for pages that ask each second. One that heard nothing for 50 minutes takes everything as
changed when it asks again (static/live.js).
"""
KEEP_ROWS_DAYS = 400
"""A ledger row without a body is small. Rows with an event key are never deleted: a late repeat would count as new."""


def empty_bodies(deadline: Deadline) -> int:
    """Deletes the raw bodies of webhook requests after 30 days, or sooner if the workspace asks for it. The rows stay.
    Stops at `deadline`. Returns the number of emptied rows.
    """

    def walk(workspace_id: UUID | None, keep_days: int) -> int:
        return in_slices(bodies(workspace_id, keep_days), deadline, by="received_at", delete=_empty)

    return each_workspace(deadline, walk)


def bodies(workspace_id: UUID | None, keep_days: int) -> "QuerySet[WebhookDelivery]":
    """The webhook requests that still have a raw body and are older than `keep_days` days, or than 30."""
    age = timedelta(days=min(keep_days, KEEP_BODIES_DAYS))
    return WebhookDelivery.objects.filter(
        workspace=workspace_id, received_at__lt=Now() - age, body__isnull=False
    )


def _empty(pks: list[Any]) -> int:
    return WebhookDelivery.objects.filter(pk__in=pks).update(body=None, headers={})


def old_changes(_deadline: Deadline) -> int:
    """Deletes the rows of LeadChange that are older than an hour, in one statement and without a look at the deadline.
    Returns the number of deleted rows.
    """
    return LeadChange.objects.filter(at__lt=Now() - KEEP_CHANGES).delete()[0]


def old_rows(deadline: Deadline) -> int:
    """Deletes the rows of webhook requests after 400 days, except those whose event key is needed to recognise a
    repeat. Stops at `deadline`. Returns the number of deleted rows.
    """

    def walk(workspace_id: UUID | None, _: int) -> int:
        age = timedelta(days=KEEP_ROWS_DAYS)
        old = WebhookDelivery.objects.filter(
            workspace=workspace_id, received_at__lt=Now() - age, event_key=None
        )
        # A replay is younger than the delivery that it ran again. It stays, without `replay_of`.
        return in_slices(old, deadline, by="received_at")

    return each_workspace(deadline, walk)


def old_model_calls(deadline: Deadline) -> int:
    """Deletes the records of calls to the language model when the time is up that their workspace has set, or after 90
    days those of no workspace. Stops at `deadline`. Returns the number of deleted rows.
    """

    def walk(workspace_id: UUID | None, keep_days: int) -> int:
        return in_slices(model_calls(workspace_id, keep_days), deadline, by="created_at")

    return each_workspace(deadline, walk, "keep_model_calls_days", KEEP_MODEL_CALLS_DAYS)


def model_calls(workspace_id: UUID | None, keep_days: int) -> "QuerySet[AiCall]":
    """The records of calls to the model that are older than `keep_days` days."""
    return AiCall.objects.filter(workspace=workspace_id, created_at__lt=Now() - timedelta(days=keep_days))


def old_log_ins(deadline: Deadline) -> int:
    """Deletes the records of who logged in from which IP address after 90 days. Stops at
    `deadline`. Returns the number of deleted rows.
    """
    old = AccessLog.objects.filter(attempt_time__lt=Now() - timedelta(days=KEEP_LOG_INS_DAYS))
    return in_slices(old, deadline, by="attempt_time")


def old_invitations(deadline: Deadline) -> int:
    """Deletes invitations to workspaces 90 days after they expired. Stops at `deadline`. Returns the number of deleted
    rows.
    """
    old = Invitation.objects.filter(expires_at__lt=Now() - timedelta(days=KEEP_INVITATIONS_DAYS))
    return in_slices(old, deadline, by="expires_at")


def ended_sessions(deadline: Deadline) -> int:
    """Deletes log-in sessions that have expired, which Django would keep for ever. Stops at
    `deadline`. Returns the number of deleted rows.
    """
    return in_slices(Session.objects.filter(expire_date__lt=Now()), deadline, by="expire_date")


def each_workspace(
    deadline: Deadline,
    walk: Callable[[UUID | None, int], int],
    column: str = "keep_bodies_days",
    of_none: int | None = KEEP_BODIES_DAYS,
) -> int:
    """The sum of `walk(workspace_id, days)` over all workspaces whose `column` has days, and over rows without a
    workspace, which are kept for `of_none` days (None: there are none).
    """
    workspaces = list(Workspace.objects.order_by("?").values_list("pk", column))
    done = 0
    for workspace_id, keep_days in [(None, of_none), *workspaces]:
        if deadline.expired:
            break
        if keep_days is not None:
            done += walk(workspace_id, keep_days)
    return done
