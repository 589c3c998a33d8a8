"""How long the inbox keeps what it need not keep: raw bodies of deliveries, and old ledger rows.

Each walk is of one workspace by time, as the indexes are: what stays behind, or is empty already, is not read again and
again. The workspaces come in another order each time, so that a run out of time leaves none out for ever.
"""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from axes.models import AccessLog
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models.functions import Now

from inbox.models import Invitation, WebhookDelivery, Workspace
from integrations.models import AiCall
from jobs.deadline import Deadline
from jobs.retention import in_slices

KEEP_BODIES_DAYS = 30
KEEP_MODEL_CALLS_DAYS = 90
KEEP_LOG_INS_DAYS = 90
"""Longer than config.throttling.KNOWN_FOR: by these an account's own sources are told from others."""
KEEP_INVITATIONS_DAYS = 90
KEEP_ROWS_DAYS = 400
"""A ledger row without a body is small. Rows that hold an event's key stay: without them a late repeat would count."""


def empty_bodies(deadline: Deadline) -> int:
    """Drop raw bodies after 30 days, or sooner where the workspace asks; the row stays."""

    def walk(workspace_id: UUID | None, keep_days: int) -> int:
        age = timedelta(days=min(keep_days, KEEP_BODIES_DAYS))
        old = WebhookDelivery.objects.filter(
            workspace=workspace_id, received_at__lt=Now() - age, body__isnull=False
        )
        return in_slices(old, deadline, by="received_at", delete=_empty)

    return _each_workspace(deadline, walk)


def _empty(pks: list) -> int:
    return WebhookDelivery.objects.filter(pk__in=pks).update(body=None, headers={})


def old_rows(deadline: Deadline) -> int:
    """Drop ledger rows after 400 days, but for those whose event key still recognises a repeat."""

    def walk(workspace_id: UUID | None, _: int) -> int:
        age = timedelta(days=KEEP_ROWS_DAYS)
        old = WebhookDelivery.objects.filter(
            workspace=workspace_id, received_at__lt=Now() - age, event_key=None
        )
        return in_slices(old, deadline, by="received_at", delete=_delete)

    return _each_workspace(deadline, walk)


def _delete(pks: list) -> int:
    """A replay is younger than what it ran again, and stays until its own time comes."""
    with transaction.atomic():
        WebhookDelivery.objects.filter(replay_of__in=pks).update(replay_of=None)
        return WebhookDelivery.objects.filter(pk__in=pks)._raw_delete("default")


def old_model_calls(deadline: Deadline) -> int:
    """Drop the record of model calls after 90 days: what they cost is in the packs and months by then."""

    def walk(workspace_id: UUID | None, _: int) -> int:
        age = timedelta(days=KEEP_MODEL_CALLS_DAYS)
        old = AiCall.objects.filter(workspace=workspace_id, created_at__lt=Now() - age)
        return in_slices(old, deadline, by="created_at")

    return _each_workspace(deadline, walk)


def old_log_ins(deadline: Deadline) -> int:
    """Drop the record of who logged in from which address after 90 days."""
    old = AccessLog.objects.filter(attempt_time__lt=Now() - timedelta(days=KEEP_LOG_INS_DAYS))
    return in_slices(old, deadline, by="attempt_time")


def old_invitations(deadline: Deadline) -> int:
    """Drop the addresses that were asked to join a workspace 90 days after the invitation ran out."""
    old = Invitation.objects.filter(expires_at__lt=Now() - timedelta(days=KEEP_INVITATIONS_DAYS))
    return in_slices(old, deadline, by="expires_at")


def ended_sessions(deadline: Deadline) -> int:
    """Drop sessions of people that have run out: nobody can use them, and Django keeps them for ever."""
    return in_slices(Session.objects.filter(expire_date__lt=Now()), deadline, by="expire_date")


def _each_workspace(deadline: Deadline, walk: Callable[[UUID | None, int], int]) -> int:
    """The sum of `walk(workspace_id, keep_bodies_days)` over all workspaces, and over what belongs to none."""
    workspaces = list(Workspace.objects.order_by("?").values_list("pk", "keep_bodies_days"))
    done = 0
    for workspace_id, keep_days in [(None, KEEP_BODIES_DAYS), *workspaces]:
        if deadline.expired:
            break
        done += walk(workspace_id, keep_days)
    return done
