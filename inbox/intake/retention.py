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
from django.contrib.humanize.templatetags.humanize import intcomma
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from inbox.models import (
    Deviation,
    Event,
    FollowUpTask,
    Invitation,
    Lead,
    LeadChange,
    LeadLabel,
    Message,
    Note,
    OutboundSend,
    WebhookDelivery,
    Workspace,
)
from inbox.models.message import OWN
from integrations.models import AiCall, DayReceipt, IdempotencyKey
from jobs.deadline import Deadline
from jobs.retention import Pruner, in_slices, pruner_by_age

KEEP_BODIES_DAYS = 30
KEEP_MODEL_CALLS_DAYS = 90
KEEP_LOG_INS_DAYS = 90
"""Logins are kept for longer than TRUSTED_FOR, because `inbox.workspaces.throttling` reads trusted sources there."""
KEEP_INVITATIONS_DAYS = 90
KEEP_DEVIATIONS_DAYS = 90
KEEP_IDEMPOTENCY_KEYS_DAYS = 1
KEEP_CHANGES = timedelta(hours=1)
"""Changes are kept for pages that poll every second. A page without an answer for 50 minutes treats everything as
changed at its next poll (static/live.js).
"""
KEEP_EVENTS_DAYS = 30
KEEP_ROWS_DAYS = 400
"""Ledger rows without a body, and receipts, are small, so they are kept for long. Rows with an event key are never
deleted, because a late repeat would then count as new.
"""
ENDED = (OutboundSend.State.SENT, OutboundSend.State.FAILED, OutboundSend.State.TAKEN_BACK)
UNDECIDED = ~Q(suspected="") & Q(suspicion_decided_by="")
MOST = 100_000
"""Rows are counted only up to this number, because somebody waits for the page that displays the count."""


def per_workspace(
    rows: Callable[[UUID | None, int], QuerySet[Any]],
    *,
    by: str,
    column: str = "keep_bodies_days",
    of_none: int | None = KEEP_BODIES_DAYS,
    delete: Callable[[list[Any]], int] | None = None,
) -> Pruner:
    """Returns a pruner: a function that takes a deadline, deletes rows, and returns their number. `rows(workspace_id,
    days)` returns the rows of a workspace that are older than the `days` in its column `column`; null keeps all rows.
    Rows without a workspace are deleted after `of_none` days (None: there are no such rows).

    For `by` and `delete`, see `jobs.retention.in_slices`.
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


def bodies(workspace_id: UUID | None, keep_days: int) -> "QuerySet[WebhookDelivery]":
    """Returns the webhook requests that still have a raw body and are older than `keep_days` days (30 at most)."""
    age = timedelta(days=min(keep_days, KEEP_BODIES_DAYS))
    return _deliveries(workspace_id, age).filter(body__isnull=False)


def _deliveries(workspace_id: UUID | None, age: timedelta) -> "QuerySet[WebhookDelivery]":
    return WebhookDelivery.objects.filter(workspace=workspace_id, received_at__lt=Now() - age)


def _empty(pks: list[Any]) -> int:
    return WebhookDelivery.objects.filter(pk__in=pks).update(body=None, headers={})


def _old_rows(workspace_id: UUID | None, _days: int) -> "QuerySet[WebhookDelivery]":
    # A replay is younger than the delivery that it repeated. The replay's row stays, without `replay_of`.
    return _deliveries(workspace_id, timedelta(days=KEEP_ROWS_DAYS)).filter(event_key=None)


def model_calls(workspace_id: UUID | None, keep_days: int) -> "QuerySet[AiCall]":
    """Returns the records of calls to the model that are older than `keep_days` days."""
    return AiCall.objects.filter(workspace=workspace_id, created_at__lt=Now() - timedelta(days=keep_days))


def old_events(deadline: Deadline) -> int:
    """Deletes the events for programs that are older than 30 days, with their attempts. Returns the number of deleted
    events. The ids of events contain their times, so no other index is needed.
    """
    first_kept = UUID(int=(time.time_ns() // 1_000_000 - KEEP_EVENTS_DAYS * 86_400_000) << 80)
    return in_slices(Event.objects.filter(pk__lt=first_kept), deadline, by="pk")


def old_changes(_deadline: Deadline) -> int:
    """Deletes the rows of LeadChange that are older than an hour, in one statement. Returns the number of rows."""
    return LeadChange.objects.filter(at__lt=Now() - KEEP_CHANGES).delete()[0]


empty_bodies = per_workspace(bodies, by="received_at", delete=_empty)
"""Empties the raw bodies of webhook requests after 30 days, or sooner if the workspace says so. The rows stay."""
old_rows = per_workspace(_old_rows, by="received_at")
"""Deletes the rows of webhook requests after 400 days, except rows with an event key, which recognises repeats."""
old_model_calls = per_workspace(
    model_calls, by="created_at", column="keep_model_calls_days", of_none=KEEP_MODEL_CALLS_DAYS
)
"""Deletes the records of model calls after their workspace's retention period; without a workspace, after 90 days."""
old_receipts = pruner_by_age(DayReceipt, "day", KEEP_ROWS_DAYS)
old_idempotency_keys = pruner_by_age(IdempotencyKey, "created_at", KEEP_IDEMPOTENCY_KEYS_DAYS)
old_log_ins = pruner_by_age(AccessLog, "attempt_time", KEEP_LOG_INS_DAYS)
old_invitations = pruner_by_age(Invitation, "expires_at", KEEP_INVITATIONS_DAYS)
old_deviations = pruner_by_age(Deviation, "last_at", KEEP_DEVIATIONS_DAYS)
"""Deletes deviations that no provider has sent for 90 days. If one returns, it is reported to operators again."""
ended_sessions = pruner_by_age(Session, "expire_date", 0)
"""Deletes expired sessions, which Django would keep for ever."""


def past_messages(workspace_id: UUID | None, keep_days: int) -> "QuerySet[Message]":
    """Returns the messages of a workspace that arrived more than `keep_days` days ago and may be deleted."""
    return Message.objects.filter(
        ~UNDECIDED, workspace=workspace_id, received_at__lt=Now() - timedelta(days=keep_days)
    )


def _old_notes(workspace_id: UUID | None, keep_days: int) -> "QuerySet[Note]":
    return Note.objects.filter(workspace=workspace_id, created_at__lt=Now() - timedelta(days=keep_days))


def _delete_messages(pks: list[Any]) -> int:
    with transaction.atomic():
        rows = Message.objects.filter(pk__in=pks)
        live = OutboundSend.objects.filter(reply_to__in=pks).exclude(state__in=ENDED)
        going = list(
            rows.exclude(pk__in=live.values("reply_to")).values_list("pk", "lead", "source", "external_id")
        )
        message_ids = [pk for pk, *_ in going]
        ours = [UUID(external_id) for _, _, source, external_id in going if source == OWN]
        sends = OutboundSend.objects.filter(Q(reply_to__in=message_ids) | Q(pk__in=ours), state__in=ENDED)
        sent = list(sends.values_list("pk", flat=True))
        FollowUpTask.objects.filter(send__in=sent).update(subject="", text="", offered=[])
        OutboundSend.objects.filter(pk__in=sent).only("pk").delete()
        Message.objects.filter(pk__in=message_ids).only("pk").delete()
        silent = Lead.objects.filter(
            ~Exists(Message.objects.filter(lead=OuterRef("pk"))), pk__in={lead for _, lead, *_ in going}
        )
        LeadLabel.objects.filter(lead__in=silent.values("pk")).exclude(reason="").update(reason="")
        silent.update(last_snippet="", suspected_words="")
    return len(message_ids)


old_messages = per_workspace(
    past_messages, by="received_at", column="keep_messages_days", of_none=None, delete=_delete_messages
)
"""Deletes messages after their workspace's retention period, with finished sends that answer or created them."""
old_notes = per_workspace(_old_notes, by="created_at", column="keep_messages_days", of_none=None)
"""Deletes notes that are older than the workspace's retention period of messages, because notes refer to messages."""


def effects(workspace: Workspace) -> list[str]:
    """Returns one sentence for each kind of data, about the rows that the retention periods of `workspace` would remove
    now. The periods may be unsaved.
    """
    return [_messages(workspace), _bodies(workspace), _model_calls(workspace)]


def _messages(workspace: Workspace) -> str:
    days = workspace.keep_messages_days
    if days is None:
        return "Messages are kept."
    rows = past_messages(workspace.pk, days).order_by("received_at")[:MOST]
    counts = Message.objects.filter(pk__in=rows.values("pk")).aggregate(
        messages=Count("pk"), leads=Count("lead", distinct=True)
    )
    what = f"{_number(counts['messages'])} {_plural('message', counts['messages'])}"
    return (
        f"Deletes {what} from {_number(counts['leads'])} {_plural('lead', counts['leads'])}, dated before "
        f"{_day(days)}."
    )


def _bodies(workspace: Workspace) -> str:
    days = workspace.keep_bodies_days
    count = _count(bodies(workspace.pk, days), "received_at")
    return f"Deletes {_number(count)} raw webhook {'body' if count == 1 else 'bodies'} dated before {_day(days)}."


def _model_calls(workspace: Workspace) -> str:
    days = workspace.keep_model_calls_days
    if days is None:
        return "Records of model calls are kept."
    count = _count(model_calls(workspace.pk, days), "created_at")
    return f"Deletes {_number(count)} {_plural('record', count)} of model calls dated before {_day(days)}."


def _count(rows: "QuerySet[Any]", by: str) -> int:
    return rows.order_by(by)[:MOST].count()


def _number(count: int) -> str:
    return f"{intcomma(count)} or more" if count >= MOST else str(intcomma(count))


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _day(days: int) -> str:
    return f"{timezone.localtime() - timedelta(days=days):%Y-%m-%d}"
